package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// The states of a connector, as its health page has them.
const (
	stateStarting = "STARTING" // not enrolled yet
	stateRunning  = "RUNNING"
	stateStopping = "STOPPING"
	stateStopped  = "STOPPED"
	stateGone     = "GONE" // told to stop
)

// healthPath is where a connector answers for itself, to the probe of a load
// balancer or an autoscaling group.
const healthPath = "/health"

// Health is what a connector answers there: with 200 while it runs, with 503
// in every other state. An outage of the server does not make it unhealthy, as
// it goes on running its last bundle.
type Health struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	VMID   int64  `json:"vmId"`
	Bundle string `json:"bundle"`
}

// healthPage serves one connector's health.
type healthPage struct {
	server *http.Server
	url    string
	served chan struct{} // closed when nothing is served any more

	mu  sync.Mutex
	now Health
}

// serveHealth listens and serves until the page is closed.
func serveHealth(ctx context.Context, listen string, first Health, log *slog.Logger) (*healthPage, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("health page: %w", err)
	}
	p := &healthPage{url: "http://" + listener.Addr().String() + healthPath, served: make(chan struct{}), now: first}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+healthPath, p.answer)
	p.server = &http.Server{
		Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(p.served)
		if err := p.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Warn("health page ended", "error", err)
		}
	}()
	return p, nil
}

func (p *healthPage) answer(w http.ResponseWriter, _ *http.Request) {
	now := p.health()
	body, err := json.Marshal(now)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if now.State != stateRunning {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	// A prober that has gone away is no fault of the connector.
	_, _ = w.Write(append(body, '\n'))
}

func (p *healthPage) health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *healthPage) set(h Health) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = h
}

// close ends the page; what is being answered has a moment to finish.
func (p *healthPage) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		_ = p.server.Close()
	}
	<-p.served
}

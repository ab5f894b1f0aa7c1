// Package server owns a running Spurline: it wires the store, the
// configuration, sign-in, the fleet and the API together, listens, and does
// what has to be done between requests.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Config is how a server is run.
type Config struct {
	DataDir string // for key file, credentials and the default database; made 0700
	DB      string // "sqlite:PATH" or "postgres://…"; empty = DataDir/spurline.db
	// Listener the server answers on; required. TLS is laid over it when both
	// files are named.
	Listener        net.Listener
	TLSCert, TLSKey string
	RateLimits      bool          // enforce the vendor's
	Strict          bool          // refuse what is tolerated otherwise
	EditLockAtOnce  bool          // answer 409 at once while another admin saves, instead of waiting
	Heartbeat       time.Duration // of connectors; 0 = 30 s
	Simulator       api.Simulator // nil = no simulated connectors
	Log             *slog.Logger  // nil = discard
	Now             func() time.Time
	Kinds           *resource.Set                   // nil = the API's
	Wrap            func(http.Handler) http.Handler // lays the proxy around the API; nil = none
	IdleAfter       time.Duration                   // sessions and edits; 0 = 30 min
	PasswordExpiry  time.Duration                   // age at which a password has to be replaced, 15 to 365 days; 0 = never
}

// Server is a server that is ready to run.
type Server struct {
	cfg    Config
	db     *store.DB
	engine *config.Engine
	auth   *auth.Auth
	fleet  *fleet.Fleet
	api    *api.API
	http   *http.Server

	key  [32]byte // what secrets are encrypted with at rest
	gate api.Gate // closed while the data is replaced
}

// New opens the database and wires everything up; nothing is served before Run.
func New(ctx context.Context, cfg Config) (_ *Server, err error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	s.db, err = store.Open(ctx, cfg.DB, store.Options{Now: cfg.Now, Log: cfg.Log, LockFail: cfg.EditLockAtOnce})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.db.Close())
		}
	}()
	if s.key, err = auth.OpenKeyFile(filepath.Join(cfg.DataDir, keyFile)); err != nil {
		return nil, err
	}
	ownerToken, err := ensureOwnerToken(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	if err := audit.Chain(ctx, s.db); err != nil {
		return nil, err
	}
	if err := s.settleRestore(ctx); err != nil {
		return nil, err
	}
	s.engine = config.New(s.db, cfg.Kinds, config.Options{Now: cfg.Now})
	s.auth, err = auth.New(ctx, s.db, auth.Options{Now: cfg.Now, Log: cfg.Log, Key: s.key, Idle: cfg.IdleAfter})
	if err != nil {
		return nil, err
	}
	s.fleet, err = fleet.New(ctx, s.engine, s.db, fleet.Options{Now: cfg.Now, Interval: cfg.Heartbeat, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	ac := api.Config{Engine: s.engine, Auth: s.auth, Fleet: s.fleet, Log: cfg.Log, Now: cfg.Now, Simulator: cfg.Simulator, Strict: cfg.Strict, PasswordExpiry: cfg.PasswordExpiry}
	ac.Owner, ac.OwnerToken, ac.Gate, ac.KeyRotated = s, ownerToken, &s.gate, s.keepEnrolmentKey
	ac.SecretAdded = s.keepClientSecret
	ac.Metrics, ac.OnLoopback, ac.Ready = s.metrics(), onLoopback(cfg.Listener), s.ready
	if cfg.RateLimits {
		ac.Limiter = limit.New(cfg.Now)
	}
	if s.api, err = api.New(ac); err != nil {
		return nil, err
	}
	s.http = s.newHTTP()
	return s, nil
}

func (cfg *Config) fill() error {
	if cfg.Listener == nil {
		return errors.New("server: a listener is required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = slog.New(api.LogRequests(cfg.Log.Handler()))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if day := 24 * time.Hour; cfg.PasswordExpiry != 0 && (cfg.PasswordExpiry < 15*day || cfg.PasswordExpiry > 365*day) {
		return errors.New("server: passwords expire after 15 to 365 days, or never")
	}
	if cfg.IdleAfter == 0 {
		cfg.IdleAfter = 30 * time.Minute
	}
	if cfg.DB == "" {
		cfg.DB = "sqlite:" + filepath.Join(cfg.DataDir, "spurline.db")
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if cfg.Kinds == nil {
		all, err := kinds.All()
		if err != nil {
			return err
		}
		cfg.Kinds = all
	}
	return nil
}

func (s *Server) newHTTP() *http.Server {
	handler := marked(s.api)
	if s.cfg.Wrap != nil {
		handler = s.cfg.Wrap(handler)
	}
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

// marked says in every answer that it is not the vendor's, wherever the client
// believes to be.
func marked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(wire.MarkHeader, wire.Mark)
		next.ServeHTTP(w, r)
	})
}

// URL is the address of the server, http:// or https://.
func (s *Server) URL() string {
	scheme := "http"
	if s.cfg.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + s.cfg.Listener.Addr().String()
}

// API is the server's own handler, without the proxy around it.
func (s *Server) API() *api.API { return s.api }

// Run serves until ctx ends, then lets the requests under way finish and
// closes the database. It also ends when the database is lost to another
// server.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		if s.cfg.TLSCert != "" || s.cfg.TLSKey != "" {
			done <- s.http.ServeTLS(s.cfg.Listener, s.cfg.TLSCert, s.cfg.TLSKey)
		} else {
			done <- s.http.Serve(s.cfg.Listener)
		}
	}()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		s.settle(ctx)
		s.keepHouse(ctx)
	}()
	var err error
	select {
	case err = <-done:
	case <-s.db.Lost():
		err = store.ErrLease
	case <-ctx.Done():
	}
	cancel()
	<-kept
	return errors.Join(err, s.shutdown())
}

// settle gives back what only the start has taken: an idle server would hold on
// to it.
func (s *Server) settle(ctx context.Context) {
	if err := s.db.Trim(ctx); err != nil && ctx.Err() == nil {
		s.cfg.Log.WarnContext(ctx, "the start's memory was not given back", "error", err)
	}
	debug.FreeOSMemory()
}

// patience bounds each part of an orderly end.
const patience = 5 * time.Second

// shutdown lets requests under way finish, and then writes what is in memory,
// each with time of its own: net/http waits for connections that were opened
// and never used as long as it waits for busy ones.
func (s *Server) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // whoever is still talking has had their time
	}
	ctx, cancel = context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.Close(ctx)
}

// Close writes what is only in memory and closes the database. Run does it by
// itself.
func (s *Server) Close(ctx context.Context) error {
	return errors.Join(s.fleet.Close(ctx), s.auth.Close(ctx), s.db.Close())
}

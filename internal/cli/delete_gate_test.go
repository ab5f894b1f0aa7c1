package cli

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// act is what a gate does with a request.
type act struct {
	before func() // the request gets there
	lose   bool   // it gets there, and its answer does not come back
	drop   bool   // it does not get there
	after  func() // it has been answered, and the answer is on its way
	answer *answered
}

// answered is an answer in place of the server's.
type answered struct {
	status int
	header map[string]string
	body   string
}

// gate is a reverse proxy that sees and may harm every request.
type gate struct {
	*httptest.Server
	mu    sync.Mutex
	plan  func(n int, r *http.Request) act // n counts from 1; nil lets all pass
	seen  []string
	waits []time.Duration
}

func newGate(t *testing.T, to string) *gate {
	g := &gate{}
	g.Server = httptest.NewServer(g.handler(t, to))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) handler(t *testing.T, to string) http.Handler {
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{DisableKeepAlives: true},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // whoever asked has gone
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := g.next(r)
		if a.before != nil {
			a.before()
		}
		if a.drop {
			panic(http.ErrAbortHandler)
		}
		if a.answer != nil {
			for k, v := range a.answer.header {
				w.Header().Set(k, v)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(a.answer.status)
			_, _ = io.WriteString(w, a.answer.body)
			return
		}
		// The server is to be done with the request whatever becomes of the
		// one who asked.
		kept := httptest.NewRecorder()
		forward.ServeHTTP(kept, r.WithContext(context.WithoutCancel(r.Context())))
		if a.after != nil {
			a.after()
		}
		if a.lose {
			panic(http.ErrAbortHandler)
		}
		for k, v := range kept.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}

func (g *gate) next(r *http.Request) act {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, r.Method+" "+r.URL.Path)
	if g.plan == nil {
		return act{}
	}
	return g.plan(len(g.seen), r)
}

// set makes a plan for the requests from here on.
func (g *gate) set(plan func(n int, r *http.Request) act) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.plan, g.seen, g.waits = plan, nil, nil
}

// requests returns what has come since set, and those that were writes.
func (g *gate) requests() (all, writes []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.seen {
		if !strings.HasPrefix(r, "GET ") {
			writes = append(writes, r)
		}
	}
	return append([]string(nil), g.seen...), writes
}

// once harms the first request that matches "METHOD path-suffix".
func once(request string, a act) func(int, *http.Request) act {
	var used bool
	return func(_ int, r *http.Request) act {
		method, suffix, _ := strings.Cut(request, " ")
		if used || r.Method != method || !strings.HasSuffix(r.URL.Path, suffix) {
			return act{}
		}
		used = true
		return a
	}
}

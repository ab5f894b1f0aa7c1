package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/exchange"
	"github.com/spurline/spurline/internal/operation"
)

// visit is a request on its way through the server, and what is noted of it.
type visit struct {
	exchange.Exchange
	op    *operation.Operation // nil: none has this path and method
	quiet bool                 // it leaves no trace
	sent  capture
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

func requestID(r *http.Request) string {
	if v := visitOf(r.Context()); v != nil {
		return v.ID
	}
	return ""
}

// noteOperation says which operation a request is for.
func noteOperation(r *http.Request, o *operation.Operation) {
	if v := visitOf(r.Context()); v != nil {
		v.op, v.Operation, v.quiet = o, o.ID, o.Quiet
	}
}

// noteCaller says whose request it is.
func noteCaller(r *http.Request, who *access.Principal) {
	if v := visitOf(r.Context()); v != nil {
		v.Org, v.Login = who.Org, who.Login
	}
}

// observe gives a request its id, the headers of every answer, a line in the
// log and a place among the recent ones, and turns a panic into a 500.
func (a *API) observe(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	v := a.newVisit(r)
	start := time.Now() // how long it takes is no matter of the server's own clock
	v.At = a.Now()
	r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	if r.ContentLength != 0 {
		r.Body = &tee{ReadCloser: r.Body, to: &v.sent}
	}
	h := w.Header()
	h.Set("X-Request-Id", v.ID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	// The recorded gateway lets answers be reused for ten seconds; a tool that
	// reads back what it wrote is better served by the truth.
	h.Set("Cache-Control", "no-store")
	a.Metrics.Begin()
	defer a.Metrics.End()
	rec := &recorder{ResponseWriter: w, request: r, got: capture{pool: a.captures}}
	defer func() {
		p := recover()
		aborted := p == http.ErrAbortHandler //nolint:errorlint // a sentinel that is panicked with, as net/http documents
		if p != nil && !aborted {
			err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			if rec.status == 0 {
				a.fail(rec, r, err)
			} else {
				a.Log.ErrorContext(r.Context(), "request failed", "error", err)
			}
		}
		v.Took = time.Since(start)
		a.remember(v, rec)
		if aborted {
			panic(p)
		}
	}()
	next(rec, r)
}

// remember counts and logs a request that has been answered, and puts it among
// the recent ones.
func (a *API) remember(v *visit, rec *recorder) {
	n := a.notes[v.op]
	n.meter.Observe(rec.status, v.Took)
	if len(v.Tolerated) > 0 {
		n.meter.Tolerated(len(v.Tolerated))
	}
	if v.Wait.Seconds > 0 {
		n.meter.Limited()
	}
	level := slog.LevelInfo
	if v.quiet {
		level = slog.LevelDebug
	}
	a.Log.LogAttrs(rec.request.Context(), level, "request", slog.String("method", v.Method), slog.String("path", v.Path), slog.Int("status", rec.status),
		slog.String("operation", v.Operation), slog.String("login", v.Login), slog.String("ip", v.IP), slog.Int64("bytes", rec.got.size),
		slog.Duration("duration", v.Took), slog.String("code", v.Code))
	if !v.quiet {
		v.Status, v.Sent.Size = rec.status, max(v.sent.size, rec.request.ContentLength)
		h := rec.Header()
		v.Answered = exchange.Message{ContentType: h.Get("Content-Type"), RetryAfter: h.Get("Retry-After"), Size: rec.got.size}
		if h.Get("Set-Cookie") != "" {
			v.Answered.Credentials = "Set-Cookie"
		}
		v.NoSecrets = n.noSecrets
		if n.nothing {
			a.recent.Add(&v.Exchange, nil, nil)
		} else {
			a.recent.Add(&v.Exchange, v.sent.text(), rec.got.text())
		}
	}
	v.sent.free()
	rec.got.free()
}

func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	request *http.Request
	status  int
	got     capture
}

func (r *recorder) WriteHeader(status int) {
	r.begin(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.begin(http.StatusOK)
	n, err := r.ResponseWriter.Write(b)
	r.got.add(b[:n])
	return n, err
}

// begin notes the status, before any of the answer is written.
func (r *recorder) begin(status int) {
	if r.status != 0 {
		return
	}
	r.status = status
	if t, ok := r.request.Body.(*tee); ok {
		t.rest(r.request)
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

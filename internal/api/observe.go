package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
)

// exchange is what the log says of a request.
type exchange struct {
	id    string
	login string
}

type exchangeKey struct{}

func requestID(r *http.Request) string {
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		return x.id
	}
	return ""
}

func noteCaller(r *http.Request, login string) {
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		x.login = login
	}
}

// observe gives a request its id, the headers of every answer and a line in
// the log, and turns a panic into a 500.
func (a *API) observe(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	start := time.Now()
	x := &exchange{id: newRequestID()}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	h := w.Header()
	h.Set("X-Request-Id", x.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	// The recorded gateway lets answers be reused for ten seconds; a tool that
	// reads back what it wrote is better served by the truth.
	h.Set("Cache-Control", "no-store")
	rec := &recorder{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is panicked with, as net/http documents
				panic(p)
			}
			err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			if rec.status == 0 {
				a.fail(rec, r, err)
			} else {
				a.Log.ErrorContext(r.Context(), "request failed", "request", x.id, "error", err)
			}
		}
		a.Log.DebugContext(r.Context(), "request", "request", x.id, "method", r.Method, "path", r.URL.Path,
			"status", rec.status, "bytes", rec.bytes, "login", x.login, "duration", time.Since(start))
	}()
	next(rec, r)
}

func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

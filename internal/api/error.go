package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/wire"
)

// adapt is the one way from a function that may fail to an http.Handler.
func (a *API) adapt(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// fail answers an error. What is not a *wire.Error is a defect or an accident:
// it is logged and answered with a fixed body that says nothing of it.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	err = config.Outcome(err)
	var e *wire.Error
	switch {
	case errors.As(err, &e):
		if e.Err != nil {
			a.Log.ErrorContext(r.Context(), "request failed", "error", e.Err)
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e = &wire.Error{Status: http.StatusServiceUnavailable, Message: "The request ended before its work did.", RetryAfter: 1}
	default:
		a.Log.ErrorContext(r.Context(), "request failed", "error", err)
		e = &wire.Error{Status: http.StatusInternalServerError, Code: wire.CodeUnexpected, Message: "An unexpected error has occurred. Its request id is " + requestID(r) + "."}
	}
	body := e.Body
	if body == nil {
		if body, err = json.Marshal(e); err != nil {
			body = []byte(`{"code":"` + wire.CodeUnexpected + `"}`)
		}
	}
	if v := visitOf(r.Context()); v != nil {
		v.Code = e.Code
	}
	h := w.Header()
	maps.Copy(h, e.Header)
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	// quirk: behaviours.md 13.6, a bare integer, and 0 is one too.
	if e.RetryAfter > 0 || e.Status == http.StatusTooManyRequests {
		h.Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // the client is gone; nobody to tell
}

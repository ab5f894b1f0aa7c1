package api

import (
	"context"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// readyTime bounds how long /readyz looks for an answer of the database.
const readyTime = 2 * time.Second

// probeRoutes are what the machinery around a server asks it, under the names
// and in the forms that are usual there. They are no operations of an API: they
// wait for nobody, count against no limit, and leave no trace among the
// requests.
func (a *API) probeRoutes(mux *http.ServeMux) {
	for path, answer := range map[string]func(http.ResponseWriter, *http.Request) error{
		"/healthz": a.health, "/readyz": a.ready, "/metrics": a.scrape,
	} {
		mux.Handle(path, a.adapt(func(w http.ResponseWriter, r *http.Request) error {
			if v := visitOf(r.Context()); v != nil {
				v.quiet = true
			}
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				return &wire.Error{
					Status: http.StatusMethodNotAllowed, Message: "The method " + r.Method + " is not offered here; use GET.", Header: http.Header{"Allow": {http.MethodGet}},
				}
			}
			return answer(w, r)
		}))
	}
}

// health says that the process is up.
func (a *API) health(w http.ResponseWriter, _ *http.Request) error {
	return probed(w)
}

func probed(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"ok"}`)) // the client is gone; nobody to tell
	return nil
}

// ready says that requests are answered: the database answers, and its data is
// not being replaced.
func (a *API) ready(w http.ResponseWriter, r *http.Request) error {
	if !a.Gate.Open() {
		return &wire.Error{Status: http.StatusServiceUnavailable, Message: "The server's data is being replaced.", RetryAfter: 1}
	}
	if a.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		if err := a.Ready(ctx); err != nil {
			return &wire.Error{Status: http.StatusServiceUnavailable, Message: "The database does not answer.", RetryAfter: 1, Err: err}
		}
	}
	return probed(w)
}

// scrape answers the metrics. They hold no secrets, but say how much is done by
// whom, so that from elsewhere only the owner may ask.
func (a *API) scrape(w http.ResponseWriter, r *http.Request) error {
	if !a.OnLoopback {
		if err := a.authorizeOwner(r); err != nil {
			return err
		}
	}
	a.Metrics.Handler().ServeHTTP(w, r)
	return nil
}

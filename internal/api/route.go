package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// routes makes one pattern per path and picks the operation by method, so that
// a wrong method and an unknown path are answered in the API's own shape.
func (a *API) routes() *http.ServeMux {
	mux := http.NewServeMux()
	byPath := map[string]map[string]*operation.Operation{}
	for i := range a.table {
		o := &a.table[i]
		for _, path := range paths(o) {
			if byPath[path] == nil {
				byPath[path] = map[string]*operation.Operation{}
			}
			byPath[path][o.Method] = o
		}
	}
	for path, methods := range byPath {
		mux.Handle(path, a.byMethod(methods))
	}
	for _, refused := range Refused() {
		for _, path := range paths(&operation.Operation{Path: refused.Path}) {
			if byPath[path] == nil {
				byPath[path] = map[string]*operation.Operation{}
				mux.Handle(path, a.adapt(a.refuse))
			}
		}
	}
	a.documentRoutes(mux)
	a.probeRoutes(mux)
	mux.Handle("/", a.adapt(func(w http.ResponseWriter, r *http.Request) error {
		return &wire.Error{Status: http.StatusNotFound, Code: wire.CodeNotFound, Message: "There is no operation at this path."}
	}))
	return mux
}

// paths are where an operation is served.
func paths(o *operation.Operation) []string {
	if o.Native || o.Root {
		return []string{o.Path}
	}
	return []string{Base + o.Path, olderBase + o.Path, GatewayBase + o.Path}
}

func (a *API) byMethod(methods map[string]*operation.Operation) http.Handler {
	var allowed []string
	for m := range methods {
		allowed = append(allowed, m)
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	return a.adapt(func(w http.ResponseWriter, r *http.Request) error {
		o := methods[r.Method]
		if o == nil && r.Method == http.MethodHead {
			o = methods[http.MethodGet] // net/http drops the body
		}
		if o == nil {
			return notAllowed(r.Method, allow)
		}
		return a.call(o, w, r)
	})
}

// notAllowed is the 405 of a path that has other methods.
func notAllowed(method, allow string) error {
	return &wire.Error{
		Status: http.StatusMethodNotAllowed, Message: "The method " + method + " is not offered here; use " + allow + ".",
		Header: http.Header{"Allow": {allow}},
	}
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.observe(w, r, func(w http.ResponseWriter, r *http.Request) {
		// quirk: behaviours.md 11.3, clients send ?&pageSize=1000; url.ParseQuery
		// skips the empty pair. A path that needs cleaning is no path of ours:
		// the mux would redirect, which API clients do not follow with a body.
		if clean := strings.ReplaceAll(r.URL.Path, "//", "/"); clean != r.URL.Path || strings.Contains(r.URL.Path, "/.") {
			a.fail(w, r, &wire.Error{Status: http.StatusNotFound, Code: wire.CodeNotFound, Message: "There is no operation at this path."})
			return
		}
		if atGateway(r) {
			w = behindGateway(w, r)
		}
		a.mux.ServeHTTP(w, r)
	})
}

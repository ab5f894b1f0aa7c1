package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spurline/spurline/docs"
	"github.com/spurline/spurline/internal/reference"
)

// Where the OpenAPI document is, as it was written and in the form that older
// generators of clients read.
const (
	openAPIPath   = "/spurline/openapi.json"
	openAPI30Path = "/spurline/openapi-3.0.json"
)

// The document says nothing that the older version does not know, so that its
// two forms differ in the version alone.
const (
	version31 = `"openapi": "3.1.0"`
	version30 = `"openapi": "3.0.3"`
)

// documentRoutes hands out the OpenAPI document, and pages made of it, to
// whoever asks: it holds nothing of an org. Most servers are never asked, so
// that nothing is read of it before.
func (a *API) documentRoutes(mux *http.ServeMux) {
	pages := reference.New(docs.OpenAPI)
	mux.Handle(reference.Root, pages)
	mux.Handle(reference.Root+"/", pages)
	mux.Handle(openAPIPath, a.documented(func() string { return docs.OpenAPI }))
	mux.Handle(openAPI30Path, a.documented(func() string { return strings.Replace(docs.OpenAPI, version31, version30, 1) }))
}

// documented answers a document, which is made at the first request.
func (a *API) documented(text func() string) http.Handler {
	type document struct{ text, etag string }
	load := sync.OnceValue(func() document {
		d := document{text: text()}
		sum := sha256.Sum256([]byte(d.text))
		d.etag = `"` + hex.EncodeToString(sum[:16]) + `"`
		return d
	})
	return a.adapt(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return notAllowed(r.Method, "GET")
		}
		d := load()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", d.etag)
		w.Header().Set("Cache-Control", "no-cache") // kept, and asked for at each use
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(d.text))
		return nil
	})
}

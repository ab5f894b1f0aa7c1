package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
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
var (
	version31 = []byte(`"openapi": "3.1.0"`)
	version30 = []byte(`"openapi": "3.0.3"`)
)

// documentRoutes hands out the OpenAPI document, and pages made of it, to
// whoever asks: it holds nothing of an org.
func (a *API) documentRoutes(mux *http.ServeMux) {
	pages := reference.New(docs.OpenAPI)
	mux.Handle(reference.Root, pages)
	mux.Handle(reference.Root+"/", pages)
	for path, body := range map[string][]byte{
		openAPIPath: docs.OpenAPI, openAPI30Path: bytes.Replace(docs.OpenAPI, version31, version30, 1),
	} {
		sum := sha256.Sum256(body)
		etag := `"` + hex.EncodeToString(sum[:16]) + `"`
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				a.fail(w, r, notAllowed(r.Method, "GET"))
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("ETag", etag)
			w.Header().Set("Cache-Control", "no-cache") // kept, and asked for at each use
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		})
	}
}

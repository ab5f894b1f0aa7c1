// Package reference owns the reference pages under /docs: the OpenAPI document
// for people, searchable, readable without scripts, and made of nothing from
// outside the binary.
package reference

import (
	"embed"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/spurline/spurline/internal/document"
)

// Root is where the pages are.
const Root = "/docs"

//go:embed pages
var files embed.FS

// policy lets a page use this server's own style and script, and nothing else;
// its icon is an empty one, so that browsers ask for none.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Pages serves the pages of one document.
type Pages struct {
	mux *http.ServeMux
	// Most servers are never asked for a page, so the document is read at the
	// first request.
	load func() (*site, error)
}

// site is what the pages are made from.
type site struct {
	*document.Document
	uses map[string][]*document.Operation // of schemas, by name
}

// New returns the pages of an OpenAPI document. A document that cannot be read
// answers 500.
func New(text string) *Pages {
	p := &Pages{mux: http.NewServeMux(), load: sync.OnceValues(func() (*site, error) { return newSite(text) })}
	for path, kind := range map[string]string{"style.css": "text/css; charset=utf-8", "search.js": "text/javascript; charset=utf-8"} {
		p.mux.HandleFunc("GET "+Root+"/"+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			http.ServeFileFS(w, r, files, "pages/"+path)
		})
	}
	p.mux.HandleFunc("GET "+Root, p.page(start))
	p.mux.HandleFunc("GET "+Root+"/{$}", p.page(start))
	p.mux.HandleFunc("GET "+Root+"/areas/{name}", p.page(area))
	p.mux.HandleFunc("GET "+Root+"/operations/{name}", p.page(operation))
	p.mux.HandleFunc("GET "+Root+"/schemas/{name}", p.page(schema))
	p.mux.HandleFunc("GET "+Root+"/", p.page(func(*site, *http.Request) view { return view{} }))
	return p
}

// ServeHTTP answers a request below Root.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func newSite(text string) (*site, error) {
	d, err := document.Read(text)
	if err != nil {
		return nil, err
	}
	return &site{d, usesOf(d)}, nil
}

// page makes a handler of what finds a page.
func (p *Pages) page(find func(*site, *http.Request) view) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := p.load()
		if err != nil {
			http.Error(w, fmt.Sprintf("The reference pages cannot be made: %v", err), http.StatusInternalServerError)
			return
		}
		status := http.StatusOK
		v := find(s, r)
		if v.main == nil {
			v, status = view{title: "There is no such page", main: missing}, http.StatusNotFound
		}
		out := &writer{site: s}
		out.write(v)
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("Content-Length", strconv.Itoa(out.Len()))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, out.String()) // the client is gone; nobody to tell
	}
}

// start is the first page, or what was found where something is searched for.
func start(s *site, r *http.Request) view {
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	if query == "" {
		return view{title: s.Title, main: (*writer).start}
	}
	return view{title: "Search: " + query, query: query, main: func(w *writer) { w.found(query, s.search(query)) }}
}

func area(s *site, r *http.Request) (v view) {
	for _, a := range s.Areas {
		if a.Name == r.PathValue("name") {
			return view{title: heading(a.Name), area: a.Name, main: func(w *writer) { w.areaPage(a) }}
		}
	}
	return v
}

func operation(s *site, r *http.Request) (v view) {
	if o := s.Operation(r.PathValue("name")); o != nil {
		return view{title: o.Summary, area: s.areaOf(o), main: func(w *writer) { w.operationPage(o) }}
	}
	return v
}

func schema(s *site, r *http.Request) (v view) {
	name := r.PathValue("name")
	if found := s.Schemas[name]; found != nil {
		return view{title: name, main: func(w *writer) { w.schemaPage(name, found) }}
	}
	return v
}

func (s *site) areaOf(wanted *document.Operation) string {
	for _, a := range s.Areas {
		for _, o := range a.Operations {
			if o == wanted {
				return a.Name
			}
		}
	}
	return ""
}

// usesOf finds the operations that take or answer a schema, itself or in a
// list.
func usesOf(d *document.Document) map[string][]*document.Operation {
	uses := map[string][]*document.Operation{}
	for _, a := range d.Areas {
		for _, o := range a.Operations {
			seen := map[string]bool{}
			for _, c := range []*document.Content{o.Body, o.Success().Content} {
				if c != nil && c.Schema.Name() != "" && !seen[c.Schema.Name()] {
					seen[c.Schema.Name()] = true
					uses[c.Schema.Name()] = append(uses[c.Schema.Name()], o)
				}
			}
		}
	}
	return uses
}

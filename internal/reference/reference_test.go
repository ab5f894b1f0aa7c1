package reference_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/spurline/spurline/docs"
	"github.com/spurline/spurline/internal/document"
	"github.com/spurline/spurline/internal/reference"
)

func get(t *testing.T, server *httptest.Server, path string) (status int, header http.Header, body string) {
	t.Helper()
	r, err := server.Client().Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(text)
}

var href = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)

// Every link of every page leads somewhere, and every operation and schema of
// the document has a page that links lead to.
func TestLinks(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(reference.New(docs.OpenAPI))
	defer server.Close()
	seen := map[string]bool{"/docs": true}
	for todo := []string{"/docs"}; len(todo) > 0; todo = todo[1:] {
		status, header, body := get(t, server, todo[0])
		if status != 200 {
			t.Errorf("%s answers %d", todo[0], status)
		}
		if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, m := range href.FindAllStringSubmatch(body, -1) {
			u, err := url.Parse(m[1])
			switch {
			case err != nil || u.Host != "":
				t.Errorf("%s links to %q", todo[0], m[1])
			case u.Scheme == "data":
			case u.Path == "" && u.Fragment != "":
				if !strings.Contains(body, `id="`+u.Fragment+`"`) {
					t.Errorf("%s links to %q, which it does not have", todo[0], m[1])
				}
			case strings.HasPrefix(u.Path, "/docs") && !seen[u.Path]:
				seen[u.Path] = true
				todo = append(todo, u.Path)
			}
		}
	}
	d, err := document.Read(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range d.Areas {
		for _, o := range a.Operations {
			if !seen["/docs/operations/"+o.ID] {
				t.Errorf("no link leads to %s", o.ID)
			}
		}
	}
	for name := range d.Schemas {
		if !seen["/docs/schemas/"+name] {
			t.Errorf("no link leads to %s", name)
		}
	}
	t.Logf("%d pages", len(seen))
}

func TestPages(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(reference.New(docs.OpenAPI))
	defer server.Close()
	tests := []struct {
		path   string
		status int
		want   []string
	}{
		{"/docs/operations/createIpSourceGroup", 200, []string{"/ztw/api/v1/ipSourceGroups", "EDGE_CONNECTOR_FORWARDING", "1/s 400/h", "ipAddresses", "10240 characters at most", "DUPLICATE_ITEM"}},
		{"/docs?q=zzzzzz", 200, []string{"Nothing has all of these words."}},
		{"/docs?q=" + url.QueryEscape(`<script>alert("x")</script>`), 200, []string{"&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;"}},
		{"/docs/operations/nothing", 404, []string{"There is no such page"}},
		{"/docs/zzz", 404, []string{"There is no such page"}},
	}
	for _, tt := range tests {
		status, header, body := get(t, server, tt.path)
		if status != tt.status || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s answers %d with %v", tt.path, status, header)
		}
		for _, want := range tt.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q", tt.path, want)
			}
		}
	}
}

// A document that cannot be read is an error that says so, and not a page.
func TestABrokenDocument(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(reference.New(`{"paths": 7}`))
	defer server.Close()
	if status, _, body := get(t, server, "/docs"); status != 500 || !strings.Contains(body, "cannot be made") {
		t.Errorf("%d %s", status, body)
	}
}

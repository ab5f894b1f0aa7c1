package openapi_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// get fetches a document from a server, with the ETag that the client has.
func get(t *testing.T, url, etag string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// A server hands out the document of the repository to anybody, and a form of
// it for generators that read the older version, which is as valid.
func TestServerHandsOutTheDocument(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	want, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	resp, body := get(t, s.URL()+"/spurline/openapi.json", "")
	if resp.StatusCode != http.StatusOK || body != string(want) || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v, %d bytes", resp.StatusCode, resp.Header, len(body))
	}
	if resp, body := get(t, s.URL()+"/spurline/openapi.json", resp.Header.Get("ETag")); resp.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("with its ETag: %d, %d bytes", resp.StatusCode, len(body))
	}
	if answer := s.Nobody().Do(t, "POST", "/spurline/openapi.json", "{}"); answer.Status != http.StatusMethodNotAllowed || !strings.Contains(answer.Body, "use GET") {
		t.Errorf("a write: %d %s", answer.Status, answer.Body)
	}
	_, older := get(t, s.URL()+"/spurline/openapi-3.0.json", "")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(older))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.0.") {
		t.Errorf("the older form calls itself %s", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

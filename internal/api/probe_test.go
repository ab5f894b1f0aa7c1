package api_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// probe asks for a path outside the API.
func probe(t *testing.T, s *servertest.Server, method, path, token string) servertest.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: body.String()}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	owner := s.Owner(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := probe(t, s, "GET", path, ""); a.Status != 200 || a.Body != `{"status":"ok"}` || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v %s", path, a.Status, a.Header, a.Body)
		}
		if a := probe(t, s, "POST", path, ""); a.Status != 405 || a.Header.Get("Allow") != "GET" {
			t.Errorf("POST %s: %d", path, a.Status)
		}
	}
	if all := requests(t, owner, "path=z"); len(all) != 0 {
		t.Errorf("probes are among the requests: %+v", all)
	}
	// While the data is replaced the process is up, and not ready.
	err := s.API().Gate.Alone(t.Context(), func() error {
		if a := probe(t, s, "GET", "/healthz", ""); a.Status != 200 {
			t.Errorf("healthz: %d %s", a.Status, a.Body)
		}
		if a := probe(t, s, "GET", "/readyz", ""); a.Status != 503 || !strings.Contains(a.Body, "being replaced") || a.Header.Get("Retry-After") != "1" {
			t.Errorf("readyz: %d %s", a.Status, a.Body)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	super.Must(t, "POST", "/locationTemplate", `{"id":0,"name":"a"}`)
	super.Do(t, "POST", "/locationTemplate", `{"name":"b"}`)
	super.Do(t, "GET", "/locationTemplate/7", "")
	super.Do(t, "GET", "/nowhere", "")
	a := probe(t, s, "GET", "/metrics", "")
	if a.Status != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v", a.Status, a.Header)
	}
	for _, want := range []string{
		`spurline_http_requests_total\{method="POST",operation="createLocationTemplate",status="2xx"\} 2`,
		`spurline_http_requests_total\{method="GET",operation="getLocationTemplate",status="4xx"\} 1`,
		`spurline_http_requests_total\{method="any",operation="none",status="4xx"\} 1`,
		`spurline_http_request_duration_seconds_count\{method="POST",operation="createLocationTemplate"\} 2`,
		`spurline_rate_limited_total\{method="POST",operation="createLocationTemplate"\} 1`,
		`spurline_tolerated_total\{method="POST",operation="createLocationTemplate"\} 1`,
		`spurline_http_requests_in_flight 1`,
		`spurline_sessions 1`,
		`spurline_connectors_enrolled 0`,
		`spurline_store_writes_total [1-9]\d*`,
		`spurline_store_commits_total [1-9]\d*`,
	} {
		if !regexp.MustCompile("(?m)^" + want + "$").MatchString(a.Body) {
			t.Errorf("no %s", want)
		}
	}
	for _, c := range s.Credentials.Admins {
		if strings.Contains(a.Body, c.Password) || strings.Contains(a.Body, c.Login) {
			t.Errorf("the metrics tell of %s", c.Login)
		}
	}
}

// What others can reach tells its numbers to the owner only.
func TestMetricsElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	api := servertest.Start(t, server.Config{DataDir: dir}).API()
	api.OnLoopback = false
	owner, err := server.ReadOwnerToken(dir)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]int{"": 401, "nonsense": 401, owner: 200} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "/metrics", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, req)
		if w.Code != want {
			t.Errorf("with %q: %d, want %d", token, w.Code, want)
		}
	}
}

// lines is a log that a test reads.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) read(t *testing.T) (out []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.all.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, v)
	}
	return out
}

// Each request is a line with its id; no secret is in any.
func TestLog(t *testing.T) {
	t.Parallel()
	log := &lines{}
	s := servertest.Start(t, server.Config{Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))})
	super := s.SignIn(t, servertest.Super)
	a := super.Do(t, "GET", "/locationTemplate/7?token=t0ps3cr3t", "")
	probe(t, s, "GET", "/healthz", "")
	id := a.Header.Get("X-Request-Id")
	found := 0
	for _, line := range log.read(t) {
		if line["msg"] == "request" && line["request"] == nil {
			t.Errorf("a line without a request id: %v", line)
		}
		if line["request"] == id {
			found++
			if line["operation"] != "getLocationTemplate" || line["status"] != 404.0 || line["login"] != servertest.Super || line["path"] != "/api/v1/locationTemplate/7" || line["code"] != "RESOURCE_NOT_FOUND" {
				t.Errorf("%v", line)
			}
		}
		if line["path"] == "/healthz" {
			t.Errorf("a probe is logged at info: %v", line)
		}
	}
	if found != 1 {
		t.Errorf("%d lines of the request", found)
	}
	text := log.all.String()
	for _, secret := range []string{"t0ps3cr3t", super.Session, s.Credentials.APIKey, s.Credentials.Admins[0].Password} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has the secret %s", secret)
		}
	}
}

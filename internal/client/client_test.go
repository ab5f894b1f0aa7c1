package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/wire"
)

// exchange is a request as a server saw it.
type exchange struct {
	method, uri, body string
	header            http.Header
}

// fakeServer answers with the steps in turn, the last one again and again, and
// keeps what it was asked.
type fakeServer struct {
	*httptest.Server
	mu    sync.Mutex
	seen  []exchange
	waits []time.Duration
	asked chan struct{} // one for each request
}

type step struct {
	status int
	header map[string]string
	body   string
}

func serve(t *testing.T, steps ...step) *fakeServer {
	t.Helper()
	f := &fakeServer{asked: make(chan struct{}, 100)}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.seen = append(f.seen, exchange{r.Method, r.RequestURI, string(body), r.Header})
		s := steps[min(len(f.seen), len(steps))-1]
		f.mu.Unlock()
		f.asked <- struct{}{}
		if s.status == 0 { // the connection breaks before an answer
			panic(http.ErrAbortHandler)
		}
		if s.body != "" {
			w.Header().Set("Content-Type", "application/json")
		}
		for k, v := range s.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.body)
	}))
	t.Cleanup(f.Close)
	return f
}

var at = time.UnixMilli(1700000123456)

func (f *fakeServer) client() *client.Client {
	return client.New(client.Config{
		BaseURL: f.URL, HTTP: f.Client(), UserAgent: "test/1",
		Now:  func() time.Time { return at },
		Wait: func(_ context.Context, d time.Duration) error { f.waits = append(f.waits, d); return nil },
	})
}

// requests returns what was asked, as "METHOD URI body".
func (f *fakeServer) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, e := range f.seen {
		out = append(out, strings.TrimSpace(e.method+" "+e.uri+" "+e.body))
	}
	return out
}

func wireError(t *testing.T, err error) *wire.Error {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *wire.Error", err, err)
	}
	return e
}

func TestDo(t *testing.T) {
	t.Parallel()
	type thing struct {
		ID   int    `json:"id,omitempty"`
		Name string `json:"name"`
	}
	f := serve(t, step{status: 200, body: `{"id":7,"name":"b"}`})
	var out thing
	if err := f.client().Do(t.Context(), "PUT", "/ipSourceGroups/7?x=1", thing{Name: "a<b"}, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(thing{7, "b"}, out); diff != "" {
		t.Error(diff)
	}
	if err := f.client().Do(t.Context(), "GET", "/spurline/v1/fleet/connectors", nil, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{`PUT /api/v1/ipSourceGroups/7?x=1 {"name":"a\u003cb"}`, "GET /spurline/v1/fleet/connectors"}
	if diff := cmp.Diff(want, f.requests()); diff != "" {
		t.Error(diff)
	}
	first, second := f.seen[0].header, f.seen[1].header
	if first.Get("Content-Type") != "application/json" || first.Get("Accept") != "application/json" || first.Get("User-Agent") != "test/1" {
		t.Errorf("headers of the PUT: %v", first)
	}
	if second.Get("Content-Type") != "" || second.Get("Cookie") != "" {
		t.Errorf("headers of the GET: %v", second)
	}
}

func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	for _, s := range []step{{status: 204}, {status: 200}, {status: 200, body: " \n"}} {
		out := map[string]string{"kept": "yes"}
		if err := serve(t, s).client().Do(t.Context(), "DELETE", "/x/1", nil, &out); err != nil || out["kept"] != "yes" {
			t.Errorf("%+v: %v, out %v", s, err, out)
		}
	}
	err := serve(t, step{status: 200, body: `<html>`}).client().Do(t.Context(), "GET", "/x?q=1", nil, &struct{}{})
	if err == nil || !strings.HasPrefix(err.Error(), "GET /x: the answer is not what was expected: ") {
		t.Errorf("an answer that is no JSON: %v", err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		step step
		want wire.Error
	}{
		{"the API's form", step{status: 404, body: `{"code":"RESOURCE_NOT_FOUND","message":"gone"}`}, wire.Error{Status: 404, Code: wire.CodeNotFound, Message: "gone"}},
		{"another conflict", step{status: 409, body: `{"code":"DUPLICATE_ITEM","message":"twice"}`}, wire.Error{Status: 409, Code: wire.CodeDuplicate, Message: "twice"}},
		{"plain text", step{status: 401, body: "only through\nOneAPI", header: map[string]string{"Content-Type": "text/plain; charset=utf-8"}}, wire.Error{Status: 401, Message: "only through OneAPI"}},
		{"a page", step{status: 502, body: "<html>", header: map[string]string{"Content-Type": "text/html"}}, wire.Error{Status: 502, Message: "Bad Gateway"}},
		{"nothing", step{status: 500}, wire.Error{Status: 500, Message: "Internal Server Error"}},
		{"an unknown status", step{status: 599}, wire.Error{Status: 599, Message: "the server answered 599"}},
		{"a redirect is not followed", step{status: 307, header: map[string]string{"Location": "/api/v1/elsewhere"}}, wire.Error{Status: 307, Message: "Temporary Redirect"}},
		{"unavailable", step{status: 503, header: map[string]string{"Retry-After": "9"}}, wire.Error{Status: 503, Message: "Service Unavailable", RetryAfter: 9}},
		{"a wait too long", step{status: 429, body: `{"message":"m"}`, header: map[string]string{"Retry-After": "301"}}, wire.Error{Status: 429, Message: "m", RetryAfter: 301}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := serve(t, tt.step)
			got := wireError(t, f.client().Do(t.Context(), "POST", "/x", struct{}{}, nil))
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
			if n := len(f.requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	const lock = `{"code":"EDIT_LOCK_NOT_AVAILABLE","message":"busy"}`
	ok := step{status: 200, body: `{}`}
	sec := time.Second
	tests := []struct {
		name  string
		steps []step
		waits []time.Duration
		fails int // status, 0 = succeeds
	}{
		{"429 with a header", []step{{status: 429, header: map[string]string{"Retry-After": "7"}}, ok}, []time.Duration{7 * sec}, 0},
		{"429 with only a body", []step{{status: 429, body: `{"message":"Rate Limit (1/SECOND) exceeded","Retry-After":"3 seconds"}`}, ok}, []time.Duration{3 * sec}, 0},
		{"429 with nothing, or zero", []step{{status: 429}, {status: 429, header: map[string]string{"Retry-After": "0"}}, ok}, []time.Duration{sec, sec}, 0},
		{"the edit lock", []step{{status: 409, body: lock}, {status: 409, body: lock}, ok}, []time.Duration{sec, 2 * sec}, 0},
		{"tries are bounded", []step{{status: 409, body: lock}}, []time.Duration{sec, 2 * sec, 3 * sec, 4 * sec}, 409},
		{"a retry that fails otherwise", []step{{status: 429}, {status: 400, body: `{}`}}, []time.Duration{sec}, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := serve(t, tt.steps...)
			err := f.client().Do(t.Context(), "POST", "/x", map[string]int{"a": 1}, nil)
			if tt.fails == 0 && err != nil {
				t.Error(err)
			}
			if tt.fails != 0 && wireError(t, err).Status != tt.fails {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.waits, f.waits); diff != "" {
				t.Error(diff)
			}
			for _, r := range f.requests() {
				if r != `POST /api/v1/x {"a":1}` {
					t.Errorf("a try was %q", r)
				}
			}
			if got := len(f.requests()); got != len(tt.waits)+1 {
				t.Errorf("%d tries, want %d", got, len(tt.waits)+1)
			}
		})
	}
}

func TestUnknownOutcomeIsNotRetried(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		f := serve(t, step{})
		var refused *wire.Error
		if err := f.client().Do(t.Context(), method, "/x", nil, nil); err == nil || errors.As(err, &refused) {
			t.Errorf("%s: %v, want a connection error", method, err)
		}
		if n := len(f.requests()); n != 1 {
			t.Errorf("%s was sent %d times", method, n)
		}
	}
}

func TestCancelledWait(t *testing.T) {
	t.Parallel()
	f := serve(t, step{status: 429, header: map[string]string{"Retry-After": "60"}})
	ctx, cancel := context.WithCancel(t.Context())
	c := client.New(client.Config{BaseURL: f.URL, Wait: func(ctx context.Context, _ time.Duration) error { cancel(); <-ctx.Done(); return ctx.Err() }})
	err := c.Do(ctx, "GET", "/x", nil, nil)
	if !errors.Is(err, context.Canceled) || wireError(t, err).Status != 429 {
		t.Errorf("got %v", err)
	}

	// The default wait obeys the context as well.
	ctx, cancel = context.WithCancel(t.Context())
	go func() {
		<-f.asked
		<-f.asked
		cancel()
	}()
	if err := client.New(client.Config{BaseURL: f.URL}).Do(ctx, "GET", "/x", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRaw(t *testing.T) {
	t.Parallel()
	f := serve(t, step{status: 429, body: `{"message":"m"}`})
	c := f.client()
	c.UseSession("S1")
	resp, err := c.Raw(t.Context(), "POST", "/x", http.Header{"content-type": {"text/csv"}, "X-A": {"1"}}, strings.NewReader("a,b"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 429 || len(f.waits) != 0 {
		t.Errorf("status %d after %d waits", resp.StatusCode, len(f.waits))
	}
	got := f.seen[0]
	if got.body != "a,b" || got.header.Get("Content-Type") != "text/csv" || got.header.Get("X-A") != "1" || got.header.Get("Cookie") != "JSESSIONID=S1" {
		t.Errorf("the server saw %+v", got)
	}
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "127.0.0.1:80", "ftp://h", "http://", "http://h/api/v1", "http://h?x", "http://u:s3cret@h", "http://%zz", "http://u:s3cret@h:port"} {
		err := client.New(client.Config{BaseURL: base}).Do(t.Context(), "GET", "/x", nil, nil)
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", base, err)
		}
	}
	if err := client.New(client.Config{BaseURL: "http://127.0.0.1:1/"}).Do(t.Context(), "GET", "x", nil, nil); err == nil || !strings.Contains(err.Error(), "slash") {
		t.Errorf("a path without a slash: %v", err)
	}
	if err := serve(t, step{status: 200}).client().Do(t.Context(), "POST", "/x", func() {}, nil); err == nil {
		t.Error("a body that is no JSON is accepted")
	}
}

func TestRawMessages(t *testing.T) {
	t.Parallel()
	f := serve(t, step{status: 200, body: `[{"b":1, "a":2}]`})
	var out json.RawMessage
	if err := f.client().Do(t.Context(), "POST", "/x", json.RawMessage(`{"z":1,"a":"1"}`), &out); err != nil {
		t.Fatal(err)
	}
	if string(out) != `[{"b":1, "a":2}]` || f.seen[0].body != `{"z":1,"a":"1"}` {
		t.Errorf("sent %s, got %s", f.seen[0].body, out)
	}
}

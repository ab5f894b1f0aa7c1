package conformance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/conformance"
)

// spoil changes an answer on its way to a client. A test that passes with the
// answer as it is and fails with it spoilt shows that the client is as strict
// as the fact says, and that the test can fail.
type spoil func(r *http.Request, resp *http.Response)

// spoiling is a transport that spoils answers.
type spoiling struct {
	http.RoundTripper
	spoil spoil
}

func (s spoiling) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(r)
	if err == nil && s.spoil != nil {
		s.spoil(r, resp)
	}
	return resp, err
}

// intolerant is a transport in front of a server that refuses what ours
// tolerates: where refuse says so, the request is answered with that status
// and goes no further.
type intolerant struct {
	http.RoundTripper
	refuse func(*http.Request) int
}

func (i intolerant) RoundTrip(r *http.Request) (*http.Response, error) {
	status := i.refuse(r)
	if status == 0 {
		return i.RoundTripper.RoundTrip(r)
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"code":"INTOLERANT","message":"This server does not tolerate that."}`)),
	}, nil
}

// body replaces an answer's body.
func body(resp *http.Response, change func(string) string) {
	old, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		old = []byte(err.Error())
	}
	text := change(string(old))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader([]byte(text))), int64(len(text))
	resp.Header.Set("Content-Length", strconv.Itoa(len(text)))
}

// client is an HTTP client over a transport, optionally with spoilt answers.
func client(tr http.RoundTripper, spoils ...spoil) *http.Client {
	for _, s := range spoils {
		tr = spoiling{tr, s}
	}
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("the API redirects nobody")
	}}
}

func goLegacy(t *testing.T, s *server, a conformance.Account, spoils ...spoil) *conformance.GoLegacy {
	t.Helper()
	return &conformance.GoLegacy{Account: a, HTTP: client(s.proxied(t), spoils...), Clock: &conformance.Clock{}, Tries: 5}
}

func pyLegacy(t *testing.T, s *server, a conformance.Account, spoils ...spoil) *conformance.PyLegacy {
	t.Helper()
	return &conformance.PyLegacy{Account: a, HTTP: client(s.proxied(t), spoils...), Clock: &conformance.Clock{}}
}

func script(t *testing.T, s *server, a conformance.Account, spoils ...spoil) *conformance.Script {
	t.Helper()
	return &conformance.Script{Account: a, HTTP: client(s.proxied(t), spoils...), Clock: &conformance.Clock{}}
}

func hook(t *testing.T, s *server, a conformance.Account, spoils ...spoil) *conformance.Hook {
	t.Helper()
	return &conformance.Hook{Account: a, HTTP: client(s.proxied(t), spoils...), Clock: &conformance.Clock{}, Host: "https://connector." + a.Cloud + ".net"}
}

// oneAPI is an account as OneAPI's clients are configured on the production
// cloud, which has no name.
func oneAPI(a conformance.Account) conformance.Account {
	a.Cloud = ""
	return a
}

func goOneAPI(t *testing.T, s *server, a conformance.Account, spoils ...spoil) *conformance.GoOneAPI {
	t.Helper()
	return &conformance.GoOneAPI{Account: oneAPI(a), HTTP: client(s.proxied(t), spoils...), Clock: &conformance.Clock{}}
}

func pyOneAPI(t *testing.T, s *server, a conformance.Account, spoils ...spoil) *conformance.PyOneAPI {
	t.Helper()
	return &conformance.PyOneAPI{Account: oneAPI(a), HTTP: client(s.proxied(t), spoils...), Clock: &conformance.Clock{}}
}

// signedIn is a Python client with a session: the plainest client there is.
func signedIn(t *testing.T, s *server, a conformance.Account) *conformance.PyLegacy {
	t.Helper()
	p := pyLegacy(t, s, a)
	must(t, p.Open(t.Context()))
	return p
}

// sessionFor opens a session as the guide describes it, in a form that a
// server without any tolerance takes.
func sessionFor(t *testing.T, s *server, a conformance.Account) string {
	t.Helper()
	c := goLegacy(t, s, a)
	must(t, c.Login(t.Context()))
	return c.Session()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that a client has failed with an answer of a status and a
// code.
func refused(t *testing.T, err error, status int, code string) *conformance.Failure {
	t.Helper()
	f := conformance.FailureOf(err)
	if f == nil {
		t.Fatalf("%v, want %d %s", err, status, code)
	}
	if f.Status != status || f.Code != code {
		t.Fatalf("%v, want %d %s", f, status, code)
	}
	return f
}

// fails checks that a client has failed for a reason.
func fails(t *testing.T, err error, reason string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), reason) {
		t.Fatalf("%v, want a failure with %q", err, reason)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

// notTolerated checks that the strict server has refused a request and says
// why, and that the one that tolerates it has counted it.
func notTolerated(t *testing.T, err error, what string) {
	t.Helper()
	f := conformance.FailureOf(err)
	if f == nil || f.Status != http.StatusBadRequest || !strings.Contains(f.Message, what) {
		t.Fatalf("the strict server says %v, want a 400 that names %q", err, what)
	}
}

// counted checks that a server counts a tolerance of an operation.
func counted(t *testing.T, s *server, a conformance.Account, operation, tolerance string) {
	t.Helper()
	var counts []struct {
		Operation, Tolerance string
		Count                int
	}
	answer := answerOf(t, s, http.MethodGet, s.url+"/spurline/v1/tolerances", "", "Cookie", "JSESSIONID="+sessionFor(t, s, a))
	must(t, json.Unmarshal([]byte(answer.Body), &counts))
	for _, c := range counts {
		if c.Operation == operation && c.Tolerance == tolerance && c.Count > 0 {
			return
		}
	}
	t.Errorf("%s has not counted %q: %+v", operation, tolerance, counts)
}

// swap exchanges two parts of a text.
func swap(text, a, b string) string { return strings.NewReplacer(a, b, b, a).Replace(text) }

// withKey is an account whose key was replaced.
func withKey(a conformance.Account, key string) conformance.Account {
	a.APIKey = key
	return a
}

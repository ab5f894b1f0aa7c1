package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// requests asks for the recent ones.
func requests(t *testing.T, a *servertest.Admin, query string) []wire.Exchange {
	t.Helper()
	return servertest.Decode[[]wire.Exchange](t, a.Must(t, "GET", "/spurline/v1/requests?"+query, ""))
}

func last(t *testing.T, a *servertest.Admin, query string) wire.Exchange {
	t.Helper()
	found := requests(t, a, "pageSize=1&bodies=true&"+query)
	if len(found) == 0 {
		t.Fatalf("no request for %s", query)
	}
	return found[0]
}

// What a script sent, what it got, and what the server made of it.
func TestRequests(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super, owner := s.SignIn(t, servertest.Super), s.Owner(t)

	in := last(t, owner, "operation=signIn")
	if in.Login != servertest.Super || in.Org != s.Credentials.Org || in.Status != 200 || in.Path != "/api/v1/auth" || in.Response.Credentials != "Set-Cookie" {
		t.Errorf("sign-in: %+v", in)
	}
	if !strings.Contains(in.Request.Body, `"password":"***"`) || !strings.Contains(in.Request.Body, `"username":"`+servertest.Super) {
		t.Errorf("sign-in: %s", in.Request.Body)
	}

	a := super.Do(t, "POST", "/locationTemplate?x=1&token=t0k", `{"id":0,"name":"a","template":{"upBandwidth":"5"}}`)
	made := last(t, owner, "tolerated=true")
	want := wire.Exchange{
		Seq: made.Seq, ID: a.Header.Get("X-Request-Id"), At: made.At, DurationMS: made.DurationMS, Method: "POST", Path: "/api/v1/locationTemplate", Query: "x=1&token=***",
		Host: strings.TrimPrefix(s.URL(), "http://"), IP: "127.0.0.1", UserAgent: "Go-http-client/1.1", Operation: "createLocationTemplate",
		Org: s.Credentials.Org, Login: servertest.Super, Status: 200,
		Tolerated: []string{"unknown parameter token", "unknown parameter x", "read-only member id", "quoted value template.upBandwidth"},
		Request:   wire.Message{ContentType: "application/json", Credentials: "cookie JSESSIONID", Size: 50, Body: `{"id":0,"name":"a","template":{"upBandwidth":"5"}}`},
		Response:  wire.Message{ContentType: "application/json", Size: int64(len(a.Body)), Body: a.Body},
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if made.DurationMS <= 0 {
		t.Errorf("it took %v ms", made.DurationMS)
	}
	one := servertest.Decode[wire.Exchange](t, owner.Must(t, "GET", "/spurline/v1/requests/"+made.ID, ""))
	if diff := cmp.Diff(made, one); diff != "" {
		t.Errorf("by its id (-list +one):\n%s", diff)
	}

	// What is refused before its body is looked at shows what was sent too.
	s.Nobody().Do(t, "POST", "/locationTemplate", `{"name":"b"}`)
	refused := last(t, owner, "status=4xx")
	if refused.Status != 401 || refused.Code != "SESSION_NOT_VALID" || refused.Request.Body != `{"name":"b"}` || refused.Org != 0 {
		t.Errorf("without a session: %+v", refused)
	}
	s.Nobody().Do(t, "PATCH", "/nowhere", `{"name":"c"}`)
	if lost := last(t, owner, "status=404&path=nowhere"); lost.Operation != "" || lost.Request.Body != `{"name":"c"}` || lost.Method != "PATCH" {
		t.Errorf("an unknown path: %+v", lost)
	}

	// Looking leaves no trace, and neither do connectors that report.
	before := len(requests(t, owner, ""))
	requests(t, owner, "")
	s.Connector("no such").Do(t, "POST", "/spurline/v1/fleet/heartbeat", `{}`)
	if after := len(requests(t, owner, "")); after != before {
		t.Errorf("%d requests, and %d after looking", before, after)
	}
}

// The owner sees everything, a super admin what was done in the org's name,
// and nobody else anything.
func TestWhoSeesRequests(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super, owner := s.SignIn(t, servertest.Super), s.Owner(t)
	s.Nobody().Do(t, "GET", "/ecgroup", "")
	lost := last(t, owner, "status=401")
	for _, e := range requests(t, super, "") {
		if e.Org != s.Credentials.Org {
			t.Errorf("an org's super admin sees %+v", e)
		}
	}
	if a := super.Do(t, "GET", "/spurline/v1/requests/"+lost.ID, ""); a.Status != 404 {
		t.Errorf("nobody's request: %d %s", a.Status, a.Body)
	}
	for who, a := range map[string]*servertest.Admin{"reader": s.SignIn(t, servertest.Reader), "editor": s.SignIn(t, servertest.Editor), "nobody": s.Nobody(), "connector": s.Connector("x")} {
		for _, path := range []string{"/spurline/v1/requests", "/spurline/v1/requests/1"} {
			if answer := a.Do(t, "GET", path, ""); answer.Status != 403 && answer.Status != 401 {
				t.Errorf("%s, %s: %d %s", who, path, answer.Status, answer.Body)
			}
		}
	}
	for _, query := range []string{"after=x", "before=-1", "pageSize=0", "status=9xx", "status=40", "status=xx", "bodies=maybe", "waited=2"} {
		a := owner.Do(t, "GET", "/spurline/v1/requests?"+query, "")
		name, _, _ := strings.Cut(query, "=")
		if a.Status != 400 || !strings.Contains(a.Body, name) {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
}

// No secret that the API takes or gives is shown.
func TestRequestsShowNoSecret(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super, owner := s.SignIn(t, servertest.Super), s.Owner(t)
	super.Must(t, "GET", "/apiKeys", "")
	super.Must(t, "GET", "/spurline/v1/fleet/key", "")
	made := servertest.Decode[wire.AdminCredentials](t, owner.Must(t, "POST", "/spurline/v1/admins/"+url.PathEscape(servertest.Reader)+"/password", `{"password":"Aa1!aaaaaaaaaaaa"}`))
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL()+"/api/v1/auth", strings.NewReader("client_secret=s3cr3t&x=y"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("client", "basic-s3cr3t")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	all := owner.Must(t, "GET", "/spurline/v1/requests?bodies=true", "")
	secrets := []string{s.Credentials.APIKey, s.Credentials.EnrolmentKey, made.Password, super.Session, "s3cr3t"}
	for _, c := range s.Credentials.Admins {
		secrets = append(secrets, c.Password)
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(all, secret) {
			t.Errorf("the secret %q is shown", secret)
		}
	}
	for _, want := range []string{"client_secret=***", `"credentials":"Basic"`, `"operation":"setAdminPassword"`, `\"keyValue\":\"***\"`} {
		if !strings.Contains(strings.ReplaceAll(all, `\u0026`, "&"), want) {
			t.Errorf("no %s in %s", want, all)
		}
	}
}

package api_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

const tokenType = "application/json;charset=UTF-8"

// askToken asks for a token with exactly this form and these headers.
func askToken(t *testing.T, s *servertest.Server, form url.Values, header map[string]string) servertest.Answer {
	t.Helper()
	all := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for name, value := range header {
		all[name] = value
	}
	return send(t, "POST", s.URL()+"/oauth2/v1/token", form.Encode(), all)
}

func basicAuth(id, secret string) map[string]string {
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}
}

// behaviours.md 2.2, 2.4, 2.5: a token by form and by HTTP Basic.
func TestTokenByFormAndByBasic(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	id, secret := s.Credentials.ClientID, s.Credentials.ClientSecret
	for name, a := range map[string]servertest.Answer{
		"form":                    askToken(t, s, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "audience": {"https://api.zscaler.com"}}, nil),
		"basic":                   askToken(t, s, url.Values{"grant_type": {"client_credentials"}}, basicAuth(id, secret)),
		"basic, and the id again": askToken(t, s, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}, basicAuth(id, secret)),
		"another audience":        askToken(t, s, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "audience": {"mine"}}, nil),
	} {
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
			continue
		}
		for header, want := range map[string]string{
			"Content-Type": tokenType, "Cache-Control": "no-store", "Pragma": "no-cache",
			"X-Ratelimit-Limit": "150, 150;w=1, 100000;w=60, 10000;w=60", "X-Ratelimit-Remaining": "149", "X-Ratelimit-Reset": "1",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		got := servertest.Decode[struct {
			AccessToken string `json:"access_token"`
			TokenType   string `json:"token_type"`
			ExpiresIn   int    `json:"expires_in"`
		}](t, a.Body)
		if got.TokenType != "Bearer" || got.ExpiresIn != 3600 {
			t.Errorf("%s: %+v", name, got)
		}
		s.Gateway(got.AccessToken).Must(t, "GET", "/ecgroup", "")
	}
}

// behaviours.md 2.6: whatever is wrong, 400 and an error of OAuth's.
func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	id, secret := s.Credentials.ClientID, s.Credentials.ClientSecret
	good := func(with ...string) url.Values {
		v := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
		for i := 0; i < len(with); i += 2 {
			if v.Del(with[i]); with[i+1] != "" {
				v.Set(with[i], with[i+1])
			}
		}
		return v
	}
	long := strings.Repeat("x", 70<<10)
	twice := good()
	twice.Add("client_id", id)
	const assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	for _, c := range []struct {
		name   string
		form   url.Values
		header map[string]string
		want   string
	}{
		{"no grant type", good("grant_type", ""), nil, "invalid_request"},
		{"another grant type", good("grant_type", "password"), nil, "unsupported_grant_type"},
		{"no client", good("client_id", ""), nil, "invalid_request"},
		{"no secret", good("client_secret", ""), nil, "invalid_request"},
		{"wrong secret", good("client_secret", secret[1:]+"x"), nil, "invalid_client"},
		{"a secret and more", good("client_secret", secret+"\x00"), nil, "invalid_client"},
		{"unknown client", good("client_id", strings.Repeat("a", len(id))), nil, "invalid_client"},
		{"an id that is none", good("client_id", "' OR 1=1\xff\x00"), nil, "invalid_client"},
		{"an admin", good("client_id", servertest.Super), nil, "invalid_client"},
		{"twice", twice, nil, "invalid_request"},
		{"two ways", good(), basicAuth(id, secret), "invalid_request"},
		{"two clients", good("client_secret", "", "client_id", "other"), basicAuth(id, secret), "invalid_request"},
		{"wrong secret by Basic", good("client_secret", ""), basicAuth(id, "wrong"), "invalid_client"},
		{"a secret and an assertion", good("client_assertion", "a.b.c", "client_assertion_type", assertion), nil, "invalid_request"},
		{"an assertion of no type", good("client_secret", "", "client_assertion", "a.b.c"), nil, "invalid_request"},
		{"a type without an assertion", good("client_assertion_type", assertion), nil, "invalid_request"},
		{"an assertion that is none", good("client_secret", "", "client_assertion", "a.b.c", "client_assertion_type", assertion), nil, "invalid_client"},
		{"JSON", good(), map[string]string{"Content-Type": "application/json"}, "invalid_request"},
		{"too long", good("scope", long), nil, "invalid_request"},
	} {
		a := askToken(t, s, c.form, c.header)
		got := servertest.Decode[struct{ Error, Description string }](t, strings.ReplaceAll(a.Body, "error_description", "description"))
		if a.Status != http.StatusBadRequest || got.Error != c.want || got.Description == "" || a.Header.Get("Content-Type") != tokenType {
			t.Errorf("%s: %d %s (%s), want %s", c.name, a.Status, a.Body, a.Header.Get("Content-Type"), c.want)
		}
		if strings.Contains(a.Body, secret) {
			t.Errorf("%s: the answer has the secret: %s", c.name, a.Body)
		}
	}
	// What stands in the URL does not count.
	a := send(t, "POST", s.URL()+"/oauth2/v1/token?"+good().Encode(), "", map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	if a.Status != http.StatusBadRequest {
		t.Errorf("credentials in the URL: %d %s", a.Status, a.Body)
	}
	if a := send(t, "GET", s.URL()+"/oauth2/v1/token", "", nil); a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", a.Status)
	}
}

// A login host serves its org's clients. One that is no org's says so, and any
// other host serves all.
func TestTokenOnALoginHost(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	s.Owner(t).Must(t, "POST", "/spurline/v1/orgs", `{"name":"Other","cloud":"zsother.net","vanityDomain":"other","admins":[{"login":"root@other.example"}]}`)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.Credentials.ClientID}, "client_secret": {s.Credentials.ClientSecret}}.Encode()
	for host, want := range map[string]int{
		"example.zslogin.net": 200, "EXAMPLE.zsloginbeta.net:443": 200, "example.zidentitygov.us": 200, "127.0.0.1": 200, "api.zsapi.net": 200,
		"other.zslogin.net": 400, "Other.zslogintwo.net": 400, "nobody.zslogin.net": 400,
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL()+"/oauth2/v1/token", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != want || want == 400 && !strings.Contains(string(body), `"error":"invalid_client"`) {
			t.Errorf("%s: %d %s (%v), want %d", host, resp.StatusCode, body, err, want)
		}
		if named := strings.Contains(string(body), "No org here has the vanity domain nobody."); named != (host == "nobody.zslogin.net") {
			t.Errorf("%s: %s", host, body)
		}
	}
}

// behaviours.md 2.7, 2.9: a token lives as long as its client says, whether it
// is used or not, and a restart does not end it.
func TestTokenLife(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		c := s.Client(t)
		for range 5 {
			s.Clock.Advance(11 * time.Minute)
			c.Must(t, "GET", "/ecgroup", "")
		}
		s.Restart(t)
		s.Clock.Advance(4*time.Minute + 59*time.Second)
		c.Must(t, "GET", "/ecgroup", "")
		s.Clock.Advance(time.Second)
		if a := c.Do(t, "GET", "/ecgroup", ""); a.Status != 401 {
			t.Errorf("after an hour of use: %d", a.Status)
		}
		idle := s.Client(t)
		s.Clock.Advance(59 * time.Minute) // longer than any session idles
		idle.Must(t, "GET", "/ecgroup", "")
		s.Clock.Advance(time.Minute)
		s.Restart(t)
		if a := idle.Do(t, "GET", "/ecgroup", ""); a.Status != 401 {
			t.Errorf("over, and after a restart: %d", a.Status)
		}
	})
}

const gatewayRefusal = "{\n  \"detail\": \"unauthorized\",\n  \"type\": \"\",\n  \"title\": \"\",\n  \"status\": \"\"\n}"

// behaviours.md 1.16 and 2.9: which credentials are taken where, and who
// answers a refusal.
func TestCredentialsOfARequest(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	token := s.Token(t, s.Credentials.ClientID, s.Credentials.ClientSecret)
	session := s.SignIn(t, servertest.Super).Session
	bearer, dead := map[string]string{"Authorization": "Bearer " + token}, "Bearer "+strings.Repeat("x", len(token))
	for _, c := range []struct {
		name    string
		header  map[string]string
		refused string // how, on the connector host and behind the gateway; empty = not
	}{
		{"token", bearer, ""},
		{"token, scheme in lower case", map[string]string{"Authorization": "bearer " + token}, ""},
		{"session", map[string]string{"Cookie": "JSESSIONID=" + session}, ""},
		{"session in the header", map[string]string{"JSessionID": session}, ""},
		{"token and a dead session", map[string]string{"Authorization": "Bearer " + token, "Cookie": "JSESSIONID=" + strings.Repeat("0", 32)}, ""},
		{"unknown token", map[string]string{"Authorization": dead}, "gateway"},
		{"unknown token and a session", map[string]string{"Authorization": dead, "Cookie": "JSESSIONID=" + session}, "gateway"},
		{"a session as a token", map[string]string{"Authorization": "Bearer " + session}, "gateway"},
		{"a token as a session", map[string]string{"Cookie": "JSESSIONID=" + token}, "host"},
		{"nothing", nil, "host"},
		{"dead session", map[string]string{"Cookie": "JSESSIONID=" + strings.Repeat("0", 32)}, "host"},
		{"Basic", basicAuth(s.Credentials.ClientID, s.Credentials.ClientSecret), "host"},
	} {
		for _, base := range []string{"/api/v1", "/ztw/api/v1"} {
			a := send(t, "GET", s.URL()+base+"/ecgroup", "", c.header)
			switch {
			case c.refused == "":
				if a.Status != 200 {
					t.Errorf("%s at %s: %d %s", c.name, base, a.Status, a.Body)
				}
			case c.refused == "host" && base == "/api/v1":
				if a.Status != 401 || !strings.Contains(a.Body, wire.CodeSessionNotValid) {
					t.Errorf("%s at %s: %d %s", c.name, base, a.Status, a.Body)
				}
			default:
				if a.Status != 401 || a.Body != gatewayRefusal || a.Header.Get("X-Oneapi-Api-Category") != "public" || a.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s at %s: %d %s %v", c.name, base, a.Status, a.Body, a.Header)
				}
			}
		}
	}
}

// behaviours.md 2.10 and 2.12.
func TestGatewayHeaders(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{RateLimits: true})
	c := s.Client(t)
	path := func(status int) string {
		return map[int]string{200: "/ecgroup", 404: "/nothing", 405: "/ecCsr", 400: "/ecgroup?page=x", 429: "/ecgroup"}[status]
	}
	for _, status := range []int{200, 404, 405, 400, 429} {
		a := c.Do(t, "GET", path(status), "")
		for a.Status == 200 && status == 429 {
			a = c.Do(t, "GET", path(status), "")
		}
		if a.Status != status {
			t.Fatalf("%s: %d %s", path(status), a.Status, a.Body)
		}
		for _, header := range []string{
			"X-Oneapi-Host", "X-Oneapi-Request-Id", "X-Oneapi-Version", "X-Transaction-Id", "X-Envoy-Upstream-Service-Time", "Server", "Vary",
			"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "X-Xss-Protection",
		} {
			if a.Header.Get(header) == "" {
				t.Errorf("%d: %s is missing", status, header)
			}
		}
		if limit, left := a.Header.Get("X-Ratelimit-Limit"), a.Header.Get("X-Ratelimit-Remaining"); limit != "1000, 1000;w=1" || left != "999" {
			t.Errorf("%d: limit %q, remaining %q", status, limit, left)
		}
		want := "1"
		if status == 429 {
			want = a.Header.Get("Retry-After")
		}
		if got := a.Header.Get("X-Ratelimit-Reset"); got != want {
			t.Errorf("%d: reset %q, want %q", status, got, want)
		}
		if got := a.Header.Get("Strict-Transport-Security"); got != "" {
			t.Errorf("%d: a browser is bound to TLS on 127.0.0.1: %q", status, got)
		}
	}
	if a := s.SignIn(t, servertest.Super).Do(t, "GET", "/ecgroup", ""); a.Header.Get("X-Oneapi-Version") != "" {
		t.Error("the connector host answers like the gateway")
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/ztw/api/v1/auth", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "api.beta.zsapi.net"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if h := resp.Header; h.Get("Strict-Transport-Security") == "" || h.Get("X-Oneapi-Host") != req.Host {
		t.Errorf("on the gateway's own host: %v", h)
	}
}

// behaviours.md 13.3: tokens are not limited, and no number of them drives the
// ones in use out before a thousand are alive.
func TestTokensAreNotThrottled(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{RateLimits: true})
	first := s.Client(t)
	for range 60 {
		s.Client(t)
	}
	first.Must(t, "GET", "/ecAdminActivateStatus", "")
}

// A client's saved changes are its own: they queue while an admin edits, and
// are activated by what its SDK calls at its end (behaviours.md 1.12).
func TestClientEditsAndActivates(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	editor, c := s.SignIn(t, servertest.Editor), s.Client(t)
	editor.Must(t, "POST", "/locationTemplate", `{"name":"editor's"}`)
	c.Must(t, "POST", "/locationTemplate", `{"name":"client's"}`)
	status := func(who *servertest.Admin) string {
		return servertest.Decode[struct {
			Own string `json:"adminActivateStatus"`
		}](t, who.Must(t, "GET", "/ecAdminActivateStatus", "")).Own
	}
	end := send(t, "DELETE", s.URL()+"/ztw/api/v1/auth", "", map[string]string{"Authorization": "Bearer " + s.Token(t, s.Credentials.ClientID, s.Credentials.ClientSecret)})
	if end.Status != 200 || end.Body == "" {
		t.Errorf("DELETE /ztw/api/v1/auth: %d %s", end.Status, end.Body)
	}
	if got := status(c); got != "ADM_ACTV_QUEUED" {
		t.Errorf("while an admin edits the client is %s", got)
	}
	c.Must(t, "PUT", "/ecAdminActivateStatus/forcedActivate", "")
	if got := status(c) + " " + status(editor); got != "ADM_ACTV_DONE ADM_ACTV_DONE" {
		t.Errorf("after a forced activation: %s", got)
	}
	trail := s.SignIn(t, servertest.Super).Must(t, "GET", "/locationTemplate?search=client", "")
	if !strings.Contains(trail, fmt.Sprintf(`"name":%q`, servertest.Client)) {
		t.Errorf("the stamp does not name the client: %s", trail)
	}
}

// Neither secrets nor tokens get into the trail or the record of requests.
func TestTokensLeaveNoSecretsBehind(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	c := newClient(t, super, "nightly", "Editor", "")
	secret := newSecret(t, super, c)
	token := s.Token(t, c.ClientID, secret.ClientSecret)
	s.Gateway(token).Must(t, "GET", "/ecgroup", "")
	askToken(t, s, url.Values{"grant_type": {"client_credentials"}}, basicAuth(c.ClientID, secret.ClientSecret))
	askSigned(t, s, "head.assertion.signature")
	seen := s.Owner(t).Must(t, "GET", "/spurline/v1/requests?bodies=true", "")
	for what, text := range map[string]string{"secret": secret.ClientSecret, "token": token, "assertion": "head.assertion.signature"} {
		if strings.Contains(seen, text) {
			t.Errorf("the %s is recorded", what)
		}
	}
	if !strings.Contains(seen, "/oauth2/v1/token") {
		t.Errorf("requests for tokens are not recorded: %s", seen)
	}
	if form := strings.ReplaceAll(seen, `\u0026`, "&"); !strings.Contains(form, "client_secret=***") || !strings.Contains(form, "client_assertion=***") || !strings.Contains(form, `\"access_token\":\"***\"`) {
		t.Errorf("requests for tokens are not shown with their secrets masked: %s", seen)
	}
}

// Strict mode wants the audience of the API; another is counted all the same.
func TestAnotherAudience(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		s := servertest.Start(t, server.Config{Strict: strict})
		form := url.Values{
			"grant_type": {"client_credentials"}, "client_id": {s.Credentials.ClientID}, "client_secret": {s.Credentials.ClientSecret}, "audience": {"mine"},
		}
		a := askToken(t, s, form, nil)
		if (a.Status == 200) == strict || strict && !strings.Contains(a.Body, `"invalid_request"`) {
			t.Errorf("strict %t: %d %s", strict, a.Status, a.Body)
		}
		form.Set("audience", "https://api.zscaler.com")
		if a := askToken(t, s, form, nil); a.Status != 200 {
			t.Errorf("strict %t, the API's audience: %d %s", strict, a.Status, a.Body)
		}
		counts := s.Client(t).Must(t, "GET", "/spurline/v1/tolerances", "")
		if !strings.Contains(counts, `{"operation":"getToken","tolerance":"audience that is not the API's","count":1}`) {
			t.Errorf("strict %t: %s", strict, counts)
		}
	}
}

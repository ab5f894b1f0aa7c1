package conformance_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"regexp"
	"strings"
	"testing"

	"github.com/spurline/spurline/conformance"
)

// recorder answers every request as a server would that knows nothing but how
// to sign in, and keeps what was sent, as it goes over the wire.
type recorder struct{ sent []string }

func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	dump, err := httputil.DumpRequestOut(q, true)
	if err != nil {
		return nil, err
	}
	r.sent = append(r.sent, string(dump))
	text := `[]`
	switch {
	case strings.HasSuffix(q.URL.Path, "/token"):
		text = `{"access_token":"TOKEN","token_type":"Bearer","expires_in":3600}`
	case strings.HasSuffix(q.URL.Path, "/auth"):
		text = `{}`
	case q.Method != http.MethodGet:
		text = `{"id":1}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: q, Body: io.NopCloser(strings.NewReader(text)),
		Header: http.Header{"Content-Type": {"application/json"}, "Set-Cookie": {"JSESSIONID=SESSION; Path=/; Secure; HttpOnly"}},
	}, nil
}

// varying are the parts of a request that differ from time to time.
var varying = map[string]*regexp.Regexp{
	`"apiKey":"KEY"`:    regexp.MustCompile(`"apiKey":"[^"]{12}"`),
	`"timestamp":"NOW"`: regexp.MustCompile(`"timestamp":"\d{13}"`),
	`"timestamp":NOW`:   regexp.MustCompile(`"timestamp":\d{13}`),
}

// What each client sends, to the byte: the words of clients.md, "sends".
func TestWhatTheClientsSend(t *testing.T) {
	t.Parallel()
	a := conformance.Account{Login: "me@example.com", Password: "secret", APIKey: "A1b2C3d4E5f6", Cloud: "zscloud", ClientID: "id", ClientSecret: "s&t", Vanity: "acme"}
	one := oneAPI(a)
	clock := &conformance.Clock{}
	in := map[string]any{"id": 0, "name": "g"}
	for name, c := range map[string]struct {
		life func(context.Context, *http.Client) error
		want []string
	}{
		"Go legacy": {func(ctx context.Context, via *http.Client) error {
			c := &conformance.GoLegacy{Account: a, HTTP: via, Clock: clock}
			return first(c.List(ctx, "/ipSourceGroups", &[]item{}), c.Create(ctx, "/ipSourceGroups", in, &item{}), c.Delete(ctx, "/ipSourceGroups/1"), c.Logout(ctx))
		}, []string{
			`POST /api/v1/auth HTTP/1.1
Host: connector.zscloud.net
User-Agent: (linux amd64) zscaler-sdk-go/3.7.5
Content-Length: 101
Content-Type: application/json
Accept-Encoding: gzip

{"apiKey":"KEY","username":"me@example.com","password":"secret","timestamp":"NOW"}`,
			`GET /api/v1/ipSourceGroups?&pageSize=1000&page=1 HTTP/1.1
Host: connector.zscloud.net
User-Agent: (linux amd64) zscaler-sdk-go/3.7.5
Content-Type: application/json
Cookie: JSESSIONID=SESSION; JSESSIONID=SESSION
Jsessionid: SESSION
Accept-Encoding: gzip

`,
			`POST /api/v1/ipSourceGroups HTTP/1.1
Host: connector.zscloud.net
User-Agent: (linux amd64) zscaler-sdk-go/3.7.5
Content-Length: 19
Content-Type: application/json
Cookie: JSESSIONID=SESSION; JSESSIONID=SESSION
Jsessionid: SESSION
Accept-Encoding: gzip

{"id":0,"name":"g"}`,
			`DELETE /api/v1/ipSourceGroups/1 HTTP/1.1
Host: connector.zscloud.net
User-Agent: (linux amd64) zscaler-sdk-go/3.7.5
Content-Type: application/json
Cookie: JSESSIONID=SESSION; JSESSIONID=SESSION
Jsessionid: SESSION
Accept-Encoding: gzip

`,
			`DELETE /api/v1/auth HTTP/1.1
Host: connector.zscloud.net
User-Agent: (linux amd64) zscaler-sdk-go/3.7.5
Content-Type: application/json
Cookie: JSESSIONID=SESSION; JSESSIONID=SESSION
Jsessionid: SESSION
Accept-Encoding: gzip

`,
		}},
		"Go OneAPI": {func(ctx context.Context, via *http.Client) error {
			c := &conformance.GoOneAPI{Account: one, HTTP: via, Clock: clock}
			return first(c.List(ctx, "/ipSourceGroups", &[]item{}), c.Create(ctx, "/ipSourceGroups", in, &item{}))
		}, []string{
			`POST /oauth2/v1/token HTTP/1.1
Host: acme.zslogin.net
User-Agent: (linux amd64) zscaler-sdk-go/3.8.26
Content-Length: 101
Content-Type: application/x-www-form-urlencoded
Accept-Encoding: gzip

audience=https%3A%2F%2Fapi.zscaler.com&client_id=id&client_secret=s%26t&grant_type=client_credentials`,
			`GET /ztw/api/v1/ipSourceGroups?&pageSize=1000&page=1 HTTP/1.1
Host: api.zsapi.net
User-Agent: (linux amd64) zscaler-sdk-go/3.8.26
Authorization: Bearer TOKEN
Content-Type: application/json
Accept-Encoding: gzip

`,
			`POST /ztw/api/v1/ipSourceGroups HTTP/1.1
Host: api.zsapi.net
User-Agent: (linux amd64) zscaler-sdk-go/3.8.26
Content-Length: 19
Authorization: Bearer TOKEN
Content-Type: application/json
Accept-Encoding: gzip

{"id":0,"name":"g"}`,
		}},
		"Python legacy": {func(ctx context.Context, via *http.Client) error {
			c := &conformance.PyLegacy{Account: a, HTTP: via, Clock: clock}
			return first(c.Open(ctx), c.Call(ctx, http.MethodGet, "/ipSourceGroups", nil, nil), exits(c.Exit(ctx)))
		}, []string{
			`POST /api/v1/auth HTTP/1.1
Host: connector.zscloud.net
User-Agent: python-requests/2.32.3
Content-Length: 99
Accept: */*
Accept-Encoding: identity
Connection: keep-alive
Content-Type: application/json

{"apiKey":"KEY","password":"secret","timestamp":NOW,"username":"me@example.com"}`,
			`GET /api/v1/ipSourceGroups HTTP/1.1
Host: connector.zscloud.net
User-Agent: python-requests/2.32.3
Accept: */*
Accept-Encoding: identity
Connection: keep-alive
Content-Type: application/json
Cookie: JSESSIONID=SESSION

`,
			`DELETE /auth HTTP/1.1
Host: connector.zscloud.net
User-Agent: python-requests/2.32.3
Accept: */*
Accept-Encoding: identity
Connection: keep-alive
Content-Type: application/json
Cookie: JSESSIONID=SESSION

`,
		}},
		"Python OneAPI": {func(ctx context.Context, via *http.Client) error {
			c := &conformance.PyOneAPI{Account: one, HTTP: via, Clock: clock}
			err := first(c.Authenticate(ctx), c.Call(ctx, http.MethodGet, "/ipSourceGroups", nil, nil), c.Call(ctx, http.MethodDelete, "/ipSourceGroups/1", nil, nil))
			if err == nil {
				_, err = c.Exit(ctx)
			}
			return err
		}, []string{
			`POST /oauth2/v1/token HTTP/1.1
Host: acme.zslogin.net
User-Agent: python-requests/2.32.3
Content-Length: 101
Accept: application/json
Accept-Encoding: identity
Connection: keep-alive
Content-Type: application/x-www-form-urlencoded

audience=https%3A%2F%2Fapi.zscaler.com&client_id=id&client_secret=s%26t&grant_type=client_credentials`,
			`GET /ztw/api/v1/ipSourceGroups HTTP/1.1
Host: api.zsapi.net
User-Agent: python-requests/2.32.3
Content-Length: 2
Accept: application/json
Accept-Encoding: identity
Authorization: Bearer TOKEN
Connection: keep-alive
Content-Type: application/json

{}`,
			`DELETE /ztw/api/v1/ipSourceGroups/1 HTTP/1.1
Host: api.zsapi.net
User-Agent: python-requests/2.32.3
Content-Length: 2
Accept: application/json
Accept-Encoding: identity
Authorization: Bearer TOKEN
Connection: keep-alive
Content-Type: application/json

{}`,
			`DELETE /ztw/api/v1/auth HTTP/1.1
Host: api.zsapi.net
User-Agent: python-requests/2.32.3
Accept: application/json
Accept-Encoding: identity
Authorization: Bearer TOKEN
Connection: keep-alive

`,
		}},
	} {
		r := &recorder{}
		must(t, c.life(t.Context(), client(r)))
		var got []string
		for _, text := range r.sent {
			text = strings.ReplaceAll(text, "\r\n", "\n")
			for fixed, part := range varying {
				text = part.ReplaceAllString(text, fixed)
			}
			got = append(got, text)
		}
		t.Run(name, func(t *testing.T) { same(t, got, c.want) })
	}
}

// first is the first error of several.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// exits leaves out that the recorder answers 200 to a sign-out at the root.
func exits(a conformance.Answer, err error) error {
	if a.Status == http.StatusOK {
		return nil
	}
	return err
}

package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/conformance"
)

// Section 2: OneAPI and OAuth 2.

// form is a request for a token as clients send it.
func form(a conformance.Account) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret}, "audience": {"https://api.zscaler.com"},
	}
}

// askToken asks a login host for a token.
func askToken(t *testing.T, s *server, host string, v url.Values, header ...string) conformance.Answer {
	t.Helper()
	return answerOf(t, s, http.MethodPost, "https://"+host+"/oauth2/v1/token", v.Encode(),
		append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

func TestFact2_01_TheVanityDomainHasALoginHostOnEveryCloud(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.account()
	for _, domain := range []string{"zslogin.net", "zsloginbeta.net", "zslogintwo.net", "zidentitygov.net", "zidentitygov.us"} {
		if got := askToken(t, s, a.Vanity+"."+domain, form(a)); got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", domain, got.Status, got.Body)
		}
	}
	beta := conformance.GoOneAPI{Account: a, HTTP: client(s.proxied(t)), Clock: &conformance.Clock{}}
	beta.Cloud = "beta"
	must(t, beta.Get(t.Context(), "/ecAdminActivateStatus", &activation{}))

	// On another org's login host the client is unknown.
	same(t, askToken(t, s, s.org(t).Vanity+".zslogin.net", form(a)).Status, http.StatusBadRequest)
}

func TestFact2_02_AFormOrHTTPBasic(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.account()
	must(t, goOneAPI(t, s, a).Authenticate(t.Context()))
	must(t, pyOneAPI(t, s, a).Authenticate(t.Context()))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://x", nil)
	must(t, err)
	for secret, want := range map[string]int{a.ClientSecret: http.StatusOK, a.ClientSecret + "x": http.StatusBadRequest} {
		r.SetBasicAuth(a.ClientID, secret)
		v := form(a)
		v.Del("client_id")
		v.Del("client_secret")
		same(t, askToken(t, s, a.Vanity+".zslogin.net", v, "Authorization", r.Header.Get("Authorization")).Status, want)
	}

	strict := world.strict.get(t)
	b := strict.org(t)
	v, w := form(a), form(b)
	v.Set("audience", "https://example.com")
	same(t, askToken(t, s, a.Vanity+".zslogin.net", v).Status, http.StatusOK)
	same(t, askToken(t, strict, b.Vanity+".zslogin.net", w).Status, http.StatusOK)
	w.Set("audience", "https://example.com")
	got := askToken(t, strict, b.Vanity+".zslogin.net", w)
	if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "audience that is not the API's") {
		t.Errorf("the strict server: %d %s", got.Status, got.Body)
	}
}

func TestFact2_04_TheAnswerToARequestForAToken(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.account()
	got := askToken(t, s, a.Vanity+".zslogin.net", form(a))
	same(t, got.Header.Get("Content-Type"), "application/json;charset=UTF-8")
	same(t, got.Header.Get("Cache-Control"), "no-store")
	same(t, got.Header.Get("Pragma"), "no-cache")
	if !regexp.MustCompile(`^{"access_token":"[^"]+","token_type":"Bearer","expires_in":\d+}$`).MatchString(got.Body) {
		t.Error("the answer has another form") // and is a secret
	}
	// Go reads the life as a number or a text, and renews ahead of its end.
	for _, life := range []string{`:120}`, `:"120"}`} {
		c := goOneAPI(t, s, a, func(r *http.Request, resp *http.Response) {
			if strings.HasSuffix(r.URL.Path, "/token") {
				body(resp, func(text string) string { return regexp.MustCompile(`:\d+}$`).ReplaceAllString(text, life) })
			}
		})
		for pass, tokens := range []int{1, 1, 2} {
			must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &activation{}))
			if c.Tokens != tokens {
				t.Errorf("%s: after %d minutes %d tokens, want %d", life, pass, c.Tokens, tokens)
			}
			c.Clock.Pass(50 * time.Second)
		}
	}
}

func TestFact2_05_TheTokenEndpointTellsItsLimits(t *testing.T) {
	t.Parallel()
	s := world.limited.get(t)
	a := s.org(t)
	for range 20 { // and nobody is held up
		got := askToken(t, s, a.Vanity+".zslogin.net", form(a))
		same(t, got.Status, http.StatusOK)
		for name, want := range map[string]string{"Limit": "150, 150;w=1, 100000;w=60, 10000;w=60", "Remaining": "149", "Reset": "1"} {
			same(t, got.Header.Get("X-Ratelimit-"+name), want)
		}
	}
}

func TestFact2_06_RefusalsAreOAuthErrors(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.account()
	for name, change := range map[string]func(url.Values){
		"invalid_client":         func(v url.Values) { v.Set("client_secret", "wrong") },
		"invalid_request":        func(v url.Values) { v.Del("grant_type") },
		"unsupported_grant_type": func(v url.Values) { v.Set("grant_type", "password") },
	} {
		v := form(a)
		change(v)
		got := askToken(t, s, a.Vanity+".zslogin.net", v)
		var out map[string]string
		must(t, json.Unmarshal([]byte(got.Body), &out))
		if got.Status != http.StatusBadRequest || out["error"] != name || out["error_description"] == "" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	a.ClientSecret = "wrong"
	for _, err := range []error{goOneAPI(t, s, a).Authenticate(t.Context()), pyOneAPI(t, s, a).Authenticate(t.Context())} {
		refused(t, err, http.StatusBadRequest, "")
	}
}

func TestFact2_08_BothBasesAreOneState(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	g := goOneAPI(t, s, a)
	var made, read item
	must(t, g.Create(t.Context(), "/ipSourceGroups", map[string]any{"id": 0, "name": "shared", "ipAddresses": []string{"10.0.0.1"}}, &made))
	path := fmt.Sprintf("/ipSourceGroups/%d", made.ID)
	must(t, goLegacy(t, s, a).Get(t.Context(), path, &read))
	same(t, read, made)
	for _, host := range []string{"api.zsapi.net", "api.beta.zsapi.net", "api.zscalertwo.zsapi.net", "api.zscalergov.net", "api.zscalergov.us"} {
		got := answerOf(t, s, http.MethodGet, "https://"+host+"/ztw/api/v1"+path, "", "Authorization", "Bearer "+g.Token())
		if got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", host, got.Status, got.Body)
		}
	}
	must(t, g.Delete(t.Context(), path))
	refused(t, goLegacy(t, s, a).Get(t.Context(), path, &read), http.StatusNotFound, "RESOURCE_NOT_FOUND")
}

func TestFact2_09_TheGatewaysOwn401(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	for name, header := range map[string][]string{"none": nil, "unknown": {"Authorization", "Bearer unknown"}} {
		got := answerOf(t, s, http.MethodGet, "https://api.zsapi.net/ztw/api/v1/ecgroup", "", header...)
		var out map[string]string
		must(t, json.Unmarshal([]byte(got.Body), &out))
		same(t, got.Status, http.StatusUnauthorized)
		same(t, out, map[string]string{"detail": "unauthorized", "type": "", "title": "", "status": ""})
		same(t, got.Header.Get("X-Oneapi-Api-Category"), "public")
		if !strings.Contains(got.Body, "\n") || strings.Contains(got.Body, "SESSION_NOT_VALID") {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
	// Go gives up on this body, Python gets another token on any 401.
	forgets := func(once *bool) spoil {
		return func(r *http.Request, resp *http.Response) {
			if strings.HasSuffix(r.URL.Path, "/token") && !*once {
				*once = true
				body(resp, func(text string) string { return strings.Replace(text, `"access_token":"`, `"access_token":"0`, 1) })
			}
		}
	}
	var goOnce, pyOnce bool
	g := goOneAPI(t, s, s.account(), forgets(&goOnce))
	refused(t, g.Get(t.Context(), "/ecgroup", &item{}), http.StatusUnauthorized, "")
	same(t, g.Tokens, 1)
	p := pyOneAPI(t, s, s.account(), forgets(&pyOnce))
	must(t, p.Call(t.Context(), http.MethodGet, "/ecgroup", nil, nil))
	same(t, p.Tokens, 2)
}

func TestFact2_10_TheGatewaysHeaders(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	g := goOneAPI(t, s, s.account())
	got, err := g.Do(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil)
	must(t, err)
	for name, want := range map[string]string{
		"X-Oneapi-Host": `^api\.zsapi\.net$`, "X-Oneapi-Request-Id": `.`, "X-Oneapi-Version": `^\d+\.\d+\.\d+$`, "X-Transaction-Id": `.`,
		"X-Ratelimit-Limit": `^1000, 1000;w=1$`, "X-Ratelimit-Remaining": `^999$`, "X-Ratelimit-Reset": `^1$`,
		"X-Envoy-Upstream-Service-Time": `^\d+$`, "Server": `^Zscaler$`, "Vary": `(?i)accept-encoding`,
	} {
		if text := got.Header.Get(name); !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s is %q", name, text)
		}
	}
	same(t, len(g.Clock.Waits()), 0)
	few := goOneAPI(t, s, s.account(), func(_ *http.Request, resp *http.Response) {
		if resp.Header.Get("X-Oneapi-Version") != "" {
			resp.Header.Set("X-Ratelimit-Remaining", "1") // Go slows down where little is left
		}
	})
	must(t, few.Get(t.Context(), "/ecAdminActivateStatus", &activation{}))
	same(t, few.Clock.Waits(), []time.Duration{time.Second})
	legacy, err := signedIn(t, s, s.account()).Do(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil)
	must(t, err)
	if text := legacy.Header.Get("X-Oneapi-Version"); text != "" {
		t.Error("the connector host has the gateway's headers")
	}
}

// What is recorded is max-age=10 and private. docs/fidelity.md says why
// nothing may be kept here: what a tool reads back is what it wrote.
func TestFact2_11_NothingIsKeptByCaches(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	g := goOneAPI(t, s, s.org(t))
	for _, call := range [][3]string{{"GET", "/ipSourceGroups", ""}, {"PUT", "/ecAdminActivateStatus/activate", "{}"}} {
		var in []byte
		if call[2] != "" {
			in = []byte(call[2])
		}
		got, err := g.Do(t.Context(), call[0], call[1], in)
		must(t, err)
		same(t, got.Header.Get("Cache-Control"), "no-store")
	}
}

func TestFact2_12_SecurityHeaders(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	got, err := goOneAPI(t, s, s.account()).Do(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil)
	must(t, err)
	for name, want := range map[string]string{
		"Content-Security-Policy": `.`, "Strict-Transport-Security": `^max-age=31536000; includeSubDomains; preload$`, "X-Frame-Options": `^SAMEORIGIN$`,
		"X-Content-Type-Options": `^nosniff$`, "Referrer-Policy": `^no-referrer$`, "X-Xss-Protection": `.`,
	} {
		if text := got.Header.Get(name); !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s is %q", name, text)
		}
	}
}

// 408, 500, 503 and 504 are not provoked; 429 is fact 13.6.
func TestFact2_13_StatusesOfTheGateway(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	g := goOneAPI(t, s, s.account())
	must(t, g.Authenticate(t.Context()))
	for _, c := range []struct {
		method, path, text string
		want               int
	}{
		{"GET", "/ipSourceGroups/1", "", http.StatusNotFound},
		{"GET", "/noSuchPath", "", http.StatusNotFound},
		{"DELETE", "/adminUsers/1", "", http.StatusNotFound},
		{"POST", "/apiKeys", "{}", http.StatusForbidden},
		{"POST", "/ipSourceGroups", `{"name":"` + strings.Repeat("x", 3<<20) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		got := answerOf(t, s, c.method, "https://api.zsapi.net/ztw/api/v1"+c.path, c.text, "Authorization", "Bearer "+g.Token())
		if got.Status != c.want || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("X-Oneapi-Version") == "" {
			t.Errorf("%s %s: %d %.80s, want %d", c.method, c.path, got.Status, got.Body, c.want)
		}
	}
	err := g.Get(t.Context(), "/ipSourceGroups/1", &item{})
	fails(t, err, conformance.ErrNotFound.Error())
}

func TestFact2_15_ActivationIsAPut(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := pyOneAPI(t, s, s.account())
	var status activation
	must(t, p.Call(t.Context(), http.MethodPut, "/ecAdminActivateStatus/activate", struct{}{}, &status))
	same(t, status.AdminActivateStatus, "ADM_ACTV_DONE")
	refused(t, p.Call(t.Context(), http.MethodPost, "/ecAdminActivateStatus/activate", struct{}{}, nil), http.StatusMethodNotAllowed, "")
}

package conformance_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/conformance"
)

// Section 1: legacy session authentication.

func TestFact1_01_EveryCloudHasItsConnectorHost(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	for _, cloud := range []string{
		"zscaler", "zscalerone", "zscalertwo", "zscalerthree", "zscloud", "zscalerbeta", "zscalergov", "zscalerten", "zspreview",
	} {
		c := goLegacy(t, s, conformance.Account{Cloud: cloud})
		c.Adopt("none")
		a, err := c.Do(t.Context(), http.MethodGet, "/auth", nil)
		must(t, err)
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d", cloud, a.Status)
		}
	}
	for _, base := range []string{"/api/v1", "/wapi/v1"} {
		same(t, answerOf(t, s, http.MethodGet, "https://connector.zscloud.net"+base+"/auth", "").Status, http.StatusOK)
	}
	c := goLegacy(t, s, conformance.Account{Cloud: "zscalerfour"})
	c.Tries = 1
	c.Adopt("none")
	if _, err := c.Do(t.Context(), http.MethodGet, "/auth", nil); err == nil {
		t.Error("a cloud that the vendor does not have is answered for")
	}
}

func TestFact1_02_SignInTakesFourMembersAndAQuery(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := script(t, s, s.account())
	for _, query := range []string{"", "?includeDisplayPreferences=true"} {
		in := signInBody(t, s.account(), time.Now().UnixMilli())
		a, err := c.Do(t.Context(), http.MethodPost, "auth"+query, in)
		must(t, err)
		if a.Status != http.StatusOK {
			t.Errorf("auth%s: %d %s", query, a.Status, a.Body)
		}
		for member := range in {
			without := signInBody(t, s.account(), time.Now().UnixMilli())
			delete(without, member)
			if a, err := c.Do(t.Context(), http.MethodPost, "auth"+query, without); err != nil || a.Status != http.StatusBadRequest {
				t.Errorf("without %s: %v, %d %s", member, err, a.Status, a.Body)
			}
		}
	}
}

// signInBody is the body of a sign-in as the guide's samples send it.
func signInBody(t *testing.T, a conformance.Account, timestamp int64) map[string]any {
	t.Helper()
	key, err := conformance.Obfuscate(a.APIKey, strconv.FormatInt(timestamp, 10))
	must(t, err)
	return map[string]any{"apiKey": key, "username": a.Login, "password": a.Password, "timestamp": strconv.FormatInt(timestamp, 10)}
}

func TestFact1_03_TheTimestampIsAStringOrANumber(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	must(t, goLegacy(t, s, s.account()).Login(t.Context()))
	must(t, pyLegacy(t, s, s.account()).Open(t.Context()))
	counted(t, s, s.account(), "signIn", "number for a text")

	must(t, goLegacy(t, strict, strict.account()).Login(t.Context()))
	notTolerated(t, pyLegacy(t, strict, strict.account()).Open(t.Context()), "number for a text timestamp")
}

func TestFact1_04_TheAnswerToASignIn(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a, err := script(t, s, s.account()).Login(t.Context())
	must(t, err)
	same(t, a.Status, http.StatusOK)
	same(t, a.Body, `{"authType":"ADMIN_LOGIN","obfuscateApiKey":true,"passwordExpiryTime":-1,"passwordExpiryDays":-1}`)

	noJSON := func(_ *http.Request, resp *http.Response) { body(resp, func(string) string { return "welcome" }) }
	fails(t, goLegacy(t, s, s.account(), noJSON).Login(t.Context()), "invalid character")
	created := func(_ *http.Request, resp *http.Response) { resp.StatusCode = http.StatusCreated }
	refused(t, goLegacy(t, s, s.account(), created).Login(t.Context()), http.StatusCreated, "")
}

func TestFact1_05_TheSessionIsInTheFirstSetCookieBeforeASemicolon(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a, err := script(t, s, s.account()).Login(t.Context())
	must(t, err)
	if cookie := a.Header.Get("Set-Cookie"); !regexp.MustCompile(`^JSESSIONID=[0-9A-F]{32}; Path=/; Secure; HttpOnly$`).MatchString(cookie) {
		t.Errorf("Set-Cookie is %q", cookie)
	}
	for name, wrong := range map[string]spoil{
		"no semicolon": func(_ *http.Request, resp *http.Response) {
			resp.Header.Set("Set-Cookie", strings.Split(resp.Header.Get("Set-Cookie"), ";")[0])
		},
		"second": func(_ *http.Request, resp *http.Response) {
			resp.Header["Set-Cookie"] = append([]string{"route=1; Path=/"}, resp.Header["Set-Cookie"]...)
		},
	} {
		for client, err := range map[string]error{
			"Go":     goLegacy(t, s, s.account(), wrong).Login(t.Context()),
			"Python": pyLegacy(t, s, s.account(), wrong).Open(t.Context()),
		} {
			if err == nil || !strings.Contains(err.Error(), "JSESSIONID") {
				t.Errorf("%s signs in with a cookie that is wrong (%s): %v", client, name, err)
			}
		}
	}
}

func TestFact1_06_OverPlainHTTPTheCookieIsNotSecure(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	secure := func(_ *http.Request, resp *http.Response) {
		if cookie := resp.Header.Get("Set-Cookie"); cookie != "" {
			resp.Header.Set("Set-Cookie", cookie+"; Secure")
		}
	}
	for want, spoils := range map[int][]spoil{http.StatusOK: nil, http.StatusUnauthorized: {secure}} {
		c := script(t, s, s.account(), spoils...)
		c.Base = s.url + "/api/v1/"
		_, err := c.Login(t.Context())
		must(t, err)
		a, err := c.Do(t.Context(), http.MethodGet, "ecgroup", nil)
		must(t, err)
		same(t, a.Status, want)
	}
	// The SDKs copy the value by themselves.
	c := goLegacy(t, s, s.account(), secure)
	c.Base = s.url + "/api/v1"
	must(t, c.Get(t.Context(), "/auth", &struct{}{}))
}

func TestFact1_07_EveryBadLoginIsTheSame400(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	right := s.org(t)
	wrong := map[string]conformance.Account{"login": right, "password": right, "key": right}
	for what, a := range wrong {
		switch what {
		case "login":
			a.Login = "nobody@" + right.Login
		case "password":
			a.Password += "x"
		case "key":
			a.APIKey = strings.Repeat("0", 12)
		}
		f := refused(t, goLegacy(t, s, a).Login(t.Context()), http.StatusBadRequest, "INVALID_USERNAME_OR_PASSWORD")
		same(t, f.Body, `{"code":"INVALID_USERNAME_OR_PASSWORD","message":"Invalid email or password"}`)
	}
	late := goLegacy(t, s, right)
	late.Clock.Pass(3 * time.Hour)
	refused(t, late.Login(t.Context()), http.StatusBadRequest, "INVALID_USERNAME_OR_PASSWORD")

	bad := right
	bad.Password = "wrong"
	for range 5 { // with those above, more than five within a minute
		refused(t, goLegacy(t, s, bad).Login(t.Context()), http.StatusBadRequest, "INVALID_USERNAME_OR_PASSWORD")
	}
	f := refused(t, goLegacy(t, s, right).Login(t.Context()), http.StatusBadRequest, "INVALID_USERNAME_OR_PASSWORD")
	same(t, f.Message, "Invalid email or password")
}

// The idle end is shown where the clock is the test's: internal/auth. Here is
// the other one, and that the Go client renews before either.
func TestFact1_08_ASessionEndsWithDelete(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
	id := c.Session()
	must(t, c.Logout(t.Context()))
	p := pyLegacy(t, s, s.account())
	p.Adopt(id)
	refused(t, p.Call(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil, nil), http.StatusUnauthorized, "SESSION_NOT_VALID")

	must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
	logins := c.Logins
	for range 3 {
		c.Clock.Pass(24 * time.Minute)
		must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
		c.Clock.Pass(2 * time.Minute)
		must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
	}
	if c.Logins <= logins {
		t.Errorf("the Go client has signed in %d times in over an hour, and renews every 25 minutes", c.Logins)
	}
}

func TestFact1_09_The401NamesTheSession(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := pyLegacy(t, s, s.account())
	p.Adopt(strings.Repeat("0", 32))
	a, err := p.Do(t.Context(), http.MethodGet, "/ecgroup", nil)
	refused(t, err, http.StatusUnauthorized, "SESSION_NOT_VALID")
	if !strings.Contains(a.Body, "SESSION_NOT_VALID") {
		t.Errorf("the 401 says %s", a.Body)
	}
	// In a 200 the same text would send the Go client round in circles.
	for logins, spoils := range map[int][]spoil{
		1: nil,
		2: {func(r *http.Request, resp *http.Response) {
			if r.Method == http.MethodGet {
				body(resp, func(string) string { return `{"note":"SESSION_NOT_VALID"}` })
			}
		}},
	} {
		c := goLegacy(t, s, s.account(), spoils...)
		must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
		same(t, c.Logins, logins)
	}
}

func TestFact1_10_GetAuthIsAlways200(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	var session struct{ AuthType *string }
	must(t, c.Get(t.Context(), "/auth", &session))
	if session.AuthType == nil || *session.AuthType != "ADMIN_LOGIN" {
		t.Errorf("with a session authType is %v", session.AuthType)
	}
	c.Adopt(strings.Repeat("0", 32))
	session.AuthType = nil
	must(t, c.Get(t.Context(), "/auth", &session))
	if session.AuthType != nil {
		t.Errorf("without a session authType is %q", *session.AuthType)
	}
	same(t, c.Logins, 1) // a 401 would have made it two
}

func TestFact1_11_DeleteAuthAnswersEachClientInItsWay(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	signOut := func(client string, spoils ...spoil) (err error) {
		switch client {
		case "Go":
			c := goLegacy(t, s, s.account(), spoils...)
			c.Adopt(sessionFor(t, s, s.account()))
			return c.Logout(t.Context())
		case "Python":
			c := pyLegacy(t, s, s.account(), spoils...)
			id := sessionFor(t, s, s.account())
			c.Adopt(id)
			a, err := c.Exit(t.Context()) // at the root
			if _, typed := a.Header["Content-Type"]; typed || a.Body != "" {
				t.Errorf("the root answers %q", a.Body)
			}
			if err == nil {
				refused(t, c.Call(t.Context(), http.MethodGet, "/ecgroup", nil, nil), http.StatusUnauthorized, "SESSION_NOT_VALID")
			}
			return err
		case "Python OneAPI":
			c := pyOneAPI(t, s, s.account(), spoils...)
			must(t, c.Call(t.Context(), http.MethodPut, "/ecAdminActivateStatus/activate", struct{}{}, nil)) // or it would not call
			_, err = c.Exit(t.Context())
			return err
		default: // a third party's, which parses JSON
			c := script(t, s, s.account(), spoils...)
			if _, err := c.Login(t.Context()); err != nil {
				return err
			}
			return c.JSON(t.Context(), http.MethodDelete, "auth", nil, &struct{}{})
		}
	}
	to := func(status int, text string) spoil {
		return func(r *http.Request, resp *http.Response) {
			if r.Method == http.MethodDelete {
				resp.StatusCode = status
				body(resp, func(string) string { return text })
			}
		}
	}
	for client, wrong := range map[string]spoil{"Python": to(200, ""), "Python OneAPI": to(204, ""), "third party": to(204, "")} {
		must(t, signOut(client))
		if err := signOut(client, wrong); err == nil {
			t.Errorf("%s takes any answer", client)
		}
	}
	must(t, signOut("Go"))
	must(t, signOut("Go", to(204, "")))

	counted(t, s, s.account(), "signOutAtRoot", "path without the base")
	strict := world.strict.get(t)
	c := pyLegacy(t, strict, strict.account())
	c.Adopt(sessionFor(t, strict, strict.account()))
	_, err := c.Exit(t.Context())
	notTolerated(t, err, "path without the base")
}

func TestFact1_12_LoggingOutActivates(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	var before, after activation
	p := signedIn(t, s, a)
	must(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", map[string]any{"name": "g", "ipAddresses": []string{"10.0.0.1"}}, nil))
	must(t, p.Call(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil, &before))
	same(t, before.OrgEditStatus, "EDITS_PRESENT") // and stays so without the next line
	must(t, p.Call(t.Context(), http.MethodDelete, "/auth", nil, nil))
	must(t, signedIn(t, s, a).Call(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil, &after))
	same(t, after.OrgEditStatus, "EDITS_CLEARED")
	same(t, after.OrgLastActivateStatus, "CAC_ACTV_SESSION_LOGOUT")

	// OneAPI's Python client calls it for this, and only after a write.
	c := pyOneAPI(t, s, s.org(t))
	must(t, c.Call(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil, &before))
	if called, err := c.Exit(t.Context()); called || err != nil {
		t.Errorf("after reads alone: called %t, %v", called, err)
	}
	must(t, c.Call(t.Context(), http.MethodPost, "/ipSourceGroups", map[string]any{"name": "g", "ipAddresses": []string{"10.0.0.1"}}, nil))
	must(t, c.Call(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil, &before))
	same(t, before.OrgEditStatus, "EDITS_PRESENT")
	if called, err := c.Exit(t.Context()); !called || err != nil {
		t.Errorf("after a write: called %t, %v", called, err)
	}
	must(t, c.Call(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil, &after))
	same(t, after.OrgEditStatus, "EDITS_CLEARED")
	same(t, after.OrgLastActivateStatus, "CAC_ACTV_UI") // the token lives on; nobody has logged out
}

// activation is the answer of the three activation operations, as Go and
// Terraform type it.
type activation struct {
	OrgEditStatus, OrgLastActivateStatus, AdminActivateStatus string
	AdminStatusMap                                            map[string]string
}

func TestFact1_13_TheContentTypeMattersWhereThereIsABody(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	id := sessionFor(t, s, s.account())
	send := func(method, path, kind, text string) (int, string) {
		a := answerOf(t, s, method, s.url+"/api/v1"+path, text, "Cookie", "JSESSIONID="+id, "Content-Type", kind)
		return a.Status, a.Header.Get("Content-Type")
	}
	for _, c := range []struct {
		method, path, kind, body string
		want                     int
	}{
		{"POST", "/ipSourceGroups", "", `{"name":""}`, http.StatusUnsupportedMediaType},
		{"POST", "/ipSourceGroups", "text/plain", `{"name":""}`, http.StatusUnsupportedMediaType},
		{"POST", "/ipSourceGroups", "application/x-www-form-urlencoded", `name=`, http.StatusUnsupportedMediaType},
		{"POST", "/ipSourceGroups", "application/json", `{"name":""}`, http.StatusBadRequest}, // as far as the name
		{"GET", "/ecAdminActivateStatus", "", "", http.StatusOK},                              // curl, without a body
		{"GET", "/ecAdminActivateStatus", "application/json", "", http.StatusOK},              // Go and the scripts, without a body too
		{"GET", "/ecAdminActivateStatus", "text/plain", "", http.StatusOK},
	} {
		if got, kind := send(c.method, c.path, c.kind, c.body); got != c.want || kind != "application/json" {
			t.Errorf("%s %s with type %q and body %q: %d %s, want %d", c.method, c.path, c.kind, c.body, got, kind, c.want)
		}
	}

	// A server that wants the type always loses OneAPI's Python client.
	for want, refuse := range map[bool]func(*http.Request) int{
		true: func(*http.Request) int { return 0 },
		false: func(r *http.Request) int {
			if r.Header.Get("Content-Type") == "" {
				return http.StatusUnsupportedMediaType
			}
			return 0
		},
	} {
		c := pyOneAPI(t, s, s.account())
		c.HTTP = client(intolerant{s.proxied(t), refuse})
		must(t, c.Call(t.Context(), http.MethodPut, "/ecAdminActivateStatus/activate", struct{}{}, nil))
		if _, err := c.Exit(t.Context()); (err == nil) != want {
			t.Errorf("the client's end: %v", err)
		}
	}
}

func TestFact1_14_PortalArtefactsAreIgnored(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := answerOf(t, s, http.MethodGet, s.url+"/api/v1/ecAdminActivateStatus", "",
		"X-CSRF-Token", "1234567890", "Cookie", "ZS_SESSION_CODE=abcdef; JSESSIONID="+sessionFor(t, s, s.account()))
	same(t, a.Status, http.StatusOK)
}

// That a disabled key answers 403 is shown in internal/auth: only the vendor
// disables keys, so that no operation does.
func TestFact1_15_TheRoleNeedsKeyManagement(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	p := signedIn(t, s, a)
	for level, want := range map[string]int{"READ_ONLY": http.StatusOK, "NONE": http.StatusForbidden} {
		login := strings.ToLower(level) + "@" + a.Login[strings.Index(a.Login, "@")+1:]
		var role struct{ ID int64 }
		must(t, p.Call(t.Context(), http.MethodPost, "/adminRoles", map[string]any{
			"name": "keys " + level, "rank": 7, "roleType": "EDGE_CONNECTOR_ADMIN", "featurePermissions": map[string]string{"APIKEY_MANAGEMENT": level},
		}, &role))
		must(t, p.Call(t.Context(), http.MethodPost, "/adminUsers", map[string]any{
			"loginName": login, "userName": level, "email": login, "password": "Passw0rd!" + level, "role": map[string]any{"id": role.ID},
		}, nil))
		b := a
		b.Login, b.Password = login, "Passw0rd!"+level
		err := goLegacy(t, s, b).Login(t.Context())
		if f := conformance.FailureOf(err); (f == nil) != (want == http.StatusOK) || f != nil && f.Status != want {
			t.Errorf("with key management at %s: %v, want %d", level, err, want)
		}
	}
}

func TestFact1_16_ASessionIsPresentedAsCookieOrHeader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		on   *configuration
		want int
	}{{world.sandbox, http.StatusOK}, {world.strict, http.StatusBadRequest}} {
		s := c.on.get(t)
		id := sessionFor(t, s, s.account())
		get := func(name, value string) (int, string) {
			a := answerOf(t, s, http.MethodGet, s.url+"/api/v1/ecAdminActivateStatus", "", name, value)
			return a.Status, a.Body
		}
		if status, text := get("Cookie", "JSESSIONID="+id); status != http.StatusOK {
			t.Errorf("as a cookie: %d %s", status, text)
		}
		status, text := get("JSessionID", id)
		if status != c.want || status != http.StatusOK && !strings.Contains(text, "session id in a header alone") {
			t.Errorf("as a header: %d %s, want %d", status, text, c.want)
		}
	}
	s := world.sandbox.get(t)
	g := goOneAPI(t, s, s.account())
	must(t, g.Authenticate(t.Context()))
	const status, gateway = "https://connector.zscloud.net/api/v1/ecAdminActivateStatus", "https://api.zsapi.net/ztw/api/v1/ecAdminActivateStatus"
	same(t, answerOf(t, s, http.MethodGet, status, "", "Authorization", "Bearer "+g.Token()).Status, http.StatusOK)
	same(t, answerOf(t, s, http.MethodGet, gateway, "", "Cookie", "JSESSIONID="+sessionFor(t, s, s.account())).Status, http.StatusOK)
	counted(t, s, s.account(), "getActivationStatus", "token on the connector host")
	counted(t, s, s.account(), "getActivationStatus", "session behind the gateway")

	strict := world.strict.get(t)
	b := strict.org(t)
	g = goOneAPI(t, strict, b)
	must(t, g.Get(t.Context(), "/ecAdminActivateStatus", &activation{}))
	a := answerOf(t, strict, http.MethodGet, status, "", "Authorization", "Bearer "+g.Token())
	if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "token on the connector host") {
		t.Errorf("a token on the strict connector host: %d %s", a.Status, a.Body)
	}
	a = answerOf(t, strict, http.MethodGet, gateway, "", "Cookie", "JSESSIONID="+sessionFor(t, strict, b))
	if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "session behind the gateway") {
		t.Errorf("a session behind the strict gateway: %d %s", a.Status, a.Body)
	}
}

func TestFact1_17_SeveralSessionIDsAtOnce(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	var sent string
	c := goLegacy(t, s, s.account(), func(r *http.Request, _ *http.Response) {
		if r.URL.Path == "/api/v1/ecAdminActivateStatus" {
			sent = r.Header.Get("Cookie")
		}
	})
	must(t, c.Get(t.Context(), "/auth", &struct{}{}))
	old := c.Session()
	p := pyLegacy(t, s, s.account())
	p.Adopt(old)
	must(t, p.Call(t.Context(), http.MethodDelete, "/auth", nil, nil)) // the session ends behind the client's back
	must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
	one := "JSESSIONID=" + old + "; "
	same(t, sent, one+one+one+"JSESSIONID="+c.Session())
	same(t, c.Logins, 2)
	counted(t, s, s.account(), "getActivationStatus", "several session ids")

	id := sessionFor(t, strict, strict.account())
	d := goLegacy(t, strict, strict.account())
	d.Adopt(id)
	must(t, d.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
	d.AdoptOld(strings.Repeat("A", 32), id)
	notTolerated(t, d.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}), "several session ids")
}

func TestFact1_18_TheExpiryTimeIsMinusOne(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	expires := func(r *http.Request, resp *http.Response) {
		if strings.HasSuffix(r.URL.Path, "/auth") {
			body(resp, func(text string) string { return strings.Replace(text, `Time":-1`, `Time":300`, 1) })
		}
	}
	for want, spoils := range map[int][]spoil{1: nil, 4: {expires}} {
		c := goLegacy(t, s, s.account(), spoils...)
		for range 4 {
			must(t, c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{}))
		}
		same(t, c.Logins, want)
	}
}

// The worked examples of the facts, and the positions that each half uses.
func TestFact1_KeyObfuscation(t *testing.T) {
	t.Parallel()
	for timestamp, want := range map[string]string{
		"1700000123456": "1b2C3dbE25Cf", "1700000000007": "AAAAA4bbbbb3", "1700000999999": "555555d66666",
	} {
		got, err := conformance.Obfuscate("A1b2C3d4E5f6", timestamp)
		must(t, err)
		same(t, got, want)
	}
	// The server computes the same: a key of another millisecond is a bad one.
	s := world.sandbox.get(t)
	now := time.Now().UnixMilli()
	in := signInBody(t, s.account(), now-1)
	in["timestamp"] = strconv.FormatInt(now, 10)
	text, err := json.Marshal(in)
	must(t, err)
	c := script(t, s, s.account())
	a, err := c.Do(t.Context(), http.MethodPost, "auth", json.RawMessage(text))
	must(t, err)
	same(t, a.Status, http.StatusBadRequest)
}

func TestFact1_19_TheTimestampIsWithinTwoHours(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	const minute = time.Minute
	for off, fine := range map[time.Duration]bool{
		119 * minute: true, -119 * minute: true, 121 * minute: false, -121 * minute: false,
	} {
		c := goLegacy(t, s, s.account())
		c.Clock.Pass(off)
		if err := c.Login(t.Context()); (err == nil) != fine {
			t.Errorf("%s off: %v", off, err)
		}
	}
	counted(t, s, s.account(), "signIn", "timestamp more than an hour off")
	for _, off := range []time.Duration{59 * minute, -59 * minute} {
		c := goLegacy(t, strict, strict.account())
		c.Clock.Pass(off)
		must(t, c.Login(t.Context()))
		c.Clock.Pass(off)
		notTolerated(t, c.Login(t.Context()), "timestamp more than an hour off")
	}
}

func TestFact1_20_TheKeyMayBeAMomentLater(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	for slow, want := range map[time.Duration]int{0: 200, time.Millisecond: 200, 5 * time.Millisecond: 200, 6 * time.Millisecond: 400} {
		c := script(t, s, s.account())
		c.Slow = slow
		a, err := c.Login(t.Context())
		must(t, err)
		if a.Status != want {
			t.Errorf("%s later: %d, want %d", slow, a.Status, want)
		}
	}
	counted(t, s, s.account(), "signIn", "key computed after the timestamp")
	for lag, want := range map[int64]int{0: 200, 1: 400} {
		now := time.Now().UnixMilli()
		in := signInBody(t, strict.account(), now+lag)
		in["timestamp"] = strconv.FormatInt(now, 10)
		c := script(t, strict, strict.account())
		a, err := c.Do(t.Context(), http.MethodPost, "auth", in)
		must(t, err)
		if a.Status != want || want == 400 && !strings.Contains(a.Body, "key computed after the timestamp") {
			t.Errorf("the strict server, %d ms later: %d %s, want %d", lag, a.Status, a.Body, want)
		}
	}
}

func TestFact1_21_WholeSecondsWillDo(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	now := time.Now().Unix() * 1000
	c := script(t, s, s.account())
	a, err := c.Do(t.Context(), http.MethodPost, "auth", signInBody(t, s.account(), now))
	must(t, err)
	same(t, a.Status, http.StatusOK)
}

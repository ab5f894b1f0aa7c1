package api_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// send makes a request with exactly these headers.
func send(t *testing.T, method, url, body string, header map[string]string) servertest.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text)}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	password := map[string]string{}
	for _, a := range s.Credentials.Admins {
		password[a.Login] = a.Password
	}
	now := s.Clock.Now().UnixMilli()
	key := func(ts int64) string {
		k, err := wire.ObfuscateKey(s.Credentials.APIKey, ts)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	body := func(apiKey, login, password, timestamp string) string {
		return fmt.Sprintf(`{"apiKey":%q,"username":%q,"password":%q,"timestamp":%s}`, apiKey, login, password, timestamp)
	}
	const bad = `{"code":"INVALID_USERNAME_OR_PASSWORD","message":"Invalid email or password"}`
	good := password[servertest.Super]
	hour := time.Hour.Milliseconds()
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"number", body(key(now), servertest.Super, good, fmt.Sprint(now)), 200},
		{"string", body(key(now), servertest.Super, good, fmt.Sprintf("%q", fmt.Sprint(now))), 200},
		{"key computed a moment later", body(key(now+1), servertest.Super, good, fmt.Sprint(now)), 200},
		{"key computed much later", body(key(now+9), servertest.Super, good, fmt.Sprint(now)), 400},
		{"almost two hours early", body(key(now-2*hour+1000), servertest.Super, good, fmt.Sprint(now-2*hour+1000)), 200},
		{"two hours early", body(key(now-2*hour-1000), servertest.Super, good, fmt.Sprint(now-2*hour-1000)), 400},
		{"two hours late", body(key(now+2*hour+1000), servertest.Super, good, fmt.Sprint(now+2*hour+1000)), 400},
		{"wrong password", body(key(now), servertest.Super, "Wrong-1234", fmt.Sprint(now)), 400},
		{"plain key", body(s.Credentials.APIKey, servertest.Reader, password[servertest.Reader], fmt.Sprint(now)), 400},
		{"unknown login", body(key(now), "who@example.net", good, fmt.Sprint(now)), 400},
	} {
		a := s.Nobody().Do(t, "POST", "/auth?includeDisplayPreferences=true", c.body)
		if a.Status != c.status || c.status == 400 && a.Body != bad {
			t.Errorf("%s: %d %s, want %d", c.name, a.Status, a.Body, c.status)
		}
		cookie := a.Header.Get("Set-Cookie")
		if set := regexp.MustCompile(`^JSESSIONID=[0-9A-F]{32}; Path=/; HttpOnly$`).MatchString(cookie); set != (c.status == 200) {
			t.Errorf("%s: cookie %q", c.name, cookie)
		}
	}
}

// Five failures within a minute lock the login name for five minutes, and the
// answer does not tell.
func TestLockout(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	try := func(password string) int {
		return s.Nobody().Do(t, "POST", "/auth", s.SignInBody(t, servertest.Editor, password)).Status
	}
	var good string
	for _, a := range s.Credentials.Admins {
		if a.Login == servertest.Editor {
			good = a.Password
		}
	}
	for range 5 {
		if status := try("Wrong-1234"); status != 400 {
			t.Fatalf("wrong password: %d", status)
		}
	}
	if status := try(good); status != 400 {
		t.Errorf("locked, and the right password is answered %d", status)
	}
	s.SignIn(t, servertest.Super) // another admin is not locked
	s.Clock.Advance(5*time.Minute + time.Second)
	if status := try(good); status != 200 {
		t.Errorf("after five minutes: %d", status)
	}
}

func TestSessionIsRecognised(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	id := s.SignIn(t, servertest.Super).Session
	other := s.SignIn(t, servertest.Reader).Session
	dead := strings.Repeat("0", 32)
	url := s.URL() + "/api/v1/ecgroup"
	for _, c := range []struct {
		name   string
		header map[string]string
		status int
	}{
		{"cookie", map[string]string{"Cookie": "JSESSIONID=" + id}, 200},
		{"header", map[string]string{"JSessionID": id}, 200},
		// quirk: behaviours.md 1.17, the Go client piles old ids up.
		{"old ones before", map[string]string{"Cookie": "JSESSIONID=" + dead + "; JSESSIONID=" + dead + "; JSESSIONID=" + id}, 200},
		{"old ones after", map[string]string{"Cookie": "JSESSIONID=" + id + "; JSESSIONID=" + dead}, 200},
		{"old cookie, new header", map[string]string{"Cookie": "JSESSIONID=" + dead, "JSessionID": id}, 200},
		{"portal cookies beside it", map[string]string{"Cookie": "ZS_SESSION_CODE=abc; JSESSIONID=" + other, "X-CSRF-Token": "x"}, 200},
		{"none", nil, 401},
		{"dead", map[string]string{"Cookie": "JSESSIONID=" + dead}, 401},
		{"nonsense", map[string]string{"Cookie": "JSESSIONID=' OR 1=1"}, 401},
		{"lower case", map[string]string{"Cookie": "JSESSIONID=" + strings.ToLower(id)}, 401},
	} {
		a := send(t, "GET", url, "", c.header)
		if a.Status != c.status {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
		if a.Status == 200 && strings.Contains(a.Body, wire.CodeSessionNotValid) || a.Status == 401 && !strings.Contains(a.Body, wire.CodeSessionNotValid) {
			t.Errorf("%s: the text SESSION_NOT_VALID belongs into a 401 and nowhere else: %s", c.name, a.Body)
		}
	}
}

func TestSessionSlidesAndSurvivesARestart(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		a := s.SignIn(t, servertest.Super)
		for range 4 {
			s.Clock.Advance(29 * time.Minute)
			a.Must(t, "GET", "/ecgroup", "")
		}
		s.Clock.Advance(20 * time.Minute)
		s.Restart(t)
		a.Must(t, "GET", "/ecgroup", "")
		s.Clock.Advance(31 * time.Minute)
		if got := a.Do(t, "GET", "/ecgroup", ""); got.Status != 401 {
			t.Errorf("after 31 idle minutes: %d", got.Status)
		}
		if got := a.Must(t, "GET", "/auth", ""); strings.Contains(got, "authType") {
			t.Errorf("a session that is over: %s", got)
		}
		b := s.SignIn(t, servertest.Super)
		b.Must(t, "DELETE", "/auth", "")
		s.Restart(t)
		if got := b.Do(t, "GET", "/ecgroup", ""); got.Status != 401 {
			t.Errorf("signed out, and after a restart: %d", got.Status)
		}
	})
}

// A body is asked for its type only when there is one (behaviours.md 1.13).
func TestContentType(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	cookie := "JSESSIONID=" + s.SignIn(t, servertest.Super).Session
	for _, c := range []struct {
		method, path, kind, body string
		status                   int
	}{
		{"GET", "/ecgroup", "", "", 200},
		{"GET", "/ecgroup", "application/json", "{}", 200},
		{"GET", "/ecgroup", "application/json", "", 200},
		{"PUT", "/ecAdminActivateStatus/activate", "", "", 200},
		{"PUT", "/ecAdminActivateStatus/activate", "application/json; charset=utf-8", "{}", 200},
		{"POST", "/locationTemplate", "text/plain", `{"name":"a"}`, 415},
		{"POST", "/locationTemplate", "", `{"name":"a"}`, 415},
		{"POST", "/locationTemplate", "application/json", `{"name":"a"}`, 200},
	} {
		header := map[string]string{"Cookie": cookie}
		if c.kind != "" {
			header["Content-Type"] = c.kind
		}
		if a := send(t, c.method, s.URL()+"/api/v1"+c.path, c.body, header); a.Status != c.status {
			t.Errorf("%s %s %q: %d %s, want %d", c.method, c.path, c.kind, a.Status, a.Body, c.status)
		}
	}
}

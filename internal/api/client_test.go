package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

const clients = "/spurline/v1/clients"

// apiClient is a client as the native API shows it.
type apiClient struct {
	ID        int64  `json:"id"`
	ClientID  string `json:"clientId"`
	Name      string `json:"name"`
	TokenLife int    `json:"tokenLife"`
	Disabled  bool   `json:"disabled"`
	Secrets   []struct {
		ID, Created, Expires int64
	} `json:"secrets"`
	Keys []struct {
		ID         int64
		Kid, Alg   string
		Thumbprint string
	} `json:"keys"`
}

type clientSecret struct {
	ID           int64  `json:"id"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	Expires      int64  `json:"expires"`
}

// newClient makes a client with a role, and with these members besides.
func newClient(t *testing.T, as *servertest.Admin, name, role, members string) apiClient {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"role":{"id":%d}%s}`, name, roleNamed(t, as, role), members)
	return servertest.Decode[apiClient](t, as.Must(t, "POST", clients, body))
}

func newSecret(t *testing.T, as *servertest.Admin, c apiClient) clientSecret {
	t.Helper()
	return servertest.Decode[clientSecret](t, as.Must(t, "POST", fmt.Sprintf("%s/%d/secrets", clients, c.ID), ""))
}

func grants(t *testing.T, s *servertest.Server, secret clientSecret) bool {
	t.Helper()
	a := askToken(t, s, url.Values{"grant_type": {"client_credentials"}, "client_id": {secret.ClientID}, "client_secret": {secret.ClientSecret}}, nil)
	return a.Status == http.StatusOK
}

func alive(t *testing.T, token *servertest.Admin) bool {
	t.Helper()
	return token.Do(t, "GET", "/ecAdminActivateStatus", "").Status == http.StatusOK
}

// behaviours.md 2.7: two secrets at most, each with a life of its own. The
// tokens that were got by a secret end with it, and by nothing else.
func TestClientSecrets(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		super := s.SignIn(t, servertest.Super)
		c := newClient(t, super, "nightly", "Editor", `,"tokenLife":"86400"`)
		path := fmt.Sprintf("%s/%d", clients, c.ID)
		first := newSecret(t, super, c)
		month := servertest.Decode[clientSecret](t, super.Must(t, "POST", path+"/secrets", `{"days":30}`))
		if want := s.Clock.Now().AddDate(0, 0, 30).Unix(); month.Expires != want || first.Expires != 0 {
			t.Errorf("expiries %d and %d, want 0 and %d", first.Expires, month.Expires, want)
		}
		if a := super.Do(t, "POST", path+"/secrets", ""); a.Status != 403 || !strings.HasSuffix(message(t, a), "Limit has exceeded.") {
			t.Errorf("a third secret: %d %s", a.Status, a.Body)
		}
		for _, days := range []string{"29", "366", "-1", `"x"`} {
			if a := super.Do(t, "POST", path+"/secrets", `{"days":`+days+`}`); a.Status != 400 {
				t.Errorf("a secret for %s days: %d", days, a.Status)
			}
		}
		byFirst, byMonth := s.Gateway(s.Token(t, c.ClientID, first.ClientSecret)), s.Gateway(s.Token(t, c.ClientID, month.ClientSecret))
		super.Must(t, "DELETE", fmt.Sprintf("%s/secrets/%d", path, first.ID), "")
		s.Restart(t)
		if alive(t, byFirst) || !alive(t, byMonth) || grants(t, s, first) || !grants(t, s, month) {
			t.Error("after the end of the first secret")
		}
		if a := super.Do(t, "DELETE", fmt.Sprintf("%s/secrets/%d", path, first.ID), ""); a.Status != 404 {
			t.Errorf("deleted again: %d", a.Status)
		}
		second := newSecret(t, super, c)
		s.Clock.Advance(30 * 24 * time.Hour)
		super = s.SignIn(t, servertest.Super)
		if grants(t, s, month) || !grants(t, s, second) {
			t.Error("after the month of the second secret")
		}
		newSecret(t, super, c) // one that has expired makes room
		got := servertest.Decode[apiClient](t, super.Must(t, "GET", path, ""))
		if len(got.Secrets) != 2 || got.Secrets[0].ID != second.ID {
			t.Errorf("secrets %+v", got.Secrets)
		}
	})
}

// A client's tokens end when it is disabled, when it is deleted and when they
// are ended, and what it had saved is activated by its end.
func TestEndsOfAClient(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	c := newClient(t, super, "nightly", "Editor", "")
	path, secret := fmt.Sprintf("%s/%d", clients, c.ID), newSecret(t, super, c)
	token := func() *servertest.Admin { return s.Gateway(s.Token(t, c.ClientID, secret.ClientSecret)) }
	set := func(disabled bool) {
		super.Must(t, "PUT", path, fmt.Sprintf(`{"name":"Nightly","role":{"id":%d},"disabled":%t}`, roleNamed(t, super, "Editor"), disabled))
	}
	status := func() string { return super.Must(t, "GET", "/ecAdminActivateStatus", "") }

	one := token()
	super.Must(t, "DELETE", path+"/tokens", "")
	if alive(t, one) || !alive(t, token()) {
		t.Error("after the end of all tokens")
	}
	two := token()
	two.Must(t, "POST", "/locationTemplate", `{"name":"saved"}`)
	set(true)
	if alive(t, two) || grants(t, s, secret) {
		t.Error("disabled, and it gets on")
	}
	if got := status(); !strings.Contains(got, "EDITS_CLEARED") || !strings.Contains(got, `"nightly":"ADM_EXPIRED"`) && !strings.Contains(got, `"Nightly":"ADM_EXPIRED"`) {
		t.Errorf("disabled with something saved: %s", got)
	}
	set(false)
	if alive(t, two) || !alive(t, token()) {
		t.Error("enabled again: the old token is alive, or a new one is not to be had")
	}
	three := token()
	super.Must(t, "DELETE", path, "")
	if alive(t, three) || grants(t, s, secret) {
		t.Error("deleted, and it gets on")
	}
	if got := status(); strings.Contains(strings.ToLower(got), "nightly") {
		t.Errorf("deleted, and remembered: %s", got)
	}
	if a := super.Do(t, "GET", path, ""); a.Status != 404 {
		t.Errorf("deleted: %d", a.Status)
	}
	newClient(t, super, "nightly", "Editor", "") // its name is free again
}

// Bad input of every sort, and who may manage clients.
func TestClientRefusals(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super, editor, reader := s.SignIn(t, servertest.Super), s.SignIn(t, servertest.Editor), s.SignIn(t, servertest.Reader)
	editors := roleNamed(t, super, "Editor")
	good := func(members string) string { return fmt.Sprintf(`{"role":{"id":%d},%s}`, editors, members) }
	for body, want := range map[string]string{
		"":                                   "it is empty",
		"[]":                                 "not a JSON object",
		"{}":                                 "name",
		`{"name":"x"}`:                       "role",
		`{"name":"x","role":{"id":1}}`:       "role",
		good(`"name":"x","tokenLife":59`):    "tokenLife",
		good(`"name":"x","tokenLife":86401`): "tokenLife",
		good(`"name":"a@b.example"`):         "name",
		good(`"name":"` + strings.Repeat("x", 129) + `"`): "name",
	} {
		if a := super.Do(t, "POST", clients, body); a.Status != 400 || !strings.Contains(message(t, a), want) {
			t.Errorf("%s: %d %s", body, a.Status, a.Body)
		}
	}
	c := newClient(t, super, "nightly", "Editor", `,"clientId":"mine","id":7,"secrets":[{"id":1}],"keys":[{"id":2}]`)
	if c.ClientID == "mine" || len(c.Secrets)+len(c.Keys) != 0 || c.TokenLife != 3600 {
		t.Errorf("members that are the server's own: %+v", c)
	}
	path := fmt.Sprintf("%s/%d", clients, c.ID)
	if a := super.Do(t, "POST", clients, good(`"name":"NIGHTLY"`)); a.Status != 409 {
		t.Errorf("a name that is taken: %d", a.Status)
	}
	for _, who := range []*servertest.Admin{editor, reader} {
		who.Must(t, "GET", clients, "")
		for _, call := range [][3]string{
			{"POST", clients, good(`"name":"x"`)},
			{"PUT", path, good(`"name":"x"`)},
			{"DELETE", path, ""},
			{"POST", path + "/secrets", ""},
			{"POST", path + "/keys", "{}"},
			{"DELETE", path + "/secrets/1", ""},
			{"DELETE", path + "/keys/1", ""},
			{"DELETE", path + "/tokens", ""},
		} {
			if a := who.Do(t, call[0], call[1], call[2]); a.Status != 403 {
				t.Errorf("%s: %s %s: %d", who.Login, call[0], call[1], a.Status)
			}
		}
	}
	// An admin of a lesser rank cannot make a client above itself, nor get at
	// the secret of one that is.
	held := role(t, super, "Clerk", `"APIKEY_MANAGEMENT":"READ_ONLY","EDGE_CONNECTOR_ADMIN_MANAGEMENT":"READ_WRITE"`)
	admin(t, super, "ann@example.net", first, held, "")
	ann := mustSignIn(t, s, "ann@example.net", first)
	for _, call := range [][3]string{
		{"POST", clients, fmt.Sprintf(`{"name":"x","role":{"id":%d}}`, roleNamed(t, super, "Super Admin"))},
		{"POST", clients, good(`"name":"x"`)}, // Editor has rank 5, Clerk 7
		{"POST", path + "/secrets", ""},
		{"PUT", path, fmt.Sprintf(`{"name":"nightly","role":{"id":%d}}`, held)},
		{"DELETE", path, ""},
	} {
		if a := ann.Do(t, call[0], call[1], call[2]); a.Status != 403 || !strings.Contains(a.Body, "SCOPE_LIMITED") {
			t.Errorf("a clerk: %s %s: %d %s", call[0], call[1], a.Status, a.Body)
		}
	}
	own := newClient(t, ann, "clerk's", "Clerk", "")
	newSecret(t, ann, own)
	// A role in use stays, and managing clients leaves nothing to activate.
	if a := super.Do(t, "DELETE", fmt.Sprintf("/adminRoles/%d", editors), ""); a.Status != 409 {
		t.Errorf("the role of a client was deleted: %d", a.Status)
	}
	if got := ann.Must(t, "GET", "/ecAdminActivateStatus", ""); !strings.Contains(got, "ADM_LOGGED_IN") {
		t.Errorf("after managing clients: %s", got)
	}
}

// A client can do what its role can, and nothing that needs a password.
func TestClientHasItsRole(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{PasswordExpiry: 15 * 24 * time.Hour})
	super := s.SignIn(t, servertest.Super)
	c := newClient(t, super, "nightly", "Read-only Admin", `,"tokenLife":60`)
	secret := newSecret(t, super, c)
	s.Clock.Advance(100 * 24 * time.Hour) // passwords have expired by now
	nightly := s.Gateway(s.Token(t, c.ClientID, secret.ClientSecret))
	nightly.Must(t, "GET", "/locationTemplate", "")
	for _, call := range [][2]string{{"POST", "/locationTemplate"}, {"PUT", "/ecAdminActivateStatus/forcedActivate"}, {"POST", "/adminRoles"}} {
		if a := nightly.Do(t, call[0], call[1], `{"name":"x"}`); a.Status != 403 {
			t.Errorf("%s %s: %d %s", call[0], call[1], a.Status, a.Body)
		}
	}
	if got := nightly.Must(t, "GET", "/auth", ""); !strings.Contains(got, `"passwordExpiryDays":-1`) {
		t.Errorf("a client has no password that expires: %s", got)
	}
	a := nightly.Do(t, "POST", "/passwordChange", `{"userName":"nightly","oldPassword":"a","newPassword":"Secret-123456"}`)
	if a.Status != 403 {
		t.Errorf("the password of a client: %d %s", a.Status, a.Body)
	}
	if got := nightly.Must(t, "GET", "/spurline/v1/whoami", ""); !strings.Contains(got, `"login":"nightly"`) {
		t.Errorf("who am I: %s", got)
	}
	s.Clock.Advance(time.Minute)
	if alive(t, nightly) {
		t.Error("a token of a minute lives longer")
	}
}

// A secret that is deleted while tokens are being got by it leaves none alive:
// not those that were answered before, and not those that were under way.
func TestSecretEndsTokensUnderWay(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	c := newClient(t, super, "nightly", "Editor", "")
	for range 5 {
		secret := newSecret(t, super, c)
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {secret.ClientSecret}}.Encode()
		var (
			wg     sync.WaitGroup
			mu     sync.Mutex
			tokens []string
		)
		begun := make(chan struct{}, 8)
		for range 8 {
			wg.Go(func() {
				for {
					a, err := s.Nobody().Try("POST", "@/oauth2/v1/token", form)
					if err != nil || a.Status != http.StatusOK {
						return // the secret is gone
					}
					var got struct {
						Token string `json:"access_token"`
					}
					if json.Unmarshal([]byte(a.Body), &got) != nil {
						return
					}
					mu.Lock()
					tokens = append(tokens, got.Token)
					mu.Unlock()
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
		}
		for range cap(begun) {
			<-begun
		}
		super.Must(t, "DELETE", fmt.Sprintf("%s/%d/secrets/%d", clients, c.ID, secret.ID), "")
		wg.Wait()
		for _, token := range tokens {
			if alive(t, s.Gateway(token)) {
				t.Fatalf("of %d tokens one is alive", len(tokens))
			}
		}
	}
}

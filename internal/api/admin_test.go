package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

type object struct{ ID int64 }

// signIn tries to sign in, and returns the session when that succeeds.
func signIn(t *testing.T, s *servertest.Server, login, password string) (*servertest.Admin, servertest.Answer) {
	t.Helper()
	a := s.Nobody()
	answer := a.Do(t, "POST", "/auth", s.SignInBody(t, login, password))
	a.Login = login
	a.Session, _, _ = strings.Cut(strings.TrimPrefix(answer.Header.Get("Set-Cookie"), "JSESSIONID="), ";")
	return a, answer
}

// mustSignIn is signIn for what is to succeed.
func mustSignIn(t *testing.T, s *servertest.Server, login, password string) *servertest.Admin {
	t.Helper()
	a, answer := signIn(t, s, login, password)
	if answer.Status != 200 {
		t.Fatalf("sign in as %s: %d %s", login, answer.Status, answer.Body)
	}
	return a
}

// role makes a role with some feature permissions, a JSON object's members.
func role(t *testing.T, super *servertest.Admin, name, permissions string) int64 {
	t.Helper()
	return servertest.Decode[object](t, super.Must(t, "POST", "/adminRoles", fmt.Sprintf(`{"name":%q,"featurePermissions":{%s}}`, name, permissions))).ID
}

// roleNamed finds a role.
func roleNamed(t *testing.T, who *servertest.Admin, name string) int64 {
	t.Helper()
	for _, r := range servertest.Decode[[]struct {
		ID   int64
		Name string
	}](t, who.Must(t, "GET", "/adminRoles", "")) {
		if r.Name == name {
			return r.ID
		}
	}
	t.Fatalf("no role %s", name)
	return 0
}

// adminBody is a create or replace of an admin; more is further members.
func adminBody(login, password string, role int64, more string) string {
	return fmt.Sprintf(`{"loginName":%q,"userName":"A","email":"a@example.net","password":%q,"role":{"id":"%d"}%s}`, login, password, role, more)
}

func admin(t *testing.T, who *servertest.Admin, login, password string, role int64, more string) int64 {
	t.Helper()
	return servertest.Decode[object](t, who.Must(t, "POST", "/adminUsers", adminBody(login, password, role, more))).ID
}

const (
	everything = `"APIKEY_MANAGEMENT":"READ_WRITE","EDGE_CONNECTOR_ADMIN_MANAGEMENT":"READ_WRITE","EDGE_CONNECTOR_TEMPLATE":"READ_WRITE",` +
		`"EDGE_CONNECTOR_LOCATION_MANAGEMENT":"READ_WRITE","EDGE_CONNECTOR_CLOUD_PROVISIONING":"READ_WRITE","EDGE_CONNECTOR_FORWARDING":"READ_WRITE"`
	first, second = "Secret-1234", "Other-56789"
)

// The two roles that an org is born with are the recorded ones, byte by byte
// but for their ids.
func TestRolesAsRecorded(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	got := s.SignIn(t, servertest.Reader).Must(t, "GET", "/adminRoles", "")
	var want bytes.Buffer
	if err := json.Compact(&want, recorded(t, "admin-roles.json", 0)); err != nil {
		t.Fatal(err)
	}
	roles := servertest.Decode[[]object](t, got)
	text := strings.NewReplacer(`"id":16712`, fmt.Sprintf(`"id":%d`, roles[0].ID), `"id":16713`, fmt.Sprintf(`"id":%d`, roles[1].ID)).Replace(want.String())
	if !strings.HasPrefix(got, strings.TrimSuffix(text, "]")+",") {
		t.Error(cmp.Diff(text, got))
	}
}

// An admin signs in with the login name and password of now, until disabled
// or deleted, which ends the sessions and activates what the admin had saved.
func TestAdminLife(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		super := s.SignIn(t, servertest.Super)
		all := role(t, super, "All", everything)
		id := admin(t, super, "ann@example.net", first, all, "")
		path := fmt.Sprintf("/adminUsers/%d", id)
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")

		ann := mustSignIn(t, s, "Ann@example.net", first)
		ann.Must(t, "POST", "/locationTemplate", `{"name":"hers"}`)
		super.Must(t, "PUT", path, adminBody("anna@example.net", first, all, ""))
		if _, a := signIn(t, s, "ann@example.net", first); a.Status != 400 {
			t.Errorf("the old login name: %d", a.Status)
		}
		mustSignIn(t, s, "anna@example.net", first)
		ann.Must(t, "GET", "/locationTemplate", "") // the session goes on
		super.Must(t, "PUT", path, adminBody("anna@example.net", second, all, ""))
		if _, a := signIn(t, s, "anna@example.net", first); a.Status != 400 {
			t.Errorf("the old password: %d", a.Status)
		}
		mustSignIn(t, s, "anna@example.net", second)

		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "") // queued: she is editing
		super.Must(t, "PUT", path, adminBody("anna@example.net", second, all, `,"disabled":true`))
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		if a := ann.Do(t, "GET", "/locationTemplate", ""); a.Status != 401 {
			t.Errorf("a session of a disabled admin: %d", a.Status)
		}
		if _, a := signIn(t, s, "anna@example.net", second); a.Status != 400 {
			t.Errorf("a disabled admin: %d", a.Status)
		}
		status := super.Must(t, "GET", "/ecAdminActivateStatus", "")
		if !strings.Contains(status, "EDITS_CLEARED") || !strings.Contains(status, `"anna@example.net":"ADM_EXPIRED"`) {
			t.Errorf("after disabling: %s", status)
		}
		super.Must(t, "PUT", path, adminBody("anna@example.net", first, all, ""))
		ann = mustSignIn(t, s, "anna@example.net", first)
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		ann.Must(t, "POST", "/locationTemplate", `{"name":"more"}`)
		super.Must(t, "DELETE", path, "")
		if a := ann.Do(t, "GET", "/locationTemplate", ""); a.Status != 401 {
			t.Errorf("a session of a deleted admin: %d", a.Status)
		}
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		if p := super.Must(t, "GET", "/spurline/v1/pending", ""); !strings.Contains(p, `"changes":[]`) {
			t.Errorf("pending after all: %s", p)
		}
		admin(t, super, "anna@example.net", first, all, "") // the name is free again
	})
}

// Nobody rises above themselves: roles are the super admins' to write, and so
// are super admins.
func TestOnlySuperAdminsMakeSuperAdmins(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	all, top := role(t, super, "All", everything), roleNamed(t, super, kinds.SuperAdmin)
	admin(t, super, "boss@example.net", first, all, "")
	boss := mustSignIn(t, s, "boss@example.net", first)
	other := admin(t, super, "root@example.net", first, top, "")
	mine := admin(t, boss, "clerk@example.net", first, all, "")
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/adminRoles", `{"name":"x"}`},
		{"PUT", fmt.Sprintf("/adminRoles/%d", all), `{"name":"x"}`},
		{"DELETE", fmt.Sprintf("/adminRoles/%d", all), ``},
		{"POST", "/adminUsers", adminBody("x@example.net", first, top, "")},
		{"PUT", fmt.Sprintf("/adminUsers/%d", mine), adminBody("clerk@example.net", first, top, "")},
		{"PUT", fmt.Sprintf("/adminUsers/%d", other), adminBody("root@example.net", first, all, "")},
		{"DELETE", fmt.Sprintf("/adminUsers/%d", other), ``},
	} {
		if a := boss.Do(t, c.method, c.path, c.body); a.Status != 403 || !strings.Contains(a.Body, "SCOPE_LIMITED") {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.Status, a.Body)
		}
	}
	boss.Must(t, "DELETE", fmt.Sprintf("/adminUsers/%d", mine), "")
}

func TestRolesHaveALimit(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	for n := len(servertest.Decode[[]object](t, super.Must(t, "GET", "/adminRoles", ""))); n < 64; n++ {
		role(t, super, fmt.Sprint("role ", n), "")
	}
	if a := super.Do(t, "POST", "/adminRoles", `{"name":"one more"}`); a.Status != 403 || !strings.Contains(a.Body, "LIMIT_EXCEEDED") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// A password change leaves the session alone, as the vendor's rotation script
// needs it, and guesses at the old password lock the login name like sign-ins.
func TestPasswordChange(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	admin(t, super, "ann@example.net", first, roleNamed(t, super, kinds.ReadOnlyAdmin), "")
	ann := mustSignIn(t, s, "ann@example.net", first)
	change := func(old, fresh string) int {
		return ann.Do(t, "POST", "/passwordChange", fmt.Sprintf(`{"userName":"ann@example.net","oldPassword":%q,"newPassword":%q}`, old, fresh)).Status
	}
	if got := change(first, second); got != 204 {
		t.Fatalf("%d", got)
	}
	ann.Must(t, "GET", "/locationTemplate", "")
	if _, a := signIn(t, s, "ann@example.net", first); a.Status != 400 {
		t.Errorf("the old password: %d", a.Status)
	}
	mustSignIn(t, s, "ann@example.net", second)
	if got := change(second, second); got != 400 {
		t.Errorf("the same again: %d", got)
	}
	for range 5 {
		if got := change("guess", first); got != 400 {
			t.Errorf("a guess: %d", got)
		}
	}
	if got := change(second, first); got != 400 {
		t.Errorf("the right one after five guesses: %d", got)
	}
	if _, a := signIn(t, s, "ann@example.net", second); a.Status != 400 {
		t.Errorf("a sign-in after five guesses: %d", a.Status)
	}
	s.Clock.Advance(5 * time.Minute)
	if got := change(second, first); got != 204 {
		t.Errorf("when the lock is over: %d", got)
	}
	s.SignIn(t, servertest.Super).Must(t, "GET", "/apiKeys", "")
}

// Whose password is too old can replace it and do nothing else.
func TestPasswordExpiry(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	s := servertest.Start(t, server.Config{PasswordExpiry: 15 * day, IdleAfter: 60 * day})
	super := s.SignIn(t, servertest.Super)
	s.Clock.Advance(14 * day)
	admin(t, super, "ann@example.net", first, roleNamed(t, super, kinds.ReadOnlyAdmin), "")
	ann := mustSignIn(t, s, "ann@example.net", first)
	s.Clock.Advance(2 * day)
	for _, path := range []string{"/apiKeys", "/ecAdminActivateStatus", "/spurline/v1/whoami"} {
		if a := super.Do(t, "GET", path, ""); a.Status != 403 || !strings.Contains(a.Body, "expired") {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
		ann.Must(t, "GET", path, "")
	}
	// The days that are left are in the answer to a sign-in, and who has none is marked.
	for who, days := range map[*servertest.Admin]int{super: 0, ann: 13} {
		want := fmt.Sprintf(`{"authType":"ADMIN_LOGIN","obfuscateApiKey":true,"passwordExpiryTime":-1,"passwordExpiryDays":%d}`, days)
		if got := who.Must(t, "GET", "/auth", ""); got != want {
			t.Errorf("%s: %s", who.Login, got)
		}
	}
	for login, expired := range map[string]bool{servertest.Super: true, "ann@example.net": false} {
		got := ann.Must(t, "GET", "/adminUsers?search="+login, "")
		if marked := strings.Contains(got, `,"isPasswordExpired":true,`); marked != expired {
			t.Errorf("%s: %s", login, got)
		}
	}
	super.Must(t, "POST", "/passwordChange", fmt.Sprintf(`{"userName":%q,"oldPassword":%q,"newPassword":%q}`, servertest.Super, s.Credentials.Admins[0].Password, second))
	super.Must(t, "GET", "/apiKeys", "")
}

// Passwords and keys are in the answer to whoever may see them and nowhere
// else: not in the database, not in its trail.
func TestSecretsAreNotStored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := servertest.Start(t, server.Config{DataDir: dir})
	super := s.SignIn(t, servertest.Super)
	const hers, hersNow = "Plain-Visible-1", "Plain-Visible-2"
	admin(t, super, "ann@example.net", hers, roleNamed(t, super, kinds.ReadOnlyAdmin), "")
	mustSignIn(t, s, "ann@example.net", hers).Must(t, "POST", "/passwordChange",
		fmt.Sprintf(`{"userName":"ann@example.net","oldPassword":%q,"newPassword":%q}`, hers, hersNow))
	key := servertest.Decode[[]struct {
		ID       int64
		KeyValue string
	}](t, super.Must(t, "GET", "/apiKeys", ""))[0]
	fresh := servertest.Decode[struct{ KeyValue string }](t, super.Must(t, "POST", fmt.Sprintf("/apiKeys/%d/regenerate", key.ID), ""))
	looked := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == server.CredentialsFile {
			return err
		}
		body, err := os.ReadFile(path)
		looked += len(body)
		for _, secret := range []string{hers, hersNow, key.KeyValue, fresh.KeyValue} {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("a secret is in %s", path)
			}
		}
		return err
	})
	if err != nil || looked < 100_000 {
		t.Fatalf("looked at %d bytes: %v", looked, err)
	}
}

// A replaced key is dead for new sign-ins at once; sessions go on.
func TestAPIKeyRotation(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	type shown struct {
		ID       int64
		KeyValue string
	}
	old := servertest.Decode[[]shown](t, super.Must(t, "GET", "/apiKeys", ""))[0]
	if old.KeyValue != s.Credentials.APIKey {
		t.Fatalf("the key shown is not the org's")
	}
	fresh := servertest.Decode[shown](t, super.Must(t, "POST", fmt.Sprintf("/apiKeys/%d/ztw/api/v1/regenerate?includePartnerKey=true", old.ID), "{}"))
	if fresh.ID != old.ID || fresh.KeyValue == old.KeyValue || len(fresh.KeyValue) != 12 {
		t.Errorf("%+v", fresh)
	}
	super.Must(t, "PUT", "/ecAdminActivateStatus/forcedActivate", "")
	if a := s.Nobody().Do(t, "POST", "/auth", s.SignInBody(t, servertest.Super, s.Credentials.Admins[0].Password)); a.Status != 400 {
		t.Errorf("the old key: %d", a.Status)
	}
	s.Credentials.APIKey = fresh.KeyValue
	s.SignIn(t, servertest.Super)

	engine, by := s.API().Engine, config.By{Org: s.Credentials.Org}
	err := engine.Update(context.Background(), by, func(ctx context.Context, w *config.Writer) error {
		return w.Change(ctx, kinds.APIKeyKind, old.ID, func(v any) error {
			v.(*kinds.APIKey).Enabled = false
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.Nobody().Do(t, "POST", "/auth", s.SignInBody(t, servertest.Super, s.Credentials.Admins[0].Password)); a.Status != 403 {
		t.Errorf("a disabled key: %d", a.Status)
	}
	if a := super.Do(t, "POST", fmt.Sprintf("/apiKeys/%d/regenerate", old.ID), ""); a.Status != 403 {
		t.Errorf("regenerating a disabled key: %d %s", a.Status, a.Body)
	}
}

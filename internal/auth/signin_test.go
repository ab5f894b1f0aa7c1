package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	if !regexp.MustCompile(`^[0-9A-F]{32}$`).MatchString(s.ID) {
		t.Errorf("id %q", s.ID)
	}
	want := &access.Principal{Org: testOrg, ID: superAdmin, Login: superLogin, Role: access.Role{
		ID: superRole, Name: "role", Rank: 0,
		Features: map[access.Feature]access.Level{access.APIKeyManagement: access.ReadWrite, access.Forwarding: access.ReadWrite},
	}}
	if diff := cmp.Diff(want, s.Principal); diff != "" {
		t.Errorf("principal (-want +got)\n%s", diff)
	}
	got, head, err := e.Authenticate(t.Context(), []string{s.ID})
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("authenticated principal (-want +got)\n%s", diff)
	}
	if now, err := e.db.Head(t.Context(), testOrg); err != nil || head != now {
		t.Errorf("head %+v, want %+v (%v)", head, now, err)
	}
	if other := e.signIn(superLogin); other.ID == s.ID {
		t.Error("two sessions have one id")
	}
}

func TestSignInIgnoresTheCaseOfTheLogin(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	if got := e.signIn(strings.ToUpper(superLogin)).Principal.Login; got != superLogin {
		t.Errorf("login %q, want it as the admin has it", got)
	}
}

func TestReadOnlyAdminSignsIn(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	if p := e.signIn("viewer@example.net").Principal; p.SuperAdmin() || p.ID != readOnlyAdmin {
		t.Errorf("principal %+v", p)
	}
}

// refusal is a sign-in with one thing wrong, and whose trail tells of it.
type refusal struct {
	name  string
	r     Request
	org   int64
	admin int64
}

func refusals(t *testing.T, e *env) []refusal {
	t.Helper()
	now := e.clock.now().UnixMilli()
	hour := time.Hour.Milliseconds()
	right := e.request(superLogin)
	with := func(change func(*Request)) Request {
		r := right
		change(&r)
		return r
	}
	return []refusal{
		{"unknown login", requestAt(t, "nobody@example.net", password, apiKey, now), 0, 0},
		{"empty login", requestAt(t, "", password, apiKey, now), 0, 0},
		{"login with a zero byte", requestAt(t, superLogin+"\x00", password, apiKey, now), 0, 0},
		{"login that is not UTF-8", requestAt(t, "\xff", password, apiKey, now), 0, 0},
		{"endless login", requestAt(t, strings.Repeat("a", 100_000), password, apiKey, now), 0, 0},
		{"wrong password", requestAt(t, superLogin, "Wrong-Horse-9", apiKey, now), testOrg, superAdmin},
		{"empty password", requestAt(t, superLogin, "", apiKey, now), testOrg, superAdmin},
		{"password with an end", requestAt(t, superLogin, password+"x", apiKey, now), testOrg, superAdmin},
		{"wrong key", requestAt(t, superLogin, password, "zzzzyyyyxxxx", now), testOrg, superAdmin},
		{"key of no org", requestAt(t, "nobody@example.net", password, "zzzzyyyyxxxx", now), 0, 0},
		{"plain key", with(func(r *Request) { r.APIKey = apiKey }), testOrg, superAdmin},
		{"no key", with(func(r *Request) { r.APIKey = "" }), testOrg, superAdmin},
		{"key of another timestamp", with(func(r *Request) { r.Timestamp -= 1000 }), testOrg, superAdmin},
		{"timestamp too old", requestAt(t, superLogin, password, apiKey, now-2*hour-1), testOrg, superAdmin},
		{"timestamp too new", requestAt(t, superLogin, password, apiKey, now+2*hour+1), testOrg, superAdmin},
		{"timestamp in seconds", requestAt(t, superLogin, password, apiKey, now/1000), testOrg, superAdmin},
		{"negative timestamp", with(func(r *Request) { r.Timestamp = -now }), testOrg, superAdmin},
		{"largest timestamp", with(func(r *Request) { r.Timestamp = 1<<63 - 1 }), testOrg, superAdmin},
		{"disabled admin", requestAt(t, "gone@example.net", password, apiKey, now), testOrg, disabledAdmin},
		{"admin without a password", requestAt(t, "bare@example.net", "", apiKey, now), testOrg, noPassword},
	}
}

func TestSignInRefuses(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, test := range refusals(t, e) {
		t.Run(test.name, func(t *testing.T) {
			before := len(e.trail(test.org))
			s, err := e.SignIn(t.Context(), test.r)
			wantError(t, err, 400, wire.CodeBadLogin)
			if s != (Session{}) {
				t.Errorf("a session came with the error: %+v", s)
			}
			body, err := json.Marshal(err)
			if want := `{"code":"INVALID_USERNAME_OR_PASSWORD","message":"Invalid email or password"}`; err != nil || string(body) != want {
				t.Errorf("body %s, %v", body, err)
			}
			trail := e.trail(test.org)
			if len(trail) != before+1 {
				t.Fatalf("the trail grew from %d to %d rows", before, len(trail))
			}
			last := trail[len(trail)-1]
			if last.Action != audit.ActionSignIn || last.Result != audit.ResultFailure || last.Admin != test.admin || last.IP != "192.0.2.9" {
				t.Errorf("trail row %+v", last)
			}
			// The next case is about its own fault, not about the lock.
			e.lockout = newLockout()
		})
	}
	if sessions, _ := e.rows(); sessions != 0 {
		t.Errorf("%d sessions were stored", sessions)
	}
}

func TestSignInTimestamps(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	now := e.clock.now().UnixMilli()
	for _, timestamp := range []int64{now, now / 1000 * 1000, now - 2*time.Hour.Milliseconds(), now + 2*time.Hour.Milliseconds()} {
		if _, err := e.SignIn(t.Context(), requestAt(t, superLogin, password, apiKey, timestamp)); err != nil {
			t.Errorf("timestamp now%+d ms: %v", timestamp-now, err)
		}
	}
}

func TestSignInKeyComputedALittleLater(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	now := e.clock.now().UnixMilli()
	for later := int64(-2); later <= 8; later++ {
		r := requestAt(t, superLogin, password, apiKey, now+later)
		r.Timestamp = now
		_, err := e.SignIn(t.Context(), r)
		// The first halves of neighbours differ, as all characters of the key
		// do, so each of these is another text.
		if ok := err == nil; ok != (later >= 0 && later <= 5) {
			t.Errorf("key computed %d ms after the timestamp: %v", later, err)
		}
		e.lockout = newLockout()
	}
}

func TestDisabledKeyIsForbidden(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return put(ctx, tx, kindAPIKey, keyObject, "", map[string]any{"enabled": false})
	})
	_, err := e.SignIn(t.Context(), e.request(superLogin))
	wantError(t, err, 403, "")
	// Who does not know the password is not told.
	_, err = e.SignIn(t.Context(), requestAt(t, superLogin, "Wrong-Horse-9", apiKey, e.clock.now().UnixMilli()))
	wantError(t, err, 400, wire.CodeBadLogin)
	if trail := e.trail(testOrg); len(trail) != 2 || trail[0].Result != audit.ResultFailure {
		t.Errorf("trail %+v", trail)
	}
}

func TestRoleWithoutTheAPIIsForbidden(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	_, err := e.SignIn(t.Context(), e.request("portal@example.net"))
	wantError(t, err, 403, "")
}

func TestAdminWithoutARoleIsRefused(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return putAdmin(ctx, tx, superAdmin, superLogin, 999, false)
	})
	_, err := e.SignIn(t.Context(), e.request(superLogin))
	wantError(t, err, 400, wire.CodeBadLogin)
}

func TestRoleWithoutARankIsNotSuper(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return put(ctx, tx, kindRole, superRole, "", map[string]any{"featurePermissions": map[string]string{"APIKEY_MANAGEMENT": "READ_ONLY"}})
	})
	if p := e.signIn(superLogin).Principal; p.SuperAdmin() {
		t.Error("a role that states no rank is the super admin's")
	}
}

func TestLockout(t *testing.T) {
	t.Parallel()
	for _, login := range []string{superLogin, "nobody@example.net"} {
		t.Run(login, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			fail := func() {
				t.Helper()
				_, err := e.SignIn(t.Context(), requestAt(t, login, "Wrong-Horse-9", apiKey, e.clock.now().UnixMilli()))
				wantError(t, err, 400, wire.CodeBadLogin)
			}
			for range 4 {
				fail()
				e.clock.add(15 * time.Second)
			}
			// The first is a minute old: four within a minute do not lock.
			fail()
			if login == superLogin {
				e.signIn(strings.ToLower(login)) // and success forgets them
			} else {
				e.clock.add(time.Minute)
			}
			for range 5 {
				fail()
				e.clock.add(time.Second)
			}
			locked := func() bool {
				t.Helper()
				return !e.lockout.decide(loginLookup(login), e.clock.now(), true)
			}
			if login == superLogin {
				_, err := e.SignIn(t.Context(), e.request(login))
				wantError(t, err, 400, wire.CodeBadLogin)
				if e.signIn("viewer@example.net").ID == "" {
					t.Error("another login is locked too")
				}
			}
			fail() // does not extend the lock
			e.clock.add(5*time.Minute - time.Second - time.Millisecond)
			if !locked() {
				t.Error("not locked just before five minutes have passed")
			}
			e.clock.add(time.Millisecond)
			if locked() {
				t.Error("locked five minutes after the fifth failure")
			}
			if login == superLogin {
				e.signIn(login)
			}
		})
	}
}

// Of many guesses at once, only the first few can be right.
func TestLockoutHoldsAgainstParallelGuesses(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	wrong := requestAt(t, superLogin, "Wrong-Horse-9", apiKey, e.clock.now().UnixMilli())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { e.SignIn(t.Context(), wrong) })
	}
	wg.Wait()
	_, err := e.SignIn(t.Context(), e.request(superLogin))
	wantError(t, err, 400, wire.CodeBadLogin)
}

func TestSignInIsAudited(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	at := e.clock.now()
	s := e.signIn(superLogin)
	e.clock.add(time.Second)
	_, err := e.SignOut(t.Context(), []string{s.ID}, "192.0.2.10")
	must(t, err)
	row := audit.Entry{
		Org: testOrg, At: at, Action: "Sign In", Category: "Login", SubCategory: "Login", Resource: superLogin,
		Admin: superAdmin, Login: superLogin, IP: "192.0.2.9", Interface: "API", Result: "success",
	}
	out := row
	out.At, out.Action, out.IP = at.Add(time.Second), "Sign Out", "192.0.2.10"
	want := []audit.Record{{Seq: 1, Entry: row}, {Seq: 2, Entry: out}}
	if diff := cmp.Diff(want, e.trail(testOrg)); diff != "" {
		t.Errorf("trail (-want +got)\n%s", diff)
	}
}

// What was typed as a login name may be a password.
func TestUnknownLoginIsNotRecorded(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	_, err := e.SignIn(t.Context(), requestAt(t, "My-Typed-Passw0rd", password, apiKey, e.clock.now().UnixMilli()))
	wantError(t, err, 400, wire.CodeBadLogin)
	trail := e.trail(0)
	if len(trail) != 1 || trail[0].Login != "" || trail[0].Resource != "" {
		t.Errorf("trail %+v", trail)
	}
}

func TestFailureIsRecordedThoughTheClientLeft(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ctx, cancel := context.WithCancel(t.Context())
	acc, err := e.account(ctx, loginLookup(superLogin))
	must(t, err)
	cancel()
	wantError(t, e.refuse(ctx, acc, Request{}, e.clock.now(), badLogin()), 400, wire.CodeBadLogin)
	if n := len(e.trail(testOrg)); n != 1 {
		t.Errorf("%d rows in the trail", n)
	}
}

// Known or not, a login name costs a hash.
func TestSignInWaitsForAPlaceOnlyAsLongAsItsContext(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	if cap(e.hashing) != 2 {
		t.Fatalf("%d hashes at once", cap(e.hashing))
	}
	e.hashing <- struct{}{}
	e.hashing <- struct{}{}
	for _, login := range []string{superLogin, "gone@example.net", "bare@example.net", "nobody@example.net", ""} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := e.SignIn(ctx, e.request(login))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("login %q: error %v", login, err)
		}
	}
	if n := len(e.trail(testOrg)) + len(e.trail(0)) + len(e.lockout.names); n != 0 {
		t.Errorf("%d rows and counts for what was not looked at", n)
	}
	<-e.hashing
	e.signIn(superLogin)
}

// A password or a key that changes between check and commit counts as wrong.
func TestSignInThatIsOvertaken(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*env) store.FuncUpdate{
		"password cleared": func(e *env) store.FuncUpdate {
			return func(ctx context.Context, tx *store.Tx) error {
				return e.ClearPassword(ctx, tx, testOrg, superAdmin)
			}
		},
		"login dropped": func(e *env) store.FuncUpdate {
			return func(ctx context.Context, tx *store.Tx) error { return e.DropLogin(ctx, tx, testOrg, superAdmin) }
		},
		"key replaced": func(e *env) store.FuncUpdate {
			return func(ctx context.Context, tx *store.Tx) error {
				return e.SetAPIKey(ctx, tx, testOrg, keyObject, "zzzzzzzzzzzz")
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			acc, err := e.account(t.Context(), loginLookup(superLogin))
			must(t, err)
			e.update(change(e))
			if _, err := e.beginSession(t.Context(), acc, "", e.clock.now()); !errors.Is(err, errChanged) {
				t.Errorf("error %v", err)
			}
			if e.Signed(testOrg, superAdmin) || len(e.sessions) != 0 {
				t.Error("a session was left")
			}
		})
	}
}

// Secrets are in no log line, whatever happens.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	wrong := requestAt(t, superLogin, "Wrong-Horse-9", "zzzzyyyyxxxx", e.clock.now().UnixMilli())
	_, err := e.SignIn(t.Context(), wrong)
	wantError(t, err, 400, wire.CodeBadLogin)
	e.who(s.ID)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE credential SET secret = $1 WHERE kind = $2`, []byte("$argon2id$damaged"), credentialPassword)
		return err
	})
	_, err = e.SignIn(t.Context(), e.request(superLogin))
	wantError(t, err, 400, wire.CodeBadLogin)
	e.seal, err = newSeal([32]byte{9})
	must(t, err)
	_, err = e.SignIn(t.Context(), e.request(superLogin))
	wantError(t, err, 400, wire.CodeBadLogin)
	_, err = e.SignOut(t.Context(), []string{s.ID}, "")
	must(t, err)
	must(t, e.Flush(t.Context()))
	logs := e.logs.String()
	if !strings.Contains(logs, "sign-in refused") || !strings.Contains(logs, "damaged") || !strings.Contains(logs, "does not open") {
		t.Fatalf("the log lacks what it should say:\n%s", logs)
	}
	for _, secret := range []string{password, apiKey, s.ID, wrong.Password, wrong.APIKey, e.request(superLogin).APIKey, "argon2id"} {
		if strings.Contains(logs, secret) {
			t.Errorf("the log shows %q:\n%s", secret, logs)
		}
	}
}

// Neither the id of a session nor a password or key is in the database.
func TestSecretsAreNotStoredInClear(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	must(t, e.Flush(t.Context()))
	enrolment := NewEnrolmentKey()
	e.update(func(ctx context.Context, tx *store.Tx) error { return e.SetEnrolmentKey(ctx, tx, testOrg, enrolment) })
	must(t, e.db.Close())
	for name, content := range databaseFiles(t, e.path) {
		for _, secret := range []string{s.ID, password, apiKey, enrolment} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s contains %q", name, secret)
			}
		}
	}
}

package auth

import (
	"context"
	"errors"
	"testing"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// addOrg makes a second org.
func (e *env) addOrg(id int64) {
	e.t.Helper()
	must(e.t, e.db.Write(e.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: id, Name: "Other", Cloud: "zscalertwo"})
	}))
}

// try runs one write and returns what came of it.
func (e *env) try(org int64, f store.FuncUpdate) error {
	_, err := e.db.Update(e.t.Context(), org, f)
	return err
}

func TestLoginNamesAreUniqueInAllOrgs(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.addOrg(8)
	hash, err := e.HashPassword(t.Context(), password)
	must(t, err)
	set := func(org, admin int64, login string) error {
		return e.try(org, func(ctx context.Context, tx *store.Tx) error { return e.SetPassword(ctx, tx, org, admin, login, hash) })
	}
	for _, test := range []struct {
		org, admin int64
		login      string
	}{{testOrg, 99, superLogin}, {testOrg, 99, "OPS@example.NET"}, {8, superAdmin, superLogin}, {8, 99, "bare@example.net"}} {
		wantError(t, set(test.org, test.admin, test.login), 409, wire.CodeDuplicate)
	}
	must(t, set(testOrg, superAdmin, superLogin)) // its own
	must(t, set(testOrg, superAdmin, "renamed@example.net"))
	must(t, set(8, superAdmin, superLogin)) // free now
	for _, login := range []string{"", "a\x00b", "\xff"} {
		wantError(t, set(8, 100, login), 400, wire.CodeInvalidInput)
	}
}

func TestLoginNameStaysTakenWithoutAPassword(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.update(func(ctx context.Context, tx *store.Tx) error { return e.ClearPassword(ctx, tx, testOrg, superAdmin) })
	_, err := e.SignIn(t.Context(), e.request(superLogin))
	wantError(t, err, 400, wire.CodeBadLogin)
	set := func(ctx context.Context, tx *store.Tx) error {
		return e.SetPassword(ctx, tx, testOrg, 99, superLogin, "")
	}
	wantError(t, e.try(testOrg, set), 409, wire.CodeDuplicate)
	e.update(func(ctx context.Context, tx *store.Tx) error { return e.DropLogin(ctx, tx, testOrg, superAdmin) })
	must(t, e.try(testOrg, set))
}

func TestSetPasswordRefusesAPlainPassword(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	err := e.try(testOrg, func(ctx context.Context, tx *store.Tx) error {
		return e.SetPassword(ctx, tx, testOrg, superAdmin, superLogin, password)
	})
	if err == nil {
		t.Error("a password was stored in clear")
	}
}

func TestPasswordMatches(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	tests := []struct {
		admin    int64
		password string
		want     bool
	}{{superAdmin, password, true}, {superAdmin, password + "x", false}, {superAdmin, "", false}, {noPassword, "", false}, {999, password, false}}
	for _, test := range tests {
		if got, err := e.PasswordMatches(t.Context(), testOrg, test.admin, test.password); got != test.want || err != nil {
			t.Errorf("admin %d, %q: %t, %v", test.admin, test.password, got, err)
		}
	}
}

func TestAPIKey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	check := func(wantID int64, wantKey string) {
		t.Helper()
		id, key, err := e.APIKey(t.Context(), testOrg)
		if id != wantID || key != wantKey || err != nil {
			t.Errorf("APIKey = %d, %q, %v; want %d, %q", id, key, err, wantID, wantKey)
		}
	}
	check(keyObject, apiKey)
	e.reopen(false)
	check(keyObject, apiKey)
	const other = keyObject - 1
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := e.SetAPIKey(ctx, tx, testOrg, other, "zzzzyyyyxxxx"); err != nil {
			return err
		}
		if id, key, err := e.APIKeyIn(ctx, tx, testOrg); id != other || key != "zzzzyyyyxxxx" || err != nil {
			t.Errorf("within the transaction: %d, %q, %v", id, key, err)
		}
		return nil
	})
	check(other, "zzzzyyyyxxxx")
	for _, bad := range []string{"", "short", "thirteen-long"} {
		if e.try(testOrg, func(ctx context.Context, tx *store.Tx) error { return e.SetAPIKey(ctx, tx, testOrg, other, bad) }) == nil {
			t.Errorf("the key %q was taken", bad)
		}
	}
	check(other, "zzzzyyyyxxxx")
	e.update(func(ctx context.Context, tx *store.Tx) error { return e.ClearAPIKey(ctx, tx, testOrg) })
	if _, _, err := e.APIKey(t.Context(), testOrg); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after clearing: %v", err)
	}
	_, err := e.SignIn(t.Context(), e.request(superLogin))
	wantError(t, err, 400, wire.CodeBadLogin)
}

func TestKeysOpenOnlyWhereTheyBelong(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.addOrg(8)
	sealed := e.sealSecret(testOrg, credentialAPIKey, keyObject, apiKey)
	if again := e.sealSecret(testOrg, credentialAPIKey, keyObject, apiKey); string(again) == string(sealed) {
		t.Error("sealing is not randomised")
	}
	tests := []struct {
		org    int64
		kind   string
		id     int64
		sealed []byte
	}{
		{8, credentialAPIKey, keyObject, sealed},
		{testOrg, credentialEnrolment, keyObject, sealed},
		{testOrg, credentialAPIKey, keyObject + 1, sealed},
		{testOrg, credentialAPIKey, keyObject, sealed[:len(sealed)-1]},
		{testOrg, credentialAPIKey, keyObject, nil},
	}
	for _, test := range tests {
		if got, err := e.openSecret(test.org, test.kind, test.id, test.sealed); err == nil {
			t.Errorf("opened as %q at org %d, %s %d", got, test.org, test.kind, test.id)
		}
	}
	if got, err := e.openSecret(testOrg, credentialAPIKey, keyObject, sealed); got != apiKey || err != nil {
		t.Errorf("opened as %q, %v", got, err)
	}
	// The same, through the database: a row copied to another org.
	must(t, e.try(8, func(ctx context.Context, tx *store.Tx) error {
		return e.putCredential(ctx, tx, 8, credentialAPIKey, keyObject, "", sealed)
	}))
	if _, key, err := e.APIKey(t.Context(), 8); err == nil {
		t.Errorf("another org's key opened as %q", key)
	}
}

func TestAnotherKeyFileOpensNothing(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	other, err := New(t.Context(), e.db, Options{Now: e.clock.now, Key: [32]byte{9}})
	must(t, err)
	if _, key, err := other.APIKey(t.Context(), testOrg); err == nil {
		t.Errorf("opened as %q", key)
	}
}

func TestEnrolmentKey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.addOrg(8)
	if _, err := e.EnrolmentKey(t.Context(), testOrg); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before there is one: %v", err)
	}
	first, second, rotated := NewEnrolmentKey(), NewEnrolmentKey(), NewEnrolmentKey()
	set := func(org int64, key string) {
		t.Helper()
		must(t, e.try(org, func(ctx context.Context, tx *store.Tx) error { return e.SetEnrolmentKey(ctx, tx, org, key) }))
	}
	set(testOrg, first)
	set(8, second)
	check := func(key string, want int64) {
		t.Helper()
		org, ok, err := e.OrgByEnrolmentKey(t.Context(), key)
		if org != want || ok != (want != 0) || err != nil {
			t.Errorf("key of org %d: %d, %t, %v", want, org, ok, err)
		}
	}
	check(first, testOrg)
	check(second, 8)
	check("", 0)
	check(first[1:], 0)
	check(rotated, 0)
	check(enrolmentLookup(first), 0)
	set(testOrg, rotated)
	check(first, 0)
	check(rotated, testOrg)
	if key, err := e.EnrolmentKey(t.Context(), testOrg); key != rotated || err != nil {
		t.Errorf("EnrolmentKey = %q, %v", key, err)
	}
	if e.try(8, func(ctx context.Context, tx *store.Tx) error { return e.SetEnrolmentKey(ctx, tx, 8, "short") }) == nil {
		t.Error("a short key was taken")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := New(t.Context(), nil, Options{Key: testKey}); err == nil {
		t.Error("New took no database")
	}
	e := newEnv(t)
	if _, err := New(t.Context(), e.db, Options{}); err == nil {
		t.Error("New took no key")
	}
}

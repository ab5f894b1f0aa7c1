package auth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// The org of the tests and what is in it.
const (
	testOrg = 7

	superRole    = 11
	readOnlyRole = 12
	noAPIRole    = 13

	superAdmin    = 21
	readOnlyAdmin = 22
	noAPIAdmin    = 23
	disabledAdmin = 24
	noPassword    = 25

	keyObject = 31

	superLogin = "Ops@Example.net"
	password   = "Correct-Horse-9"
	apiKey     = "A1b2C3d4E5f6"
)

var testKey = [32]byte{1, 2, 3}

// clock is the time of one test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// syncBuffer collects the log.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// env is a database with an Auth on it.
type env struct {
	*Auth
	t     testing.TB
	path  string
	clock *clock
	logs  *syncBuffer
}

// newEnv returns one with the org of the constants above.
func newEnv(t testing.TB) *env {
	t.Helper()
	e := &env{
		t:     t,
		path:  filepath.Join(t.TempDir(), "spurline.db"),
		clock: &clock{t: time.Date(2026, 11, 22, 4, 0, 0, 123_000_000, time.UTC)},
		logs:  &syncBuffer{},
	}
	e.open()
	t.Cleanup(func() { e.db.Close() })
	hash, err := e.HashPassword(t.Context(), password)
	must(t, err)
	must(t, e.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: testOrg, Name: "Test", Cloud: "zscalertwo"})
	}))
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			putRole(ctx, tx, superRole, 0, "READ_WRITE"),
			putRole(ctx, tx, readOnlyRole, 7, "READ_ONLY"),
			putRole(ctx, tx, noAPIRole, 7, "NONE"),
			putAdmin(ctx, tx, superAdmin, superLogin, superRole, false),
			putAdmin(ctx, tx, readOnlyAdmin, "viewer@example.net", readOnlyRole, false),
			putAdmin(ctx, tx, noAPIAdmin, "portal@example.net", noAPIRole, false),
			putAdmin(ctx, tx, disabledAdmin, "gone@example.net", superRole, true),
			putAdmin(ctx, tx, noPassword, "bare@example.net", superRole, false),
			e.SetPassword(ctx, tx, testOrg, superAdmin, superLogin, hash),
			e.SetPassword(ctx, tx, testOrg, readOnlyAdmin, "viewer@example.net", hash),
			e.SetPassword(ctx, tx, testOrg, noAPIAdmin, "portal@example.net", hash),
			e.SetPassword(ctx, tx, testOrg, disabledAdmin, "gone@example.net", hash),
			e.SetPassword(ctx, tx, testOrg, noPassword, "bare@example.net", ""),
			e.SetAPIKey(ctx, tx, testOrg, keyObject, apiKey),
			put(ctx, tx, kindAPIKey, keyObject, "", map[string]any{"id": keyObject, "enabled": true}),
		)
	})
	return e
}

// open opens the database, anew after a close, and an Auth with cheap hashes.
func (e *env) open() {
	e.t.Helper()
	log := slog.New(slog.NewTextHandler(e.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, err := store.Open(e.t.Context(), "sqlite:"+e.path, store.Options{Now: e.clock.now, Log: log})
	must(e.t, err)
	e.Auth, err = New(e.t.Context(), db, Options{Now: e.clock.now, Log: log, Key: testKey})
	must(e.t, err)
	e.cost = cost{memory: 64, passes: 1, threads: 1}
}

// reopen is a restart; flushed or not, as after a crash.
func (e *env) reopen(flush bool) {
	e.t.Helper()
	if flush {
		must(e.t, e.Close(e.t.Context()))
	}
	must(e.t, e.db.Close())
	e.open()
}

func (e *env) update(f store.FuncUpdate) {
	e.t.Helper()
	_, err := e.db.Update(e.t.Context(), testOrg, f)
	must(e.t, err)
}

// request is a right sign-in of that login at the clock's time.
func (e *env) request(login string) Request {
	e.t.Helper()
	return requestAt(e.t, login, password, apiKey, e.clock.now().UnixMilli())
}

func requestAt(t testing.TB, login, password, key string, timestamp int64) Request {
	t.Helper()
	obfuscated, err := wire.ObfuscateKey(key, timestamp)
	must(t, err)
	return Request{Login: login, Password: password, APIKey: obfuscated, Timestamp: timestamp, IP: "192.0.2.9"}
}

// signIn signs in and fails the test if that fails.
func (e *env) signIn(login string) Session {
	e.t.Helper()
	s, err := e.SignIn(e.t.Context(), e.request(login))
	must(e.t, err)
	return s
}

// who returns the login of the principal that ids stand for, "" for nobody.
func (e *env) who(ids ...string) string {
	e.t.Helper()
	p, _, err := e.Authenticate(e.t.Context(), ids)
	must(e.t, err)
	if p == nil {
		return ""
	}
	return p.Login
}

// trail returns the rows of an org's trail.
func (e *env) trail(org int64) []audit.Record {
	e.t.Helper()
	var records []audit.Record
	must(e.t, e.db.View(e.t.Context(), 0, func(ctx context.Context, tx *store.Tx) (err error) {
		records, err = audit.List(ctx, tx, org, 0, 1000)
		return err
	}))
	return records
}

// count returns how many rows a table has.
func (e *env) count(view func(context.Context, func(context.Context, *store.Tx) error) error, table string) int {
	e.t.Helper()
	var n int
	must(e.t, view(e.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n)
	}))
	return n
}

// rows returns how many sessions the two tables hold.
func (e *env) rows() (sessions, seen int) {
	e.t.Helper()
	view := func(ctx context.Context, f func(context.Context, *store.Tx) error) error { return e.db.View(ctx, 0, f) }
	return e.count(view, "session"), e.count(e.db.ViewLive, "session_seen")
}

func put(ctx context.Context, tx *store.Tx, kind string, id int64, name string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return tx.Put(ctx, store.Row{Kind: kind, ID: id, Name: name, Body: data}, store.Immediate)
}

func putRole(ctx context.Context, tx *store.Tx, id int64, rank int, apiKeys string) error {
	return put(ctx, tx, kindRole, id, "", map[string]any{
		"id": id, "rank": rank, "name": "role",
		"featurePermissions": map[access.Feature]string{access.APIKeyManagement: apiKeys, access.Forwarding: "READ_WRITE", "NEW_FEATURE": "SOME_LEVEL"},
	})
}

func putAdmin(ctx context.Context, tx *store.Tx, id int64, login string, role int64, disabled bool) error {
	return put(ctx, tx, kindAdmin, id, login, map[string]any{
		"id": id, "loginName": login, "userName": "Some One", "disabled": disabled, "role": map[string]any{"id": role, "name": "role"},
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails unless err is a wire.Error of that status and code.
func wantError(t testing.TB, err error, status int, code string) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) || e.Status != status || e.Code != code {
		t.Fatalf("error %v, want %d %s", err, status, code)
	}
}

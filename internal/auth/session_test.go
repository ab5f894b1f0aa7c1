package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/store"
)

func databaseFiles(t *testing.T, path string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	must(t, err)
	files := make(map[string][]byte)
	for _, name := range names {
		content, err := os.ReadFile(name)
		must(t, err)
		files[filepath.Base(name)] = content
	}
	if len(files) < 2 {
		t.Fatalf("only %d database files", len(files))
	}
	return files
}

func TestAuthenticateNobody(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	for _, ids := range [][]string{nil, {}, {""}, {strings.Repeat("0", 32)}, {strings.ToLower(s.ID)}, {s.ID[:31]}, {s.ID + "0"}} {
		p, head, err := e.Authenticate(t.Context(), ids)
		if p != nil || head != (store.Head{}) || err != nil {
			t.Errorf("Authenticate(%q) = %+v, %+v, %v", ids, p, head, err)
		}
	}
}

func TestSessionIdlesOutAfterItsOwnLastRequest(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	busy, idle := e.signIn(superLogin), e.signIn(superLogin)
	e.clock.add(20 * time.Minute)
	if e.who(busy.ID) == "" {
		t.Fatal("not live after 20 minutes")
	}
	e.clock.add(10*time.Minute - time.Millisecond)
	if len(e.liveSessions([]string{busy.ID, idle.ID}, e.clock.now().UnixMilli())) != 2 {
		t.Error("a session is dead before 30 minutes have passed")
	}
	e.clock.add(time.Millisecond)
	if e.who(idle.ID) != "" {
		t.Error("the idle session is live after 30 minutes")
	}
	if e.who(busy.ID) == "" {
		t.Error("the busy session is dead 10 minutes after its last request")
	}
	e.clock.add(30 * time.Minute)
	if e.who(busy.ID) != "" || e.Signed(testOrg, superAdmin) {
		t.Error("the busy session is live 30 minutes after its last request")
	}
}

func TestIdleTimeIsConfigurable(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.idle = time.Minute
	s := e.signIn(superLogin)
	e.clock.add(time.Minute)
	if e.who(s.ID) != "" {
		t.Error("live after its idle time")
	}
}

// behaviours.md 1.17.
func TestAnyLiveIDIsEnough(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	old := e.signIn(superLogin)
	e.clock.add(31 * time.Minute)
	current := e.signIn(superLogin)
	unknown := strings.Repeat("F", 32)
	for _, ids := range [][]string{{current.ID}, {old.ID, current.ID}, {current.ID, old.ID}, {unknown, old.ID, current.ID, unknown}} {
		if got := e.who(ids...); got != superLogin {
			t.Errorf("%q stand for %q", ids, got)
		}
	}
	if got := e.who(old.ID, unknown); got != "" {
		t.Errorf("dead ids stand for %q", got)
	}
}

func TestTheLastLiveIDSaysWho(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	first := e.signIn("viewer@example.net")
	e.clock.add(time.Minute)
	second := e.signIn(superLogin)
	e.clock.add(time.Minute)
	if got := e.who(first.ID, second.ID); got != superLogin {
		t.Errorf("the ids stand for %q", got)
	}
	// It was not the other one's request.
	if at, _ := e.LastSeen(testOrg, readOnlyAdmin); !at.Equal(e.clock.now().Add(-2 * time.Minute)) {
		t.Errorf("the other admin was seen at %v", at)
	}
}

func TestPrincipalFollowsItsObjects(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	before, head, err := e.Authenticate(t.Context(), []string{s.ID})
	must(t, err)
	again, _, err := e.Authenticate(t.Context(), []string{s.ID})
	must(t, err)
	if before != again {
		t.Error("the principal was read again though nothing changed")
	}
	e.update(func(ctx context.Context, tx *store.Tx) error { return putRole(ctx, tx, superRole, 7, "READ_ONLY") })
	after, moved, err := e.Authenticate(t.Context(), []string{s.ID})
	must(t, err)
	if after.SuperAdmin() || after.Allows(access.APIKeyManagement, access.ReadWrite) {
		t.Errorf("the old role is still in force: %+v", after)
	}
	if moved.Rev <= head.Rev {
		t.Errorf("revision %d after %d", moved.Rev, head.Rev)
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return putAdmin(ctx, tx, superAdmin, superLogin, superRole, true)
	})
	if got := e.who(s.ID); got != "" {
		t.Errorf("the session of a disabled admin stands for %q", got)
	}
}

func TestDeletedAdminIsNobody(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.Delete(ctx, kindAdmin, superAdmin, store.Immediate), e.DropLogin(ctx, tx, testOrg, superAdmin))
	})
	if got := e.who(s.ID); got != "" {
		t.Errorf("the session of a deleted admin stands for %q", got)
	}
	// It can still be signed out, which names the principal as far as it is known.
	ended, err := e.SignOut(t.Context(), []string{s.ID}, "")
	must(t, err)
	if len(ended) != 1 || ended[0].ID != superAdmin || ended[0].SuperAdmin() {
		t.Errorf("ended %+v", ended)
	}
}

func TestSessionsOutliveKeyAndPassword(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	hash, err := e.HashPassword(t.Context(), "Another-Horse-9")
	must(t, err)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(e.SetAPIKey(ctx, tx, testOrg, keyObject, "zzzzzzzzzzzz"), e.SetPassword(ctx, tx, testOrg, superAdmin, superLogin, hash))
	})
	if e.who(s.ID) != superLogin {
		t.Error("the session died with the old key")
	}
	if _, err := e.SignIn(t.Context(), e.request(superLogin)); err == nil {
		t.Error("old key and password still open new sessions")
	}
	_, err = e.SignIn(t.Context(), requestAt(t, superLogin, "Another-Horse-9", "zzzzzzzzzzzz", e.clock.now().UnixMilli()))
	must(t, err)
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a, b := e.signIn(superLogin), e.signIn(superLogin)
	other, kept := e.signIn("viewer@example.net"), e.signIn("viewer@example.net")
	unknown := strings.Repeat("F", 32)
	ended, err := e.SignOut(t.Context(), []string{a.ID, unknown, b.ID, a.ID, other.ID}, "192.0.2.9")
	must(t, err)
	if len(ended) != 2 || ended[0].Login != superLogin || ended[1].Login != "viewer@example.net" {
		t.Errorf("ended the sessions of %+v", ended)
	}
	for _, s := range []Session{a, b, other} {
		if e.who(s.ID) != "" {
			t.Error("a session that was signed out is live")
		}
	}
	if e.who(kept.ID) == "" || e.Signed(testOrg, superAdmin) || !e.Signed(testOrg, readOnlyAdmin) {
		t.Error("the wrong sessions were ended")
	}
	if sessions, _ := e.rows(); sessions != 1 {
		t.Errorf("%d sessions are stored", sessions)
	}
	before := len(e.trail(testOrg))
	for _, ids := range [][]string{{a.ID, unknown}, nil} {
		if ended, err := e.SignOut(t.Context(), ids, ""); len(ended) != 0 || err != nil {
			t.Errorf("signing out nobody: %+v, %v", ended, err)
		}
	}
	if n := len(e.trail(testOrg)); n != before || before != 4+3 {
		t.Errorf("%d rows in the trail, then %d", before, n)
	}
}

func TestSignOutOnceOfMany(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total int
	)
	for range 8 {
		wg.Go(func() {
			ended, err := e.SignOut(t.Context(), []string{s.ID}, "")
			mu.Lock()
			defer mu.Unlock()
			total += len(ended)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(e.trail(testOrg)); total != 1 || n != 2 {
		t.Errorf("ended %d times, %d rows in the trail", total, n)
	}
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a, b, kept := e.signIn(superLogin), e.signIn(superLogin), e.signIn("viewer@example.net")
	must(t, e.EndSessions(t.Context(), testOrg, superAdmin))
	must(t, e.EndSessions(t.Context(), testOrg, 999))
	if e.who(a.ID, b.ID) != "" || e.Signed(testOrg, superAdmin) || e.who(kept.ID) == "" {
		t.Error("the wrong sessions were ended")
	}
	e.reopen(true)
	if e.who(a.ID, b.ID) != "" || e.who(kept.ID) == "" {
		t.Error("after a restart other sessions are live")
	}
}

// A sign-in that is being committed while the admin's sessions are ended does
// not leave a session, in memory or in the table.
func TestEndSessionsCatchesASignInUnderWay(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	// As it is while begin waits for its commit.
	e.mu.Lock()
	entered := e.sessions[sha256.Sum256([]byte(s.ID))]
	entered.live = false
	e.mu.Unlock()
	if e.who(s.ID) != "" || e.Signed(testOrg, superAdmin) {
		t.Error("a session is live before its commit")
	}
	must(t, e.EndSessions(t.Context(), testOrg, superAdmin))
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.removeLocked(entered) {
		t.Error("EndSessions left a session that is being committed")
	}
}

func TestSessionsSurviveARestart(t *testing.T) {
	t.Parallel()
	for _, flush := range []bool{true, false} {
		t.Run(fmt.Sprintf("flush=%t", flush), func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s, out := e.signIn(superLogin), e.signIn(superLogin)
			_, err := e.SignOut(t.Context(), []string{out.ID}, "")
			must(t, err)
			e.clock.add(20 * time.Minute)
			e.who(s.ID)
			used := e.clock.now()
			e.clock.add(time.Minute)
			e.reopen(flush)
			if !e.Signed(testOrg, superAdmin) || e.who(out.ID) != "" {
				t.Fatal("the sessions are not those of before the restart")
			}
			seen, ok := e.LastSeen(testOrg, superAdmin)
			if want := used; flush && (!ok || !seen.Equal(want)) {
				t.Errorf("last seen %v, %t; want %v", seen, ok, want)
			}
			e.clock.add(15 * time.Minute)
			// 36 minutes after the sign-in, 16 after the last request: only
			// who knows of the request keeps the session.
			if got := e.who(s.ID) != ""; got != flush {
				t.Errorf("live: %t", got)
			}
		})
	}
}

func TestSessionThatExpiredDuringARestart(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	seen := e.clock.now()
	must(t, e.Close(t.Context()))
	must(t, e.db.Close())
	e.clock.add(30 * time.Minute)
	e.open()
	if e.who(s.ID) != "" {
		t.Error("live after its time")
	}
	if at, ok := e.LastSeen(testOrg, superAdmin); !ok || !at.Equal(seen) {
		t.Errorf("last seen %v, %t; want %v", at, ok, seen)
	}
	must(t, e.Flush(t.Context()))
	if sessions, live := e.rows(); sessions != 0 || live != 0 {
		t.Errorf("rows left: %d, %d", sessions, live)
	}
}

func TestLastSeen(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	if _, ok := e.LastSeen(testOrg, superAdmin); ok {
		t.Error("seen before the first sign-in")
	}
	a, b := e.signIn(superLogin), e.signIn(superLogin)
	e.clock.add(time.Minute)
	e.who(a.ID)
	e.clock.add(time.Minute)
	e.who(b.ID)
	want := e.clock.now()
	e.clock.add(time.Minute)
	e.who(strings.Repeat("F", 32))
	_, err := e.SignOut(t.Context(), []string{b.ID}, "")
	must(t, err)
	check := func() {
		t.Helper()
		if at, ok := e.LastSeen(testOrg, superAdmin); !ok || !at.Equal(want) {
			t.Errorf("last seen %v, %t; want %v", at, ok, want)
		}
	}
	check()
	must(t, e.Flush(t.Context()))
	check()
	e.reopen(false)
	check()
}

func TestFlushSweepsAndWritesOnlyWhatMoved(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a, b, c := e.signIn(superLogin), e.signIn(superLogin), e.signIn("viewer@example.net")
	must(t, e.Flush(t.Context()))
	if sessions, seen := e.rows(); sessions != 3 || seen != 3 {
		t.Fatalf("rows: %d, %d", sessions, seen)
	}
	if batch := e.collect(e.clock.now().UnixMilli()); len(batch.sessions)+len(batch.persons)+len(batch.expired)+len(batch.unseen) != 0 {
		t.Errorf("a second flush would write %+v", batch)
	}
	e.clock.add(20 * time.Minute)
	e.who(a.ID)
	if batch := e.collect(e.clock.now().UnixMilli()); len(batch.sessions) != 1 || len(batch.persons) != 1 {
		t.Errorf("after one request a flush would write %+v", batch)
	}
	_, err := e.SignOut(t.Context(), []string{b.ID}, "")
	must(t, err)
	e.clock.add(10 * time.Minute)
	must(t, e.Flush(t.Context()))
	if sessions, seen := e.rows(); sessions != 1 || seen != 1 {
		t.Errorf("rows after one was signed out and one expired: %d, %d", sessions, seen)
	}
	if len(e.sessions) != 1 || e.who(c.ID) != "" || e.who(a.ID) == "" {
		t.Error("the wrong sessions are in memory")
	}
}

func TestFlushTriesAgain(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a, b := e.signIn(superLogin), e.signIn("viewer@example.net")
	must(t, e.Flush(t.Context()))
	_, err := e.SignOut(t.Context(), []string{a.ID}, "")
	must(t, err)
	e.clock.add(time.Hour)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Flush(canceled); err == nil {
		t.Fatal("a flush with a dead context succeeded")
	}
	if e.who(b.ID) != "" {
		t.Error("an expired session is live")
	}
	must(t, e.Flush(t.Context()))
	if sessions, seen := e.rows(); sessions != 0 || seen != 0 {
		t.Errorf("rows left: %d, %d", sessions, seen)
	}
}

// A crash between a flush and the next leaves the last-seen row of a session
// that was signed out.
func TestOrphanedLastSeenRowsGo(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.signIn(superLogin)
	must(t, e.Flush(t.Context()))
	_, err := e.SignOut(t.Context(), []string{s.ID}, "")
	must(t, err)
	e.reopen(false)
	if sessions, seen := e.rows(); sessions != 0 || seen != 1 {
		t.Fatalf("rows before the flush: %d, %d", sessions, seen)
	}
	must(t, e.Flush(t.Context()))
	if _, seen := e.rows(); seen != 0 {
		t.Errorf("%d last-seen rows left", seen)
	}
}

// Everything at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			login := superLogin
			if i%2 == 0 {
				login = "viewer@example.net"
			}
			s, err := e.SignIn(t.Context(), e.request(login))
			if err != nil {
				t.Error(err)
				return
			}
			for range 50 {
				if p, _, err := e.Authenticate(t.Context(), []string{s.ID}); err != nil || p == nil || p.Login != login {
					t.Errorf("principal %+v, %v", p, err)
					return
				}
				e.Signed(testOrg, superAdmin)
				e.LastSeen(testOrg, superAdmin)
				e.clock.add(time.Millisecond)
			}
			if i == 3 {
				e.update(func(ctx context.Context, tx *store.Tx) error { return putRole(ctx, tx, superRole, 1, "READ_WRITE") })
			}
			if err := e.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			if ended, err := e.SignOut(t.Context(), []string{s.ID}, ""); err != nil || len(ended) != 1 {
				t.Errorf("ended %+v, %v", ended, err)
			}
		})
	}
	wg.Wait()
	must(t, e.Flush(t.Context()))
	if sessions, seen := e.rows(); sessions != 0 || seen != 0 || len(e.sessions) != 0 {
		t.Errorf("left: %d, %d, %d in memory", sessions, seen, len(e.sessions))
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	e := newEnv(b)
	ids := []string{e.signIn(superLogin).ID}
	b.ReportAllocs()
	for b.Loop() {
		if p, _, err := e.Authenticate(b.Context(), ids); p == nil || err != nil {
			b.Fatal(p, err)
		}
	}
}

// BenchmarkAuthenticateParallel has many sessions, as a busy server has.
func BenchmarkAuthenticateParallel(b *testing.B) {
	e := newEnv(b)
	var ids []string
	for range 100 {
		ids = append(ids, e.signIn(superLogin).ID)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if p, _, err := e.Authenticate(b.Context(), ids[i%len(ids):][:1]); p == nil || err != nil {
				b.Error(p, err)
				return
			}
		}
	})
}

//go:build unix

package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/store/pgtest"
)

const (
	endLease  = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'spurline lease'`
	endOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'spurline'`
)

func nothing(context.Context, *store.Tx) error { return nil }

func TestPostgresReopen(t *testing.T) {
	t.Parallel()
	testReopen(t, pgtest.DSN(t))
}

func TestPostgresLease(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	first := open(t, dsn, store.Options{})
	createOrg(t, first, 1)
	if _, err := store.Open(t.Context(), dsn, store.Options{}); !errors.Is(err, store.ErrLease) {
		t.Errorf("a second Open: %v, want ErrLease", err)
	}
	select {
	case <-first.Lost():
		t.Error("the second Open cost the first its lease")
	default:
	}
	pgtest.Exec(t, dsn, endLease)
	await(t, first.Lost())
	if _, err := first.Update(t.Context(), 1, nothing); !errors.Is(err, store.ErrLease) {
		t.Errorf("Update without the lease: %v", err)
	}
	if err := first.Write(t.Context(), nothing); !errors.Is(err, store.ErrLease) {
		t.Errorf("Write without the lease: %v", err)
	}
	if err := first.WriteLive(t.Context(), nothing); !errors.Is(err, store.ErrLease) {
		t.Errorf("WriteLive without the lease: %v", err)
	}
	if _, err := first.Head(t.Context(), 1); err != nil {
		t.Errorf("Head without the lease: %v", err)
	}
	second := takeOver(t, dsn)
	if _, err := second.Update(t.Context(), 1, nothing); err != nil {
		t.Error(err)
	}
}

// takeOver opens a database whose server has lost its lease: the connection
// that held it may need a moment to go.
func takeOver(t *testing.T, dsn string) *store.DB {
	for {
		db, err := store.Open(t.Context(), dsn, store.Options{})
		if errors.Is(err, store.ErrLease) {
			continue
		}
		if err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
}

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it does not happen")
	}
}

// A server that has not noticed that another took the database commits
// nothing any more, and notices.
func TestPostgresFence(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	db := open(t, dsn, store.Options{})
	createOrg(t, db, 1)
	pgtest.Exec(t, dsn, `UPDATE lease SET epoch = epoch + 1 WHERE id = 0`)
	_, err := db.Update(t.Context(), 1, func(context.Context, *store.Tx) error {
		t.Error("the write ran")
		return nil
	})
	if !errors.Is(err, store.ErrLease) {
		t.Errorf("error %v, want ErrLease", err)
	}
	await(t, db.Lost())
}

// A takeover waits for the commit that runs, which then fails: of two servers
// only one writes at any time.
func TestPostgresTakeoverWaits(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	first := open(t, dsn, store.Options{})
	createOrg(t, first, 1)
	running, release, failed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := first.Update(context.Background(), 1, func(ctx context.Context, tx *store.Tx) error {
			close(running)
			<-release
			return tx.Put(ctx, store.Row{Kind: "k", ID: 1}, store.Staged)
		})
		failed <- err
	}()
	<-running
	pgtest.Exec(t, dsn, endLease)
	await(t, first.Lost())
	var released atomic.Bool
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		second := takeOver(t, dsn)
		if !released.Load() {
			t.Error("the takeover did not wait for the commit that ran")
		}
		if second == nil {
			return
		}
		if head, err := second.Head(t.Context(), 1); err != nil || head.Rev != 0 {
			t.Errorf("head %v, error %v", head, err)
		}
	}()
	awaitBlocked(t, dsn, opened)
	released.Store(true)
	close(release)
	if err := <-failed; err == nil {
		t.Error("a write was committed after the lease was lost")
	}
	await(t, opened)
}

// awaitBlocked returns when a lease connection waits for a lock, or gives up
// when opened says that none has to.
func awaitBlocked(t *testing.T, dsn string, opened <-chan struct{}) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for blocked := 0; blocked == 0; {
		select {
		case <-opened:
			return
		default:
		}
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND application_name = 'spurline lease' AND wait_event_type = 'Lock'`).Scan(&blocked)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Connections other than that of the lease may end; new ones take their place.
func TestPostgresReconnect(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	db := open(t, dsn, store.Options{})
	createOrg(t, db, 1)
	use := func() {
		t.Helper()
		if _, err := db.Update(t.Context(), 1, nothing); err != nil {
			t.Errorf("Update: %v", err)
		}
		if err := db.WriteLive(t.Context(), nothing); err != nil {
			t.Errorf("WriteLive: %v", err)
		}
		if err := db.View(t.Context(), 1, nothing); err != nil {
			t.Errorf("View: %v", err)
		}
		if _, err := db.Head(t.Context(), 1); err != nil {
			t.Errorf("Head: %v", err)
		}
	}
	use()
	pgtest.Exec(t, dsn, endOthers)
	use()
	pgtest.Exec(t, dsn, endOthers)
	if _, err := db.Head(t.Context(), 1); err != nil {
		t.Errorf("Head: %v", err)
	}
}

// A live write waits for no disk; the others do, whatever the default is.
func TestPostgresDurability(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	pgtest.Exec(t, dsn, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$`)
	db := open(t, dsn, store.Options{})
	setting := func(want string) store.FuncUpdate {
		return func(ctx context.Context, tx *store.Tx) error {
			var got string
			err := tx.QueryRow(ctx, `SELECT current_setting('synchronous_commit')`).Scan(&got)
			if got != want {
				t.Errorf("synchronous_commit is %s, want %s", got, want)
			}
			return err
		}
	}
	if err := errors.Join(db.Write(t.Context(), setting("on")), db.WriteLive(t.Context(), setting("off"))); err != nil {
		t.Error(err)
	}
}

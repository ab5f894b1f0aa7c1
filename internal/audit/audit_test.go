package audit

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/store/pgtest"
)

// databases runs a test on SQLite and on a real PostgreSQL.
func databases(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, openAt(t, pgtest.DSN(t)))
	})
}

func open(t *testing.T) *store.DB {
	t.Helper()
	return openAt(t, "sqlite:"+filepath.Join(t.TempDir(), "spurline.db"))
}

func openAt(t *testing.T, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	err = db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.CreateOrg(ctx, store.Org{ID: 7, Name: "a"}), tx.CreateOrg(ctx, store.Org{ID: 8, Name: "b"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func trail(t *testing.T, db *store.DB, org, after int64, limit int) []Record {
	t.Helper()
	var records []Record
	err := db.View(t.Context(), 0, func(ctx context.Context, tx *store.Tx) (err error) {
		records, err = List(ctx, tx, org, after, limit)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func write(t *testing.T, db *store.DB, entries ...Entry) error {
	t.Helper()
	return db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, e := range entries {
			if err := Write(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestWriteAndList(t *testing.T) {
	t.Parallel()
	db := open(t)
	full := Entry{
		Org: 7, At: time.Date(2026, 11, 22, 4, 5, 6, 789_000_000, time.UTC), Action: ActionUpdate, Category: CategoryAdministrators,
		SubCategory: SubAdministrator, Resource: "Ops", Kind: "adminUser", Object: 5_000_001, Admin: 5_000_002, Login: "ops@example.net",
		IP: "192.0.2.9", Interface: InterfaceAPI, Result: ResultSuccess, Rev: 3,
		Before: []byte(`{"id":5000001,"password":"old"}`), After: []byte(`{"id":5000001,"nested":{"token":"t"}}`),
	}
	bare := Entry{Org: 7, At: time.UnixMilli(0).UTC()}
	if err := write(t, db, full, bare); err != nil {
		t.Fatal(err)
	}
	masked := full
	masked.Before, masked.After = []byte(`{"id":5000001,"password":"***"}`), []byte(`{"id":5000001,"nested":{"token":"***"}}`)
	want := []Record{{1, masked}, {2, bare}}
	if diff := cmp.Diff(want, trail(t, db, 7, 0, 10)); diff != "" {
		t.Errorf("trail (-want +got)\n%s", diff)
	}
	if string(full.Before) != `{"id":5000001,"password":"old"}` {
		t.Error("the caller's body was changed")
	}
}

func TestEveryOrgHasItsOwnTrail(t *testing.T) {
	t.Parallel()
	db := open(t)
	if err := write(t, db, Entry{Org: 7}, Entry{Org: 8}, Entry{Org: 7}, Entry{Org: 0}, Entry{Org: 7}); err != nil {
		t.Fatal(err)
	}
	for org, want := range map[int64][]int64{7: {1, 2, 3}, 8: {1}, 0: {1}, 9: nil} {
		var got []int64
		for _, record := range trail(t, db, org, 0, 10) {
			if record.Org != org {
				t.Errorf("a row of org %d in the trail of org %d", record.Org, org)
			}
			got = append(got, record.Seq)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("numbers of org %d (-want +got)\n%s", org, diff)
		}
	}
	if got := trail(t, db, 7, 1, 1); len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("one row after the first: %+v", got)
	}
}

func TestARowIsCommittedWithItsDeed(t *testing.T) {
	t.Parallel()
	db := open(t)
	failed := errors.New("the deed failed")
	_, err := db.Update(t.Context(), 7, func(ctx context.Context, tx *store.Tx) error {
		if err := Write(ctx, tx, Entry{Org: 7, Rev: tx.Head().Rev}); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	head, err := db.Update(t.Context(), 7, func(ctx context.Context, tx *store.Tx) error {
		return Write(ctx, tx, Entry{Org: 7, Rev: tx.Head().Rev})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := trail(t, db, 7, 0, 10); len(got) != 1 || got[0].Seq != 1 || got[0].Rev != head.Rev {
		t.Errorf("trail %+v, head %+v", got, head)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	db := open(t)
	_, err := db.Update(t.Context(), 7, func(ctx context.Context, tx *store.Tx) error { return Write(ctx, tx, Entry{Org: 8}) })
	if err == nil {
		t.Error("a write of org 7 appended to the trail of org 8")
	}
	for _, e := range []Entry{{Org: 7, Before: []byte("{")}, {Org: 7, After: []byte("x")}} {
		if err := write(t, db, e); err == nil {
			t.Errorf("%+v was written", e)
		}
	}
	if got := trail(t, db, 7, 0, 10); len(got) != 0 {
		t.Errorf("trail %+v", got)
	}
}

func TestNumbersHaveNoGapsUnderConcurrency(t *testing.T) {
	t.Parallel()
	db := open(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := db.Update(t.Context(), 7, func(ctx context.Context, tx *store.Tx) error { return Write(ctx, tx, Entry{Org: 7}) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, record := range trail(t, db, 7, 0, 100) {
		if record.Seq != int64(i+1) {
			t.Fatalf("row %d has number %d", i+1, record.Seq)
		}
	}
}

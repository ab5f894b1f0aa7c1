package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func openTemp(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "config.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestSQLitePragmas(t *testing.T) {
	t.Parallel()
	db := openTemp(t)
	for _, test := range []struct {
		name   string
		pool   *pool
		pragma string
		want   string
	}{
		{"durable writer", db.durable.pool, "synchronous", "2"}, // FULL
		{"durable writer", db.durable.pool, "journal_mode", "wal"},
		{"durable writer", db.durable.pool, "query_only", "0"},
		{"live writer", db.hasty.pool, "synchronous", "1"}, // NORMAL
		{"live writer", db.hasty.pool, "journal_mode", "wal"},
		{"reader", db.reads, "query_only", "1"},
		{"live reader", db.liveReads, "query_only", "1"},
	} {
		s, _, err := test.pool.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := s.conn.QueryRowContext(t.Context(), "PRAGMA "+test.pragma).Scan(&got); err != nil {
			t.Error(err)
		}
		test.pool.put(s, false)
		if got != test.want {
			t.Errorf("%s of the %s is %s, want %s", test.pragma, test.name, got, test.want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for r := range unicode.MaxRune {
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if foldRune(r) != foldRune(next) {
				t.Fatalf("%q and %q fold to %q and %q", r, next, foldRune(r), foldRune(next))
			}
		}
		if folded := foldRune(r); folded != r && !strings.EqualFold(string(r), string(folded)) {
			t.Fatalf("%q folds to %q", r, folded)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringOf(rapid.SampledFrom([]rune("aAkK\u212asSſßẞσςΣİiIı"))).Draw(t, "a")
		b := rapid.StringOf(rapid.SampledFrom([]rune("aAkK\u212asSſßẞσςΣİiIı"))).Draw(t, "b")
		if (fold(a) == fold(b)) != strings.EqualFold(a, b) {
			t.Errorf("fold(%q) = %q, fold(%q) = %q", a, fold(a), b, fold(b))
		}
	})
}

// A write that breaks the transaction fails alone: the others of the shared
// commit run again.
func TestSpoiledCommit(t *testing.T) {
	t.Parallel()
	db := openTemp(t)
	if err := db.Write(t.Context(), func(ctx context.Context, tx *Tx) error { return tx.CreateOrg(ctx, Org{ID: 1}) }); err != nil {
		t.Fatal(err)
	}
	runs, spoiled := 0, errors.New("spoiled")
	jobs := []*job{
		{org: 1, revision: true, f: func(ctx context.Context, tx *Tx) error {
			runs++
			return tx.Put(ctx, Row{Kind: "k", ID: tx.NextID()}, Staged)
		}},
		{org: 1, revision: true, f: func(ctx context.Context, tx *Tx) error {
			// What a full disk does to a transaction.
			if err := tx.s.exec(ctx, "ROLLBACK"); err != nil {
				t.Error(err)
			}
			return spoiled
		}},
		{org: 1, revision: true, f: func(ctx context.Context, tx *Tx) error {
			return tx.Put(ctx, Row{Kind: "k", ID: tx.NextID()}, Staged)
		}},
	}
	errs := submit(t, db.durable, jobs)
	if errs[0] != nil || !errors.Is(errs[1], spoiled) || errs[2] != nil {
		t.Errorf("errors %v", errs)
	}
	if runs != 2 || jobs[0].head.Rev != 1 || jobs[2].head.Rev != 2 {
		t.Errorf("the first ran %d times; heads %v, %v", runs, jobs[0].head, jobs[2].head)
	}
	err := db.View(t.Context(), 1, func(ctx context.Context, tx *Tx) error {
		n, err := tx.Count(ctx, Working, "k", -1)
		if n != 2 {
			t.Errorf("%d objects, want 2", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// submit takes jobs through a lane such that they share a commit.
func submit(t *testing.T, l *lane, jobs []*job) []error {
	t.Helper()
	running, release := make(chan struct{}), make(chan struct{})
	started := sync.OnceFunc(func() { close(running) })
	first := make(chan error, 1)
	go func() {
		first <- l.do(context.Background(), &job{f: func(context.Context, *Tx) error {
			started()
			<-release
			return nil
		}})
	}()
	<-running
	errs := make([]error, len(jobs))
	done := make([]chan struct{}, len(jobs))
	for i, j := range jobs {
		done[i] = make(chan struct{})
		ctx, queued := waited(context.Background())
		go func() {
			errs[i] = l.do(ctx, j)
			close(done[i])
		}()
		<-queued
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	for i := range done {
		<-done[i]
	}
	return errs
}

// waitContext tells when somebody begins to wait for its end, as a write does
// that stands in the queue.
type waitContext struct {
	context.Context
	waiting chan struct{}
}

func waited(ctx context.Context) (context.Context, <-chan struct{}) {
	w := waitContext{ctx, make(chan struct{}, 1)}
	return w, w.waiting
}

func (w waitContext) Done() <-chan struct{} {
	select {
	case w.waiting <- struct{}{}:
	default:
	}
	return w.Context.Done()
}

// What was read is given back, and can be read again.
func TestTrim(t *testing.T) {
	t.Parallel()
	db := openTemp(t)
	read := func() error {
		return db.View(t.Context(), 0, func(ctx context.Context, tx *Tx) error {
			_, err := tx.Orgs(ctx)
			return err
		})
	}
	if err := errors.Join(read(), db.Trim(t.Context()), read()); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := db.Trim(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("of a closed database: %v", err)
	}
}

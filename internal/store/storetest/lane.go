package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/store"
)

func testUpdateHead(t *testing.T, s *suite) {
	o := s.org(t)
	for rev := int64(1); rev <= 3; rev++ {
		head := o.update(func(_ context.Context, tx *store.Tx) error {
			o.same("head in the write", tx.Head(), store.Head{Rev: rev})
			return nil
		})
		o.same("head", head, store.Head{Rev: rev})
	}
	o.must(o.db.Write(t.Context(), func(_ context.Context, tx *store.Tx) error {
		o.same("org of a write without one", tx.Org(), int64(0))
		return nil
	}))
	head, err := o.db.Head(t.Context(), o.id)
	o.must(err)
	o.same("head", head, store.Head{Rev: 3})
}

// Of a write that fails nothing is left, and no revision is used up.
func testFailedWrite(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "a"))
	failed := errors.New("failed")
	head, err := o.db.Update(t.Context(), o.id, func(ctx context.Context, tx *store.Tx) error {
		o.must(tx.Put(ctx, thing(1, "b"), store.Staged))
		o.must(tx.Put(ctx, thing(2, "b"), store.Staged))
		o.must(tx.SetActive(ctx, "how", "who"))
		return failed
	})
	if !errors.Is(err, failed) || head != (store.Head{}) {
		t.Errorf("head %v, error %v", head, err)
	}
	o.want([]string{"a"}, nil)
	o.same("head", o.put(store.Staged, thing(2, "c")), store.Head{Rev: 2})
	o.want([]string{"a", "c"}, nil)
}

// A write is refused if one of its statements failed, even when its function
// passes over that: PostgreSQL could not commit it.
func testSwallowedError(t *testing.T, s *suite) {
	o := s.org(t)
	_, err := o.db.Update(t.Context(), o.id, func(ctx context.Context, tx *store.Tx) error {
		o.must(tx.Put(ctx, thing(1, "a"), store.Staged))
		if err := tx.CreateOrg(ctx, store.Org{ID: o.id}); !errors.Is(err, store.ErrExists) {
			o.Errorf("created twice: %v", err)
		}
		return nil
	})
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("error %v, want ErrExists", err)
	}
	o.want(nil, nil)
}

func testPanic(t *testing.T, s *suite) {
	o := s.org(t)
	_, err := o.db.Update(t.Context(), o.id, func(ctx context.Context, tx *store.Tx) error {
		o.must(tx.Put(ctx, thing(1, "a"), store.Staged))
		panic("ouch")
	})
	if err == nil || !strings.Contains(err.Error(), "ouch") {
		t.Errorf("error %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a view swallowed its panic")
			}
		}()
		_ = o.db.View(t.Context(), o.id, func(context.Context, *store.Tx) error { panic("ouch") })
	}()
	o.put(store.Staged, thing(2, "b"))
	o.want([]string{"b"}, nil)
}

// A function that ends its goroutine, as t.FailNow does, holds nothing up.
func testGoexit(t *testing.T, s *suite) {
	o := s.org(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = o.db.Update(context.Background(), o.id, func(ctx context.Context, tx *store.Tx) error {
			o.same("put", tx.Put(ctx, thing(1, "a"), store.Staged), nil)
			runtime.Goexit()
			return nil
		})
	}()
	<-ended
	o.put(store.Staged, thing(2, "b"))
	o.want([]string{"b"}, nil)
}

// held is a write that runs until it is released.
type held struct {
	release func()
	err     chan error
}

// hold starts a write of the org and returns when it runs.
func (o org) hold() held {
	running, release := make(chan struct{}), make(chan struct{})
	h := held{release: sync.OnceFunc(func() { close(release) }), err: make(chan error, 1)}
	started := sync.OnceFunc(func() { close(running) })
	go func() {
		h.err <- patiently(func() error {
			_, err := o.db.Update(context.Background(), o.id, func(ctx context.Context, tx *store.Tx) error {
				started()
				<-release
				return tx.Put(ctx, thing(1, "held"), store.Staged)
			})
			return err
		})
	}()
	<-running
	return h
}

// watched is a context that tells when somebody begins to wait for its end: a
// write does once it stands in the queue.
type watched struct {
	context.Context
	waited func()
}

func watch(ctx context.Context) (watched, <-chan struct{}) {
	waiting := make(chan struct{})
	return watched{ctx, sync.OnceFunc(func() { close(waiting) })}, waiting
}

func (w watched) Done() <-chan struct{} {
	w.waited()
	return w.Context.Done()
}

func testCancelWaiting(t *testing.T, s *suite) {
	db := s.open(t, store.Options{LockWait: time.Hour})
	o := createOrg(t, db, 1)
	h := o.hold()
	defer h.release()
	ctx, cancel := context.WithCancel(t.Context())
	w, waiting := watch(ctx)
	go func() {
		<-waiting
		cancel()
	}()
	_, err := db.Update(w, o.id, func(context.Context, *store.Tx) error {
		t.Error("a cancelled write ran")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	h.release()
	o.must(<-h.err)
	o.want([]string{"held"}, nil)
}

// A write whose context ends while it runs is rolled back, and it alone.
func testCancelRunning(t *testing.T, s *suite) {
	db := s.open(t, store.Options{LockWait: time.Hour})
	o := createOrg(t, db, 1)
	h := o.hold()
	var others sync.WaitGroup
	writes := func(id int64) {
		w, waiting := watch(t.Context())
		others.Go(func() {
			_, err := db.Update(w, o.id, func(ctx context.Context, tx *store.Tx) error {
				return tx.Put(ctx, thing(id, fmt.Sprint(id)), store.Staged)
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-waiting
	}
	cancelled := func(id int64, f func(context.Context, *store.Tx) error) {
		ctx, cancel := context.WithCancel(t.Context())
		w, waiting := watch(ctx)
		others.Go(func() {
			_, err := db.Update(w, o.id, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Put(ctx, thing(id, "cancelled"), store.Staged); err != nil {
					return err
				}
				cancel()
				return f(ctx, tx)
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
		<-waiting
	}
	writes(2)
	cancelled(3, func(ctx context.Context, tx *store.Tx) error { return tx.Put(ctx, thing(4, "late"), store.Staged) })
	writes(5)
	cancelled(6, func(ctx context.Context, tx *store.Tx) error {
		var n int
		return tx.QueryRow(ctx, `SELECT count(*) FROM object`).Scan(&n)
	})
	cancelled(7, func(context.Context, *store.Tx) error { return nil })
	writes(8)
	h.release()
	o.must(<-h.err)
	others.Wait()
	o.want([]string{"held", "2", "5", "8"}, nil)
	head, err := db.Head(t.Context(), o.id)
	o.must(err)
	o.same("head", head, store.Head{Rev: 4})
}

func testLockWait(t *testing.T, s *suite) {
	db := s.open(t, store.Options{LockWait: time.Millisecond})
	o := createOrg(t, db, 1)
	h := o.hold()
	defer h.release()
	_, err := db.Update(t.Context(), o.id, func(context.Context, *store.Tx) error {
		t.Error("it ran")
		return nil
	})
	if !errors.Is(err, store.ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	h.release()
	o.must(<-h.err)
}

func testLockFail(t *testing.T, s *suite) {
	db := s.open(t, store.Options{LockWait: time.Hour, LockFail: true})
	o, other := createOrg(t, db, 1), createOrg(t, db, 2)
	h := o.hold()
	defer h.release()
	nothing := func(context.Context, *store.Tx) error { return nil }
	if _, err := db.Update(t.Context(), o.id, nothing); !errors.Is(err, store.ErrBusy) {
		t.Errorf("the same org: %v, want ErrBusy", err)
	}
	w, waiting := watch(t.Context())
	errs := make(chan error, 2)
	go func() {
		_, err := db.Update(w, other.id, nothing)
		errs <- err
	}()
	<-waiting
	if _, err := db.Update(t.Context(), other.id, nothing); !errors.Is(err, store.ErrBusy) {
		t.Errorf("another org, of which a write waits: %v, want ErrBusy", err)
	}
	go func() { errs <- db.Write(t.Context(), nothing) }()
	h.release()
	o.must(errors.Join(<-h.err, <-errs, <-errs))
	if _, err := db.Update(t.Context(), o.id, nothing); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Close runs what waits and refuses what comes.
func testClose(t *testing.T, s *suite) {
	db := s.open(t, store.Options{LockWait: time.Hour})
	o := createOrg(t, db, 1)
	h := o.hold()
	w, waiting := watch(t.Context())
	waited := make(chan error, 1)
	go func() {
		_, err := db.Update(w, o.id, func(context.Context, *store.Tx) error { return nil })
		waited <- err
	}()
	<-waiting
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	h.release()
	o.must(errors.Join(<-h.err, <-waited, <-closed))
	o.must(db.Close())
	nothing := func(context.Context, *store.Tx) error { return nil }
	_, headErr := db.Head(t.Context(), o.id)
	_, updateErr := db.Update(t.Context(), o.id, nothing)
	for i, err := range []error{
		headErr, updateErr, db.Write(t.Context(), nothing), db.View(t.Context(), 0, nothing),
		db.WriteLive(t.Context(), nothing), db.ViewLive(t.Context(), nothing),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("after Close, %d: %v, want ErrClosed", i, err)
		}
	}
}

// Many writers of several orgs, of whom some fail, some panic and some are
// cancelled: each success has a revision and ids of its own, without gaps.
func testConcurrency(t *testing.T, s *suite) {
	const writers, writesEach = 16, 25
	orgs := []org{s.org(t), s.org(t), s.org(t)}
	type success struct {
		org     int
		rev, id int64
	}
	results := make(chan success, writers*writesEach)
	var running sync.WaitGroup
	for w := range uint64(writers) {
		running.Go(func() {
			random := rand.New(rand.NewPCG(w, 1))
			for range writesEach {
				n := random.IntN(len(orgs))
				if rev, id, err := randomWrite(orgs[n], random.IntN(8)); err == nil {
					results <- success{n, rev, id}
				}
			}
		})
	}
	running.Wait()
	close(results)
	revs, ids := make([][]int64, len(orgs)), make([][]int64, len(orgs))
	for r := range results {
		revs[r.org] = append(revs[r.org], r.rev)
		ids[r.org] = append(ids[r.org], r.id)
	}
	for n, o := range orgs {
		slices.Sort(revs[n])
		slices.Sort(ids[n])
		var stored []int64
		o.view(func(ctx context.Context, tx *store.Tx) error {
			for row, err := range tx.List(ctx, store.Working, "thing", everything) {
				o.must(err)
				stored = append(stored, row.ID)
			}
			return nil
		})
		o.same("stored ids", stored, ids[n])
		for i := range revs[n] {
			if revs[n][i] != int64(i+1) || ids[n][i] != int64(5_000_001+i) {
				t.Fatalf("success %d has revision %d and id %d", i+1, revs[n][i], ids[n][i])
			}
		}
		head, err := o.db.Head(t.Context(), o.id)
		o.must(err)
		o.same("head", head.Rev, int64(len(revs[n])))
	}
}

// randomWrite puts one object under a new id, or fails in the given way.
func randomWrite(o org, way int) (rev, id int64, err error) {
	ctx, cancel := context.WithCancel(o.Context())
	defer cancel()
	head, err := o.db.Update(ctx, o.id, func(ctx context.Context, tx *store.Tx) error {
		id = tx.NextID()
		if err := tx.Put(ctx, thing(id, "x"), store.Staged); err != nil {
			return err
		}
		switch way {
		case 0:
			return errors.New("failed")
		case 1:
			panic("panicked")
		case 2:
			cancel()
		case 3:
			_, err := tx.Exec(ctx, `INSERT INTO nowhere VALUES (1)`)
			return err
		}
		return nil
	})
	if (err != nil) != (way <= 3) {
		o.Errorf("way %d: %v", way, err)
	}
	return head.Rev, id, err
}

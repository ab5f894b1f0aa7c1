package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/spurline/spurline/internal/store"
)

func testActivation(t *testing.T, s *suite) {
	o := s.org(t)
	last := func() (how, by string, at int64) {
		o.view(func(ctx context.Context, tx *store.Tx) (err error) {
			how, by, at, err = tx.LastActivation(ctx)
			return err
		})
		return how, by, at
	}
	how, by, at := last()
	o.same("never", []any{how, by, at}, []any{"", "", int64(0)})
	head := o.put(store.Staged, thing(1, "a"))
	o.same("head", head, store.Head{Rev: 1, Active: 0})
	head = o.update(func(ctx context.Context, tx *store.Tx) error { return tx.SetActive(ctx, "FORCED", "admin@x") })
	o.same("head", head, store.Head{Rev: 2, Active: 2})
	read, err := o.db.Head(t.Context(), o.id)
	o.must(err)
	o.same("head as read", read, head)
	how, by, at = last()
	o.same("last", []any{how, by, at}, []any{"FORCED", "admin@x", clock().Unix()})
}

func testPrune(t *testing.T, s *suite) {
	db := s.open(t, store.Options{Now: clock, KeepActivations: 2})
	o, other := createOrg(t, db, 1), createOrg(t, db, 2)
	prune := func(batch int) int {
		n, err := db.Prune(t.Context(), o.id, batch)
		o.must(err)
		return n
	}
	other.put(store.Staged, thing(1, "other"))
	other.activate()
	other.put(store.Staged, thing(1, "other'"))
	o.same("of nothing", prune(10), 0)
	var heads []store.Head
	for i := range 5 {
		// The revision that closes the rows before is that of the activation.
		heads = append(heads, o.update(func(ctx context.Context, tx *store.Tx) error {
			o.must(tx.Put(ctx, thing(1, fmt.Sprint("one ", i)), store.Staged))
			o.must(tx.Put(ctx, thing(2, fmt.Sprint("two ", i)), store.Staged))
			return tx.SetActive(ctx, "how", "who")
		}))
	}
	o.delete(store.Staged, "thing", 2)
	// The last two activations keep theirs: of nine closed rows six go.
	before, err := db.Head(t.Context(), o.id)
	o.must(err)
	o.same("batches", []int{prune(4), prune(4), prune(4)}, []int{4, 2, 0})
	after, err := db.Head(t.Context(), o.id)
	o.must(err)
	o.same("head", after, before)
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for i, head := range heads {
			var want []string
			if i >= 3 {
				want = []string{fmt.Sprint("one ", i), fmt.Sprint("two ", i)}
			}
			o.same(fmt.Sprint("at ", head.Rev), o.texts(tx.List(ctx, store.At(head.Active), "thing", everything)), want)
		}
		var kept int
		o.must(tx.QueryRow(ctx, `SELECT count(*) FROM activation WHERE org = $1`, o.id).Scan(&kept))
		o.same("activations", kept, 2)
		return nil
	})
	o.want([]string{"one 4"}, []string{"one 4", "two 4"})
	other.want([]string{"other'"}, []string{"other"})
}

// With fewer activations than are kept, all of them stay readable.
func testPruneKeepsReadable(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "a"))
	head := o.activate()
	o.put(store.Staged, thing(1, "b"))
	o.activate()
	n, err := o.db.Prune(t.Context(), o.id, 10)
	o.must(err)
	o.same("removed", n, 0)
	o.view(func(ctx context.Context, tx *store.Tx) error {
		o.same("first", o.texts(tx.List(ctx, store.At(head.Active), "thing", everything)), []string{"a"})
		return nil
	})
	if _, err := o.db.Prune(t.Context(), -1, 10); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Prune of no org: %v", err)
	}
}

func testNextID(t *testing.T, s *suite) {
	o := s.org(t)
	take := func(n int) []int64 {
		var ids []int64
		o.update(func(_ context.Context, tx *store.Tx) error {
			ids = nil
			for range n {
				ids = append(ids, tx.NextID())
			}
			return nil
		})
		return ids
	}
	o.same("first", take(2), []int64{5_000_001, 5_000_002})
	failed := errors.New("failed")
	_, err := o.db.Update(t.Context(), o.id, func(_ context.Context, tx *store.Tx) error {
		tx.NextID()
		return failed
	})
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	o.same("after a failed write", take(1), []int64{5_000_003})
	o.activate()
	o.same("after an activation", take(1), []int64{5_000_004})

	// The last id is that of an int32. A write that needs another fails.
	o.must(o.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE org SET next_id = $2 WHERE id = $1`, o.id, int64(1<<31-1))
		return err
	}))
	o.same("the last", take(1), []int64{1<<31 - 1})
	if _, err := o.db.Update(t.Context(), o.id, func(_ context.Context, tx *store.Tx) error {
		tx.NextID()
		return nil
	}); err == nil {
		t.Error("an id beyond int32 was given out")
	}
}

func testOrgs(t *testing.T, s *suite) {
	db := s.open(t, store.Options{})
	list := func() (orgs []store.Org) {
		err := db.View(t.Context(), 0, func(ctx context.Context, tx *store.Tx) (err error) {
			orgs, err = tx.Orgs(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return orgs
	}
	if got := list(); len(got) != 0 {
		t.Errorf("a fresh database has orgs %v", got)
	}
	want := []store.Org{{ID: 3, Name: "three", Cloud: "c", Vanity: "drei"}, {ID: 8, Name: "eight", Cloud: "d"}}
	err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, o := range slices.Backward(want) {
			if err := tx.CreateOrg(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want[1].Vanity = "org8" // one that has none goes by its id
	if got := list(); !slices.Equal(got, want) {
		t.Errorf("orgs %v, want %v", got, want)
	}
	for _, again := range []store.Org{want[0], {ID: 9, Vanity: "drei"}} {
		err = db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.CreateOrg(ctx, again) })
		if !errors.Is(err, store.ErrExists) {
			t.Errorf("%+v created as well: %v, want ErrExists", again, err)
		}
	}
	for vanity, want := range map[string]int64{"drei": 3, "org8": 8, "org3": 0, "org9": 0, "org08": 0, "org": 0, "": 0, "Drei": 0} {
		var got int64
		err := db.View(t.Context(), 0, func(ctx context.Context, tx *store.Tx) (err error) {
			got, err = tx.OrgOfVanity(ctx, vanity)
			return err
		})
		if got != want || (want == 0) != errors.Is(err, store.ErrNotFound) {
			t.Errorf("the org of %q is %d (%v), want %d", vanity, got, err, want)
		}
	}
}

// What is put together with a new org is in force at once.
func testCreateOrgWithContent(t *testing.T, s *suite) {
	o := org{tb: t, db: s.shared, id: s.orgs.Add(1)}
	o.must(o.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.CreateOrg(ctx, store.Org{ID: o.id}); err != nil {
			return err
		}
		for _, mode := range []store.Mode{store.Staged, store.BornActive, store.Immediate} {
			if err := tx.Put(ctx, thing(tx.NextID(), fmt.Sprint(mode)), mode); err != nil {
				return err
			}
		}
		return nil
	}))
	o.want([]string{"0", "1", "2"}, []string{"0", "1", "2"})
	o.same("pending", o.pending(), []string{})
	o.put(store.Staged, thing(5_000_001, "edited"))
	o.want([]string{"edited", "1", "2"}, []string{"0", "1", "2"})
	o.update(func(_ context.Context, tx *store.Tx) error {
		o.same("next id", tx.NextID(), int64(5_000_004))
		return nil
	})
}

func testNoSuchOrg(t *testing.T, s *suite) {
	const none = -1
	f := func(context.Context, *store.Tx) error {
		t.Error("it ran")
		return nil
	}
	if _, err := s.shared.Head(t.Context(), none); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Head: %v", err)
	}
	if _, err := s.shared.Update(t.Context(), none, f); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Update: %v", err)
	}
	if err := s.shared.View(t.Context(), none, f); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("View: %v", err)
	}
}

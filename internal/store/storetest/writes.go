package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/spurline/spurline/internal/store"
)

func testPutStaged(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "a"))
	o.want([]string{"a"}, nil)
	o.put(store.Staged, thing(1, "b")) // unseen: written over
	o.want([]string{"b"}, nil)
	o.same("pending", o.pending(), []string{"1 live b"})
	o.activate()
	o.want([]string{"b"}, []string{"b"})
	o.same("pending", o.pending(), []string{})
	o.put(store.Staged, thing(1, "c")) // seen: closed
	o.want([]string{"c"}, []string{"b"})
	o.put(store.Staged, thing(1, "d"))
	o.want([]string{"d"}, []string{"b"})
	o.same("pending", o.pending(), []string{"1 closed b", "1 live d"})
	o.activate()
	o.want([]string{"d"}, []string{"d"})
}

func testPutInForce(t *testing.T, s *suite) {
	o := s.org(t)
	for id, mode := range []store.Mode{store.BornActive, store.Immediate} {
		o.put(mode, thing(int64(id), "a"))
	}
	o.want([]string{"a", "a"}, []string{"a", "a"})
	for id, mode := range []store.Mode{store.BornActive, store.Immediate} {
		o.put(mode, thing(int64(id), "b"))
	}
	o.want([]string{"b", "b"}, []string{"b", "b"})
	o.same("pending", o.pending(), []string{})
	// An edit of inventory is staged like any other.
	o.put(store.Staged, thing(0, "c"), thing(1, "c"))
	o.want([]string{"c", "c"}, []string{"b", "b"})
}

// A row in force takes the place of one that is pending, in both views.
func testPutInForceOverPending(t *testing.T, s *suite) {
	for _, mode := range []store.Mode{store.BornActive, store.Immediate} {
		o := s.org(t)
		o.put(store.Staged, thing(1, "created"))
		o.put(mode, thing(1, "in force"))
		o.want([]string{"in force"}, []string{"in force"})

		o.activate()
		o.put(store.Staged, thing(1, "changed"))
		o.put(mode, thing(1, "over change"))
		o.want([]string{"over change"}, []string{"over change"})

		o.delete(store.Staged, "thing", 1)
		o.want(nil, []string{"over change"})
		o.put(mode, thing(1, "over deletion"))
		o.want([]string{"over deletion"}, []string{"over deletion"})
		o.same("pending", o.pending(), []string{})
	}
}

func testDelete(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "seen"), thing(2, "stays"))
	o.activate()
	o.put(store.Staged, thing(3, "unseen"))
	o.delete(store.Staged, "thing", 1)
	o.delete(store.Staged, "thing", 3)
	o.want([]string{"stays"}, []string{"seen", "stays"})
	o.same("pending", o.pending(), []string{"1 closed seen"})
	for _, id := range []int64{1, 3, 9} {
		for _, mode := range []store.Mode{store.Staged, store.BornActive, store.Immediate} {
			_, err := o.db.Update(t.Context(), o.id, func(ctx context.Context, tx *store.Tx) error {
				return tx.Delete(ctx, "thing", id, mode)
			})
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Delete(%d, %d): %v, want ErrNotFound", id, mode, err)
			}
		}
	}
	o.put(store.Staged, thing(1, "again"))
	o.want([]string{"again", "stays"}, []string{"seen", "stays"})
	o.activate()
	o.want([]string{"again", "stays"}, []string{"again", "stays"})
}

func testDeleteInForce(t *testing.T, s *suite) {
	for _, mode := range []store.Mode{store.BornActive, store.Immediate} {
		o := s.org(t)
		o.put(store.Staged, thing(1, "seen"), thing(2, "changed later"))
		o.put(mode, thing(3, "in force"))
		o.activate()
		o.put(store.Staged, thing(2, "changed"), thing(4, "unseen"))
		for id := int64(1); id <= 4; id++ {
			o.delete(mode, "thing", id)
		}
		o.want(nil, nil)
		o.same("pending", o.pending(), []string{})
	}
}

func testAmend(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "same"), thing(2, "changed"), thing(3, "deleted"))
	o.activate()
	o.put(store.Staged, thing(2, "changed'"), thing(4, "new"))
	head := o.update(func(ctx context.Context, tx *store.Tx) error { return tx.Delete(ctx, "thing", 3, store.Staged) })
	pending := o.pending()

	amended := o.update(func(ctx context.Context, tx *store.Tx) error {
		for id := int64(1); id <= 4; id++ {
			row := store.Row{Kind: "thing", ID: id, Name: "N", Key: fmt.Sprint("k", id), Parent: 5, Body: []byte("amended")}
			if err := tx.Amend(ctx, row); err != nil {
				return err
			}
		}
		if err := tx.Amend(ctx, thing(9, "")); !errors.Is(err, store.ErrNotFound) {
			o.Errorf("Amend of nothing: %v", err)
		}
		return nil
	})
	o.same("head", amended, store.Head{Rev: head.Rev + 1, Active: head.Active})
	o.want([]string{"amended", "amended", "amended"}, []string{"amended", "amended", "amended"})
	o.same("what is pending", len(o.pending()), len(pending))
	o.view(func(ctx context.Context, tx *store.Tx) error {
		row, err := tx.ByKey(ctx, tx.Active(), "thing", "k2")
		o.must(err)
		o.same("row", []any{row.Name, row.Parent, row.From}, []any{"N", int64(5), int64(1)})
		_, err = tx.ByNameFold(ctx, store.Working, "thing", 5, "n")
		o.must(err)
		return nil
	})

	o.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AmendWorking(ctx, thing(3, "")); !errors.Is(err, store.ErrNotFound) {
			o.Errorf("AmendWorking of a deleted object: %v", err)
		}
		return tx.AmendWorking(ctx, thing(2, "working only"))
	})
	o.want([]string{"amended", "working only", "amended"}, []string{"amended", "amended", "amended"})
}

// An object that is written, activated and written again within one revision
// has one row of it.
func testSameRevision(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "old"), thing(2, "old"))
	o.activate()
	o.update(func(ctx context.Context, tx *store.Tx) error {
		for _, body := range []string{"a", "b"} {
			o.must(tx.Put(ctx, thing(1, body), store.Staged))
		}
		o.must(tx.SetActive(ctx, "how", "who"))
		o.same("active", tx.Active(), store.At(tx.Head().Rev))
		for _, body := range []string{"c", "d"} {
			o.must(tx.Put(ctx, thing(1, body), store.Staged))
			o.must(tx.Put(ctx, thing(2, body), store.Staged))
		}
		o.must(tx.Delete(ctx, "thing", 2, store.Staged))
		o.must(tx.Put(ctx, thing(2, "e"), store.Staged))
		return tx.SetActive(ctx, "again", "who")
	})
	o.want([]string{"d", "e"}, []string{"d", "e"})
	o.same("pending", o.pending(), []string{})
}

// pending describes the pending rows.
func (o org) pending() []string {
	o.Helper()
	var texts []string
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for row, err := range tx.Pending(ctx) {
			o.must(err)
			state := "closed"
			if row.To == int64(store.Working) {
				state = "live"
			}
			texts = append(texts, fmt.Sprint(row.ID, " ", state, " ", string(row.Body)))
		}
		return nil
	})
	return texts
}

func testPending(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "changed"), thing(2, "deleted"), thing(3, "same"))
	o.put(store.Staged, store.Row{Kind: "other", ID: 4, Body: []byte("other")})
	o.activate()
	o.put(store.Staged, thing(1, "changed'"), thing(5, "new"), store.Row{Kind: "other", ID: 4, Body: []byte("other'")})
	o.delete(store.Staged, "thing", 2)
	o.same("pending", o.pending(), []string{
		"1 closed changed", "1 live changed'", "2 closed deleted", "4 closed other", "4 live other'", "5 live new",
	})
	o.view(func(ctx context.Context, tx *store.Tx) error {
		kinds := map[string]int{}
		for row, err := range tx.Pending(ctx) {
			o.must(err)
			kinds[row.Kind]++
		}
		o.same("kinds", kinds, map[string]int{"thing": 4, "other": 2})
		return nil
	})
}

// A chunk may end between the two rows of one object.
func testPendingChunks(t *testing.T, s *suite) {
	o := s.org(t)
	const n = 600
	o.putMany(n)
	o.activate()
	o.put(store.Staged, store.Row{Kind: "first", ID: 0, Body: []byte("odd")})
	o.putMany(n)
	pending := o.pending()
	o.same("pending", len(pending), 1+2*n)
	for i, text := range pending[1:] {
		state := []string{"closed", "live"}[i%2]
		if want := fmt.Sprint(i/2+1, " ", state, " ", i/2+1); text != want {
			t.Fatalf("row %d is %q, want %q", i, text, want)
		}
	}
}

func testReferences(t *testing.T, s *suite) {
	o, other := s.org(t), s.org(t)
	set := func(id int64, to ...store.Ref) {
		o.update(func(ctx context.Context, tx *store.Tx) error { return tx.SetRefs(ctx, "rule", id, to) })
	}
	referrers := func(o org, kind string, limit int, ids ...int64) []store.Ref {
		var refs []store.Ref
		o.view(func(ctx context.Context, tx *store.Tx) (err error) {
			refs, err = tx.Referrers(ctx, "group", ids, kind, limit)
			return err
		})
		return refs
	}
	group := func(id int64) store.Ref { return store.Ref{ToKind: "group", ToID: id} }
	from := func(group int64, kind string, id int64) store.Ref {
		return store.Ref{ToKind: "group", ToID: group, Kind: kind, ID: id}
	}
	o.put(store.Staged, store.Row{Kind: "rule", ID: 1}, store.Row{Kind: "rule", ID: 2})
	set(2, group(10), group(11), group(10), store.Ref{ToKind: "service", ToID: 10})
	set(1, group(10))
	o.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SetRefs(ctx, "alias", 3, []store.Ref{group(11)})
	})

	o.same("of 10", referrers(o, "", 0, 10), []store.Ref{from(10, "rule", 1), from(10, "rule", 2)})
	o.same("of both", referrers(o, "", 0, 11, 10),
		[]store.Ref{from(10, "rule", 1), from(10, "rule", 2), from(11, "alias", 3), from(11, "rule", 2)})
	o.same("limit", referrers(o, "", 3, 10, 11), []store.Ref{from(10, "rule", 1), from(10, "rule", 2), from(11, "alias", 3)})
	o.same("kind", referrers(o, "alias", 0, 10, 11), []store.Ref{from(11, "alias", 3)})
	o.same("none", referrers(o, "", 0), []store.Ref{})
	o.same("another org", referrers(other, "", 0, 10, 11), []store.Ref{})
	many := []int64{11}
	for id := int64(-500); id < 0; id++ {
		many = append(many, id, id+1000)
	}
	o.same("of many", referrers(o, "", 1, many...), []store.Ref{from(11, "alias", 3)})

	set(2, group(12), group(11))
	o.same("moved", referrers(o, "", 0, 10, 12), []store.Ref{from(10, "rule", 1), from(12, "rule", 2)})
	set(2, group(12))
	o.delete(store.Staged, "rule", 1)
	o.same("after a delete", referrers(o, "", 0, 10, 11, 12), []store.Ref{from(11, "alias", 3), from(12, "rule", 2)})
	set(2)
	o.same("emptied", referrers(o, "rule", 0, 10, 11, 12), []store.Ref{})
}

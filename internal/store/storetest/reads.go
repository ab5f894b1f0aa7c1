package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/store"
)

func testGet(t *testing.T, s *suite) {
	o := s.org(t)
	want := store.Row{
		Kind: "thing", ID: 7, Parent: 3, Name: "Ünïcode", Key: "k", Body: []byte("{\x00\xff}"),
		From: 1, To: int64(store.Working),
	}
	o.put(store.Staged, want)
	other := s.org(t)
	o.view(func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.Get(ctx, store.Working, "thing", 7)
		o.must(err)
		o.same("row", got, want)
		for _, absent := range []struct {
			at   store.At
			kind string
			id   int64
		}{{store.Working, "thing", 8}, {store.Working, "thin", 7}, {tx.Active(), "thing", 7}} {
			if _, err := tx.Get(ctx, absent.at, absent.kind, absent.id); !errors.Is(err, store.ErrNotFound) {
				o.Errorf("Get(%v): %v, want ErrNotFound", absent, err)
			}
		}
		return nil
	})
	other.view(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Get(ctx, store.Working, "thing", 7); !errors.Is(err, store.ErrNotFound) {
			o.Errorf("another org reads it: %v", err)
		}
		return nil
	})
}

func testEmptyBody(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, store.Row{Kind: "thing", ID: 1}, store.Row{Kind: "thing", ID: 2, Body: []byte{}})
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for row, err := range tx.List(ctx, store.Working, "thing", everything) {
			o.must(err)
			if row.Body != nil {
				o.Errorf("body of %d is %q, want nil", row.ID, row.Body)
			}
		}
		return nil
	})
}

// Text that PostgreSQL cannot store is refused by both databases, and finds
// nothing.
func testUnstorable(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "one"))
	for _, text := range []string{"a\x00b", "\xff"} {
		for _, row := range []store.Row{{Kind: "thing", ID: 2, Name: text}, {Kind: "thing", ID: 2, Key: text}} {
			_, err := o.db.Update(t.Context(), o.id, func(ctx context.Context, tx *store.Tx) error {
				return tx.Put(ctx, row, store.Staged)
			})
			if err == nil {
				t.Errorf("Put(%v) succeeded", row)
			}
		}
		o.view(func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.ByName(ctx, store.Working, "thing", -1, text); !errors.Is(err, store.ErrNotFound) {
				o.Errorf("ByName(%q): %v", text, err)
			}
			if _, err := tx.ByKey(ctx, store.Working, "thing", text); !errors.Is(err, store.ErrNotFound) {
				o.Errorf("ByKey(%q): %v", text, err)
			}
			o.same("contains", o.texts(tx.List(ctx, store.Working, "thing", store.Query{Parent: -1, Contains: text})), []string{})
			o.same("name", o.texts(tx.List(ctx, store.Working, "thing", store.Query{Parent: -1, Name: text})), []string{})
			return nil
		})
	}
}

func testByName(t *testing.T, s *suite) {
	o := s.org(t)
	row := func(id, parent int64, name string) store.Row {
		return store.Row{Kind: "thing", ID: id, Parent: parent, Name: name}
	}
	o.put(store.Staged, row(3, 0, "Straße"), row(2, 9, "Straße"), row(1, 0, "STRASSE"), row(4, 0, "ΣΊΣΥΦΟΣ"), row(5, 0, "kelvin"))
	o.activate()
	o.put(store.Staged, row(4, 0, "renamed"))
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for _, test := range []struct {
			at     store.At
			fold   bool
			parent int64
			name   string
			want   int64
		}{
			{store.Working, false, -1, "Straße", 2},
			{store.Working, false, 0, "Straße", 3},
			{store.Working, false, 9, "Straße", 2},
			{store.Working, false, 8, "Straße", 0},
			{store.Working, false, -1, "straße", 0},
			{store.Working, true, -1, "sTRAẞE", 2},
			{store.Working, true, 0, "sTRAẞE", 3},
			{store.Working, true, -1, "strasse", 1},
			{store.Working, true, -1, "σίσυφος", 0},
			{tx.Active(), true, -1, "σίσυφος", 4},
			{tx.Active(), true, 0, "σίσυφοσ", 4},
			{tx.Active(), false, -1, "renamed", 0},
			{store.Working, false, -1, "renamed", 4},
			{store.Working, true, -1, "\u212aelvin", 5}, // the Kelvin sign
			{store.Working, true, -1, "", 0},
		} {
			find := tx.ByName
			if test.fold {
				find = tx.ByNameFold
			}
			row, err := find(ctx, test.at, "thing", test.parent, test.name)
			if row.ID != test.want || (test.want == 0) != errors.Is(err, store.ErrNotFound) {
				o.Errorf("%+v: id %d, error %v", test, row.ID, err)
			}
		}
		return nil
	})
}

func testByKey(t *testing.T, s *suite) {
	o := s.org(t)
	row := func(id int64, key string) store.Row { return store.Row{Kind: "thing", ID: id, Key: key} }
	o.put(store.Staged, row(1, "a"), row(2, ""), row(3, "b"))
	o.activate()
	o.put(store.Staged, row(1, "c"), row(4, "d"))
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for _, test := range []struct {
			at   store.At
			key  string
			want int64
		}{
			{store.Working, "a", 0},
			{store.Working, "b", 3},
			{store.Working, "c", 1},
			{store.Working, "d", 4},
			{store.Working, "", 0},
			{store.Working, "B", 0},
			{tx.Active(), "a", 1},
			{tx.Active(), "b", 3},
			{tx.Active(), "c", 0},
			{tx.Active(), "d", 0},
		} {
			row, err := tx.ByKey(ctx, test.at, "thing", test.key)
			if row.ID != test.want || (test.want == 0) != errors.Is(err, store.ErrNotFound) {
				o.Errorf("%+v: id %d, error %v", test, row.ID, err)
			}
		}
		return nil
	})
}

func testList(t *testing.T, s *suite) {
	o := s.org(t)
	row := func(id, parent int64, name string) store.Row {
		return store.Row{Kind: "thing", ID: id, Parent: parent, Name: name, Body: []byte(fmt.Sprint(id))}
	}
	o.put(store.Staged, row(5, 0, "100% Äpfel"), row(1, 0, "a_b"), row(4, 2, "äpfel"), row(2, 0, "aXb"), row(3, 2, "a_b"))
	o.put(store.Staged, store.Row{Kind: "other", ID: 6, Name: "a_b", Body: []byte("other")})
	for _, test := range []struct {
		q    store.Query
		want string
	}{
		{store.Query{Parent: -1}, "1 2 3 4 5"},
		{store.Query{Parent: 0}, "1 2 5"},
		{store.Query{Parent: 2}, "3 4"},
		{store.Query{Parent: 9}, ""},
		{store.Query{Parent: -1, Name: "a_b"}, "1 3"},
		{store.Query{Parent: 2, Name: "a_b"}, "3"},
		{store.Query{Parent: -1, Contains: "A_"}, "1 3"}, // no wildcard
		{store.Query{Parent: -1, Contains: "%"}, "5"},
		{store.Query{Parent: -1, Contains: "ÄPF"}, "4 5"},
		{store.Query{Parent: 0, Contains: "ÄPF"}, "5"},
		{store.Query{Parent: -1, Limit: 2}, "1 2"},
		{store.Query{Parent: -1, Offset: 3}, "4 5"},
		{store.Query{Parent: -1, Offset: 1, Limit: 3}, "2 3 4"},
		{store.Query{Parent: -1, Offset: 5, Limit: 3}, ""},
		{store.Query{Parent: -1, Contains: "b", Offset: 1, Limit: 1}, "2"},
		{store.Query{Parent: -1, ByName: true}, "5 1 3 2 4"}, // 100% äpfel, a_b, a_b, axb, äpfel
		{store.Query{Parent: -1, ByName: true, Offset: 1, Limit: 2}, "1 3"},
		{store.Query{Parent: 2, ByName: true, Contains: "P"}, "4"},
		{store.Query{Parent: -1, Only: []int64{1, 4, 5, 77}}, "1 4 5"},
		{store.Query{Parent: 0, Only: []int64{1, 4, 5}, ByName: true, Limit: 1}, "5"},
		{store.Query{Parent: -1, Only: []int64{1, 4, 5}, Offset: 2, Limit: 2}, "5"},
		{store.Query{Parent: -1, Desc: true, Limit: 2}, "5 4"},
		{store.Query{Parent: -1, ByName: true, Desc: true}, "4 2 3 1 5"},
		{store.Query{Parent: -1, ByName: true, Desc: true, Offset: 1, Limit: 2}, "2 3"},
	} {
		o.view(func(ctx context.Context, tx *store.Tx) error {
			got := strings.Join(o.texts(tx.List(ctx, store.Working, "thing", test.q)), " ")
			o.same(fmt.Sprintf("%+v", test.q), got, test.want)
			return nil
		})
	}
}

// Lists longer than a chunk are whole, whatever the limit and the offset.
func testListChunks(t *testing.T, s *suite) {
	o := s.org(t)
	const n = 1100
	o.putMany(n)
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i + 1)
	}
	o.view(func(ctx context.Context, tx *store.Tx) error {
		o.same("all", o.texts(tx.List(ctx, store.Working, "thing", everything)), all)
		o.same("limit", o.texts(tx.List(ctx, store.Working, "thing", store.Query{Parent: -1, Limit: 600})), all[:600])
		o.same("offset", o.texts(tx.List(ctx, store.Working, "thing", store.Query{Parent: -1, Offset: 400, Limit: 650})), all[400:1050])
		byName := slices.Clone(all)
		slices.Sort(byName) // as text: 1 10 100 …
		o.same("by name", o.texts(tx.List(ctx, store.Working, "thing", store.Query{Parent: -1, ByName: true})), byName)
		slices.Reverse(byName)
		o.same("by name, downwards", o.texts(tx.List(ctx, store.Working, "thing", store.Query{Parent: -1, ByName: true, Desc: true})), byName)
		slices.Reverse(all)
		o.same("downwards", o.texts(tx.List(ctx, store.Working, "thing", store.Query{Parent: -1, Desc: true})), all)
		for row, err := range tx.List(ctx, store.Working, "thing", everything) {
			o.must(err)
			if row.ID == 3 {
				break // to leave early is no error
			}
		}
		return nil
	})
}

func (o org) putMany(n int64) {
	o.Helper()
	o.update(func(ctx context.Context, tx *store.Tx) error {
		for id := n; id > 0; id-- {
			if err := tx.Put(ctx, thing(id, fmt.Sprint(id)), store.Staged); err != nil {
				return err
			}
		}
		return nil
	})
}

// The loop over a list may run other statements, and bodies stay valid.
func testListNested(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "one"), thing(2, "two"))
	o.update(func(ctx context.Context, tx *store.Tx) error {
		var kept [][]byte
		for row, err := range tx.List(ctx, store.Working, "thing", everything) {
			o.must(err)
			kept = append(kept, row.Body)
			again, err := tx.Get(ctx, store.Working, "thing", row.ID)
			o.must(err)
			o.same("again", again, row)
			o.must(tx.Put(ctx, thing(row.ID, "written "+string(row.Body)), store.Staged))
		}
		o.same("kept", string(slices.Concat(kept...)), "onetwo")
		return nil
	})
	o.want([]string{"written one", "written two"}, nil)
}

// The active view mixes live rows and closed ones, in one order.
func testListActive(t *testing.T, s *suite) {
	o := s.org(t)
	for id := int64(1); id <= 5; id++ {
		o.put(store.Staged, thing(id, fmt.Sprint(id)))
	}
	o.activate()
	o.put(store.Staged, thing(2, "2'"), thing(6, "6"))
	o.delete(store.Staged, "thing", 4)
	o.want([]string{"1", "2'", "3", "5", "6"}, []string{"1", "2", "3", "4", "5"})
	o.view(func(ctx context.Context, tx *store.Tx) error {
		page := store.Query{Parent: -1, Offset: 1, Limit: 3}
		o.same("page", o.texts(tx.List(ctx, tx.Active(), "thing", page)), []string{"2", "3", "4"})
		return nil
	})
}

func testChildren(t *testing.T, s *suite) {
	o := s.org(t)
	child := func(id, parent int64) store.Row {
		return store.Row{Kind: "child", ID: id, Parent: parent, Body: []byte(fmt.Sprint(parent, "/", id))}
	}
	o.put(store.Staged, child(9, 1), child(4, 2), child(3, 1), child(8, 3), child(7, 0))
	o.activate()
	o.delete(store.Staged, "child", 3)
	o.put(store.Staged, child(4, 1))
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for _, test := range []struct {
			at      store.At
			parents []int64
			want    []string
		}{
			{store.Working, []int64{2, 1, 1, 77}, []string{"1/4", "1/9"}},
			{tx.Active(), []int64{2, 1, 1, 77}, []string{"1/3", "1/9", "2/4"}},
			{store.Working, []int64{3, 0}, []string{"0/7", "3/8"}},
			{store.Working, nil, nil},
		} {
			rows, err := tx.Children(ctx, test.at, "child", test.parents)
			o.must(err)
			o.same(fmt.Sprint(test.parents), bodiesOf(rows), test.want)
		}
		return nil
	})
}

func testGetMany(t *testing.T, s *suite) {
	o := s.org(t)
	const n = 700 // more than one statement takes
	o.putMany(n)
	o.activate()
	o.put(store.Staged, thing(2, "changed"))
	var ids []int64
	for id := int64(n + 50); id >= 0; id-- {
		ids = append(ids, id, id)
	}
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for _, at := range []store.At{store.Working, tx.Active()} {
			rows, err := tx.GetMany(ctx, at, "thing", ids)
			o.must(err)
			o.same("many", bodiesOf(rows), o.texts(tx.List(ctx, at, "thing", everything)))
		}
		rows, err := tx.GetMany(ctx, store.Working, "thing", []int64{5, 2, 5})
		o.must(err)
		o.same("few", bodiesOf(rows), []string{"changed", "5"})
		return nil
	})
}

func bodiesOf(rows []store.Row) []string {
	var texts []string
	for _, row := range rows {
		texts = append(texts, string(row.Body))
	}
	return texts
}

func testCount(t *testing.T, s *suite) {
	o := s.org(t)
	row := func(id, parent int64) store.Row { return store.Row{Kind: "thing", ID: id, Parent: parent} }
	o.put(store.Staged, row(1, 0), row(2, 1), row(3, 1), row(4, 2))
	o.activate()
	o.delete(store.Staged, "thing", 2)
	o.put(store.Staged, row(5, 1), row(6, 1), row(4, 1))
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for _, test := range []struct {
			at     store.At
			parent int64
			want   int
		}{
			{store.Working, -1, 5},
			{store.Working, 0, 1},
			{store.Working, 1, 4},
			{store.Working, 2, 0},
			{tx.Active(), -1, 4},
			{tx.Active(), 0, 1},
			{tx.Active(), 1, 2},
			{tx.Active(), 2, 1},
		} {
			n, err := tx.Count(ctx, test.at, "thing", test.parent)
			o.must(err)
			o.same(fmt.Sprintf("%+v", test), n, test.want)
		}
		return nil
	})
}

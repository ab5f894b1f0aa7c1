package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/spurline/spurline/internal/store"
)

// model is an org as it should be, in plain maps by object id.
type model struct {
	working, active map[int64]string
	staged          map[int64]bool // the working row is pending
	// inForce: an activation came earlier in the same write, so that the rest
	// of it is in force too.
	inForce bool
}

func newModel() model {
	return model{working: map[int64]string{}, active: map[int64]string{}, staged: map[int64]bool{}}
}

func (m model) clone() model {
	return model{working: maps.Clone(m.working), active: maps.Clone(m.active), staged: maps.Clone(m.staged)}
}

// step is one thing that a write does.
type step struct {
	what string
	id   int64
	mode store.Mode
	body string
}

func drawStep(t *rapid.T) step {
	return step{
		what: rapid.SampledFrom([]string{"put", "put", "put", "delete", "delete", "amend", "amend working", "activate"}).Draw(t, "what"),
		id:   rapid.Int64Range(1, 5).Draw(t, "id"),
		mode: rapid.SampledFrom([]store.Mode{store.Staged, store.Staged, store.BornActive, store.Immediate}).Draw(t, "mode"),
		body: rapid.StringMatching(`[a-z]{3}`).Draw(t, "body"),
	}
}

// apply does a step to the model and says whether the object was there.
func (m *model) apply(s step) bool {
	_, live := m.working[s.id]
	_, active := m.active[s.id]
	inForce := m.inForce || s.mode != store.Staged
	switch s.what {
	case "put":
		m.working[s.id] = s.body
		m.staged[s.id] = !inForce
		if inForce {
			m.active[s.id] = s.body
		}
		return true
	case "delete":
		if live && inForce {
			delete(m.active, s.id)
		}
		delete(m.working, s.id)
		delete(m.staged, s.id)
		return live
	case "amend":
		if active {
			m.active[s.id] = s.body
		}
		if live {
			m.working[s.id] = s.body
		}
		return live || active
	case "amend working":
		if live {
			m.working[s.id] = s.body
			if !m.staged[s.id] {
				m.active[s.id] = s.body
			}
		}
		return live
	default:
		m.active = maps.Clone(m.working)
		clear(m.staged)
		m.inForce = true
		return true
	}
}

// do does a step to the database.
func (s step) do(ctx context.Context, tx *store.Tx) error {
	row := store.Row{Kind: "thing", ID: s.id, Parent: s.id % 2, Name: "N" + s.body, Key: fmt.Sprint(s.body, s.id), Body: []byte(s.body)}
	switch s.what {
	case "put":
		return tx.Put(ctx, row, s.mode)
	case "delete":
		return tx.Delete(ctx, "thing", s.id, s.mode)
	case "amend":
		return tx.Amend(ctx, row)
	case "amend working":
		return tx.AmendWorking(ctx, row)
	default:
		return tx.SetActive(ctx, "how", "who")
	}
}

// pending are the rows that the model expects to be pending.
func (m model) pending() []string {
	var rows []string
	for id := int64(0); id <= 5; id++ {
		body, live := m.working[id]
		if old, active := m.active[id]; active && (!live || m.staged[id]) {
			rows = append(rows, fmt.Sprint(id, " closed ", old))
		}
		if live && m.staged[id] {
			rows = append(rows, fmt.Sprint(id, " live ", body))
		}
	}
	return rows
}

// testModel does random writes to the database and to a model, and compares
// what either holds.
func testModel(t *testing.T, s *suite) {
	rapid.Check(t, func(rt *rapid.T) {
		o := createOrg(t, s.shared, s.orgs.Add(1))
		o.tb = rt
		m, rev := newModel(), int64(0)
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) {
				after, steps := m.clone(), rapid.SliceOfN(rapid.Custom(drawStep), 1, 4).Draw(rt, "steps")
				fails := rapid.IntRange(0, 9).Draw(rt, "fails") == 0
				if o.writeSteps(&after, steps, fails) {
					m = after.clone()
					rev++
				}
			},
			"prune": func(*rapid.T) {
				_, err := o.db.Prune(o.Context(), o.id, 3)
				o.must(err)
			},
			"read": func(*rapid.T) { o.compareReads(m) },
			"":     func(*rapid.T) { o.compare(m, rev) },
		})
	})
}

var errFails = errors.New("the write is to fail")

// writeSteps does the steps in one write, and says whether it is committed.
func (o org) writeSteps(m *model, steps []step, fails bool) bool {
	before := m.clone()
	_, err := o.db.Update(o.Context(), o.id, func(ctx context.Context, tx *store.Tx) error {
		*m = before.clone()
		for _, s := range steps {
			found := m.apply(s)
			if err := s.do(ctx, tx); errors.Is(err, store.ErrNotFound) == found || (found && err != nil) {
				return fmt.Errorf("%+v: found %t in the model, but %w", s, found, err)
			}
		}
		if fails {
			return errFails
		}
		return nil
	})
	if fails && errors.Is(err, errFails) {
		return false
	}
	o.must(err)
	return true
}

// compare compares both views, and what is pending between them, with a model.
func (o org) compare(m model, rev int64) {
	o.view(func(ctx context.Context, tx *store.Tx) error {
		o.same("revision", tx.Head().Rev, rev)
		o.same("working", o.byID(tx.List(ctx, store.Working, "thing", everything)), m.working)
		o.same("active", o.byID(tx.List(ctx, tx.Active(), "thing", everything)), m.active)
		return nil
	})
	o.same("pending", o.pending(), m.pending())
}

func (o org) byID(rows iter.Seq2[store.Row, error]) map[int64]string {
	bodies := make(map[int64]string)
	last := int64(0)
	for row, err := range rows {
		o.must(err)
		if row.ID <= last {
			o.Errorf("id %d comes after %d", row.ID, last)
		}
		last = row.ID
		bodies[row.ID] = string(row.Body)
	}
	return bodies
}

// compareReads compares the ways to read a view with each other, and with a
// model.
func (o org) compareReads(m model) {
	o.view(func(ctx context.Context, tx *store.Tx) error {
		o.compareView(ctx, tx, store.Working, m.working)
		o.compareView(ctx, tx, tx.Active(), m.active)
		return nil
	})
}

func (o org) compareView(ctx context.Context, tx *store.Tx, at store.At, want map[int64]string) {
	var listed []int64
	for row, err := range tx.List(ctx, at, "thing", everything) {
		o.must(err)
		listed = append(listed, row.ID)
		one, err := tx.Get(ctx, at, "thing", row.ID)
		o.must(err)
		o.same("get", one, row)
		byKey, err := tx.ByKey(ctx, at, "thing", row.Key)
		o.must(err)
		o.same("by key", byKey, row)
	}
	ids, err := tx.IDs(ctx, at, "thing")
	o.must(err)
	slices.Sort(ids)
	o.same("ids", ids, listed)
	n, err := tx.Count(ctx, at, "thing", -1)
	o.must(err)
	o.same("count", n, len(want))
	children, err := tx.Children(ctx, at, "thing", []int64{0, 1})
	o.must(err)
	o.same("children", len(children), len(want))
}

package config

import (
	"context"
	"errors"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// under is the chain of objects that a path names above its own: the parent,
// and the parents of that, nearest first. A parent of 0 says nothing, and
// then neither does the rest.
type under struct {
	parent int64
	above  []int64
}

// holds reports whether row hangs on the chain; 404 is what its object is
// otherwise.
func (e *Engine) holds(ctx context.Context, tx *store.Tx, s *resource.Spec, row store.Row, u under) error {
	if u.parent == 0 {
		return nil
	}
	if row.Parent != u.parent {
		return store.ErrNotFound
	}
	if len(u.above) == 0 {
		return nil
	}
	return e.exists(ctx, tx, e.kinds.Kind(s.Parent.Kind), u)
}

// exists reads the parent of a chain, and holds it against the rest of it.
func (e *Engine) exists(ctx context.Context, tx *store.Tx, s *resource.Spec, u under) error {
	row, err := tx.Get(ctx, store.Working, s.Name, u.parent)
	if err != nil || len(u.above) == 0 {
		return err
	}
	return e.holds(ctx, tx, s, row, under{u.above[0], u.above[1:]})
}

// place decides what a new object hangs on: what its path says, and otherwise
// what it says itself.
func (w *Writer) place(ctx context.Context, o resource.Object, u under) (int64, error) {
	s := o.Spec()
	if s.Parent.Kind == "" {
		return u.parent, nil
	}
	parents := w.engine.kinds.Kind(s.Parent.Kind)
	if u.parent != 0 {
		if err := w.engine.exists(ctx, w.Tx, parents, u); err != nil {
			return 0, missing(err, parents, u.parent)
		}
		o.SetParent(u.parent)
		return u.parent, nil
	}
	parent, has := o.Parent()
	switch {
	case !has || parent == 0 && s.Nests():
		return 0, nil
	case parent == 0:
		return 0, wire.Invalid(s.ParentMember(), "cannot be null")
	}
	_, err := w.Get(ctx, store.Working, s.Parent.Kind, parent)
	if errors.Is(err, store.ErrNotFound) {
		return 0, wire.Invalid(s.ParentMember(), "names the %s %d, which does not exist", parents.Title, parent)
	}
	return parent, err
}

// stays holds an object that replaces another to its place.
func stays(o resource.Object, old store.Row) error {
	said, has := o.Parent()
	if !has {
		return nil
	}
	home := old.Parent
	if home == old.ID { // apart from the others, and on nothing
		home = 0
	}
	if said != 0 && said != home {
		return wire.Invalid(o.Spec().ParentMember(), "cannot be changed")
	}
	o.SetParent(home)
	return nil
}

// apart counts the predefined objects of a kind that bring their ids: the
// platform's, which no limit of an org counts.
func (w *Writer) apart(s *resource.Spec) (n int) {
	for _, o := range s.Builtin(w.Facts) {
		if o.ID() != 0 {
			n++
		}
	}
	return n
}

// DeleteUnder removes all objects of a kind that hang on parent.
func (e *Engine) DeleteUnder(ctx context.Context, by By, s *resource.Spec, parent int64, above ...int64) error {
	_, err := e.Save(ctx, by, resource.InGet, func(ctx context.Context, w *Writer) (store.Row, error) {
		parents := e.kinds.Kind(s.Parent.Kind)
		if err := e.exists(ctx, w.Tx, parents, under{parent, above}); err != nil {
			return store.Row{}, missing(err, parents, parent)
		}
		rows, err := w.Children(ctx, store.Working, s.Name, []int64{parent})
		if err != nil {
			return store.Row{}, err
		}
		for _, row := range rows {
			if err := w.Delete(ctx, s, row.ID, parent); err != nil {
				return store.Row{}, err
			}
		}
		return store.Row{}, nil
	})
	return err
}

// Nested says which objects a list of a kind whose objects hang on each other
// holds, besides those that stand alone.
type Nested struct {
	Below bool // those that hang on another
	Above bool // those that others hang on
	Apart bool // the platform's own
}

// pick leaves the rows that are asked for.
func (n *Nested) pick(ctx context.Context, tx *store.Tx, kind string, rows []store.Row) ([]store.Row, error) {
	above := map[int64]bool{}
	if !n.Above {
		ids := make([]int64, len(rows))
		for i, row := range rows {
			ids[i] = row.ID
		}
		below, err := tx.Children(ctx, store.Working, kind, ids)
		if err != nil {
			return nil, err
		}
		for _, row := range below {
			above[row.Parent] = row.Parent != row.ID
		}
	}
	var out []store.Row
	for _, row := range rows {
		switch {
		case row.Parent == row.ID && !n.Apart, row.Parent != 0 && row.Parent != row.ID && !n.Below, above[row.ID]:
		default:
			out = append(out, row)
		}
	}
	return out, nil
}

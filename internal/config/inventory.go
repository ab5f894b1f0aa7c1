package config

import (
	"context"
	"fmt"
	"slices"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
)

// Builtins stores the predefined objects of a fresh org.
func (w *Writer) Builtins(ctx context.Context) error {
	for _, s := range w.engine.kinds.All() {
		for _, o := range s.Builtin(w.Facts) {
			n := Place{ID: o.ID(), Key: builtinKey, Mode: store.Immediate}
			if s.Nests() { // lists of the top pass over what hangs on itself
				n.Parent = o.ID()
			}
			if _, err := w.Insert(ctx, o, n); err != nil {
				return fmt.Errorf("predefined %s %q: %w", s.Title, o.Name(), err)
			}
		}
	}
	return nil
}

// New makes an object of the named kind from a *T.
func (w *Writer) New(kind string, value any) resource.Object {
	return w.engine.kinds.Kind(kind).New(value)
}

// Object decodes a row.
func (e *Engine) Object(row store.Row) (resource.Object, error) {
	return e.kinds.Kind(row.Kind).Stored(row.Body)
}

// Enrolled stores inventory that an enrolment made: in force at once and
// pending for nobody.
func (w *Writer) Enrolled(ctx context.Context, kind string, value any, parent int64, key string) (store.Row, error) {
	s := w.engine.kinds.Kind(kind)
	if err := w.checkCount(ctx, s, parent); err != nil {
		return store.Row{}, err
	}
	return w.Insert(ctx, s.New(value), Place{Parent: parent, Key: key, Mode: store.BornActive})
}

// ActiveView reads objects of the active configuration as connectors run them:
// stored members only, embedded objects in full, and references with the names
// that their targets have in that revision.
type ActiveView struct {
	engine *Engine
	tx     *store.Tx
}

// Active opens the active view within a transaction.
func (e *Engine) Active(tx *store.Tx) ActiveView { return ActiveView{e, tx} }

// Get returns one object; store.ErrNotFound when the view has none.
func (a ActiveView) Get(ctx context.Context, kind string, id int64) ([]byte, error) {
	row, err := a.tx.Get(ctx, a.tx.Active(), kind, id)
	if err != nil {
		return nil, err
	}
	return a.render(ctx, row)
}

// Children returns the objects of kind that hang on parent.
func (a ActiveView) Children(ctx context.Context, kind string, parent int64) (out [][]byte, err error) {
	rows, err := a.tx.Children(ctx, a.tx.Active(), kind, []int64{parent})
	for _, row := range rows {
		body, err := a.render(ctx, row)
		if err != nil {
			return nil, err
		}
		out = append(out, body)
	}
	return out, err
}

func (a ActiveView) render(ctx context.Context, row store.Row) ([]byte, error) {
	s := a.engine.kinds.Kind(row.Kind)
	o, err := s.Stored(row.Body)
	if err != nil {
		return nil, err
	}
	targets := map[string][]int64{}
	for ref := range o.Refs() {
		targets[ref.Kind] = append(targets[ref.Kind], int64(ref.ID))
	}
	names := map[member]string{}
	for kind, wanted := range targets {
		slices.Sort(wanted)
		found, err := a.tx.GetMany(ctx, a.tx.Active(), kind, slices.Compact(wanted))
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			names[member{kind, r.ID}] = r.Name
		}
	}
	row.Body, err = a.engine.renamed(row, func(ref resource.ObjectRef) {
		if name, ok := names[member{ref.Kind, int64(ref.ID)}]; ok {
			ref.Name = name
		}
	})
	if err != nil {
		return nil, err
	}
	answer, err := a.engine.render(ctx, a.tx, a.tx.Active(), s, resource.InBundle, row)
	if err != nil {
		return nil, err
	}
	return answer.Bytes, nil
}

// View reads an org's snapshot.
func (e *Engine) View(ctx context.Context, org int64, f func(context.Context, *store.Tx) error) error {
	return e.db.View(ctx, org, f)
}

package config

import (
	"context"
	"fmt"

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

// Kind returns the kind of that name.
func (w *Writer) Kind(name string) *resource.Spec { return w.engine.kinds.Kind(name) }

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
	o := w.New(kind, value)
	if err := w.checkCount(ctx, o, parent); err != nil {
		return store.Row{}, err
	}
	return w.Insert(ctx, o, Place{Parent: parent, Key: key, Mode: store.BornActive})
}

// View reads an org's snapshot.
func (e *Engine) View(ctx context.Context, org int64, f func(context.Context, *store.Tx) error) error {
	return e.db.View(ctx, org, f)
}

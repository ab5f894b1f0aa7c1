package config

import (
	"context"
	"errors"
	"slices"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// sees reports whether a working object is in a scope. It reads at most the
// few objects that lead from it to its location.
func (e *Engine) sees(ctx context.Context, tx *store.Tx, scope *access.Scope, s *resource.Spec, row store.Row) (bool, error) {
	if scope == nil {
		return true, nil
	}
	how, of := s.Scoping()
	var next int64
	switch how {
	case resource.ScopeNone:
		return true, nil
	case resource.ScopeSelf:
		return scope.Holds(row.ID) || row.Parent != 0 && scope.Holds(row.Parent), nil
	case resource.ScopeRef:
		next = s.ScopeID(row.Body)
	case resource.ScopeParent:
		next = row.Parent
	}
	row, err := tx.Get(ctx, store.Working, of.Name, next)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return e.sees(ctx, tx, scope, of, row)
}

// hidden answers the 404 of a row that is not in a scope.
func (e *Engine) hidden(ctx context.Context, tx *store.Tx, scope *access.Scope, s *resource.Spec, row store.Row) error {
	ok, err := e.sees(ctx, tx, scope, s, row)
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return err
}

// seen lists the ids of a kind's objects in a scope, sorted. It costs as much
// as there is in the scope, whatever else the org has. all: everything is.
func (e *Engine) seen(ctx context.Context, tx *store.Tx, scope *access.Scope, s *resource.Spec) (ids []int64, all bool, err error) {
	how, of := s.Scoping()
	if scope == nil || how == resource.ScopeNone {
		return nil, true, nil
	}
	if how == resource.ScopeSelf {
		ids = scope.Locations()
		if !s.Nests() {
			return ids, false, nil
		}
		below, err := tx.Children(ctx, store.Working, s.Name, ids)
		return sorted(ids, below), false, err
	}
	above, _, err := e.seen(ctx, tx, scope, of)
	if err != nil {
		return nil, false, err
	}
	if how == resource.ScopeParent {
		rows, err := tx.Children(ctx, store.Working, s.Name, above)
		return sorted(nil, rows), false, err
	}
	refs, err := tx.Referrers(ctx, of.Name, above, s.Name, 0)
	if err != nil {
		return nil, false, err
	}
	for _, r := range refs {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), false, nil
}

// sorted adds the ids of rows to a copy of ids.
func sorted(ids []int64, rows []store.Row) []int64 {
	ids = slices.Clone(ids)
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// inScope refuses a write of the caller to a row that is outside their scope.
func (w *Writer) inScope(ctx context.Context, s *resource.Spec, row store.Row) error {
	if w.by.Who == nil {
		return nil
	}
	ok, err := w.engine.sees(ctx, w.Tx, w.by.Who.Scope, s, row)
	if err == nil && !ok {
		err = wire.Forbidden(wire.CodeScopeLimited, "The %s %q is outside your scope.", s.Title, row.Name)
	}
	return err
}

// mayAdd lets a new object pass that is in the caller's scope, and one that
// the scope allows to be created and will then hold.
func (w *Writer) mayAdd(ctx context.Context, s *resource.Spec, row store.Row) error {
	if how, _ := s.Scoping(); how == resource.ScopeSelf && w.by.Who != nil && w.by.Who.Scope.Creates() {
		return nil
	}
	return w.inScope(ctx, s, row)
}

package config

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// builtinKey is the storage key of objects that an org is born with; it is
// what protects them from deletion. No provider's id has a bar, so no
// connector's key is equal to it.
const builtinKey = "|builtin"

// Save runs a write of an admin, who is editing from then on, and answers a
// view of the row that it leaves; of a row without an id it answers nothing.
func (e *Engine) Save(ctx context.Context, by By, v resource.View, f func(context.Context, *Writer) (store.Row, error)) (out *resource.Answer, err error) {
	err = e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		row, err := f(ctx, w)
		if err != nil {
			return err
		}
		if err := w.markEditing(ctx); err != nil || row.ID == 0 {
			return err
		}
		out, err = e.render(ctx, w.Tx, store.Working, e.kinds.Kind(row.Kind), v, row)
		return err
	})
	return out, err
}

// Create saves a new object and answers it as a create does. above is what the
// parent hangs on, nearest first, where a path says so.
func (e *Engine) Create(ctx context.Context, by By, o resource.Object, parent int64, above ...int64) (*resource.Answer, error) {
	return e.Save(ctx, by, resource.InPost, func(ctx context.Context, w *Writer) (store.Row, error) {
		return w.Create(ctx, o, parent, above...)
	})
}

// Create stores a new object if there is room for it, with a row in the trail.
func (w *Writer) Create(ctx context.Context, o resource.Object, parent int64, above ...int64) (store.Row, error) {
	s := o.Spec()
	parent, err := w.place(ctx, o, under{parent, above})
	if err != nil {
		return store.Row{}, err
	}
	return w.Add(ctx, o, Place{Parent: parent, Mode: mode(s)})
}

// Add is Create for an object whose place is known.
func (w *Writer) Add(ctx context.Context, o resource.Object, n Place) (store.Row, error) {
	s := o.Spec()
	if err := w.checkCount(ctx, o, n.Parent); err != nil {
		return store.Row{}, err
	}
	w.Facts.Old, w.Facts.Predefined = nil, false
	row, err := w.Insert(ctx, o, n)
	if err == nil {
		err = w.mayAdd(ctx, s, row)
	}
	if err != nil {
		return store.Row{}, err
	}
	trail, err := w.withPlace(ctx, s, row)
	if err != nil {
		return store.Row{}, err
	}
	return row, w.record(ctx, audit.ActionCreate, s, row.Name, row.ID, nil, trail)
}

func mode(s *resource.Spec) store.Mode {
	if s.Unstaged {
		return store.Immediate
	}
	return store.Staged
}

// Place is where and how an object is stored.
type Place struct {
	ID     int64 // of a new object; 0 = the next of the org's
	Parent int64
	Key    string // storage key; empty = none
	Mode   store.Mode
}

// Insert fills, validates and stores a new object, without counting, audit or
// marking an editor.
func (w *Writer) Insert(ctx context.Context, o resource.Object, n Place) (store.Row, error) {
	o.SetID(n.ID)
	if n.ID == 0 {
		o.SetID(w.NextID())
	}
	o.AssignIDs(w.NextID)
	return w.put(ctx, o, n)
}

// put is what creating and replacing share.
func (w *Writer) put(ctx context.Context, o resource.Object, n Place) (store.Row, error) {
	s := o.Spec()
	s.Defaults(w.Facts, o.Value())
	if err := o.Check(); err != nil {
		return store.Row{}, err
	}
	if err := s.Validate(w.Facts, o.Value()); err != nil {
		return store.Row{}, err
	}
	if err := w.checkUnique(ctx, o, n.Parent); err != nil {
		return store.Row{}, err
	}
	refs, err := w.resolve(ctx, o)
	if err != nil {
		return store.Row{}, err
	}
	if s.Ordered() {
		defer o.SetOrder(o.Order()) // a write may run twice
		if err := w.enqueue(ctx, o, n.Key == builtinKey); err != nil {
			return store.Row{}, err
		}
	}
	if w.by.Who != nil {
		o.Stamp(w.Facts.Caller, w.Facts.Now)
	}
	body, err := o.Encode()
	if err != nil {
		return store.Row{}, err
	}
	row := store.Row{Kind: s.Name, ID: o.ID(), Parent: n.Parent, Name: o.Name(), Key: n.Key, Body: body}
	if err := w.Put(ctx, row, n.Mode); err != nil {
		return store.Row{}, err
	}
	return row, w.SetRefs(ctx, s.Name, o.ID(), refs)
}

// Replace overwrites an object whole and answers it as a replace does.
func (e *Engine) Replace(ctx context.Context, by By, o resource.Object, id, parent int64, above ...int64) (*resource.Answer, error) {
	return e.Save(ctx, by, resource.InPut, func(ctx context.Context, w *Writer) (store.Row, error) {
		return w.Replace(ctx, o, id, parent, above...)
	})
}

// Replace overwrites an object whole, with a row in the trail.
func (w *Writer) Replace(ctx context.Context, o resource.Object, id, parent int64, above ...int64) (store.Row, error) {
	s := o.Spec()
	old, err := w.live(ctx, s, id, parent, above...)
	if err != nil {
		return store.Row{}, err
	}
	before, err := s.Stored(old.Body)
	if err != nil {
		return store.Row{}, err
	}
	if member := o.Outdated(before); member != "" {
		return store.Row{}, wire.Conflict(wire.CodeStale, "The %s %q was changed since it was read: %s is outdated.", s.Title, old.Name, member)
	}
	if err := stays(o, old); err != nil {
		return store.Row{}, err
	}
	o.AssignIDs(w.NextID)
	o.KeepReadOnly(before.Value())
	return w.substitute(ctx, o, before, old)
}

// Alter has f change an object, a *T of its kind, in ways that its client may
// not.
func (w *Writer) Alter(ctx context.Context, s *resource.Spec, id int64, f func(v any) error) (store.Row, error) {
	old, err := w.live(ctx, s, id, 0)
	if err != nil {
		return store.Row{}, err
	}
	before, err := s.Stored(old.Body)
	if err != nil {
		return store.Row{}, err
	}
	o, err := s.Stored(old.Body)
	if err != nil {
		return store.Row{}, err
	}
	if err := f(o.Value()); err != nil {
		return store.Row{}, err
	}
	return w.substitute(ctx, o, before, old)
}

// substitute puts an object into the place of another, with a row in the
// trail.
func (w *Writer) substitute(ctx context.Context, o, before resource.Object, old store.Row) (store.Row, error) {
	s := o.Spec()
	trail, err := w.withPlace(ctx, s, old)
	if err != nil {
		return store.Row{}, err
	}
	w.Facts.Old, w.Facts.Predefined = before.Value(), old.Key == builtinKey
	o.SetID(old.ID)
	row, err := w.put(ctx, o, Place{Parent: old.Parent, Key: old.Key, Mode: mode(s)})
	if err == nil {
		err = w.inScope(ctx, s, row)
	}
	if err != nil {
		return store.Row{}, err
	}
	now, err := w.withPlace(ctx, s, row)
	if err != nil {
		return store.Row{}, err
	}
	if !reflect.DeepEqual(w.engine.label(row), w.engine.label(old)) {
		if err := w.renameIn(ctx, row); err != nil {
			return store.Row{}, err
		}
	}
	return row, w.record(ctx, audit.ActionUpdate, s, row.Name, row.ID, trail, now)
}

// Delete removes an object, and what it owns, from the working configuration.
func (e *Engine) Delete(ctx context.Context, by By, s *resource.Spec, id, parent int64, above ...int64) error {
	_, err := e.Save(ctx, by, resource.InGet, func(ctx context.Context, w *Writer) (store.Row, error) {
		return store.Row{}, w.Delete(ctx, s, id, parent, above...)
	})
	return err
}

// Delete removes an object, and what it owns, with a row in the trail.
func (w *Writer) Delete(ctx context.Context, s *resource.Spec, id, parent int64, above ...int64) error {
	row, err := w.live(ctx, s, id, parent, above...)
	if err != nil {
		return err
	}
	if row.Key == builtinKey {
		return wire.Forbidden(wire.CodeInvalidOperation, "The %s %q came with the org and cannot be deleted.", s.Title, row.Name)
	}
	trail, err := w.withPlace(ctx, s, row)
	if err != nil {
		return err
	}
	if err := w.remove(ctx, s, row); err != nil {
		return err
	}
	return w.record(ctx, audit.ActionDelete, s, row.Name, row.ID, trail, nil)
}

// ReplaceSecret runs a write that puts a secret into the place of another. The
// trail says that it happened, and not what either of them is. It is in force
// at once, so it leaves nothing pending.
func (e *Engine) ReplaceSecret(ctx context.Context, by By, name string, f func(context.Context, *store.Tx) error) error {
	return e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		if err := f(ctx, w.Tx); err != nil {
			return err
		}
		entry := w.entry(audit.ActionUpdate)
		entry.Category, entry.SubCategory, entry.Resource = audit.CategoryProvisioning, audit.SubProvisioningTemplate, name
		return audit.Write(ctx, w.Tx, entry)
	})
}

// remove deletes a row and the children it owns, and refuses while anything
// else hangs on it or names it.
func (w *Writer) remove(ctx context.Context, s *resource.Spec, row store.Row) error {
	const shown = 3 // of what is in the way
	users, err := w.Referrers(ctx, s.Name, []int64{row.ID}, "", shown)
	if err != nil {
		return err
	}
	var names []string
	for _, u := range users {
		r, err := w.Get(ctx, store.Working, u.Kind, u.ID)
		if err != nil {
			return err
		}
		names = append(names, w.describe(r))
	}
	for _, child := range w.engine.kinds.ChildrenOf(s.Name) {
		rows, err := w.Children(ctx, store.Working, child.Name, []int64{row.ID})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !child.Parent.Owned {
				names = append(names, w.describe(r))
			} else if err := w.remove(ctx, child, r); err != nil {
				return err
			}
		}
	}
	if len(names) > 0 {
		return wire.Conflict(wire.CodeInUse, "The %s %q is in use by %s.", s.Title, row.Name, strings.Join(names[:min(shown, len(names))], ", "))
	}
	if s.Ordered() {
		if err := w.dequeue(ctx, s, row.ID); err != nil {
			return err
		}
	}
	return w.Tx.Delete(ctx, s.Name, row.ID, mode(s))
}

func (w *Writer) describe(r store.Row) string {
	return fmt.Sprintf("%s %q", w.engine.kinds.Kind(r.Kind).Title, r.Name)
}

// live reads the working row of an object that must exist, under parent when
// that is not 0, and with that under what is above it.
func (w *Writer) live(ctx context.Context, s *resource.Spec, id, parent int64, above ...int64) (store.Row, error) {
	row, err := w.Get(ctx, store.Working, s.Name, id)
	if err == nil {
		err = w.engine.holds(ctx, w.Tx, s, row, under{parent, above})
	}
	if err == nil {
		err = w.inScope(ctx, s, row)
	}
	return row, missing(err, s, id)
}

func (w *Writer) checkCount(ctx context.Context, o resource.Object, parent int64) error {
	s := o.Spec()
	if s.Limits.Max == 0 {
		return nil
	}
	if s.Parent.Kind == "" || s.Parent.Kind == s.Name {
		parent = -1
	}
	n, err := w.Count(ctx, store.Working, s.Name, parent)
	if err == nil && s.Ordered() { // what stands outside of the order does not count
		n, err = w.placed(ctx, s)
	}
	if err == nil && n >= s.Limits.Max && s.Limits.Per != "" {
		n, err = w.countLike(ctx, o)
	}
	if err != nil || n < s.Limits.Max || n-w.apart(s) < s.Limits.Max {
		return err
	}
	return full(s)
}

// countLike counts the objects that count together with a new one. It reads
// them all, so it is asked only once there are as many as the limit.
func (w *Writer) countLike(ctx context.Context, o resource.Object) (n int, err error) {
	s := o.Spec()
	s.Defaults(w.Facts, o.Value())
	body, err := o.Encode()
	if err != nil {
		return 0, err
	}
	like := s.Counted(body)
	for row, err := range w.List(ctx, store.Working, s.Name, store.Query{Parent: -1}) {
		if err != nil {
			return 0, err
		}
		if s.Counted(row.Body) == like {
			n++
		}
	}
	return n, nil
}

func full(s *resource.Spec) error {
	return wire.Forbidden(wire.CodeLimitExceeded, "Maximum %d objects of the kind %s are allowed. Limit has exceeded.", s.Limits.Max, s.Title)
}

func (w *Writer) checkUnique(ctx context.Context, o resource.Object, parent int64) error {
	s := o.Spec()
	find := w.ByName
	switch s.Unique {
	case resource.NotUnique:
		return nil
	case resource.UniqueName:
		parent = -1
	case resource.UniqueNameFold:
		find, parent = w.ByNameFold, -1
	}
	row, err := find(ctx, store.Working, s.Name, parent, o.Name())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case row.ID == o.ID():
		return nil
	}
	return wire.Conflict(wire.CodeDuplicate, "name %q is already used by another %s.", o.Name(), s.Title)
}

// resolve checks that what the object names exists, writes the true names into
// it and returns its references.
func (w *Writer) resolve(ctx context.Context, o resource.Object) ([]store.Ref, error) {
	var out []store.Ref
	for ref := range o.Refs() {
		row, err := w.Get(ctx, store.Working, ref.Kind, int64(ref.ID))
		if errors.Is(err, store.ErrNotFound) {
			return nil, wire.Invalid(ref.Path, "names the %s %d, which does not exist", w.engine.kinds.Kind(ref.Kind).Title, ref.ID)
		}
		if err != nil {
			return nil, err
		}
		*ref.Ref = w.engine.label(row)
		out = append(out, store.Ref{ToKind: ref.Kind, ToID: row.ID})
	}
	return out, nil
}

// label is how a reference shows an object.
func (e *Engine) label(row store.Row) wire.Ref {
	s := e.kinds.Kind(row.Kind)
	return wire.Ref{
		ID: wire.Int(row.ID), Name: row.Name, Extensions: s.Extensions(row.Body),
		// quirk: common.md, a reference says when the name is a key to be
		// translated, as those of predefined objects are.
		IsNameL10nTag: s.IsSet(row.Body, "isNameL10nTag"),
	}
}

// renameIn writes an object's new name, and what else references show of it,
// into the working rows that name it. That is a cache of the working view, so
// this opens no revision.
func (w *Writer) renameIn(ctx context.Context, target store.Row) error {
	users, err := w.Referrers(ctx, target.Kind, []int64{target.ID}, "", 0)
	if err != nil {
		return err
	}
	shown := w.engine.label(target)
	for _, u := range users {
		row, err := w.Get(ctx, store.Working, u.Kind, u.ID)
		if err != nil {
			return err
		}
		row.Body, err = w.engine.renamed(row, func(ref resource.ObjectRef) {
			if ref.Kind == target.Kind && int64(ref.ID) == target.ID {
				*ref.Ref = shown
			}
		})
		if err != nil {
			return err
		}
		if err := w.AmendWorking(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// renamed returns a row's body with its references as show makes them.
func (e *Engine) renamed(row store.Row, show func(resource.ObjectRef)) ([]byte, error) {
	o, err := e.kinds.Kind(row.Kind).Stored(row.Body)
	if err != nil {
		return nil, err
	}
	for ref := range o.Refs() {
		show(ref)
	}
	return o.Encode()
}

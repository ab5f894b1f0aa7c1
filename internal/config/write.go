package config

import (
	"context"
	"errors"
	"fmt"
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

// Create saves a new object and answers it as a create does.
func (e *Engine) Create(ctx context.Context, by By, o resource.Object, parent int64) (out *resource.Answer, err error) {
	s := o.Spec()
	err = e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		row, err := w.Create(ctx, o, parent)
		if err != nil {
			return err
		}
		if err := w.markEditing(ctx); err != nil {
			return err
		}
		out, err = e.render(ctx, w.Tx, store.Working, s, resource.InPost, row)
		return err
	})
	return out, err
}

// Create stores a new object if there is room for it, with a row in the trail.
func (w *Writer) Create(ctx context.Context, o resource.Object, parent int64) (store.Row, error) {
	s := o.Spec()
	if err := w.checkCount(ctx, s, parent); err != nil {
		return store.Row{}, err
	}
	row, err := w.Insert(ctx, o, Place{Parent: parent, Mode: mode(s)})
	if err != nil {
		return store.Row{}, err
	}
	return row, w.record(ctx, audit.ActionCreate, s, row.Name, row.ID, nil, row.Body)
}

func mode(s *resource.Spec) store.Mode {
	if s.Unstaged {
		return store.Immediate
	}
	return store.Staged
}

// Place is where and how an object is stored.
type Place struct {
	Parent int64
	Key    string // storage key; empty = none
	Mode   store.Mode
}

// Insert fills, validates and stores a new object, without counting, audit or
// marking an editor.
func (w *Writer) Insert(ctx context.Context, o resource.Object, n Place) (store.Row, error) {
	o.SetID(w.NextID())
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
func (e *Engine) Replace(ctx context.Context, by By, o resource.Object, id, parent int64) (out *resource.Answer, err error) {
	s := o.Spec()
	err = e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		old, err := w.live(ctx, s, id, parent)
		if err != nil {
			return err
		}
		before, err := s.Stored(old.Body)
		if err != nil {
			return err
		}
		w.Facts.Old, w.Facts.Predefined = before.Value(), old.Key == builtinKey
		o.SetID(id)
		o.AssignIDs(w.NextID)
		row, err := w.put(ctx, o, Place{Parent: old.Parent, Key: old.Key, Mode: mode(s)})
		if err != nil {
			return err
		}
		if row.Name != old.Name {
			if err := w.renameIn(ctx, row); err != nil {
				return err
			}
		}
		if err := w.record(ctx, audit.ActionUpdate, s, row.Name, row.ID, old.Body, row.Body); err != nil {
			return err
		}
		if err := w.markEditing(ctx); err != nil {
			return err
		}
		out, err = e.render(ctx, w.Tx, store.Working, s, resource.InPut, row)
		return err
	})
	return out, err
}

// Delete removes an object, and what it owns, from the working configuration.
func (e *Engine) Delete(ctx context.Context, by By, s *resource.Spec, id, parent int64) error {
	return e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		row, err := w.live(ctx, s, id, parent)
		if err != nil {
			return err
		}
		if row.Key == builtinKey {
			return wire.Forbidden(wire.CodeInvalidOperation, "The %s %q came with the org and cannot be deleted.", s.Title, row.Name)
		}
		if err := w.remove(ctx, s, row); err != nil {
			return err
		}
		if err := w.record(ctx, audit.ActionDelete, s, row.Name, row.ID, row.Body, nil); err != nil {
			return err
		}
		return w.markEditing(ctx)
	})
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
	return w.Tx.Delete(ctx, s.Name, row.ID, mode(s))
}

func (w *Writer) describe(r store.Row) string {
	return fmt.Sprintf("%s %q", w.engine.kinds.Kind(r.Kind).Title, r.Name)
}

// live reads the working row of an object that must exist, under parent when
// that is not 0.
func (w *Writer) live(ctx context.Context, s *resource.Spec, id, parent int64) (store.Row, error) {
	row, err := w.Get(ctx, store.Working, s.Name, id)
	if err == nil && parent != 0 && row.Parent != parent {
		err = store.ErrNotFound
	}
	return row, missing(err, s, id)
}

func (w *Writer) checkCount(ctx context.Context, s *resource.Spec, parent int64) error {
	if s.Limits.Max == 0 {
		return nil
	}
	if s.Parent.Kind == "" || s.Parent.Kind == s.Name {
		parent = -1
	}
	n, err := w.Count(ctx, store.Working, s.Name, parent)
	if err != nil || n < s.Limits.Max {
		return err
	}
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
		// quirk: common.md, a reference says when the name is a key to be
		// translated, as those of predefined objects are.
		l10n := w.engine.kinds.Kind(ref.Kind).IsSet(row.Body, "isNameL10nTag")
		*ref.Ref = wire.Ref{ID: ref.ID, Name: row.Name, IsNameL10nTag: l10n}
		out = append(out, store.Ref{ToKind: ref.Kind, ToID: row.ID})
	}
	return out, nil
}

// renameIn writes an object's new name into the working rows that name it. A
// reference's name is a cache of the working view, so this opens no revision.
func (w *Writer) renameIn(ctx context.Context, target store.Row) error {
	users, err := w.Referrers(ctx, target.Kind, []int64{target.ID}, "", 0)
	if err != nil {
		return err
	}
	for _, u := range users {
		row, err := w.Get(ctx, store.Working, u.Kind, u.ID)
		if err != nil {
			return err
		}
		row.Body, err = w.engine.renamed(row, target.Kind, func(_ string, id int64, old string) string {
			if id == target.ID {
				return target.Name
			}
			return old
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

// renamed returns a row's body with the names of its references to toKind (""
// = to any) as name says.
func (e *Engine) renamed(row store.Row, toKind string, name func(kind string, id int64, old string) string) ([]byte, error) {
	o, err := e.kinds.Kind(row.Kind).Stored(row.Body)
	if err != nil {
		return nil, err
	}
	for ref := range o.Refs() {
		if toKind == "" || ref.Kind == toKind {
			ref.Name = name(ref.Kind, int64(ref.ID), ref.Name)
		}
	}
	return o.Encode()
}

package config

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Found makes an org together with all that it is born with: f fills it, in
// force at once. Either all of it is there afterwards or nothing.
func (e *Engine) Found(ctx context.Context, org store.Org, f func(context.Context, *Writer) error) error {
	return Outcome(e.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.CreateOrg(ctx, org); err != nil {
			return err
		}
		if err := f(ctx, e.writer(ctx, tx, By{Org: org.ID}, org.Cloud)); err != nil {
			return err
		}
		// The org's own trail begins after that.
		return audit.Write(ctx, tx, e.installation(audit.ActionCreate, "org "+org.Name))
	}))
}

// installation is a row of the installation's own trail, about what its owner
// does.
func (e *Engine) installation(action, name string) audit.Entry {
	return audit.Entry{
		At: e.now(), Action: action, Category: audit.CategoryAdvancedSettings, SubCategory: audit.SubAdvancedSettings,
		Resource: name, Interface: audit.InterfaceAPI, Result: audit.ResultSuccess,
	}
}

// RecordDownload notes that somebody took a copy of everything.
func (e *Engine) RecordDownload(ctx context.Context, name string) error {
	return Outcome(e.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Write(ctx, tx, e.installation(audit.ActionDownload, name))
	}))
}

// RecordMode notes that the caller made the service read-only, or ended that.
// The mode itself is not kept.
func (e *Engine) RecordMode(ctx context.Context, by By, was, is bool) error {
	return Outcome(e.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		entry := e.installation(audit.ActionUpdate, "Read-only mode")
		entry.Org, entry.Admin, entry.Login, entry.IP = by.Org, by.Who.ID, by.Who.Login, by.IP
		entry.Before, entry.After = fmt.Appendf(nil, `{"readOnly":%t}`, was), fmt.Appendf(nil, `{"readOnly":%t}`, is)
		return audit.Write(ctx, tx, entry)
	}))
}

// Orgs lists the orgs of the installation, with how many objects of a kind
// each has.
func (e *Engine) Orgs(ctx context.Context, kind string) (orgs []store.Org, counts []int, err error) {
	err = e.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) (err error) {
		orgs, err = tx.Orgs(ctx)
		return err
	})
	for _, org := range orgs {
		if err != nil {
			break
		}
		err = e.db.View(ctx, org.ID, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.Count(ctx, store.Working, kind, -1)
			counts = append(counts, n)
			return err
		})
	}
	return orgs, counts, err
}

// OrgOfVanity finds the org that a login host is of, by the name that the host
// begins with.
func (e *Engine) OrgOfVanity(ctx context.Context, vanity string) (org int64, ok bool, err error) {
	err = e.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) (err error) {
		org, err = tx.OrgOfVanity(ctx, vanity)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return 0, false, nil
	}
	return org, err == nil, err
}

// Change lets f change an object's members, and stores and records it like a
// replace.
func (w *Writer) Change(ctx context.Context, kind string, id int64, f func(value any) error) error {
	s := w.engine.kinds.Kind(kind)
	old, err := w.live(ctx, s, id, 0)
	if err != nil {
		return err
	}
	before, err := s.Stored(old.Body)
	if err != nil {
		return err
	}
	w.Facts.Old, w.Facts.Predefined = before.Value(), old.Key == builtinKey
	o, err := s.Stored(old.Body)
	if err != nil {
		return err
	}
	if err := f(o.Value()); err != nil {
		return err
	}
	row, err := w.put(ctx, o, Place{Parent: old.Parent, Key: old.Key, Mode: mode(s)})
	if err != nil {
		return err
	}
	return w.record(ctx, audit.ActionUpdate, s, row.Name, row.ID, old.Body, row.Body)
}

// unstaged are the kinds that the server itself consults: they have no
// revisions, and a baseline is not about them.
func (e *Engine) unstaged() (kinds []string) {
	for _, s := range e.kinds.All() {
		if s.Unstaged {
			kinds = append(kinds, s.Name)
		}
	}
	return kinds
}

// EnsureBaseline keeps the org's configuration as it is now for Revert, unless
// an earlier one is kept.
func (e *Engine) EnsureBaseline(ctx context.Context, org int64) error {
	has, err := e.HasBaseline(ctx, org)
	if err != nil || has {
		return err
	}
	return e.Update(ctx, By{Org: org}, func(ctx context.Context, w *Writer) error {
		return w.SetBaseline(ctx, e.unstaged())
	})
}

// HasBaseline tells whether the org has a baseline.
func (e *Engine) HasBaseline(ctx context.Context, org int64) (has bool, err error) {
	err = e.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) (err error) {
		has, err = tx.HasBaseline(ctx, org)
		return err
	})
	return has, err
}

// Revert makes the org's baseline its configuration, saved and active. Nobody
// has anything pending afterwards. Admins, roles and keys stay as they are.
func (w *Writer) Revert(ctx context.Context) error {
	err := w.Tx.Revert(ctx, w.engine.unstaged())
	if errors.Is(err, store.ErrNotFound) {
		return wire.Conflict(wire.CodeInvalidOperation, "The org has no state to go back to.")
	}
	if err != nil {
		return err
	}
	if _, err := w.Exec(ctx, `DELETE FROM edit_state WHERE org = $1`, w.Org()); err != nil {
		return err
	}
	entry := w.entry(audit.ActionImport)
	entry.Category, entry.SubCategory, entry.Resource = audit.CategoryAdvancedSettings, audit.SubAdvancedSettings, "Reset to the demo org as new"
	return audit.Write(ctx, w.Tx, entry)
}

// Reload forgets what is remembered of the orgs, after the database was
// replaced. Answers that are cached are the epoch's.
func (e *Engine) Reload() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.clouds)
}

package config

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Import is what a source outside of the org says of a kind whose objects are
// the source's: it is in force at once and pending for nobody.
type Import struct {
	Kind    *resource.Spec
	Objects []resource.Object
	// Key is how the source tells objects apart.
	Key func(value any) string
	// Replace says that the source has no other objects than these. Gone marks
	// one that it has no longer and reports whether that changed it; a kind
	// without it loses the object, which is an edit like any other deletion.
	Replace bool
	Gone    func(value any) bool
}

// Imported is what an import did.
type Imported struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Deleted   int `json:"deleted"`
}

// importBatch is how many objects one write takes: others wait for their turn
// no longer than that takes. An import that fails in the middle leaves what it
// has done, and does no harm when it is repeated.
const importBatch = 500

// Import brings a kind in step with its source.
func (e *Engine) Import(ctx context.Context, by By, in Import) (out Imported, err error) {
	if err := e.checkImport(in); err != nil {
		return out, err
	}
	defer e.countImport(by.Org)
	var missing []int64
	if in.Replace {
		if missing, err = e.unlisted(ctx, by.Org, in); err != nil {
			return out, err
		}
	}
	for batch := range slices.Chunk(missing, importBatch) {
		var gone int
		err := e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
			gone = 0
			return w.importGone(ctx, in, batch, &gone)
		})
		if err != nil {
			return out, err
		}
		out.Deleted += gone
	}
	for batch := range slices.Chunk(in.Objects, importBatch) {
		var done Imported // of the run that counts
		err := e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
			done = Imported{}
			return w.importBatch(ctx, in, batch, &done)
		})
		if err != nil {
			return out, err
		}
		out.Created, out.Updated, out.Unchanged = out.Created+done.Created, out.Updated+done.Updated, out.Unchanged+done.Unchanged
	}
	return out, e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		entry := w.entry(audit.ActionImport)
		entry.Category, entry.SubCategory = in.Kind.Audit.Category, in.Kind.Audit.Sub
		entry.Resource = fmt.Sprintf("%d new, %d changed, %d gone", out.Created, out.Updated, out.Deleted)
		return audit.Write(ctx, w.Tx, entry)
	})
}

// Imports counts the imports into an org since the server started: together
// with the active revision it says whether the active view may have changed.
func (e *Engine) Imports(org int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.imports[org]
}

func (e *Engine) countImport(org int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.imports[org]++
}

// checkImport finds what is wrong with the objects before any is stored.
func (e *Engine) checkImport(in Import) error {
	if in.Kind.Limits.Max > 0 && len(in.Objects) > in.Kind.Limits.Max {
		return full(in.Kind)
	}
	for i, o := range in.Objects {
		in.Kind.Defaults(resource.Facts{Now: e.now()}, o.Value())
		err := o.Check()
		if err == nil {
			err = in.Kind.Validate(resource.Facts{Now: e.now()}, o.Value())
		}
		var fault *wire.Error
		if errors.As(err, &fault) && len(in.Objects) > 1 {
			fault.Message += fmt.Sprintf(" (element %d)", i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unlisted finds the objects that the import does not name.
func (e *Engine) unlisted(ctx context.Context, org int64, in Import) (ids []int64, err error) {
	named := make(map[string]bool, len(in.Objects))
	for _, o := range in.Objects {
		named[in.Key(o.Value())] = true
	}
	err = e.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		for row, err := range tx.List(ctx, store.Working, in.Kind.Name, store.Query{Parent: -1}) {
			if err != nil {
				return err
			}
			if !named[row.Key] {
				ids = append(ids, row.ID)
			}
		}
		return nil
	})
	return ids, err
}

func (w *Writer) importBatch(ctx context.Context, in Import, batch []resource.Object, done *Imported) error {
	s := in.Kind
	n, err := w.Count(ctx, store.Working, s.Name, -1)
	if err != nil {
		return err
	}
	for _, o := range batch {
		place := Place{Key: in.Key(o.Value()), Mode: store.BornActive}
		old, err := w.ByKey(ctx, store.Working, s.Name, place.Key)
		if errors.Is(err, store.ErrNotFound) {
			if n++; s.Limits.Max > 0 && n > s.Limits.Max {
				return full(s)
			}
			o.SetID(w.NextID())
			if _, err := w.put(ctx, o, place); err != nil {
				return err
			}
			done.Created++
			continue
		}
		if err != nil {
			return err
		}
		changed, err := w.importOver(ctx, o, old, place)
		if err != nil {
			return err
		}
		if changed {
			done.Updated++
		} else {
			done.Unchanged++
		}
	}
	return nil
}

// importOver replaces an object, unless it is as it should be.
func (w *Writer) importOver(ctx context.Context, o resource.Object, old store.Row, place Place) (changed bool, err error) {
	before, err := o.Spec().Stored(old.Body)
	if err != nil {
		return false, err
	}
	o.SetID(old.ID)
	if o.Same(before) {
		return false, nil
	}
	row, err := w.put(ctx, o, place)
	if err == nil && row.Name != old.Name {
		err = w.renameIn(ctx, row)
	}
	return true, err
}

func (w *Writer) importGone(ctx context.Context, in Import, ids []int64, gone *int) error {
	for _, id := range ids {
		row, err := w.Get(ctx, store.Working, in.Kind.Name, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if in.Gone == nil {
			if err := w.remove(ctx, in.Kind, row); err != nil {
				return err
			}
			if err := w.markEditing(ctx); err != nil {
				return err
			}
			*gone++
			continue
		}
		o, err := in.Kind.Stored(row.Body)
		if err != nil {
			return err
		}
		if !in.Gone(o.Value()) {
			continue
		}
		if _, err := w.put(ctx, o, Place{Key: row.Key, Mode: store.BornActive}); err != nil {
			return err
		}
		*gone++
	}
	return nil
}

// CountWhere answers how many objects a list would hold without pages.
func (e *Engine) CountWhere(ctx context.Context, q ListQuery) (n int, err error) {
	q.Offset, q.Limit = 0, 0
	err = e.db.View(ctx, q.Org, func(ctx context.Context, tx *store.Tx) error {
		rows, err := e.rows(ctx, tx, &q)
		n = len(rows)
		return err
	})
	return n, err
}

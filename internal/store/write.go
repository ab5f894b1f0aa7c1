package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const (
	selectLive = `SELECT rev_from FROM object WHERE org = $1 AND kind = $2 AND rev_to = 9223372036854775807 AND id = $3`

	insertRow = `INSERT INTO object (org, kind, rev_to, id, rev_from, parent, name, name_fold, key, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

	replaceRow = `UPDATE object SET rev_from = $5, parent = $6, name = $7, name_fold = $8, key = $9, body = $10
WHERE org = $1 AND kind = $2 AND rev_to = $3 AND id = $4`

	closeRow = `UPDATE object SET rev_to = $5 WHERE org = $1 AND kind = $2 AND rev_to = $3 AND id = $4`

	deleteRow = `DELETE FROM object WHERE org = $1 AND kind = $2 AND rev_to = $3 AND id = $4`
)

// Put creates an object, or replaces the one with the same kind and id. From
// and To of row are ignored.
func (tx *Tx) Put(ctx context.Context, row Row, mode Mode) error {
	if err := tx.writable(); err != nil {
		return err
	}
	if !storable(row.Kind) || !storable(row.Name) || !storable(row.Key) {
		return fmt.Errorf("store: put %s %d: a name that cannot be stored as text", row.Kind, row.ID)
	}
	err := tx.put(ctx, row, mode)
	if err != nil {
		return fmt.Errorf("store: put %s %d: %w", row.Kind, row.ID, err)
	}
	return nil
}

func (tx *Tx) put(ctx context.Context, row Row, mode Mode) error {
	if mode != Staged {
		return tx.putInForce(ctx, row)
	}
	from, exists, err := tx.liveFrom(ctx, row.Kind, row.ID)
	switch {
	case err != nil:
		return err
	case exists && tx.unseen(from):
		return tx.store(ctx, replaceRow, row, tx.head.Rev)
	case exists:
		if err := tx.change(ctx, closeRow, row.Kind, Working, row.ID, tx.head.Rev); err != nil {
			return err
		}
	}
	return tx.store(ctx, insertRow, row, tx.head.Rev)
}

// putInForce writes a row that the active view has at once.
func (tx *Tx) putInForce(ctx context.Context, row Row) error {
	from, exists, err := tx.liveFrom(ctx, row.Kind, row.ID)
	if err != nil {
		return err
	}
	if exists && from <= tx.head.Active {
		return tx.store(ctx, replaceRow, row, from)
	}
	// The active view may show an older row of the object, closed and pending.
	// The new one takes its place there too.
	if err := tx.endActive(ctx, row.Kind, row.ID); err != nil {
		return err
	}
	if exists {
		return tx.store(ctx, replaceRow, row, tx.head.Active)
	}
	return tx.store(ctx, insertRow, row, tx.head.Active)
}

// unseen says that no activation has seen a live row, so that nothing is lost
// by writing over it. A row of this same revision counts as unseen even when
// the revision has been activated: an object has one row per revision.
func (tx *Tx) unseen(from int64) bool {
	return from > tx.head.Active || from == tx.head.Rev
}

// liveFrom reads the revision of an object's live row.
func (tx *Tx) liveFrom(ctx context.Context, kind string, id int64) (from int64, exists bool, err error) {
	err = tx.QueryRow(ctx, selectLive, tx.org, kind, id).Scan(&from)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return from, err == nil, err
}

const selectClosedActive = `SELECT rev_from, rev_to FROM object WHERE org = $1 AND kind = $2
AND rev_to > $3 AND rev_to < 9223372036854775807 AND rev_from <= $3 AND id = $4`

// closedActive reads the span of the row that an object has in the active
// view and no longer in the working one.
func (tx *Tx) closedActive(ctx context.Context, kind string, id int64) (from, to int64, exists bool, err error) {
	err = tx.QueryRow(ctx, selectClosedActive, tx.org, kind, tx.head.Active, id).Scan(&from, &to)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, false, nil
	}
	return from, to, err == nil, err
}

// endActive takes the closed row of an object, if it has one there, out of the
// active view.
func (tx *Tx) endActive(ctx context.Context, kind string, id int64) error {
	from, to, exists, err := tx.closedActive(ctx, kind, id)
	if err != nil || !exists {
		return err
	}
	return tx.end(ctx, kind, id, from, At(to))
}

// end ends a row with the activation before the last, or removes it when it
// began with the last.
func (tx *Tx) end(ctx context.Context, kind string, id, from int64, to At) error {
	if from == tx.head.Active {
		return tx.change(ctx, deleteRow, kind, to, id)
	}
	return tx.change(ctx, closeRow, kind, to, id, tx.head.Active)
}

// store writes a live row with insertRow or replaceRow.
func (tx *Tx) store(ctx context.Context, text string, row Row, from int64) error {
	body := row.Body
	if body == nil {
		body = []byte{}
	}
	return tx.change(ctx, text, row.Kind, Working, row.ID, from, row.Parent, row.Name, fold(row.Name), row.Key, body)
}

// change runs a statement that concerns the one row (kind, to, id).
func (tx *Tx) change(ctx context.Context, text, kind string, to At, id int64, args ...any) error {
	n, err := tx.Exec(ctx, text, append([]any{tx.org, kind, int64(to), id}, args...)...)
	if err != nil {
		return err
	}
	if n != 1 {
		return ErrNotFound
	}
	return nil
}

const amendRow = `UPDATE object SET parent = $5, name = $6, name_fold = $7, key = $8, body = $9
WHERE org = $1 AND kind = $2 AND rev_to = $3 AND id = $4`

// Amend changes an object in place, without a revision: its working row, and
// the row of the active view if that is another one. ErrNotFound says that it
// has neither.
func (tx *Tx) Amend(ctx context.Context, row Row) error {
	working := tx.AmendWorking(ctx, row)
	if working != nil && !errors.Is(working, ErrNotFound) {
		return working
	}
	_, to, exists, err := tx.closedActive(ctx, row.Kind, row.ID)
	if err != nil {
		return fmt.Errorf("store: amend %s %d: %w", row.Kind, row.ID, err)
	}
	if !exists {
		return working
	}
	return tx.amend(ctx, row, At(to))
}

// AmendWorking changes the working row of an object in place, without a
// revision.
func (tx *Tx) AmendWorking(ctx context.Context, row Row) error {
	return tx.amend(ctx, row, Working)
}

func (tx *Tx) amend(ctx context.Context, row Row, to At) error {
	if err := tx.writable(); err != nil {
		return err
	}
	if !storable(row.Name) || !storable(row.Key) {
		return fmt.Errorf("store: amend %s %d: a name that cannot be stored as text", row.Kind, row.ID)
	}
	body := row.Body
	if body == nil {
		body = []byte{}
	}
	err := tx.change(ctx, amendRow, row.Kind, to, row.ID, row.Parent, row.Name, fold(row.Name), row.Key, body)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("store: amend %s %d: %w", row.Kind, row.ID, err)
	}
	return err
}

// Delete deletes an object from the working view, and its live references
// with it: those that it makes, not those to it. Unless the mode is Staged,
// the active view loses it at once.
func (tx *Tx) Delete(ctx context.Context, kind string, id int64, mode Mode) error {
	if err := tx.writable(); err != nil {
		return err
	}
	from, exists, err := tx.liveFrom(ctx, kind, id)
	if err == nil && !exists {
		return ErrNotFound
	}
	if err == nil {
		err = tx.deleteLive(ctx, kind, id, from, mode)
	}
	if err == nil {
		_, err = tx.Exec(ctx, deleteRefs, tx.org, kind, id)
	}
	if err != nil {
		return fmt.Errorf("store: delete %s %d: %w", kind, id, err)
	}
	return nil
}

func (tx *Tx) deleteLive(ctx context.Context, kind string, id, from int64, mode Mode) error {
	switch {
	case mode == Staged && tx.unseen(from):
		return tx.change(ctx, deleteRow, kind, Working, id)
	case mode == Staged:
		return tx.change(ctx, closeRow, kind, Working, id, tx.head.Rev)
	case mode == BornActive && from <= tx.head.Active:
		return tx.end(ctx, kind, id, from, Working)
	}
	if err := tx.change(ctx, deleteRow, kind, Working, id); err != nil || from <= tx.head.Active {
		return err
	}
	return tx.endActive(ctx, kind, id)
}

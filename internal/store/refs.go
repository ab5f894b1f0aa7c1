package store

import (
	"context"
	"fmt"
)

const (
	deleteRefs = `DELETE FROM ref WHERE org = $1 AND kind = $2 AND id = $3`
	selectRefs = `SELECT to_kind, to_id FROM ref WHERE org = $1 AND kind = $2 AND id = $3`
	insertRef  = `INSERT INTO ref (org, to_kind, to_id, kind, id) VALUES ($1, $2, $3, $4, $5)`
	deleteRef  = `DELETE FROM ref WHERE org = $1 AND to_kind = $2 AND to_id = $3 AND kind = $4 AND id = $5`
)

// SetRefs makes to the live references of an object. Of each, ToKind and ToID
// are used; one that occurs twice counts once.
func (tx *Tx) SetRefs(ctx context.Context, kind string, id int64, to []Ref) error {
	if err := tx.writable(); err != nil {
		return err
	}
	if err := tx.setRefs(ctx, kind, id, to); err != nil {
		return fmt.Errorf("store: references of %s %d: %w", kind, id, err)
	}
	return nil
}

func (tx *Tx) setRefs(ctx context.Context, kind string, id int64, to []Ref) error {
	// Most writes of an object leave its references as they are, so only what
	// differs is written.
	stale, err := tx.refsOf(ctx, kind, id)
	if err != nil {
		return err
	}
	added := make(map[Ref]bool, len(to))
	for _, ref := range to {
		ref.Kind, ref.ID = kind, id
		if added[ref] {
			continue
		}
		added[ref] = true
		if stale[ref] {
			delete(stale, ref)
			continue
		}
		if _, err := tx.Exec(ctx, insertRef, tx.org, ref.ToKind, ref.ToID, kind, id); err != nil {
			return err
		}
	}
	for ref := range stale {
		if _, err := tx.Exec(ctx, deleteRef, tx.org, ref.ToKind, ref.ToID, kind, id); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) refsOf(ctx context.Context, kind string, id int64) (map[Ref]bool, error) {
	rows, err := tx.rows(ctx, selectRefs, tx.org, kind, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	refs := make(map[Ref]bool)
	for rows.Next() {
		ref := Ref{Kind: kind, ID: id}
		if err := rows.Scan(&ref.ToKind, &ref.ToID); err != nil {
			return nil, err
		}
		refs[ref] = true
	}
	return refs, rows.Err()
}

// Referrers lists live references to any of the objects: all of them, or
// those that a kind makes; limit of them at most, unless it is 0. They come by
// the object that is referred to, then by the one that refers.
func (tx *Tx) Referrers(ctx context.Context, toKind string, toIDs []int64, kind string, limit int) ([]Ref, error) {
	if err := tx.readable(); err != nil {
		return nil, err
	}
	var refs []Ref
	var err error
	for _, list := range chunks(toIDs) {
		if limit > 0 && len(refs) >= limit {
			break
		}
		args := append(make(arguments, 0, 8), tx.org, toKind)
		text := `SELECT to_id, kind, id FROM ref WHERE org = $1 AND to_kind = $2 AND to_id IN (` + args.addList(list) + `)`
		if kind != "" {
			text += ` AND kind = ` + args.add(kind)
		}
		text += ` ORDER BY to_id, kind, id`
		if limit > 0 {
			text += ` LIMIT ` + args.add(int64(limit-len(refs)))
		}
		if refs, err = tx.manyRefs(ctx, refs, toKind, text, args); err != nil {
			return nil, fmt.Errorf("store: references to %s: %w", toKind, err)
		}
	}
	return refs, nil
}

func (tx *Tx) manyRefs(ctx context.Context, refs []Ref, toKind, text string, args []any) ([]Ref, error) {
	rows, err := tx.rows(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		ref := Ref{ToKind: toKind}
		if err := rows.Scan(&ref.ToID, &ref.Kind, &ref.ID); err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	return refs, rows.Err()
}

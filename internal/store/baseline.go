package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// baseline is what SetBaseline keeps of an org.
type baseline struct {
	Rows []Row  `json:"rows"`
	Refs []Ref  `json:"refs"`
	How  string `json:"how"` // of the last activation
	By   string `json:"by"`
}

// besides is the condition that a row's kind is none of a few; the parameters
// follow those that are there.
func besides(kinds []string, args *arguments) string {
	if len(kinds) == 0 {
		return ``
	}
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = args.add(kind)
	}
	return ` AND kind NOT IN (` + strings.Join(names, ",") + `)`
}

// SetBaseline keeps the working view of the org for Revert, but for the kinds
// that Revert is to leave alone.
func (tx *Tx) SetBaseline(ctx context.Context, leave []string) error {
	if err := tx.writable(); err != nil {
		return err
	}
	var b baseline
	err := tx.collect(ctx, &b, leave)
	if err == nil {
		b.How, b.By, _, err = tx.LastActivation(ctx)
	}
	if err != nil {
		return fmt.Errorf("store: baseline: %w", err)
	}
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("store: baseline: %w", err)
	}
	const upsert = `INSERT INTO baseline (org, body) VALUES ($1, $2) ON CONFLICT (org) DO UPDATE SET body = excluded.body`
	_, err = tx.Exec(ctx, upsert, tx.org, body)
	return err
}

func (tx *Tx) collect(ctx context.Context, b *baseline, leave []string) error {
	args := arguments{tx.org}
	rows, err := tx.rows(ctx, `SELECT kind, `+columns+` FROM object WHERE org = $1 AND `+live+besides(leave, &args)+` ORDER BY id`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row Row
		if err := scan(rows, &row, &row.Kind); err != nil {
			return err
		}
		b.Rows = append(b.Rows, row)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	args = arguments{tx.org}
	refs, err := tx.rows(ctx, `SELECT to_kind, to_id, kind, id FROM ref WHERE org = $1`+besides(leave, &args), args...)
	if err != nil {
		return err
	}
	defer refs.Close()
	for refs.Next() {
		var r Ref
		if err := refs.Scan(&r.ToKind, &r.ToID, &r.Kind, &r.ID); err != nil {
			return err
		}
		b.Refs = append(b.Refs, r)
	}
	return refs.Err()
}

// HasBaseline tells whether an org has a baseline.
func (tx *Tx) HasBaseline(ctx context.Context, org int64) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM baseline WHERE org = $1`, org).Scan(&n)
	return n > 0, err
}

// Revert puts the org's baseline in the place of all objects but those of the
// kinds to be left alone, with their history: it is the working view and the
// active one, of the revision of this write. Ids that have been used are not
// used again. Without a baseline it answers ErrNotFound.
func (tx *Tx) Revert(ctx context.Context, leave []string) error {
	if err := tx.writable(); err != nil {
		return err
	}
	var body []byte
	err := tx.QueryRow(ctx, `SELECT body FROM baseline WHERE org = $1`, tx.org).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var b baseline
	if err == nil {
		err = json.Unmarshal(body, &b)
	}
	if err == nil {
		err = tx.revert(ctx, &b, leave)
	}
	if err != nil {
		return fmt.Errorf("store: revert to the baseline: %w", err)
	}
	return nil
}

func (tx *Tx) revert(ctx context.Context, b *baseline, leave []string) error {
	for _, table := range []string{"object", "ref"} {
		args := arguments{tx.org}
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE org = $1`+besides(leave, &args), args...); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM activation WHERE org = $1`, tx.org); err != nil {
		return err
	}
	if err := tx.SetActive(ctx, b.How, b.By); err != nil {
		return err
	}
	for _, row := range b.Rows {
		if err := tx.store(ctx, insertRow, row, tx.head.Rev); err != nil {
			return err
		}
	}
	for _, r := range b.Refs {
		if _, err := tx.Exec(ctx, insertRef, tx.org, r.ToKind, r.ToID, r.Kind, r.ID); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const insertActivation = `INSERT INTO activation (org, rev, at, how, by_login) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (org, rev) DO UPDATE SET at = excluded.at, how = excluded.how, by_login = excluded.by_login`

// SetActive puts everything that is saved in force: the active revision is the
// one of this write. How and by say what caused it, and whose login it was.
func (tx *Tx) SetActive(ctx context.Context, how, by string) error {
	if err := tx.writable(); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertActivation, tx.org, tx.head.Rev, tx.now().Unix(), how, by); err != nil {
		return fmt.Errorf("store: activate: %w", err)
	}
	tx.head.Active = tx.head.Rev
	tx.dirty = true
	return nil
}

// LastActivation answers what caused the last activation, whose login it was,
// and when it was in epoch seconds; how is empty when there has been none.
func (tx *Tx) LastActivation(ctx context.Context) (how, by string, at int64, err error) {
	if err := tx.readable(); err != nil {
		return "", "", 0, err
	}
	err = tx.QueryRow(ctx, `SELECT how, by_login, at FROM activation WHERE org = $1 ORDER BY rev DESC LIMIT 1`, tx.org).
		Scan(&how, &by, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", 0, nil
	}
	if err != nil {
		return "", "", 0, fmt.Errorf("store: last activation: %w", err)
	}
	return how, by, at, nil
}

// Prune removes up to batch rows of an org that no kept activation shows:
// those closed at or before the oldest of the last KeepActivations. It is to
// be called again until it removes fewer than batch. The records of older
// activations go with the first batch.
func (db *DB) Prune(ctx context.Context, org int64, batch int) (removed int, err error) {
	j := &job{org: org, f: func(ctx context.Context, tx *Tx) error {
		removed, err = tx.prune(ctx, db.keep, batch)
		return err
	}}
	if err := db.durable.do(ctx, j); err != nil {
		return 0, err
	}
	return removed, nil
}

const (
	selectOldest = `SELECT COALESCE(MIN(rev), 0) FROM (SELECT rev FROM activation WHERE org = $1 ORDER BY rev DESC LIMIT $2) AS kept`

	selectPrunable = `SELECT kind, rev_to, id FROM object
WHERE org = $1 AND rev_to < 9223372036854775807 AND rev_to <= $2 ORDER BY rev_to LIMIT $3`
)

func (tx *Tx) prune(ctx context.Context, keep, batch int) (removed int, err error) {
	var oldest int64
	if err := tx.QueryRow(ctx, selectOldest, tx.org, int64(keep)).Scan(&oldest); err != nil {
		return 0, fmt.Errorf("store: prune: %w", err)
	}
	if oldest == 0 {
		return 0, nil
	}
	if _, err := tx.Exec(ctx, `DELETE FROM activation WHERE org = $1 AND rev < $2`, tx.org, oldest); err != nil {
		return 0, fmt.Errorf("store: prune: %w", err)
	}
	rows, err := tx.prunable(ctx, oldest, batch)
	if err != nil {
		return 0, fmt.Errorf("store: prune: %w", err)
	}
	for _, row := range rows {
		if err := tx.change(ctx, deleteRow, row.Kind, At(row.To), row.ID); err != nil {
			return 0, fmt.Errorf("store: prune %s %d: %w", row.Kind, row.ID, err)
		}
	}
	return len(rows), nil
}

func (tx *Tx) prunable(ctx context.Context, oldest int64, batch int) ([]Row, error) {
	found, err := tx.rows(ctx, selectPrunable, tx.org, oldest, int64(batch))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []Row
	for found.Next() {
		var row Row
		if err := found.Scan(&row.Kind, &row.To, &row.ID); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

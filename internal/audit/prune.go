package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/spurline/spurline/internal/store"
)

// Kept returns the time before which rows are no longer kept: six months ago
// (behaviours.md section 7).
func Kept(now time.Time) time.Time { return now.AddDate(0, -6, 0) }

const (
	selectOldest = `SELECT seq, at, hash FROM audit WHERE org = $1
AND seq < (SELECT head_seq FROM audit_chain WHERE org = $1) ORDER BY seq LIMIT $2`
	deleteOldest = `DELETE FROM audit WHERE org = $1 AND seq <= $2`
	setAnchor    = `UPDATE audit_chain SET anchor_seq = $2, anchor_hash = $3 WHERE org = $1`
)

// Prune removes up to batch of an org's oldest rows that are older than
// before, and keeps the hash of the last of them as the anchor of the rest. The
// newest row stays. It is to be called again until it removes fewer than batch.
//
// It ends at the first row that is younger, whatever the clock did afterwards:
// what is not older is not removed.
func Prune(ctx context.Context, tx *store.Tx, org int64, before time.Time, batch int) (removed int, err error) {
	anchor, removed, err := prunable(ctx, tx, org, before.UnixMilli(), batch)
	if err == nil && removed > 0 {
		_, err = tx.Exec(ctx, deleteOldest, org, anchor.Seq)
	}
	if err == nil && removed > 0 {
		_, err = tx.Exec(ctx, setAnchor, org, anchor.Seq, anchor.Hash)
	}
	if err != nil {
		return 0, fmt.Errorf("audit: prune org %d: %w", org, err)
	}
	return removed, nil
}

// prunable finds the last of the rows to be removed.
func prunable(ctx context.Context, tx *store.Tx, org, before int64, batch int) (last Point, n int, err error) {
	rows, err := tx.Query(ctx, selectOldest, org, batch)
	if err != nil {
		return last, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var row Point
		var at int64
		if err := rows.Scan(&row.Seq, &at, &row.Hash); err != nil {
			return last, 0, err
		}
		if at >= before {
			break
		}
		last = row
		n++
	}
	return last, n, rows.Err()
}

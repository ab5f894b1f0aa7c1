package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
)

// flushBatch is how many connectors one write holds. Live rows are written in
// turns with configuration, which is not to wait for a whole fleet.
const flushBatch = 500

// load reads what an earlier run left. Connectors whose VM is gone from the
// active view since are not taken up.
func (f *Fleet) load(ctx context.Context) error {
	if err := f.db.ViewLive(ctx, f.loadReports); err != nil {
		return err
	}
	var orgs []store.Org
	err := f.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) (err error) {
		if err := f.loadTokens(ctx, tx); err != nil {
			return err
		}
		orgs, err = tx.Orgs(ctx)
		return err
	})
	if err != nil {
		return err
	}
	there := map[vmKey]bool{}
	for _, o := range orgs {
		err := f.db.View(ctx, o.ID, func(ctx context.Context, tx *store.Tx) error {
			ids, err := tx.IDs(ctx, tx.Active(), kinds.ECVMKind)
			for _, id := range ids {
				there[vmKey{o.ID, id}] = true
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for k, c := range f.vms {
		if !there[k] {
			f.forget(c)
		}
	}
	return nil
}

func (f *Fleet) loadReports(ctx context.Context, tx *store.Tx) error {
	rows, err := tx.Query(ctx, `SELECT org, vm, seen_ms, state, bundle, build FROM live`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			k vmKey
			r report
		)
		if err := rows.Scan(&k.org, &k.vm, &r.seen, &r.state, &r.bundle, &r.build); err != nil {
			return err
		}
		f.vmLocked(k).last = r
	}
	return rows.Err()
}

func (f *Fleet) loadTokens(ctx context.Context, tx *store.Tx) error {
	rows, err := tx.Query(ctx, `SELECT hash, org, vm FROM connector_token WHERE replaced = 0`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			k    vmKey
			hash []byte
		)
		if err := rows.Scan(&hash, &k.org, &k.vm); err != nil {
			return err
		}
		if len(hash) != len(tokenHash{}) {
			return errors.New("the hash of a token has the wrong length")
		}
		f.issueLocked(k, tokenHash(hash), 0)
	}
	return rows.Err()
}

// Flush writes the reports that have come since the last one. The server calls
// it at intervals; what a crash keeps from being written is said again by the
// next heartbeats.
func (f *Fleet) Flush(ctx context.Context) error {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	f.pending.Lock()
	changed, gone := f.changed, f.gone
	f.changed, f.gone = nil, nil
	f.pending.Unlock()
	for len(changed)+len(gone) > 0 {
		c, g := min(flushBatch, len(changed)), 0
		if c == len(changed) { // whoever reported and then went is written first
			g = min(flushBatch, len(gone))
		}
		if err := f.write(ctx, changed[:c], gone[:g]); err != nil {
			f.pending.Lock()
			f.changed, f.gone = append(f.changed, changed...), append(f.gone, gone...)
			f.pending.Unlock()
			return fmt.Errorf("fleet: flush: %w", err)
		}
		changed, gone = changed[c:], gone[g:]
	}
	return nil
}

// write writes one batch. What is reported meanwhile counts as not written.
func (f *Fleet) write(ctx context.Context, changed []*connector, gone []vmKey) error {
	const (
		upsert = `INSERT INTO live (org, vm, seen_ms, state, bundle, build) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (org, vm) DO UPDATE SET seen_ms = excluded.seen_ms, state = excluded.state, bundle = excluded.bundle, build = excluded.build`
		remove = `DELETE FROM live WHERE org = $1 AND vm = $2`
	)
	reports := make([]report, len(changed))
	for i, c := range changed {
		c.mu.Lock()
		reports[i] = c.last
		c.mu.Unlock()
	}
	err := f.db.WriteLive(ctx, func(ctx context.Context, tx *store.Tx) error {
		for i, c := range changed {
			r := reports[i]
			if _, err := tx.Exec(ctx, upsert, c.org, c.vm, r.seen, r.state, r.bundle, r.build); err != nil {
				return err
			}
		}
		for _, k := range gone {
			if _, err := tx.Exec(ctx, remove, k.org, k.vm); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, c := range changed {
		f.written(c, reports[i])
	}
	return nil
}

// written notes that a report is on disk; a newer one goes into the next Flush.
func (f *Fleet) written(c *connector, r report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dirty = c.last != r && !c.absent; c.dirty {
		f.pending.Lock()
		f.changed = append(f.changed, c)
		f.pending.Unlock()
	}
}

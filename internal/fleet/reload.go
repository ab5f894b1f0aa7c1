package fleet

import (
	"context"
	"fmt"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
)

// Reload takes up what the database holds in place of what is in memory, after
// the database was changed under it. Reports that have not been written are
// lost; Flush writes them. Nobody may enrol or report meanwhile.
func (f *Fleet) Reload(ctx context.Context) error {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	now := &Fleet{engine: f.engine, db: f.db, tokens: map[tokenHash]*connector{}, vms: map[vmKey]*connector{}}
	if err := now.load(ctx); err != nil {
		return fmt.Errorf("fleet: load: %w", err)
	}
	f.pending.Lock()
	f.changed, f.gone = nil, now.gone
	f.pending.Unlock()
	f.mu.Lock()
	f.tokens, f.vms = now.tokens, now.vms
	f.mu.Unlock()
	f.policies.clear()
	f.changes.Add(1)
	return nil
}

// DropStrays makes the tokens of connectors unknown whose VM is not there, in a
// write that has replaced the org's inventory: such a connector is to enrol
// again, and not to stop as a deleted one is.
func DropStrays(ctx context.Context, tx *store.Tx) error {
	const strays = `DELETE FROM connector_token WHERE org = $1 AND vm NOT IN
(SELECT id FROM object WHERE org = $1 AND kind = $2 AND rev_to = 9223372036854775807)`
	_, err := tx.Exec(ctx, strays, tx.Org(), kinds.ECVMKind)
	return err
}

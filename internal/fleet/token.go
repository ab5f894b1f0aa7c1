package fleet

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// tokenHash stands for a connector's token. The token itself is shown once, in
// the answer to an enrolment. It is random, so a plain hash keeps it secret,
// and looking a hash up tells nothing by its timing.
type tokenHash [sha256.Size]byte

// newToken returns a fresh token and its hash.
func newToken() (string, tokenHash) {
	secret := make([]byte, 32)
	// Read never fails: since Go 1.24 the program ends where there is no
	// randomness.
	_, _ = rand.Read(secret)
	token := base64.RawURLEncoding.EncodeToString(secret)
	return token, hashToken(token)
}

func hashToken(token string) tokenHash { return sha256.Sum256([]byte(token)) }

// byToken returns whose token it is and the revision of the enrolment that
// gave it; nil when no such token is in force.
func (f *Fleet) byToken(token string) (c *connector, enrolled int64) {
	hash := hashToken(token)
	f.mu.RLock()
	defer f.mu.RUnlock()
	if c = f.tokens[hash]; c == nil {
		return nil, 0
	}
	return c, c.enrolled
}

// refused says why a token that is not in force is refused: one that never was
// has its connector enrol again, one that was has it stop.
func (f *Fleet) refused(ctx context.Context, token string) error {
	hash := hashToken(token)
	var replaced int64
	err := f.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `SELECT replaced FROM connector_token WHERE hash = $1`, hash[:]).Scan(&replaced)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return &wire.Error{Status: http.StatusUnauthorized, Message: "The connector's token is not known. Enrol again."}
	case err != nil:
		return err
	case replaced != 0:
		return &wire.Error{Status: http.StatusGone, Message: "A later enrolment has replaced this connector's token. Stop."}
	default:
		return errGone()
	}
}

// errGone is the answer to a connector that no longer exists.
func errGone() error {
	return &wire.Error{Status: http.StatusGone, Message: "This connector has been deleted. Stop."}
}

// replaceTokens puts a new token in force for a VM, and takes away those of
// the same VM and of earlier VMs of the same instance, which keep theirs until
// their deletion is activated. It answers which VMs had one.
func (n *enrolling) replaceTokens(ctx context.Context, vm int64, hash tokenHash) (had []int64, err error) {
	earlier, err := n.deleted(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range append(earlier, vm) {
		count, err := n.Exec(ctx, `UPDATE connector_token SET replaced = 1 WHERE org = $1 AND vm = $2 AND replaced = 0`, n.Org(), id)
		if err != nil {
			return nil, err
		}
		if count > 0 {
			had = append(had, id)
		}
	}
	_, err = n.Exec(ctx, `INSERT INTO connector_token (hash, org, vm, replaced) VALUES ($1, $2, $3, 0)`, hash[:], n.Org(), vm)
	return had, err
}

// deleted lists the VMs of the connector's instance that are deleted and still
// active. There may be several, where the store's own search by key finds one.
func (n *enrolling) deleted(ctx context.Context) (ids []int64, err error) {
	const find = `SELECT id FROM object WHERE org = $1 AND kind = $2
		AND rev_to > $3 AND rev_to < 9223372036854775807 AND rev_from <= $3 AND key = $4`
	rows, err := n.Query(ctx, find, n.Org(), kinds.ECVMKind, int64(n.Active()), n.in.NativeID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// admit puts into memory what an enrolment has committed. Enrolments commit in
// the order of their revisions but may come here in another, so what a later
// one has said of a VM stays.
func (f *Fleet) admit(org int64, hash tokenHash, e enrolled) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, vm := range e.replaced {
		f.issueLocked(vmKey{org, vm}, tokenHash{}, e.rev)
	}
	f.issueLocked(vmKey{org, e.vm.ID}, hash, e.rev)
}

// issueLocked makes hash the token of a VM; the zero hash is none.
func (f *Fleet) issueLocked(k vmKey, hash tokenHash, rev int64) {
	c := f.vmLocked(k)
	if c.enrolled > rev {
		return
	}
	delete(f.tokens, c.token)
	c.token, c.enrolled = hash, rev
	if hash != (tokenHash{}) {
		f.tokens[hash] = c
	}
}

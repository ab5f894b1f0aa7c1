package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurline/spurline/internal/store"
)

// Reload takes up the sessions that the database holds in place of those in
// memory, after the database was replaced. Nobody may sign in meanwhile.
func (a *Auth) Reload(ctx context.Context) error {
	a.flushing.Lock()
	defer a.flushing.Unlock()
	now := &Auth{
		db: a.db, now: a.now, log: a.log, idle: a.idle,
		sessions: make(map[sessionHash]*session), persons: make(map[personKey]*person),
	}
	if err := now.load(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions, a.persons, a.expired, a.unseen = now.sessions, now.persons, now.expired, now.unseen
	return nil
}

// Reseal encrypts with this server's key what was encrypted with another, in
// the write that has brought the rows. A secret that the other key does not
// open fails it.
func (a *Auth) Reseal(ctx context.Context, tx *store.Tx, from [32]byte) error {
	seal, err := newSeal(from)
	if err != nil {
		return err
	}
	sealed, err := sealedRows(ctx, tx)
	if err != nil {
		return fmt.Errorf("auth: read sealed keys: %w", err)
	}
	for _, r := range sealed {
		where := place(r.org, r.kind, r.id)
		secret, err := seal.Open(nil, nil, r.secret, where)
		if err != nil {
			return errors.New("auth: a key does not open with the encryption key that came with it")
		}
		const put = `UPDATE credential SET secret = $4 WHERE org = $1 AND kind = $2 AND id = $3`
		if _, err := tx.Exec(ctx, put, r.org, r.kind, r.id, a.seal.Seal(nil, nil, secret, where)); err != nil {
			return fmt.Errorf("auth: store %s: %w", r.kind, err)
		}
	}
	return nil
}

type sealedRow struct {
	org    int64
	kind   string
	id     int64
	secret []byte
}

func sealedRows(ctx context.Context, tx *store.Tx) (out []sealedRow, err error) {
	rows, err := tx.Query(ctx, `SELECT org, kind, id, secret FROM credential WHERE kind IN ($1, $2)`, credentialAPIKey, credentialEnrolment)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r sealedRow
		if err := rows.Scan(&r.org, &r.kind, &r.id, &r.secret); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Admin finds an admin by login name, in any org.
func (a *Auth) Admin(ctx context.Context, login string) (org, admin int64, ok bool, err error) {
	acc, err := a.account(ctx, loginLookup(login))
	return acc.org, acc.admin, acc.org != 0, err
}

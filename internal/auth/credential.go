package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Kinds of rows in the table credential. A row of kind password is that of the
// admin with its id, its lookup the login name; it stays, without a secret,
// while the admin has no password, so that the login name stays taken.
const (
	credentialPassword  = "password"
	credentialAPIKey    = "apiKey"
	credentialEnrolment = "enrolmentKey"
)

const (
	upsertCredential = `INSERT INTO credential (org, kind, id, lookup, secret, changed) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (org, kind, id) DO UPDATE SET lookup = excluded.lookup, secret = excluded.secret, changed = excluded.changed`
	deleteCredential = `DELETE FROM credential WHERE org = $1 AND kind = $2 AND id = $3`
	// The last condition repeats that of the index, which makes it usable.
	credentialByLookup = `SELECT org, id, secret FROM credential WHERE kind = $1 AND lookup = $2 AND lookup <> ''`
	credentialSecret   = `SELECT secret FROM credential WHERE org = $1 AND kind = $2 AND id = $3`
	credentialOfOrg    = `SELECT id, secret FROM credential WHERE org = $1 AND kind = $2 ORDER BY id LIMIT 1`
)

// maxLogin bounds a login name in bytes: 128 characters (behaviours.md section 15).
const maxLogin = 128 * utf8.UTFMax

// loginLookup returns what a login name is found by. Login names are like mail
// addresses, so case does not tell them apart. Names that no admin can have
// yield "", which is found by nothing.
func loginLookup(login string) string {
	if len(login) > maxLogin || !utf8.ValidString(login) || strings.ContainsRune(login, 0) {
		return ""
	}
	return strings.ToLower(login)
}

// SetPassword gives an admin a login name and the hash, made by HashPassword,
// of a password. An empty hash reserves the login name without a password. A
// login name that another admin has, in any org, answers a 409.
func (a *Auth) SetPassword(ctx context.Context, tx *store.Tx, org, admin int64, login, hash string) error {
	lookup := loginLookup(login)
	if lookup == "" {
		return wire.Invalid("loginName", "must have 1 to 128 characters")
	}
	if hash != "" {
		if _, err := parseHash(hash); err != nil {
			return errors.New("auth: SetPassword wants what HashPassword returned")
		}
	}
	if err := loginFree(ctx, tx, org, admin, lookup); err != nil {
		return err
	}
	return a.putCredential(ctx, tx, org, credentialPassword, admin, lookup, []byte(hash))
}

// loginFree answers a 409 for a login name that another admin has.
func loginFree(ctx context.Context, tx *store.Tx, org, admin int64, lookup string) error {
	var (
		holderOrg, holder int64
		ignored           []byte
	)
	err := tx.QueryRow(ctx, credentialByLookup, credentialPassword, lookup).Scan(&holderOrg, &holder, &ignored)
	switch {
	case err == nil && (holderOrg != org || holder != admin):
		return wire.Conflict(wire.CodeDuplicate, "The login name is taken.")
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("auth: find login name: %w", err)
	}
	return nil
}

// RenameLogin gives an admin another login name and leaves the password as it
// is. A login name that another admin has, in any org, answers a 409.
func (a *Auth) RenameLogin(ctx context.Context, tx *store.Tx, org, admin int64, login string) error {
	lookup := loginLookup(login)
	if lookup == "" {
		return wire.Invalid("loginName", "must have 1 to 128 characters")
	}
	if err := loginFree(ctx, tx, org, admin, lookup); err != nil {
		return err
	}
	const rename = `UPDATE credential SET lookup = $1 WHERE org = $2 AND kind = $3 AND id = $4`
	if _, err := tx.Exec(ctx, rename, lookup, org, credentialPassword, admin); err != nil {
		return fmt.Errorf("auth: rename login: %w", err)
	}
	return nil
}

// ClearPassword takes an admin's password away, as disabling the admin does
// (behaviours.md 4.7). The login name stays the admin's.
func (a *Auth) ClearPassword(ctx context.Context, tx *store.Tx, org, admin int64) error {
	const clear = `UPDATE credential SET secret = $1, changed = $2 WHERE org = $3 AND kind = $4 AND id = $5`
	if _, err := tx.Exec(ctx, clear, []byte{}, a.now().UnixMilli(), org, credentialPassword, admin); err != nil {
		return fmt.Errorf("auth: clear password: %w", err)
	}
	return nil
}

// DropLogin removes a deleted admin's login name and password.
func (a *Auth) DropLogin(ctx context.Context, tx *store.Tx, org, admin int64) error {
	return dropCredential(ctx, tx, org, credentialPassword, admin)
}

// PasswordMatches reports whether that is the admin's password. It is for the
// caller's own password change: whether the old one is right, and whether the
// new one differs from it. Like HashPassword it is not for inside a
// transaction.
func (a *Auth) PasswordMatches(ctx context.Context, org, admin int64, password string) (bool, error) {
	stored, err := a.passwordHash(ctx, org, admin)
	if err != nil {
		return false, err
	}
	h, has := a.storedHash(stored)
	var ok bool
	if err := a.hash(ctx, func() { ok = h.matches(password) }); err != nil {
		return false, err
	}
	return ok && has, nil
}

// HasPassword reports whether the admin has a password; a disabled one has
// none.
func (a *Auth) HasPassword(ctx context.Context, org, admin int64) (bool, error) {
	stored, err := a.passwordHash(ctx, org, admin)
	return len(stored) > 0, err
}

// passwordHash reads an admin's password as it is stored; empty = none.
func (a *Auth) passwordHash(ctx context.Context, org, admin int64) (stored []byte, err error) {
	err = a.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, credentialSecret, org, credentialPassword, admin).Scan(&stored)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("auth: read password: %w", err)
	}
	return stored, nil
}

// storedHash parses a stored hash. Where there is none, or a damaged one, it
// returns a dummy that costs as much, and false.
func (a *Auth) storedHash(stored []byte) (passwordHash, bool) {
	if len(stored) > 0 {
		h, err := parseHash(string(stored))
		if err == nil {
			return h, true
		}
		a.log.Error("password row", "err", err)
	}
	return a.dummyHash(), false
}

// SetAPIKey makes key, with the object id, the org's one API key
// (behaviours.md 6.1).
func (a *Auth) SetAPIKey(ctx context.Context, tx *store.Tx, org, id int64, key string) error {
	if len(key) != wire.KeyLength {
		return fmt.Errorf("auth: an API key has %d characters", wire.KeyLength)
	}
	if err := a.ClearAPIKey(ctx, tx, org); err != nil {
		return err
	}
	return a.putCredential(ctx, tx, org, credentialAPIKey, id, "", a.sealSecret(org, credentialAPIKey, id, key))
}

// ClearAPIKey removes the org's API key: nobody can sign in with a password.
func (a *Auth) ClearAPIKey(ctx context.Context, tx *store.Tx, org int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM credential WHERE org = $1 AND kind = $2`, org, credentialAPIKey); err != nil {
		return fmt.Errorf("auth: clear API key: %w", err)
	}
	return nil
}

// APIKey returns the org's API key and its object id, store.ErrNotFound where
// there is none.
func (a *Auth) APIKey(ctx context.Context, org int64) (id int64, key string, err error) {
	err = a.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		id, key, err = a.APIKeyIn(ctx, tx, org)
		return err
	})
	return id, key, err
}

// APIKeyIn is APIKey inside a transaction.
func (a *Auth) APIKeyIn(ctx context.Context, tx *store.Tx, org int64) (id int64, key string, err error) {
	return a.sealedOfOrg(ctx, tx, org, credentialAPIKey)
}

// SetEnrolmentKey makes key the org's one enrolment key. It is found by its
// hash, so it must be random and long: NewEnrolmentKey.
func (a *Auth) SetEnrolmentKey(ctx context.Context, tx *store.Tx, org int64, key string) error {
	if len(key) < 32 {
		return errors.New("auth: an enrolment key has at least 32 characters")
	}
	return a.putCredential(ctx, tx, org, credentialEnrolment, 0, enrolmentLookup(key), a.sealSecret(org, credentialEnrolment, 0, key))
}

// EnrolmentKey returns the org's enrolment key, store.ErrNotFound where there
// is none.
func (a *Auth) EnrolmentKey(ctx context.Context, org int64) (string, error) {
	var key string
	err := a.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) (err error) {
		_, key, err = a.sealedOfOrg(ctx, tx, org, credentialEnrolment)
		return err
	})
	return key, err
}

// OrgByEnrolmentKey returns the org whose enrolment key that is.
func (a *Auth) OrgByEnrolmentKey(ctx context.Context, key string) (org int64, ok bool, err error) {
	var (
		id     int64
		sealed []byte
	)
	err = a.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, credentialByLookup, credentialEnrolment, enrolmentLookup(key)).Scan(&org, &id, &sealed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("auth: find enrolment key: %w", err)
	}
	stored, err := a.openSecret(org, credentialEnrolment, id, sealed)
	if err != nil {
		return 0, false, err
	}
	if subtle.ConstantTimeCompare([]byte(stored), []byte(key)) != 1 {
		return 0, false, nil
	}
	return org, true, nil
}

func enrolmentLookup(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func (a *Auth) sealedOfOrg(ctx context.Context, tx *store.Tx, org int64, kind string) (id int64, secret string, err error) {
	var sealed []byte
	err = tx.QueryRow(ctx, credentialOfOrg, org, kind).Scan(&id, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", store.ErrNotFound
	}
	if err != nil {
		return 0, "", fmt.Errorf("auth: read %s: %w", kind, err)
	}
	secret, err = a.openSecret(org, kind, id, sealed)
	return id, secret, err
}

func (a *Auth) putCredential(ctx context.Context, tx *store.Tx, org int64, kind string, id int64, lookup string, secret []byte) error {
	if _, err := tx.Exec(ctx, upsertCredential, org, kind, id, lookup, secret, a.now().UnixMilli()); err != nil {
		return fmt.Errorf("auth: store %s: %w", kind, err)
	}
	return nil
}

func dropCredential(ctx context.Context, tx *store.Tx, org int64, kind string, id int64) error {
	if _, err := tx.Exec(ctx, deleteCredential, org, kind, id); err != nil {
		return fmt.Errorf("auth: drop %s: %w", kind, err)
	}
	return nil
}

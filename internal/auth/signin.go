package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Request is what a legacy sign-in presents.
type Request struct {
	Login     string
	Password  string
	APIKey    string // obfuscated with Timestamp
	Timestamp int64  // epoch milliseconds
	IP        string // of the client, for the trail
	// Late is asked about a key that is right and was computed after the
	// timestamp; its error refuses the sign-in. nil = fine.
	Late func() error
}

// Session is a new session. ID is shown to the client and kept nowhere.
type Session struct {
	ID        string // 32 upper-case hex digits
	Principal *access.Principal
}

// keySpread is how many milliseconds after the timestamp a client may have
// computed its key.
//
// quirk: behaviours.md 1.20. The vendor's scripts read the clock twice.
const keySpread = 5

// recordTime bounds how long the row of a failed sign-in may take to write
// after its client is gone.
const recordTime = 10 * time.Second

// errChanged: what was checked changed before the session was committed.
var errChanged = errors.New("auth: the credentials changed during the sign-in")

// badLogin is the one answer to all that is wrong with a sign-in
// (behaviours.md 1.7).
func badLogin() error {
	return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeBadLogin, Message: "Invalid email or password"}
}

// account is what a sign-in is checked against. For an unknown login name all
// of it is zero.
type account struct {
	org, admin int64
	login      string
	stored     []byte // password hash as stored; empty = no password
	keyID      int64
	sealed     []byte // API key as stored; empty = none
	keyEnabled bool
	principal  *access.Principal // nil: no such admin, or disabled
}

// SignIn checks a sign-in and begins a session. Whatever is wrong, the answer
// is the same and takes the same work, so that it tells nothing: a login name
// that nobody has, a wrong password or key, a timestamp out of range, a
// disabled admin, a locked login name. Only a caller who got all of it right
// learns that the key is disabled or that the role may not use the API.
func (a *Auth) SignIn(ctx context.Context, r Request) (Session, error) {
	lookup := loginLookup(r.Login)
	acc, err := a.account(ctx, lookup)
	if err != nil {
		return Session{}, err
	}
	hash, hasPassword := a.storedHash(acc.stored)
	var passwordOK bool
	if err := a.hash(ctx, func() { passwordOK = hash.matches(r.Password) }); err != nil {
		return Session{}, err
	}
	now := a.now()
	keyOK, keyLate := a.keyMatches(acc, r.APIKey, r.Timestamp)
	right := passwordOK && hasPassword && keyOK && inWindow(r.Timestamp, now) && acc.principal != nil
	if !a.lockout.decide(lookup, now, right) {
		return Session{}, a.refuse(ctx, acc, r, now, badLogin())
	}
	if keyLate && r.Late != nil {
		if err := r.Late(); err != nil {
			return Session{}, a.refuse(ctx, acc, r, now, err)
		}
	}
	if !acc.keyEnabled {
		return Session{}, a.refuse(ctx, acc, r, now, wire.Forbidden("", "The API key is disabled."))
	}
	// behaviours.md 1.15 wants a role with API key management. To view it is
	// enough: the read-only administrator that every org is born with has no
	// more and can sign in.
	if !acc.principal.Allows(access.APIKeyManagement, access.ReadOnly) {
		return Session{}, a.refuse(ctx, acc, r, now, wire.Forbidden("", "The role has no access to the API."))
	}
	id, err := a.beginSession(ctx, acc, r.IP, now)
	if errors.Is(err, errChanged) {
		return Session{}, a.refuse(ctx, acc, r, now, badLogin())
	}
	if err != nil {
		return Session{}, err
	}
	return Session{ID: id, Principal: acc.principal}, nil
}

// account reads all that a login name leads to. For a name that leads nowhere
// it reads as much, of any admin there is, and returns none of it.
func (a *Auth) account(ctx context.Context, lookup string) (account, error) {
	const anyLogin = `SELECT org, id, secret FROM credential WHERE kind = $1 AND lookup <> '' LIMIT 1`
	acc := account{login: lookup}
	known := true
	err := a.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		err := tx.QueryRow(ctx, credentialByLookup, credentialPassword, lookup).Scan(&acc.org, &acc.admin, &acc.stored)
		if errors.Is(err, sql.ErrNoRows) {
			known = false
			err = tx.QueryRow(ctx, anyLogin, credentialPassword).Scan(&acc.org, &acc.admin, &acc.stored)
		}
		return ignoreNone(err)
	})
	if err != nil {
		return account{}, fmt.Errorf("auth: find login name: %w", err)
	}
	if acc.org != 0 {
		err = a.db.View(ctx, acc.org, acc.read)
	}
	if err != nil {
		return account{}, fmt.Errorf("auth: read account: %w", err)
	}
	if !known {
		return account{}, nil
	}
	return acc, nil
}

// read completes an account of which org and admin are known.
func (acc *account) read(ctx context.Context, tx *store.Tx) error {
	principal, err := readPrincipal(ctx, tx, acc.org, acc.admin)
	switch {
	case err == nil:
		acc.principal, acc.login = principal, principal.Login
	case !errors.Is(err, errNoAdmin):
		return err
	}
	err = tx.QueryRow(ctx, credentialOfOrg, acc.org, credentialAPIKey).Scan(&acc.keyID, &acc.sealed)
	if ignoreNone(err) != nil {
		return err
	}
	acc.keyEnabled, err = keyEnabled(ctx, tx, acc.keyID)
	return err
}

func ignoreNone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// keyMatches compares an obfuscated key with what the org's key gives at the
// timestamp and shortly after it. It compares with all of them whatever comes
// out, and with a random key where the org has none. late: it is what the key
// gives after the timestamp, and not at it.
func (a *Auth) keyMatches(acc account, obfuscated string, timestamp int64) (ok, late bool) {
	key, has := NewAPIKey(), false
	if len(acc.sealed) > 0 {
		opened, err := a.openSecret(acc.org, credentialAPIKey, acc.keyID, acc.sealed)
		if err != nil {
			a.log.Error("sign-in: API key", "org", acc.org, "err", err)
		} else {
			key, has = opened, true
		}
	}
	var match, exact int
	for ms := range int64(keySpread + 1) {
		// A sum that overflows is negative and yields an empty text; the
		// timestamp is out of the window in any case.
		want, _ := wire.ObfuscateKey(key, timestamp+ms)
		same := subtle.ConstantTimeCompare([]byte(want), []byte(obfuscated))
		match |= same
		if ms == 0 {
			exact = same
		}
	}
	return has && match == 1 && obfuscated != "", exact != 1
}

// inWindow reports whether a sign-in's timestamp is near enough to now.
func inWindow(timestamp int64, now time.Time) bool {
	return timestamp >= now.Add(-TimestampWindow).UnixMilli() && timestamp <= now.Add(TimestampWindow).UnixMilli()
}

func (a *Auth) beginSession(ctx context.Context, acc account, ip string, now time.Time) (string, error) {
	id := newSessionID()
	return id, a.begin(ctx, opening{
		hash: sha256.Sum256([]byte(id)), who: personKey{acc.org, acc.admin}, at: now,
		unchanged: func(ctx context.Context, tx *store.Tx) error { return unchanged(ctx, tx, acc) },
		entry:     signInEntry(acc, ip, now, audit.ResultSuccess),
	})
}

// opening is a session, or a token's life, that is about to begin.
type opening struct {
	hash    sessionHash
	who     personKey
	at      time.Time
	expires int64 // of a token, in epoch milliseconds
	via     int64 // of a token
	// unchanged answers errChanged when what was checked has changed since.
	unchanged func(context.Context, *store.Tx) error
	entry     audit.Entry
}

// begin commits a session together with its row in the trail.
func (a *Auth) begin(ctx context.Context, o opening) error {
	s := &session{hash: o.hash, expires: o.expires, via: o.via}
	a.mu.Lock()
	a.addLocked(s, a.personLocked(o.who), o.at.UnixMilli())
	a.mu.Unlock()
	err := a.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := o.unchanged(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertSession, o.hash[:], o.who.org, o.who.admin, o.at.UnixMilli(), o.expires, o.via); err != nil {
			return fmt.Errorf("auth: store session: %w", err)
		}
		return audit.Write(ctx, tx, o.entry)
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil:
		a.removeLocked(s)
		return err
	case a.sessions[o.hash] != s:
		// The end of the principal's sessions came in between, and its own
		// deletion before the row was there.
		a.expired = append(a.expired, o.hash)
		return errChanged
	}
	s.live = true
	touch(&s.person.seen, o.at.UnixMilli())
	if o.expires != 0 {
		a.evictLocked(s.person)
	}
	return nil
}

// unchanged checks, in the transaction that begins the session, that password
// and key are still those that were checked: disabling or deleting an admin
// removes the password, and a replaced key is dead for new sign-ins at once
// (behaviours.md 6.5).
func unchanged(ctx context.Context, tx *store.Tx, acc account) error {
	for _, c := range []struct {
		kind  string
		id    int64
		value []byte
	}{{credentialPassword, acc.admin, acc.stored}, {credentialAPIKey, acc.keyID, acc.sealed}} {
		var value []byte
		err := tx.QueryRow(ctx, credentialSecret, acc.org, c.kind, c.id).Scan(&value)
		if ignoreNone(err) != nil {
			return fmt.Errorf("auth: read %s: %w", c.kind, err)
		}
		if subtle.ConstantTimeCompare(value, c.value) != 1 {
			return errChanged
		}
	}
	return nil
}

// refuse records a failed sign-in and returns the answer to it. The row is
// written even if the client is gone, and for unknown login names too, under
// org 0: who leaves early or guesses names must not be the one who leaves no
// trace, and the write takes its time in every case.
func (a *Auth) refuse(ctx context.Context, acc account, r Request, now time.Time, answer error) error {
	a.log.Warn("sign-in refused", "org", acc.org, "admin", acc.admin, "ip", r.IP, "status", wire.Status(answer))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	err := a.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Write(ctx, tx, signInEntry(acc, r.IP, now, audit.ResultFailure))
	})
	if err != nil {
		return err
	}
	return answer
}

// signInEntry is the row of a sign-in. The login name is the admin's own, never
// what was typed: people type passwords into the wrong field.
func signInEntry(acc account, ip string, now time.Time, result string) audit.Entry {
	return audit.Entry{
		Org: acc.org, At: now, Action: audit.ActionSignIn, Category: audit.CategoryLogin, SubCategory: audit.SubLogin,
		Resource: acc.login, Admin: acc.admin, Login: acc.login, IP: ip, Interface: audit.InterfaceAPI, Result: result,
	}
}

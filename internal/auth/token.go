package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// maxTokens is how many tokens of one client live at a time. The token
// endpoint is not throttled, so this is what bounds the memory that a client
// can take; the token that was not used for the longest time goes first.
const maxTokens = 1000

// TokenRequest is what a client presents for a token: its id with a secret or
// with an assertion that it has signed.
type TokenRequest struct {
	ClientID  string // may be missing where there is an assertion
	Secret    string
	Assertion string // a JWT (RFC 7523)
	Vanity    string // the vanity domain of the host that was asked; empty = none
	IP        string // of the client, for the trail
}

// Token is a new access token. Value is shown to the client and kept nowhere.
type Token struct {
	Value     string
	Life      time.Duration
	Principal *access.Principal
}

// ClientError is the refusal of a client that is not recognised. Its text is
// for the client; it tells more than that only to who holds the client's key.
type ClientError struct{ why string }

func (e *ClientError) Error() string { return e.why }

const wrongClient = "The client is unknown or disabled, or its credentials are wrong or have expired."

// clientAccount is what a request for a token is checked against.
type clientAccount struct {
	org, id   int64
	clientID  string
	life      time.Duration
	secrets   []clientCredential
	keys      []clientCredential
	principal *access.Principal // nil: no such client, or disabled
}

// clientCredential is one of a client's secrets or keys.
type clientCredential struct {
	id     int64
	stored []byte
	kid    string // of a key
	alg    string // of a key
}

// GrantToken recognises a client and begins a token's life.
//
// There is no lockout: the secrets are random and too long to be guessed, and
// whoever knows a client's id could lock the client out. The failures are in
// the trail all the same.
func (a *Auth) GrantToken(ctx context.Context, r TokenRequest) (Token, error) {
	now := a.now()
	var signed *assertion
	if r.Assertion != "" {
		var err error
		if signed, err = parseAssertion(r.Assertion); err != nil {
			return Token{}, err
		}
		r.ClientID = cmp.Or(r.ClientID, signed.subject)
	}
	acc, err := a.clientAccount(ctx, r.ClientID, now)
	if err != nil {
		return Token{}, err
	}
	ours, err := a.orgHas(ctx, acc.org, r.Vanity)
	if err != nil {
		return Token{}, err // of a vanity domain that is nobody's too, which tells nothing of the client
	}
	var via *clientCredential
	refusal := error(&ClientError{wrongClient})
	switch {
	case acc.principal == nil || !ours:
	case signed != nil:
		via, refusal = a.signedBy(ctx, acc, signed, now)
	default:
		via = acc.secret(r.Secret)
	}
	if via == nil {
		return Token{}, a.refuseClient(ctx, acc, r.IP, now, refusal)
	}
	token := randomText(uppers+lowers+digits, 43) // 256 bits
	err = a.begin(ctx, opening{
		hash: sha256.Sum256([]byte(token)), who: personKey{acc.org, acc.id}, at: now, expires: now.Add(acc.life).UnixMilli(), via: via.id,
		unchanged: func(ctx context.Context, tx *store.Tx) error { return via.unchanged(ctx, tx, acc.org, signed != nil) },
		entry:     clientEntry(acc, r.IP, now, audit.ResultSuccess),
	})
	if errors.Is(err, errChanged) {
		return Token{}, a.refuseClient(ctx, acc, r.IP, now, refusal)
	}
	if err != nil {
		return Token{}, err
	}
	return Token{Value: token, Life: acc.life, Principal: acc.principal}, nil
}

// orgHas reports whether a vanity domain is an org's. Without one, at a host
// that is no login host, any org's clients are served. One that is nobody's is
// an error that says so: a client that is set up for it is set up wrong.
func (a *Auth) orgHas(ctx context.Context, org int64, vanity string) (bool, error) {
	if vanity == "" {
		return true, nil
	}
	holder, err := a.orgOf(ctx, vanity)
	if err == nil && holder == 0 {
		err = &ClientError{"No org here has the vanity domain " + vanity + "."}
	}
	return holder == org, err
}

// orgOf returns the org with a vanity domain, 0 where there is none.
func (a *Auth) orgOf(ctx context.Context, vanity string) (org int64, err error) {
	err = a.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		org, err = tx.OrgOfVanity(ctx, vanity)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return org, err
}

// clientAccount reads all that a client id leads to; for an id that leads
// nowhere, nothing.
func (a *Auth) clientAccount(ctx context.Context, clientID string, now time.Time) (clientAccount, error) {
	acc := clientAccount{clientID: clientID}
	var none []byte
	err := a.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, credentialByLookup, credentialClient, clientLookup(clientID)).Scan(&acc.org, &acc.id, &none)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return clientAccount{}, nil
	}
	if err == nil {
		err = a.db.View(ctx, acc.org, func(ctx context.Context, tx *store.Tx) error { return acc.read(ctx, tx, now) })
	}
	if err != nil {
		return clientAccount{}, fmt.Errorf("auth: read client: %w", err)
	}
	return acc, nil
}

// read completes an account of which org and id are known.
func (acc *clientAccount) read(ctx context.Context, tx *store.Tx, now time.Time) error {
	client, err := readClient(ctx, tx, acc.id)
	if errors.Is(err, errNoAdmin) {
		return nil
	}
	if err != nil {
		return err
	}
	acc.life = time.Duration(client.TokenLife) * time.Second
	for _, s := range client.Secrets {
		if s.Expires != 0 && !now.Before(time.Unix(int64(s.Expires), 0)) {
			continue
		}
		c := clientCredential{id: int64(s.ID)}
		if err := c.read(ctx, tx, acc.org, credentialClientSecret); err != nil {
			return err
		}
		acc.secrets = append(acc.secrets, c)
	}
	for _, k := range client.Keys {
		c := clientCredential{id: int64(k.ID), kid: k.KeyID, alg: k.Algorithm}
		if err := c.read(ctx, tx, acc.org, credentialClientKey); err != nil {
			return err
		}
		acc.keys = append(acc.keys, c)
	}
	acc.principal, err = client.principal(ctx, tx, acc.org, acc.id)
	if errors.Is(err, errNoAdmin) {
		return nil
	}
	return err
}

func (c *clientCredential) read(ctx context.Context, tx *store.Tx, org int64, kind string) error {
	return ignoreNone(tx.QueryRow(ctx, credentialSecret, org, kind, c.id).Scan(&c.stored))
}

// unchanged checks, in the transaction that begins the token, that what it was
// got by is still the client's.
func (c *clientCredential) unchanged(ctx context.Context, tx *store.Tx, org int64, key bool) error {
	kind := credentialClientSecret
	if key {
		kind = credentialClientKey
	}
	now := clientCredential{id: c.id}
	if err := now.read(ctx, tx, org, kind); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(now.stored, c.stored) != 1 {
		return errChanged
	}
	return nil
}

// secret returns which of the client's secrets that is; nil for none. It
// compares with all of them whatever comes out.
func (acc *clientAccount) secret(secret string) (found *clientCredential) {
	sum := sha256.Sum256([]byte(secret))
	for i := range acc.secrets {
		if subtle.ConstantTimeCompare(sum[:], acc.secrets[i].stored) == 1 {
			found = &acc.secrets[i]
		}
	}
	return found
}

// refuseClient records a failed request for a token, as refuse does a failed
// sign-in, and returns the answer to it.
func (a *Auth) refuseClient(ctx context.Context, acc clientAccount, ip string, now time.Time, answer error) error {
	a.log.Warn("token refused", "org", acc.org, "client", acc.id, "ip", ip)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	err := a.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Write(ctx, tx, clientEntry(acc, ip, now, audit.ResultFailure))
	})
	if err != nil {
		return err
	}
	return answer
}

// clientEntry is the row of a token, or of a refusal: a client signs in with
// every token.
func clientEntry(acc clientAccount, ip string, now time.Time, result string) audit.Entry {
	e := audit.Entry{
		Org: acc.org, At: now, Action: audit.ActionSignIn, Category: audit.CategoryLogin, SubCategory: audit.SubLogin,
		Resource: acc.clientID, Admin: acc.id, IP: ip, Interface: audit.InterfaceAPI, Result: result,
	}
	if acc.principal != nil {
		e.Resource, e.Login = acc.principal.Login, acc.principal.Login
	}
	return e
}

// AuthenticateToken returns the principal of a request that carries a token,
// like Authenticate for sessions. Without a live token it returns nil and no
// error.
func (a *Auth) AuthenticateToken(ctx context.Context, token string) (*access.Principal, store.Head, error) {
	return a.recognise(ctx, a.touchToken(token, a.now().UnixMilli()))
}

// touchToken returns whose token that is and moves the last-seen times of
// both. nil: it is not live.
func (a *Auth) touchToken(token string, now int64) *person {
	a.mu.RLock()
	defer a.mu.RUnlock()
	s := a.sessions[sha256.Sum256([]byte(token))]
	if s == nil || s.expires == 0 || !a.aliveAt(s, now) {
		return nil
	}
	touch(&s.seen, now)
	touch(&s.person.seen, now)
	return s.person
}

// EndTokens ends the tokens of a client that were got by one of its secrets or
// keys, durably. It runs after the credential's removal is committed.
func (a *Auth) EndTokens(ctx context.Context, org, client, via int64) error {
	return a.endSessions(ctx, personKey{org, client}, func(s *session) bool { return s.via == via },
		`DELETE FROM session WHERE org = $1 AND admin = $2 AND via = $3`, org, client, via)
}

// evictLocked ends tokens of a client that has too many. a.mu must be held for
// writing.
func (a *Auth) evictLocked(p *person) {
	for len(p.sessions) > maxTokens {
		var oldest *session
		for s := range p.sessions {
			if s.live && (oldest == nil || s.seen.Load() < oldest.seen.Load()) {
				oldest = s
			}
		}
		if oldest == nil || !a.removeLocked(oldest) {
			return
		}
		a.expired = append(a.expired, oldest.hash)
	}
}

// client is a client's object, as far as a token and a principal need it.
type client struct {
	ClientID  string    `json:"clientId"`
	Name      string    `json:"name"`
	Disabled  wire.Bool `json:"disabled"`
	Role      wire.Ref  `json:"role"`
	TokenLife wire.Int  `json:"tokenLife"`
	Secrets   []struct {
		ID      wire.Int  `json:"id"`
		Expires wire.Time `json:"expires"`
	} `json:"secrets"`
	Keys []struct {
		ID        wire.Int `json:"id"`
		KeyID     string   `json:"kid"`
		Algorithm string   `json:"alg"`
	} `json:"keys"`
}

func readClient(ctx context.Context, tx *store.Tx, id int64) (c client, err error) {
	return c, readBody(ctx, tx, kindClient, id, &c)
}

// principal is the client as the caller of a request; errNoAdmin when it is
// disabled.
func (c client) principal(ctx context.Context, tx *store.Tx, org, id int64) (*access.Principal, error) {
	if c.Disabled {
		return nil, errNoAdmin
	}
	role, err := readRole(ctx, tx, int64(c.Role.ID))
	if err != nil {
		return nil, err
	}
	return &access.Principal{Org: org, ID: id, Login: c.Name, Role: role, Client: true}, nil
}

package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
)

// sessionHash is the SHA-256 of a session's id, all that is kept of it.
type sessionHash [sha256.Size]byte

// personKey names a principal: an admin of an org, or an API client.
type personKey struct{ org, admin int64 }

// session is one signed-in session, or the life of one token of an API client.
// Times are epoch milliseconds.
type session struct {
	hash    sessionHash
	person  *person
	expires int64        // of a token; 0 = a session, which slides
	via     int64        // of a token: the secret or key that it was got by
	live    bool         // false while its sign-in is being committed
	seen    atomic.Int64 // last request over it
	flushed int64        // seen as last written; guarded by Auth.flushing
}

// person is what is remembered of a principal over all of its sessions. It
// stays when they end, for LastSeen.
type person struct {
	key      personKey
	sessions map[*session]struct{}
	cached   atomic.Pointer[cachedPrincipal]
	seen     atomic.Int64 // last request; 0 = never
	flushed  int64        // seen as last written; guarded by Auth.flushing
}

const (
	insertSession     = `INSERT INTO session (hash, org, admin, created, expires, via) VALUES ($1, $2, $3, $4, $5, $6)`
	deleteSession     = `DELETE FROM session WHERE hash = $1`
	deleteSessionsOf  = `DELETE FROM session WHERE org = $1 AND admin = $2`
	deleteSessionSeen = `DELETE FROM session_seen WHERE hash = $1`
)

// newSessionID returns a random id of 32 upper-case hex digits.
func newSessionID() string {
	var id [sessionIDLength / 2]byte
	rand.Read(id[:])
	return strings.ToUpper(hex.EncodeToString(id[:]))
}

// aliveAt reports whether the session counts at now, in epoch milliseconds.
func (a *Auth) aliveAt(s *session, now int64) bool {
	if s.expires != 0 {
		return s.live && now < s.expires
	}
	return s.live && now-s.seen.Load() < a.idle.Milliseconds()
}

// personLocked returns the person of a key. a.mu must be held for writing.
func (a *Auth) personLocked(key personKey) *person {
	p := a.persons[key]
	if p == nil {
		p = &person{key: key, sessions: make(map[*session]struct{})}
		a.persons[key] = p
	}
	return p
}

// addLocked enters a session. a.mu must be held for writing.
func (a *Auth) addLocked(s *session, p *person, seen int64) {
	s.person = p
	s.seen.Store(seen)
	a.sessions[s.hash] = s
	p.sessions[s] = struct{}{}
}

// removeLocked forgets a session and reports whether it was known. a.mu must
// be held for writing.
func (a *Auth) removeLocked(s *session) bool {
	if a.sessions[s.hash] != s {
		return false
	}
	delete(a.sessions, s.hash)
	delete(s.person.sessions, s)
	return true
}

// touch moves a time forward.
func touch(seen *atomic.Int64, now int64) {
	for {
		old := seen.Load()
		if now <= old || seen.CompareAndSwap(old, now) {
			return
		}
	}
}

// Authenticate returns the principal of a request that presents these session
// ids, with where its org stands, and counts the request as activity. Without
// a live session it returns nil and no error.
//
// quirk: behaviours.md 1.17. Several ids are good if any of them is live. The
// last live one says who is calling.
func (a *Auth) Authenticate(ctx context.Context, ids []string) (*access.Principal, store.Head, error) {
	return a.recognise(ctx, a.touchSessions(ids, a.now().UnixMilli()))
}

// recognise returns the principal that a person is now; nil when there is no
// person or it may not call any more.
func (a *Auth) recognise(ctx context.Context, p *person) (*access.Principal, store.Head, error) {
	if p == nil {
		return nil, store.Head{}, nil
	}
	head, err := a.db.Head(ctx, p.key.org)
	if err != nil {
		return nil, store.Head{}, fmt.Errorf("auth: org %d: %w", p.key.org, err)
	}
	principal, err := a.principal(ctx, p, head.Rev)
	if errors.Is(err, errNoAdmin) {
		// Whoever disabled or deleted the admin ends its sessions too; until
		// that is done they do not count.
		return nil, store.Head{}, nil
	}
	if err != nil {
		return nil, store.Head{}, err
	}
	return principal, head, nil
}

// touchSessions returns whose request it is and moves the last-seen times of
// that person and of its sessions among ids. nil: none is live.
func (a *Auth) touchSessions(ids []string, now int64) *person {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var p *person
	for i := len(ids) - 1; i >= 0; i-- {
		s := a.sessions[sha256.Sum256([]byte(ids[i]))]
		if s == nil || s.expires != 0 || !a.aliveAt(s, now) || p != nil && s.person != p {
			continue
		}
		p = s.person
		touch(&s.seen, now)
	}
	if p != nil {
		touch(&p.seen, now)
	}
	return p
}

// Signed reports whether an admin has a live session, or a client a token.
func (a *Auth) Signed(org, admin int64) bool {
	now := a.now().UnixMilli()
	a.mu.RLock()
	defer a.mu.RUnlock()
	if p := a.persons[personKey{org, admin}]; p != nil {
		for s := range p.sessions {
			if a.aliveAt(s, now) {
				return true
			}
		}
	}
	return false
}

// LastSeen returns when an admin's last request was, over all of its sessions,
// ended ones included. false: never.
func (a *Auth) LastSeen(org, admin int64) (time.Time, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	p := a.persons[personKey{org, admin}]
	if p == nil || p.seen.Load() == 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(p.seen.Load()), true
}

// SignOut ends every live session among ids, durably and with a row in the
// trail each, and returns whose they were, each principal once. Ending a
// session is an activation (behaviours.md 1.12), which is the caller's to do.
func (a *Auth) SignOut(ctx context.Context, ids []string, ip string) ([]*access.Principal, error) {
	now := a.now()
	sessions := a.liveSessions(ids, now.UnixMilli())
	if len(sessions) == 0 {
		return nil, nil
	}
	principals := make(map[*person]*access.Principal)
	for _, s := range sessions {
		if principals[s.person] != nil {
			continue
		}
		principal, err := a.freshPrincipal(ctx, s.person.key)
		if errors.Is(err, errNoAdmin) {
			principal, err = &access.Principal{Org: s.person.key.org, ID: s.person.key.admin, Role: access.Role{Rank: lowestRank}}, nil
		}
		if err != nil {
			return nil, err
		}
		principals[s.person] = principal
	}
	var ended []*access.Principal
	err := a.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		ended = nil
		seen := make(map[*person]bool)
		for _, s := range sessions {
			// Of two sign-outs of one session, one finds the row.
			n, err := tx.Exec(ctx, deleteSession, s.hash[:])
			if err != nil {
				return fmt.Errorf("auth: end session: %w", err)
			}
			if n == 0 {
				continue
			}
			principal := principals[s.person]
			if err := audit.Write(ctx, tx, signOutEntry(principal, ip, now)); err != nil {
				return err
			}
			if !seen[s.person] {
				seen[s.person] = true
				ended = append(ended, principal)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.forget(sessions)
	return ended, nil
}

func signOutEntry(p *access.Principal, ip string, now time.Time) audit.Entry {
	return audit.Entry{
		Org: p.Org, At: now, Action: audit.ActionSignOut, Category: audit.CategoryLogin, SubCategory: audit.SubLogin,
		Resource: p.Login, Admin: p.ID, Login: p.Login, IP: ip, Interface: audit.InterfaceAPI, Result: audit.ResultSuccess,
	}
}

// EndSessions ends all sessions of an admin, or tokens of an API client,
// durably. It is for those that are disabled or deleted, and runs after that
// is committed.
func (a *Auth) EndSessions(ctx context.Context, org, admin int64) error {
	return a.endSessions(ctx, personKey{org, admin}, func(*session) bool { return true }, deleteSessionsOf, org, admin)
}

// endSessions ends those of a principal's sessions that match: text deletes
// their rows.
func (a *Auth) endSessions(ctx context.Context, key personKey, match func(*session) bool, text string, args ...any) error {
	err := a.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, text, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("auth: end sessions of %d: %w", key.admin, err)
	}
	// Rows first. A session that is entered by now either lost its row just
	// now or belongs to a sign-in that is yet to commit; that one finds its
	// session gone and takes the row back.
	a.mu.RLock()
	var sessions []*session
	if p := a.persons[key]; p != nil {
		sessions = slices.DeleteFunc(slices.Collect(maps.Keys(p.sessions)), func(s *session) bool { return !match(s) })
	}
	a.mu.RUnlock()
	a.forget(sessions)
	return nil
}

func (a *Auth) liveSessions(ids []string, now int64) []*session {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var sessions []*session
	for _, id := range ids {
		if s := a.sessions[sha256.Sum256([]byte(id))]; s != nil && s.expires == 0 && a.aliveAt(s, now) {
			sessions = append(sessions, s)
		}
	}
	return sessions
}

// forget drops sessions from memory and leaves their last-seen rows to the
// next Flush.
func (a *Auth) forget(sessions []*session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range sessions {
		if a.removeLocked(s) {
			a.unseen = append(a.unseen, s.hash)
		}
	}
}

// Sessions tells how many sessions are open.
func (a *Auth) Sessions() (open int) {
	now := a.now().UnixMilli()
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, s := range a.sessions {
		if a.aliveAt(s, now) {
			open++
		}
	}
	return open
}

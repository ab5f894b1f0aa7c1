package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurline/spurline/internal/store"
)

// load reads the sessions and the last-seen times of an earlier run. What a
// crash kept from being flushed is missing, which ends a session early rather
// than late.
func (a *Auth) load(ctx context.Context) error {
	seen, err := a.loadSeen(ctx)
	if err != nil {
		return err
	}
	now := a.now().UnixMilli()
	err = a.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT hash, org, admin, created, expires, via FROM session`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var (
				hash    []byte
				key     personKey
				was     session
				created int64
			)
			if err := rows.Scan(&hash, &key.org, &key.admin, &created, &was.expires, &was.via); err != nil {
				return err
			}
			if len(hash) != len(sessionHash{}) {
				return errors.New("a session's hash has the wrong length")
			}
			was.hash = sessionHash(hash)
			a.restore(&was, key, max(created, seen[was.hash]), now)
			delete(seen, sessionHash(hash))
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("auth: load sessions: %w", err)
	}
	for hash := range seen {
		a.unseen = append(a.unseen, hash)
	}
	return nil
}

// restore enters one session of an earlier run, if it has not expired since.
func (a *Auth) restore(s *session, key personKey, seen, now int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.personLocked(key)
	touch(&p.seen, seen)
	s.live, s.flushed = true, seen
	a.addLocked(s, p, seen)
	if !a.aliveAt(s, now) {
		a.removeLocked(s)
		a.expired = append(a.expired, s.hash)
	}
}

// loadSeen reads the live tables: the persons go where they belong, the times
// of sessions are returned.
func (a *Auth) loadSeen(ctx context.Context) (map[sessionHash]int64, error) {
	seen := make(map[sessionHash]int64)
	err := a.db.ViewLive(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT hash, seen_ms FROM session_seen`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var (
				hash []byte
				ms   int64
			)
			if err := rows.Scan(&hash, &ms); err != nil {
				return err
			}
			if len(hash) != len(sessionHash{}) {
				return errors.New("a session's hash has the wrong length")
			}
			seen[sessionHash(hash)] = ms
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("auth: load last seen: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	err = a.db.ViewLive(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT org, principal, seen_ms FROM principal_seen`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var (
				key personKey
				ms  int64
			)
			if err := rows.Scan(&key.org, &key.admin, &ms); err != nil {
				return err
			}
			p := a.personLocked(key)
			p.seen.Store(ms)
			p.flushed = ms
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("auth: load last seen: %w", err)
	}
	return seen, nil
}

// seenSession and seenPerson are times to be written.
type (
	seenSession struct {
		s  *session
		ms int64
	}
	seenPerson struct {
		p  *person
		ms int64
	}
)

// batch is the work of one Flush.
type batch struct {
	sessions []seenSession
	persons  []seenPerson
	expired  []sessionHash // to be deleted from session and session_seen
	unseen   []sessionHash // to be deleted from session_seen
}

// Flush writes the last-seen times that moved since the last one and deletes
// the sessions that have expired. The server calls it at intervals; each call
// costs at most one commit to the live tables and, when sessions expired, one
// to the configuration.
func (a *Auth) Flush(ctx context.Context) error {
	a.flushing.Lock()
	defer a.flushing.Unlock()
	now := a.now()
	a.lockout.sweep(now)
	b := a.collect(now.UnixMilli())
	err := a.writeExpired(ctx, b)
	if err == nil {
		err = a.writeSeen(ctx, b)
	}
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.expired = append(a.expired, b.expired...)
		a.unseen = append(a.unseen, b.unseen...)
		return fmt.Errorf("auth: flush: %w", err)
	}
	for _, seen := range b.sessions {
		seen.s.flushed = seen.ms
	}
	for _, seen := range b.persons {
		seen.p.flushed = seen.ms
	}
	return nil
}

// collect takes expired sessions out of memory and lists what is to be written.
func (a *Auth) collect(now int64) batch {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := batch{expired: a.expired, unseen: a.unseen}
	a.expired, a.unseen = nil, nil
	for _, s := range a.sessions {
		switch ms := s.seen.Load(); {
		case !s.live:
		case !a.aliveAt(s, now):
			a.removeLocked(s)
			b.expired = append(b.expired, s.hash)
		case ms != s.flushed:
			b.sessions = append(b.sessions, seenSession{s, ms})
		}
	}
	for _, p := range a.persons {
		if ms := p.seen.Load(); ms != p.flushed {
			b.persons = append(b.persons, seenPerson{p, ms})
		}
	}
	return b
}

func (a *Auth) writeExpired(ctx context.Context, b batch) error {
	if len(b.expired) == 0 {
		return nil
	}
	return a.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, hash := range b.expired {
			if _, err := tx.Exec(ctx, deleteSession, hash[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *Auth) writeSeen(ctx context.Context, b batch) error {
	const (
		seeSession = `INSERT INTO session_seen (hash, seen_ms) VALUES ($1, $2)
ON CONFLICT (hash) DO UPDATE SET seen_ms = excluded.seen_ms`
		seePerson = `INSERT INTO principal_seen (org, principal, seen_ms) VALUES ($1, $2, $3)
ON CONFLICT (org, principal) DO UPDATE SET seen_ms = excluded.seen_ms`
	)
	if len(b.sessions)+len(b.persons)+len(b.expired)+len(b.unseen) == 0 {
		return nil
	}
	return a.db.WriteLive(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, seen := range b.sessions {
			if _, err := tx.Exec(ctx, seeSession, seen.s.hash[:], seen.ms); err != nil {
				return err
			}
		}
		for _, seen := range b.persons {
			if _, err := tx.Exec(ctx, seePerson, seen.p.key.org, seen.p.key.admin, seen.ms); err != nil {
				return err
			}
		}
		for _, hashes := range [][]sessionHash{b.expired, b.unseen} {
			for _, hash := range hashes {
				if _, err := tx.Exec(ctx, deleteSessionSeen, hash[:]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

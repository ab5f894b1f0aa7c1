// Package auth owns who may sign in and who is signed in: credentials and how
// they are kept, sign-in with its lockout, sessions and when they were last
// used, and the principal that a request acts for.
//
// Secrets are kept in three forms. Passwords are argon2id hashes. What the
// protocol needs back in clear, the API key and the enrolment key, is
// encrypted with the key of Options. Session ids are random and kept as
// SHA-256 only. None of them is ever logged.
package auth

import (
	"context"
	"crypto/cipher"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/store"
)

// DefaultIdle is how long a session lives after the last request over it
// (behaviours.md 1.8).
const DefaultIdle = 30 * time.Minute

// TimestampWindow is how far a sign-in's timestamp may be from the server's
// clock, either way: the tolerant reading of the vendor's "two-hour range"
// (behaviours.md 1.19).
const TimestampWindow = 2 * time.Hour

// Options of New.
type Options struct {
	Now  func() time.Time // nil = time.Now
	Log  *slog.Logger     // nil = discard
	Key  [32]byte         // encrypts API and enrolment keys at rest; see OpenKeyFile
	Idle time.Duration    // 0 = DefaultIdle
}

// Auth is the one owner of sessions on a database. Its methods may be called
// concurrently.
type Auth struct {
	db   *store.DB
	now  func() time.Time
	log  *slog.Logger
	idle time.Duration
	seal cipher.AEAD
	cost cost
	// hashing holds a token per running argon2 computation: each takes 19 MiB
	// and a core, so a flood of sign-ins queues here.
	hashing chan struct{}
	lockout *lockout

	mu       sync.RWMutex // guards what follows and what it leads to, atomics aside
	sessions map[sessionHash]*session
	persons  map[personKey]*person
	expired  []sessionHash // forgotten, rows still to be deleted
	unseen   []sessionHash // ended, last-seen rows still to be deleted

	flushing sync.Mutex // one Flush at a time
}

// New returns an Auth on db, with the sessions that were alive when the last
// one was closed.
func New(ctx context.Context, db *store.DB, o Options) (*Auth, error) {
	if db == nil {
		return nil, errors.New("auth: no database")
	}
	if o.Key == ([32]byte{}) {
		return nil, errors.New("auth: no key")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Idle <= 0 {
		o.Idle = DefaultIdle
	}
	seal, err := newSeal(o.Key)
	if err != nil {
		return nil, err
	}
	a := &Auth{
		db:       db,
		now:      o.Now,
		log:      o.Log,
		idle:     o.Idle,
		seal:     seal,
		cost:     defaultCost,
		hashing:  make(chan struct{}, 2),
		lockout:  newLockout(),
		sessions: make(map[sessionHash]*session),
		persons:  make(map[personKey]*person),
	}
	if err := a.load(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// Close writes what is not written yet. The Auth is not to be used afterwards.
func (a *Auth) Close(ctx context.Context) error { return a.Flush(ctx) }

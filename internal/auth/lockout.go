package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// The lockout of behaviours.md 4.6.
const (
	lockoutFailures = 5
	lockoutWindow   = time.Minute
	lockoutTime     = 5 * time.Minute
	// lockoutNames bounds the memory that guesses at many names can take. At
	// two hashes at a time a server does not come near it.
	lockoutNames = 1 << 16
)

// lockout counts failed sign-ins per login name, known or not: if unknown
// names never locked, a lock would tell that a name exists. It lives in
// memory; a restart forgives.
type lockout struct {
	mu    sync.Mutex
	names map[[sha256.Size]byte]*failures
	most  int
}

// failures of one login name. Names are kept as hashes, which bounds their
// size and keeps a password typed into the wrong field out of memory.
type failures struct {
	at     [lockoutFailures - 1]time.Time // the latest, oldest first; zero = none
	locked time.Time                      // locked until then
}

func newLockout() *lockout {
	return &lockout{names: make(map[[sha256.Size]byte]*failures), most: lockoutNames}
}

// decide takes the outcome of an attempt and answers whether it may count as
// success. It decides after the credentials were checked, not before: of many
// attempts that run side by side only the first five can learn anything.
func (l *lockout) decide(login string, now time.Time, ok bool) bool {
	name := sha256.Sum256([]byte(login))
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.names[name]
	if f != nil && now.Before(f.locked) {
		return false
	}
	if ok {
		delete(l.names, name)
		return true
	}
	if f == nil {
		l.makeRoom(now)
		f = new(failures)
		l.names[name] = f
	}
	f.add(now)
	return false
}

// add notes a failure. With four others inside the window it locks; attempts
// during a lock do not extend it.
func (f *failures) add(now time.Time) {
	if oldest := f.at[0]; !oldest.IsZero() && now.Sub(oldest) < lockoutWindow {
		*f = failures{locked: now.Add(lockoutTime)}
		return
	}
	copy(f.at[:], f.at[1:])
	f.at[len(f.at)-1] = now
}

// forgotten is when the entry stops mattering.
func (f *failures) forgotten() time.Time {
	last := f.at[len(f.at)-1].Add(lockoutWindow)
	if f.locked.After(last) {
		return f.locked
	}
	return last
}

// sweep drops the entries that do not matter any more.
func (l *lockout) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweepLocked(now)
}

func (l *lockout) sweepLocked(now time.Time) {
	for name, f := range l.names {
		if !now.Before(f.forgotten()) {
			delete(l.names, name)
		}
	}
}

// makeRoom drops what it may and, if that is not enough, the entry that would
// be forgotten first: locks outlive mere failures.
func (l *lockout) makeRoom(now time.Time) {
	if len(l.names) < l.most {
		return
	}
	l.sweepLocked(now)
	if len(l.names) < l.most {
		return
	}
	var (
		first [sha256.Size]byte
		when  time.Time
	)
	for name, f := range l.names {
		if t := f.forgotten(); when.IsZero() || t.Before(when) {
			first, when = name, t
		}
	}
	delete(l.names, first)
}

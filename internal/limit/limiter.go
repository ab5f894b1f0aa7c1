package limit

import (
	"sync"
	"time"
)

// MaxRetryAfter is the longest wait, in seconds, that a refusal asks for. A
// client that is told to wait longer gives up at once (behaviours.md 13.7), so
// a caller that has used up its hour is told to ask again sooner.
const MaxRetryAfter = 300

// Verdict says whether a call may go ahead and, if not, which window is full.
// When both are, Exceeded is the one that stays full for longer.
type Verdict struct {
	OK       bool
	Exceeded Window
	// RetryAfter is the number of whole seconds after which the call would be
	// let through, at most MaxRetryAfter; 0 when OK. It is rounded up, so that
	// a client that waits exactly this long is not refused a second time.
	RetryAfter int
}

// Message is the text of the error that a refused caller gets.
func (v Verdict) Message() string {
	return "Rate Limit (" + v.Exceeded.PerUnit() + ") exceeded"
}

// Limiter counts calls per org and operation. It is safe for concurrent use.
type Limiter struct {
	now   func() time.Time
	start time.Time

	mu    sync.Mutex
	calls map[key]*calls
	swept time.Duration // when forget last ran
}

type key struct {
	org       int64
	operation string
}

// New returns a Limiter that has counted nothing yet.
func New(now func() time.Time) *Limiter {
	return &Limiter{now: now, start: now(), calls: map[key]*calls{}}
}

// Take asks for one call of an operation by an org, now. A call that is let
// through counts in both windows until it is as old as the window is long; a
// refused one counts in neither.
func (l *Limiter) Take(org int64, operation string, r Rate) Verdict {
	if r.Unlimited() {
		return Verdict{OK: true}
	}
	now := l.now().Sub(l.start)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)

	k := key{org, operation}
	c := l.calls[k]
	if c == nil {
		c = &calls{}
		l.calls[k] = c
	}
	// A clock that is set back does not reopen a window.
	now = max(now, c.newest())

	exceeded, wait := r.Short, c.wait(r.Short, now)
	if w := c.wait(r.Long, now); w >= wait {
		exceeded, wait = r.Long, w
	}
	if wait > 0 {
		return Verdict{Exceeded: exceeded, RetryAfter: min(ceilSeconds(wait), MaxRetryAfter)}
	}
	c.add(now, r)
	return Verdict{OK: true}
}

// forgetEvery is how often keys that nobody uses any more are dropped. It is
// the longest documented window, so what is dropped counts nowhere.
const forgetEvery = time.Hour

// forget drops the keys all of whose calls have left their windows, so that
// memory follows the callers of the last hours and not those of all time.
func (l *Limiter) forget(now time.Duration) {
	if now-l.swept < forgetEvery {
		return
	}
	l.swept = now
	for k, c := range l.calls {
		if c.expired(now) {
			delete(l.calls, k)
		}
	}
}

func ceilSeconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}

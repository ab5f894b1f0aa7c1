package auth

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// Of too many tokens of one client those go that were not used for longest;
// one that is being made is nobody's to take.
func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	a := &Auth{sessions: map[sessionHash]*session{}, persons: map[personKey]*person{}}
	p := a.personLocked(personKey{1, 2})
	hash := func(n int) sessionHash { return sha256.Sum256(fmt.Append(nil, n)) }
	for n := range maxTokens + 3 {
		// Used in another order than made; the first is not committed yet.
		a.addLocked(&session{hash: hash(n), expires: 1, live: n != 0}, p, int64((n*7)%(maxTokens+3)))
	}
	a.evictLocked(p)
	if len(p.sessions) != maxTokens || len(a.sessions) != maxTokens || len(a.expired) != 3 {
		t.Fatalf("%d tokens are left, and %d rows to delete", len(p.sessions), len(a.expired))
	}
	for n := range maxTokens + 3 {
		used := (n * 7) % (maxTokens + 3)
		if _, kept := a.sessions[hash(n)]; kept != (used > 3 || n == 0) {
			t.Errorf("token %d, used at %d: kept %t", n, used, kept)
		}
	}
}

package exchange

import (
	"strconv"
	"sync"

	"github.com/spurline/spurline/internal/wire"
)

// Calls is how many exchanges are remembered.
const Calls = 10_000

// chunkSize is how many exchanges' memory is made at a time, when it is first
// needed.
const chunkSize = 250

// Recent remembers the last exchanges. The zero Recent is ready, holds no
// memory, and is safe for concurrent use.
type Recent struct {
	mu      sync.Mutex
	chunks  [Calls / chunkSize][]Exchange
	newest  int64 // the Seq of the last one; 0 = none yet
	cleared int64 // the Seq of the last one that is forgotten before its time
	bodies  arena
}

// Add remembers an exchange, which it numbers, and copies the beginnings of its
// bodies.
func (r *Recent) Add(e *Exchange, sent, answered []byte) {
	e.bound()
	sent, e.Sent.cut = e.Sent.keep(sent, true)
	answered, e.Answered.cut = e.Answered.keep(answered, !e.NoSecrets)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.newest++
	e.Seq = r.newest
	e.Sent.kept, e.Answered.kept = r.bodies.put(sent), r.bodies.put(answered)
	i := (e.Seq - 1) % Calls
	if r.chunks[i/chunkSize] == nil {
		r.chunks[i/chunkSize] = make([]Exchange, chunkSize)
	}
	r.chunks[i/chunkSize][i%chunkSize] = *e
}

// Clear forgets all exchanges. Their numbers are not given out again.
func (r *Recent) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleared = r.newest
}

// keep is what to keep of a body that began so. Secrets are masked here
// already, so that they do not lie in memory for as long as the exchange does.
func (m *Message) keep(text []byte, secrets bool) (kept []byte, isCut bool) {
	isCut = m.Size > int64(len(text))
	form := formOf(m.ContentType, text)
	if form == neither {
		return nil, isCut
	}
	if secrets {
		text = form.mask(text)
	}
	if len(text) > MaxBody { // a mask can be longer than what it hides
		return text[:MaxBody], true
	}
	return text, isCut
}

// at returns the exchange of a number that is still remembered.
func (r *Recent) at(seq int64) *Exchange {
	i := (seq - 1) % Calls
	return &r.chunks[i/chunkSize][i%chunkSize]
}

// oldest is the number of the oldest exchange that is still remembered, one
// beyond the newest if there is none.
func (r *Recent) oldest() int64 { return max(r.newest-Calls, r.cleared) + 1 }

// Query says which exchanges to list. The zero value of a member asks for
// nothing.
type Query struct {
	Org           int64 // only those of the org
	After, Before int64 // only those with a greater, or a smaller, number
	Limit         int   // at most so many, the newest
	Oldest        bool  // the oldest, instead of the newest
	Match         func(*Exchange) bool
	Bodies        bool
}

func (q *Query) wants(e *Exchange) bool {
	return (q.Org == 0 || e.Org == q.Org) && (q.Match == nil || q.Match(e))
}

// found is an exchange on its way out: what is done under the lock is copying.
type found struct {
	e              Exchange
	sent, answered *body
}

func (r *Recent) take(e *Exchange, bodies bool) found {
	f := found{e: *e}
	if bodies {
		f.sent, f.answered = &body{}, &body{}
		var ok bool
		f.sent.text, ok = r.bodies.get(e.Sent.kept)
		f.sent.gone = !ok
		f.answered.text, ok = r.bodies.get(e.Answered.kept)
		f.answered.gone = !ok
	}
	return f
}

// List returns exchanges in the order of their numbers.
func (r *Recent) List(q Query) []wire.Exchange {
	some := r.list(q)
	out := make([]wire.Exchange, 0, len(some))
	for i := range some {
		f := &some[i]
		if !q.Oldest {
			f = &some[len(some)-1-i] // they were collected from the newest on
		}
		out = append(out, f.e.show(f.sent, f.answered))
	}
	return out
}

func (r *Recent) list(q Query) (some []found) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, last := max(r.oldest(), q.After+1), r.newest
	if q.Before > 0 {
		last = min(last, q.Before-1)
	}
	for n := int64(0); n <= last-first && (q.Limit == 0 || len(some) < q.Limit); n++ {
		seq := last - n
		if q.Oldest {
			seq = first + n
		}
		if e := r.at(seq); q.wants(e) {
			some = append(some, r.take(e, q.Bodies))
		}
	}
	return some
}

// Find returns the exchange with this number or request id, with its bodies.
func (r *Recent) Find(id string, org int64) (wire.Exchange, bool) {
	f, ok := r.find(id, Query{Org: org})
	if !ok {
		return wire.Exchange{}, false
	}
	return f.e.show(f.sent, f.answered), true
}

func (r *Recent) find(id string, q Query) (found, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seq, err := strconv.ParseInt(id, 10, 64); err == nil && seq >= r.oldest() && seq <= r.newest {
		if e := r.at(seq); q.wants(e) {
			return r.take(e, true), true
		}
	}
	for seq := r.newest; seq >= r.oldest(); seq-- { // newest first: that is what is asked for
		if e := r.at(seq); e.ID == id && q.wants(e) {
			return r.take(e, true), true
		}
	}
	return found{}, false
}

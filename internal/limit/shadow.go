package limit

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Shadow tells what limits would have made of calls that nothing limits: what
// a client would have waited that makes the same calls one after the other and
// does what each refusal asks for. It keeps a clock for each org that such a
// client would live by, ahead of the real one by all that it has waited, so
// that the longer windows see the calls when they would have come.
//
// It is safe for concurrent use. What it holds is bounded by the rates of the
// operations and their number, for each org.
type Shadow struct {
	now func() time.Time

	mu   sync.Mutex
	runs map[int64]*run
}

// run is the calls of one org since they began to be counted.
type run struct {
	began, last time.Time
	ahead       time.Duration // of the client's clock
	latest      time.Duration // on the client's clock, since began
	operations  map[string]*shadowed
}

type shadowed struct {
	Tally
	calls calls
}

// Wait is what a call would have waited. The zero Wait is none.
type Wait struct {
	Exceeded Window
	Seconds  int
	Refusals int // how often it would have been refused in that time
}

// NewShadow returns a Shadow that has seen nothing yet.
func NewShadow(now func() time.Time) *Shadow {
	return &Shadow{now: now, runs: map[int64]*run{}}
}

// Take counts one call of an operation by an org, now, and tells what it would
// have waited.
func (s *Shadow) Take(org int64, operation string, r Rate) Wait {
	if r.Unlimited() {
		return Wait{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in, o := s.count(org, operation, r)
	now := max(in.last.Sub(in.began)+in.ahead, in.latest) // a clock that is set back reopens no window
	w := Wait{Exceeded: r.Short}
	wait := o.calls.wait(r.Short, now)
	if long := o.calls.wait(r.Long, now); long >= wait {
		w.Exceeded, wait = r.Long, long
	}
	if wait == 0 {
		w = Wait{}
	} else {
		// Refusals ask for whole seconds, and for so many at most.
		w.Seconds = ceilSeconds(wait)
		w.Refusals = (w.Seconds + MaxRetryAfter - 1) / MaxRetryAfter
		o.Waited++
		o.Refused += int64(w.Refusals)
		o.Wait += time.Duration(w.Seconds) * time.Second
	}
	delay := time.Duration(w.Seconds) * time.Second
	in.ahead += delay
	in.latest = now + delay
	o.calls.add(in.latest, r)
	return w
}

// Refuse counts a call that was refused in truth, and the seconds that its
// client was told to wait.
func (s *Shadow) Refuse(org int64, operation string, r Rate, seconds int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, o := s.count(org, operation, r)
	o.Refused++
	o.Wait += time.Duration(seconds) * time.Second
}

// count enters a call. s.mu must be held.
func (s *Shadow) count(org int64, operation string, r Rate) (*run, *shadowed) {
	now := s.now()
	in := s.runs[org]
	if in == nil {
		in = &run{began: now, operations: map[string]*shadowed{}}
		s.runs[org] = in
	}
	in.last = now
	o := in.operations[operation]
	if o == nil {
		o = &shadowed{Tally: Tally{Operation: operation, Rate: r}}
		in.operations[operation] = o
	}
	o.Calls++
	return in, o
}

// Reset begins anew for an org, or with 0 for all, as if nothing had been
// called.
func (s *Shadow) Reset(org int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if org == 0 {
		clear(s.runs)
		return
	}
	delete(s.runs, org)
}

// Run is what an org's calls came to.
type Run struct {
	Org         int64
	Began, Last time.Time // the first call and the last one
	Operations  []Tally   // those with the longest waits first
}

// Tally is what the calls of one operation came to.
type Tally struct {
	Operation string
	Rate      Rate
	Calls     int64
	Waited    int64 // calls that would have waited
	Refused   int64 // answers that would have asked them to
	Wait      time.Duration
}

// Runs tells of the org's run, or with 0 of all, in the order of the orgs.
func (s *Shadow) Runs(org int64) []Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := []Run{}
	for _, id := range slices.Sorted(maps.Keys(s.runs)) {
		if org != 0 && id != org {
			continue
		}
		in := s.runs[id]
		r := Run{Org: id, Began: in.began, Last: in.last}
		for _, o := range in.operations {
			r.Operations = append(r.Operations, o.Tally)
		}
		slices.SortFunc(r.Operations, func(a, b Tally) int {
			return cmp.Or(cmp.Compare(b.Wait, a.Wait), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Operation, b.Operation))
		})
		runs = append(runs, r)
	}
	return runs
}

package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// numbered is the naive model of an order: every object knows its number, and
// each step renumbers the others one by one.
type numbered map[int64]int

func (m numbered) remove(id int64) {
	gap, had := m[id]
	if !had {
		return
	}
	delete(m, id)
	for other, n := range m {
		if n > gap {
			m[other] = n - 1
		}
	}
}

func (m numbered) put(id int64, at int) {
	m.remove(id)
	at = min(max(at, 1), len(m)+1)
	for other, n := range m {
		if n >= at {
			m[other] = n + 1
		}
	}
	m[id] = at
}

// Whatever is inserted, moved and removed, the order is what the model says,
// dense, and the one before is left alone.
func TestSequence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var have sequence
		want := numbered{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.Int64Range(1, 12).Draw(t, "id")
			before, kept := have, slices.Clone(have)
			if rapid.IntRange(0, 2).Draw(t, "what") == 0 {
				have = have.without(id)
				want.remove(id)
			} else {
				to := rapid.Int64Range(-2, 20).Draw(t, "to")
				have = have.moved(id, to)
				want.put(id, int(to))
			}
			if diff := cmp.Diff(kept, before); diff != "" {
				t.Fatalf("the sequence before was changed: %s", diff)
			}
			if len(have) != len(want) {
				t.Fatalf("%d objects, want %d", len(have), len(want))
			}
			for id, n := range want {
				if have.place(id) != n || have[n-1] != id || have.places()[id] != n {
					t.Fatalf("%d is at %d of %v, want %d", id, have.place(id), have, n)
				}
			}
		}
	})
}

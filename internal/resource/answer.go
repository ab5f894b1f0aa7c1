package resource

import (
	"sync/atomic"
	"time"
)

// Answer is rendered bytes in which the state of connectors is left out, so
// that a cached answer never shows a stale one.
type Answer struct {
	Bytes []byte
	Holes []Hole

	filled atomic.Pointer[filled]
}

// Hole is where the state of the connector ID belongs.
type Hole struct {
	At int
	ID int64
}

// filled is an answer with the states as they were.
type filled struct {
	bytes       []byte
	changes     uint64
	from, until time.Time // zero until = no state ends by itself
}

// Append writes the answer with its holes filled by status, which answers a
// word that needs no escaping.
func (a *Answer) Append(dst []byte, status func(id int64) string) []byte {
	from := 0
	for _, h := range a.Holes {
		dst = append(dst, a.Bytes[from:h.At]...)
		dst = append(dst, '"')
		dst = append(dst, status(h.ID)...)
		dst = append(dst, '"')
		from = h.At
	}
	return append(dst, a.Bytes[from:]...)
}

// Fill returns the answer with its holes filled by the states of now, and
// keeps it: a large list is to be copied when a state in it may have changed,
// not whenever it is asked for. state answers a word as Append wants it, with
// the time at which it ends by itself (zero = it does not); changes counts
// what else changes states, and was read before any of them. The bytes are not
// to be changed.
func (a *Answer) Fill(now time.Time, changes uint64, state func(id int64) (string, time.Time)) []byte {
	if len(a.Holes) == 0 {
		return a.Bytes
	}
	f := a.filled.Load()
	if f != nil && f.changes == changes && !now.Before(f.from) && (f.until.IsZero() || !now.After(f.until)) {
		return f.bytes
	}
	const longest = len(`"INACTIVE"`)
	f = &filled{changes: changes, from: now}
	f.bytes = a.Append(make([]byte, 0, len(a.Bytes)+longest*len(a.Holes)), func(id int64) string {
		word, until := state(id)
		if !until.IsZero() && (f.until.IsZero() || until.Before(f.until)) {
			f.until = until
		}
		return word
	})
	a.filled.Store(f)
	return f.bytes
}

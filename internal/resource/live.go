package resource

import (
	"fmt"
	"strings"
)

// Live is the type of a member that is not the object's own: it is joined or
// spliced when the object is read, never stored and never taken from a client.
// In storage it holds its place as null. Its field says what belongs there:
//
//	live:"children ecVm"      the objects of that kind that hang on this one
//	live:"count location"     how many objects of that kind hang on it
//	live:"referrers ecGroup"  references to the objects of that kind that name
//	                          it; the member is absent when there are none
//	live:"used ecGroup A B"   "A" while an object of that kind names it, else "B"
//	live:"status"             the connector's state, from memory, at the last moment
type Live struct{}

// MarshalJSON holds the member's place.
func (Live) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// UnmarshalJSON takes nothing from a client.
func (*Live) UnmarshalJSON([]byte) error { return nil }

type liveForm int

const (
	liveChildren liveForm = iota + 1
	liveCount
	liveReferrers
	liveUsed
	liveStatus
)

// live is what a live member's tag says.
type live struct {
	form    liveForm
	kind    string
	spec    *Spec // of kind, once the set is linked
	yes, no string
}

func parseLive(tag string) (*live, error) {
	words := strings.Fields(tag)
	forms := map[string]struct {
		form  liveForm
		words int
	}{
		"children": {liveChildren, 2}, "count": {liveCount, 2}, "referrers": {liveReferrers, 2},
		"used": {liveUsed, 4}, "status": {liveStatus, 1},
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("a live member says what it is")
	}
	f, ok := forms[words[0]]
	if !ok || len(words) != f.words {
		return nil, fmt.Errorf("live:%q is not understood", tag)
	}
	l := &live{form: f.form}
	if f.words > 1 {
		l.kind = words[1]
	}
	if f.words > 2 {
		l.yes, l.no = words[2], words[3]
	}
	return l, nil
}

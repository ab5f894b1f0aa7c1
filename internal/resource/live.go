package resource

import (
	"fmt"
	"reflect"
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
//	live:"has mark A B"       "A" while an object of that kind hangs on it, else "B"
//	live:"status"             the connector's state, from memory, at the last moment;
//	                          DISABLED while the object's own status holds that
//
// Two forms are of members that hold something of the object's own as well:
//
//	live:"order rank"  on a wire.Int: the place among the objects of its kind, from 1,
//	                   which ascend by the member rank. What is stored shows where the
//	                   object has no such place. Clients send it.
//	live:"access"      on a string: what the caller may do with it; a stored READ_ONLY
//	                   holds for everybody.
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
	liveHas
	liveStatus
	liveOrder
	liveAccess
)

// fits reports whether a member of type t can be of the form.
func (f liveForm) fits(t reflect.Type) bool {
	switch f {
	case liveOrder:
		return t == intType
	case liveAccess:
		return t.Kind() == reflect.String
	default:
		return t == liveType
	}
}

// live is what a live member's tag says.
type live struct {
	form    liveForm
	kind    string
	spec    *Spec // of kind, once the set is linked
	yes, no string
	rank    string // the member that an order ascends by
}

func parseLive(tag string) (*live, error) {
	words := strings.Fields(tag)
	forms := map[string]struct {
		form  liveForm
		words int
	}{
		"children": {liveChildren, 2}, "count": {liveCount, 2}, "referrers": {liveReferrers, 2},
		"has": {liveHas, 4}, "status": {liveStatus, 1},
		"order": {liveOrder, 2}, "access": {liveAccess, 1},
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("a live member says what it is")
	}
	f, ok := forms[words[0]]
	if !ok || len(words) != f.words {
		return nil, fmt.Errorf("live:%q is not understood", tag)
	}
	l := &live{form: f.form}
	switch {
	case f.form == liveOrder:
		l.rank = words[1]
	case f.words > 1:
		l.kind = words[1]
	}
	if f.words > 2 {
		l.yes, l.no = words[2], words[3]
	}
	return l, nil
}

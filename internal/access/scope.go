package access

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
)

// Scope is the part of an org that an admin sees: some of its locations, and
// what lies in them. The nil Scope is the whole org. It does not change.
type Scope struct {
	locations []int64 // sorted, each once
	creates   bool
	key       string
}

// NewScope returns the scope of these locations. creates allows an admin who
// has it to create others.
func NewScope(locations []int64, creates bool) *Scope {
	s := &Scope{locations: slices.Clone(locations), creates: creates}
	slices.Sort(s.locations)
	s.locations = slices.Compact(s.locations)
	text := make([]byte, 0, 12*len(s.locations))
	for _, id := range s.locations {
		text = append(strconv.AppendInt(text, id, 10), ' ')
	}
	sum := sha256.Sum256(text)
	s.key = hex.EncodeToString(sum[:])
	return s
}

// Locations are the scope's, by id.
func (s *Scope) Locations() []int64 { return s.locations }

// Holds reports whether a location is one of the scope's.
func (s *Scope) Holds(location int64) bool {
	if s == nil {
		return true
	}
	_, ok := slices.BinarySearch(s.locations, location)
	return ok
}

// Covers reports whether everything in the other scope is in this one too, and
// whoever has this one may do what it allows.
func (s *Scope) Covers(other *Scope) bool {
	if s == nil {
		return true
	}
	if other == nil {
		return false
	}
	if other.creates && !s.creates {
		return false
	}
	return !slices.ContainsFunc(other.locations, func(id int64) bool { return !s.Holds(id) })
}

// Creates reports whether an admin with the scope may create locations, which
// are then in it.
func (s *Scope) Creates() bool { return s == nil || s.creates }

// Key tells apart what admins with different scopes see; "" is the whole org.
func (s *Scope) Key() string {
	if s == nil {
		return ""
	}
	return s.key
}

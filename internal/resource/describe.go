package resource

import (
	"reflect"
	"slices"
)

// Member is a member of an object on the wire, as documents and commands see
// it: what the tags of its field say.
type Member struct {
	Name  string
	Field string       // of the Go struct
	Type  reflect.Type // of the field
	Enum  []string
	// Min and Max bound a number; Max bounds the characters of a string.
	Min, Max *int64
	// Required members must be sent; what is sent of read-only ones is dropped.
	Required, ReadOnly bool
	// Always says that answers carry the member whenever their view shows it.
	Always bool
	// Stamp is "by" or "time" where the member says who wrote the object last,
	// or when; Parent marks the id of what the object hangs on.
	Stamp  string
	Parent bool
	// Ref is the kind that the member refers to; Embeds says that answers carry
	// the object of that kind in place of its id and name.
	Ref    string
	Embeds bool
	Joined Joined

	member *member
}

// Joined says what a live member is; see Live. Form is its first word, empty
// where the member is the object's own.
type Joined struct {
	Form    string
	Kind    string // of the objects that are joined
	Yes, No string
}

// Shows reports whether a view shows the member.
func (m Member) Shows(v View) bool { return m.member.actions[v] != hide }

// Fixed returns the JSON that a view writes in place of the member's value,
// empty where it writes the value.
func (m Member) Fixed(v View) string {
	if m.member.actions[v] != literal {
		return ""
	}
	return m.member.literals[v]
}

var liveWords = map[liveForm]string{
	liveChildren: "children", liveCount: "count", liveReferrers: "referrers", liveHas: "has",
	liveStatus: "status", liveOrder: "order", liveAccess: "access",
}

// Describe returns the members of a struct in their order on the wire, those of
// structs that it embeds among them. The struct need not be a kind's.
func Describe(t reflect.Type) ([]Member, error) {
	var out []Member
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			inner, err := Describe(f.Type)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		m, err := memberOf(f, i)
		if err != nil {
			return nil, err
		}
		out = append(out, describe(f, m))
	}
	return out, nil
}

func describe(f reflect.StructField, m *member) Member {
	d := Member{
		Name: m.name, Field: f.Name, Type: f.Type, Enum: slices.Clone(m.enum), Min: m.min, Max: m.max,
		Required: m.required, ReadOnly: m.readonly || m.stamp != "" || m.assign, Always: !m.omitted,
		Stamp: m.stamp, Parent: m.parent, member: m,
	}
	if m.ref != nil {
		d.Ref, d.Embeds = m.ref.kind, m.ref.embed
	}
	if m.live != nil {
		d.Joined = Joined{Form: liveWords[m.live.form], Kind: m.live.kind, Yes: m.live.yes, No: m.live.no}
		d.ReadOnly = d.ReadOnly || m.live.form != liveOrder
		d.Always = d.Always && m.live.form != liveReferrers
	}
	return d
}

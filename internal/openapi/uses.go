package openapi

import (
	"reflect"
	"strings"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
)

// uses says which types clients send and which they are answered: a member
// that must be sent is not the same as one that is always answered.
type uses struct {
	sent, answered map[reflect.Type]bool
	// named are the kinds whose objects a replace finds by the id in its body.
	named map[reflect.Type]bool
}

func usesOf(table []operation.Operation, kinds *resource.Set) uses {
	u := uses{sent: map[reflect.Type]bool{}, answered: map[reflect.Type]bool{}, named: map[reflect.Type]bool{}}
	for _, o := range table {
		if o.Method == "PUT" && o.In != nil && !strings.Contains(o.Path, "{") {
			u.named[base(o.In)] = true
		}
		if o.In != nil {
			u.note(o.In, true, kinds)
		}
		if o.Out != nil {
			u.note(o.Out, false, kinds)
		}
	}
	return u
}

func (u uses) note(t reflect.Type, sent bool, kinds *resource.Set) {
	t = base(t)
	seen := u.answered
	if sent {
		seen = u.sent
	}
	if !isObject(t) || seen[t] {
		return
	}
	seen[t] = true
	members, err := resource.Describe(t)
	if err != nil {
		return // said where the schema is made
	}
	for _, m := range members {
		switch kind := kinds.Kind(m.Joined.Kind); {
		case sent && (m.ReadOnly || m.Embeds):
		case kind != nil && m.Joined.Form == "children":
			u.note(kind.Type, sent, kinds)
		default:
			u.note(m.Type, sent, kinds)
		}
	}
}

// base follows pointers and slices to what they hold.
func base(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t != rawType && t != binaryType {
		t = t.Elem()
	}
	return t
}

// isObject reports whether a type has a schema of its own.
func isObject(t reflect.Type) bool { return t.Kind() == reflect.Struct && t != liveType }

package openapi

import (
	"reflect"
	"strings"

	"github.com/spurline/spurline/internal/resource"
)

// note finds out which types are answered, and which kinds have a replace that
// finds its object by the id in the body.
func (b *builder) note() {
	for _, o := range b.Table {
		if o.Out != nil {
			b.noteAnswered(o.Out)
		}
		if o.Method == "PUT" && o.In != nil && !strings.Contains(o.Path, "{") {
			b.byBody[base(o.In)] = true
		}
	}
}

func (b *builder) noteAnswered(t reflect.Type) {
	if t = base(t); !isObject(t) || b.answered[t] {
		return
	}
	b.answered[t] = true
	members, err := resource.Describe(t)
	if err != nil {
		return // said where the schema is made
	}
	for _, m := range members {
		if kind := b.Kinds.Kind(m.Joined.Kind); kind != nil && m.Joined.Form == "children" {
			b.noteAnswered(kind.Type)
		} else {
			b.noteAnswered(m.Type)
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

package cli

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// sortOfValue is what a JSON value is, as far as the operation table tells.
type sortOfValue int

const (
	anything sortOfValue = iota
	aText
	aNumber
	aBoolean
	anObject
	aList
	aMapping // of any names to values of one shape
	aReference
)

// shape is the form of a JSON value: what the type of a body says, read when a
// verb runs and not before.
type shape struct {
	sort    sortOfValue
	slots   []slot // of an object
	element *shape // of a list or a mapping
	kind    string // that a reference is to; empty = one that the API has no operations for
	enum    []string
	secret  bool
}

// slot is a member of an object's shape.
type slot struct {
	name     string
	shape    *shape
	required bool
	// kept members are the server's to say: it drops what a client sends.
	kept bool
	// lock is on the one kept member that a client sends back, for the server
	// to see that nobody else has changed the object since.
	lock     bool
	live     bool // joined when the object is read
	lite     bool // short lists show it
	time     bool
	min, max string
}

// shapeOf reads a type; nil is no body.
func shapeOf(t reflect.Type) *shape {
	if t == nil {
		return &shape{sort: anObject}
	}
	switch t {
	case reflect.TypeFor[wire.Ref]():
		return &shape{sort: aReference}
	case reflect.TypeFor[access.Level]():
		return &shape{sort: aText, enum: []string{access.None.String(), access.ReadOnly.String(), access.ReadWrite.String()}}
	case reflect.TypeFor[resource.Live](), reflect.TypeFor[json.RawMessage]():
		return &shape{}
	case reflect.TypeFor[wire.Secret]():
		return &shape{sort: aText, secret: true}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Bool:
		return &shape{sort: aBoolean}
	case reflect.String:
		return &shape{sort: aText}
	case reflect.Slice, reflect.Array:
		return &shape{sort: aList, element: shapeOf(t.Elem())}
	case reflect.Map:
		return &shape{sort: aMapping, element: shapeOf(t.Elem())}
	case reflect.Struct:
		return structShape(t)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
			return &shape{sort: aText}
		}
		return &shape{sort: aNumber}
	default:
		return &shape{}
	}
}

func structShape(t reflect.Type) *shape {
	s := &shape{sort: anObject}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			s.slots = append(s.slots, shapeOf(f.Type).slots...)
		case f.IsExported() && name != "-":
			s.slots = append(s.slots, slotOf(f, cmp.Or(name, f.Name)))
		}
	}
	return s
}

func slotOf(f reflect.StructField, name string) slot {
	m := slot{name: name, shape: shapeOf(f.Type), required: f.Tag.Get("required") == "true", min: f.Tag.Get("min"), max: f.Tag.Get("max")}
	if words := strings.Fields(f.Tag.Get("enum")); len(words) > 0 {
		m.shape.leaf().enum = words
	}
	if kind, _, _ := strings.Cut(f.Tag.Get("ref"), ","); kind != "" {
		m.shape.leaf().kind = kind
	}
	// A password is a secret also where the API's own form is plain text.
	if m.shape.sort == aText && strings.HasSuffix(strings.ToLower(name), "password") {
		m.shape.secret = true
	}
	live := f.Tag.Get("live")
	m.lock = f.Tag.Get("lock") == "true"
	m.kept = f.Tag.Get("readonly") == "true" || f.Tag.Get("stamp") != "" || f.Tag.Get("assign") != "" || live != "" && !strings.HasPrefix(live, "order")
	m.live = live != ""
	m.lite = strings.Contains(f.Tag.Get("view"), "lite:show")
	// Other members called times are hours of a day, or durations.
	m.time = m.shape.sort == aNumber && (f.Tag.Get("stamp") == "time" || strings.HasSuffix(name, "Time") && strings.Contains(strings.ToLower(name), "last"))
	return m
}

// leaf is the shape of a list's elements, or that of the value itself.
func (s *shape) leaf() *shape {
	for s.sort == aList && s.element != nil {
		s = s.element
	}
	return s
}

// slot finds a member by its name.
func (s *shape) slot(name string) *slot {
	i := slices.IndexFunc(s.slots, func(m slot) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	return &s.slots[i]
}

func (s *shape) names() []string {
	names := make([]string, len(s.slots))
	for i, m := range s.slots {
		names[i] = m.name
	}
	return names
}

// at returns the shape of a member, and nil where there is no such member.
// Where nothing is known of a value, everything can be in it.
func (s *shape) at(name string) *shape {
	switch s.sort {
	case anObject:
		if m := s.slot(name); m != nil {
			return m.shape
		}
	case aReference:
		switch name {
		case "id":
			return &shape{sort: aNumber}
		case "name":
			return &shape{sort: aText}
		case "externalId", "extensions", "isNameL10nTag":
			return &shape{}
		}
	case aMapping:
		return s.element
	case anything:
		return s
	}
	return nil
}

// refNames are the members of a reference that a client writes.
func refNames() []string { return []string{"id", "name"} }

// unknown is the error of a name that is not there, with the nearest of those
// that are.
func unknown(what, name string, known []string) error {
	if best := nearest(name, known); best != "" {
		return usage("unknown %s %q; did you mean %q?", what, name, best)
	}
	if len(known) == 0 {
		return usage("unknown %s %q", what, name)
	}
	return usage("unknown %s %q; it is one of %s", what, name, strings.Join(known, ", "))
}

// nearest is the name that was meant: the one with the fewest letters to
// change, if they are few. Case says nothing.
func nearest(name string, known []string) (best string) {
	least := max(2, utf8.RuneCountInString(name)/3) + 1
	for _, k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		if d == 0 && best != k {
			return k
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, drop, replace or swap with their
// neighbour to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before, last []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before, last, row = last, row, make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(y)]
}

// fault looks for what a body cannot mean: names that the shape does not have,
// unless they were there before, and values that an enumeration does not have.
func (s *shape) fault(body, before any, path string) error {
	switch v := body.(type) {
	case map[string]any:
		known := s.names()
		if s.sort == aReference {
			known = refNames()
		}
		was, _ := before.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			sub, old := s.at(name), was[name]
			if _, there := was[name]; sub == nil && there {
				sub = &shape{}
			}
			if sub == nil {
				if s.sort != anObject && s.sort != aReference {
					return usage("%s holds an object, and is to be a %s", path, s.sort)
				}
				return unknown("member"+in(path), name, known)
			}
			if err := sub.fault(v[name], old, join(path, name)); err != nil {
				return err
			}
		}
	case []any:
		if s.sort == anything {
			return nil
		}
		if s.sort != aList {
			return usage("%s holds a list, and is to be a %s", cmp.Or(path, "the body"), s.sort)
		}
		for i, e := range v {
			if err := s.element.fault(e, elementOf(before, e), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case string:
		if len(s.enum) > 0 && v != "" && v != before && !slices.Contains(s.enum, v) {
			return unknown("value of "+path, v, s.enum)
		}
	}
	return nil
}

// elementOf finds the element of a list that an element was before: the one of
// the same id.
func elementOf(before, element any) any {
	list, _ := before.([]any)
	e, _ := element.(map[string]any)
	for _, b := range list {
		if was, ok := b.(map[string]any); ok && e != nil && reflect.DeepEqual(was["id"], e["id"]) {
			return was
		}
	}
	return nil
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " of " + path
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (s sortOfValue) String() string {
	return [...]string{"value", "string", "number", "boolean", "object", "list", "object", "reference"}[s]
}

package document

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Schema is the form of a value. Where Ref is set, the rest is empty but for
// what stands beside it.
type Schema struct {
	Ref                  string    `json:"$ref"`
	AllOf                []*Schema `json:"allOf"`
	Type                 string
	Format               string
	Description          string
	Enum                 []string
	Default              json.RawMessage
	Minimum, Maximum     *json.Number
	MinLength, MaxLength *int
	MinItems, MaxItems   *int
	Items                *Schema
	AdditionalProperties json.RawMessage
	Properties           map[string]*Schema
	Required             []string
	ReadOnly, WriteOnly  bool
	Order                []string `json:"x-order"` // of the members, as they stand on the wire
}

// Member is a member of an object.
type Member struct {
	Name     string
	Required bool
	*Schema
}

// Members are the object's members as they stand on the wire.
func (s *Schema) Members() (out []Member) {
	for name, m := range s.Properties {
		out = append(out, Member{name, slices.Contains(s.Required, name), m})
	}
	place := func(m Member) int { // members that the order lacks come first
		return slices.Index(s.Order, m.Name)
	}
	slices.SortFunc(out, func(a, b Member) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Name, b.Name)) })
	return out
}

// Name is the name of the schema that this one refers to, itself or for its
// elements; empty where it is a form of its own.
func (s *Schema) Name() string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case len(s.AllOf) == 1:
		return s.AllOf[0].Name()
	}
	return s.Items.Name()
}

// Form tells the type in a few words: "integer", "array of string".
func (s *Schema) Form() string {
	switch {
	case s == nil:
		return "any"
	case s.Type == "array":
		return "array of " + s.Items.Form()
	case s.Name() != "":
		return s.Name()
	case s.Type == "":
		return "any"
	case s.Format != "" && s.Format != "int64" && s.Format != "int32":
		return s.Type + ", " + s.Format
	}
	return s.Type
}

// arrange puts the members of a value's objects in the order of their schemas,
// in which the server really answers: the document's own text has them by name.
func (d *Document) arrange(s *Schema, text json.RawMessage) json.RawMessage {
	s = d.resolved(s)
	if s == nil || len(text) == 0 {
		return text
	}
	switch text[0] {
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(text, &list) != nil {
			return text
		}
		for i := range list {
			list[i] = d.arrange(s.Items, list[i])
		}
		return mustEncode(list)
	case '{':
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members) != nil {
			return text
		}
		names := slices.SortedFunc(maps.Keys(members), func(a, b string) int {
			return cmp.Or(cmp.Compare(slices.Index(s.Order, a), slices.Index(s.Order, b)), cmp.Compare(a, b))
		})
		out := []byte{'{'}
		for i, name := range names {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(out, mustEncode(name)...), ':')
			out = append(out, d.arrange(s.Properties[name], members[name])...)
		}
		return append(out, '}')
	}
	return text
}

// resolved is the schema itself, where s refers to one.
func (d *Document) resolved(s *Schema) *Schema {
	for s != nil && s.Type != "array" && s.Name() != "" {
		s = d.Schemas[s.Name()]
	}
	return s
}

// mustEncode encodes text and values that were just decoded.
func mustEncode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

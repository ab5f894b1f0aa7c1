package openapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// form is one of the schemas that a type can have.
type form int

const (
	full     form = iota // what is sent, and answered but in the forms below
	lite                 // in lite lists
	embedded             // inside an object that refers to it
)

var suffixes = [...]string{full: "", lite: "Lite", embedded: "Embedded"}

// views are the views that a form is answered in.
var views = [...][]resource.View{
	full:     {resource.InList, resource.InGet, resource.InPost, resource.InPut},
	lite:     {resource.InLite},
	embedded: {resource.InEmbed},
}

var (
	rawType    = reflect.TypeFor[json.RawMessage]()
	binaryType = reflect.TypeFor[operation.Binary]()
	liveType   = reflect.TypeFor[resource.Live]()
	refType    = reflect.TypeFor[wire.Ref]()
	secretType = reflect.TypeFor[wire.Secret]()
	levelType  = reflect.TypeFor[access.Level]()
)

// component is a schema that has a name.
type component struct {
	of   reflect.Type
	form form
}

// schemaName is the name of a type's schema. The API's own name for a
// reference is not that of its Go type.
func schemaName(c component) string {
	if c.of == refType {
		return "EntityReference"
	}
	first, size := utf8.DecodeRuneInString(c.of.Name())
	return string(unicode.ToUpper(first)) + c.of.Name()[size:] + suffixes[c.form]
}

// named refers to the schema of a struct, making it if it is not there.
func (b *builder) named(c component) *openapi3.SchemaRef {
	name := schemaName(c)
	owner, taken := b.owners[name]
	if taken && owner != c {
		b.fault("%v and %v both would be called %s", owner.of, c.of, name)
	}
	if !taken {
		b.owners[name] = c
		schema := openapi3.NewObjectSchema()
		b.doc.Components.Schemas[name] = openapi3.NewSchemaRef("", schema)
		b.fill(schema, c)
	}
	return openapi3.NewSchemaRef("#/components/schemas/"+name, b.doc.Components.Schemas[name].Value)
}

// fill writes the members of a struct into its schema.
func (b *builder) fill(schema *openapi3.Schema, c component) {
	members, err := resource.Describe(c.of)
	if err != nil {
		b.fault("%v: %v", c.of, err)
		return
	}
	schema.Description = b.Notes.Type(c.of)
	switch c.form {
	case lite:
		schema.Description = "The short form of " + schemaName(component{of: c.of}) + "."
	case embedded:
		schema.Description = schemaName(component{of: c.of}) + " inside what refers to it. Only the id is taken from a client."
	}
	var order []string
	for _, m := range members {
		if m.Name == "id" && b.uses.named[c.of] && c.form == full {
			m.ReadOnly = false
		}
		if !slices.ContainsFunc(views[c.form], m.Shows) && (m.ReadOnly || c.form != full) {
			continue
		}
		property := b.member(c, m)
		schema.WithPropertyRef(m.Name, property)
		order = append(order, m.Name)
		if b.required(c, m) {
			schema.Required = append(schema.Required, m.Name)
		}
	}
	schema.Extensions = map[string]any{"x-order": order}
}

// required reports whether a member must be there, in what is sent and in what
// is answered. Read-only members are not sent, so that of a type that is both
// they may be required for the answers' sake.
func (b *builder) required(c component, m resource.Member) bool {
	always := m.Always && !slices.ContainsFunc(views[c.form], func(v resource.View) bool { return !m.Shows(v) })
	switch {
	case c.form == embedded:
		return m.Name == "id"
	case c.form == lite || !b.uses.sent[c.of]:
		return always
	case !b.uses.answered[c.of]:
		return m.Required
	case m.Required && !m.ReadOnly && slices.ContainsFunc(views[full], func(v resource.View) bool { return !m.Shows(v) }):
		b.fault("%v: the member %s must be sent and is not always answered", c.of, m.Name)
	}
	return m.Required || m.ReadOnly && always
}

// member is the schema of a member, with what its tags say.
func (b *builder) member(c component, m resource.Member) *openapi3.SchemaRef {
	schema := b.value(c, m)
	text := b.says(c.of, m)
	readOnly := m.ReadOnly || c.form == embedded && m.Name != "id"
	if c.form == lite || !b.uses.sent[c.of] {
		readOnly = false // nobody sends any of it
	}
	writeOnly := base(m.Type) == secretType || c.form == full && !slices.ContainsFunc(views[full], m.Shows)
	if schema.Ref != "" { // nothing may stand beside a reference
		if text == "" && !readOnly && !writeOnly {
			return schema
		}
		schema = openapi3.NewSchemaRef("", &openapi3.Schema{AllOf: openapi3.SchemaRefs{schema}})
	}
	s := schema.Value
	s.Description, s.ReadOnly, s.WriteOnly = text, readOnly, writeOnly
	return schema
}

// value is the schema of a member's value.
func (b *builder) value(c component, m resource.Member) *openapi3.SchemaRef {
	if m.Joined.Form != "" && base(m.Type) == liveType {
		return b.joined(c, m)
	}
	if m.Joined.Form == "access" {
		return b.typed(levelType, c.form)
	}
	inner := c.form
	if !isObject(base(m.Type)) || base(m.Type) == refType {
		inner = full
	}
	t := m.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	target := b.Kinds.Kind(m.Ref)
	if m.Embeds && target != nil {
		one := b.named(component{target.Type, embedded})
		if t.Kind() != reflect.Slice {
			return one
		}
		return openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeArray}, Items: one})
	}
	schema := b.typed(t, inner)
	if schema.Ref == "" {
		b.limit(schema.Value, c, m)
	}
	return schema
}

// limit writes the bounds of a member that clients send.
func (b *builder) limit(s *openapi3.Schema, c component, m resource.Member) {
	if s.Type.Is(openapi3.TypeArray) {
		if m.Required && b.uses.sent[c.of] {
			s.MinItems = 1
		}
		return
	}
	if s.Type.Is(openapi3.TypeString) {
		if m.Max != nil {
			most := uint64(*m.Max)
			s.MaxLength = &most
		}
		if m.Required && b.uses.sent[c.of] {
			s.MinLength = 1
		}
		words := m.Enum
		for _, v := range views[c.form] {
			var word string
			if len(words) > 0 && json.Unmarshal([]byte(m.Fixed(v)), &word) == nil && !slices.Contains(words, word) {
				words = append(slices.Clone(words), word)
			}
		}
		for _, word := range words {
			s.Enum = append(s.Enum, word)
		}
		return
	}
	for _, bound := range []struct {
		from *int64
		to   **float64
	}{{m.Min, &s.Min}, {m.Max, &s.Max}} {
		if bound.from != nil {
			n := float64(*bound.from)
			*bound.to = &n
		}
	}
}

// joined is the schema of a member that is not the object's own.
func (b *builder) joined(c component, m resource.Member) *openapi3.SchemaRef {
	array := func(of *openapi3.SchemaRef) *openapi3.SchemaRef {
		return openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeArray}, Items: of})
	}
	switch m.Joined.Form {
	case "children":
		if kind := b.Kinds.Kind(m.Joined.Kind); kind != nil {
			return array(b.named(component{kind.Type, c.form}))
		}
	case "referrers":
		return array(b.named(component{refType, full}))
	case "count":
		return openapi3.NewSchemaRef("", openapi3.NewInt64Schema())
	case "has":
		return openapi3.NewSchemaRef("", openapi3.NewStringSchema().WithEnum(m.Joined.Yes, m.Joined.No))
	case "status":
		return openapi3.NewSchemaRef("", openapi3.NewStringSchema().WithEnum("ACTIVE", "INACTIVE", "DISABLED"))
	}
	b.fault("%v: the live member %s has a form that is not known here", c.of, m.Name)
	return openapi3.NewSchemaRef("", openapi3.NewObjectSchema())
}

// typed is the schema of a Go type.
func (b *builder) typed(t reflect.Type, f form) *openapi3.SchemaRef {
	switch {
	case t.Kind() == reflect.Pointer:
		return b.typed(t.Elem(), f)
	case t == rawType:
		return openapi3.NewSchemaRef("", openapi3.NewObjectSchema())
	case t == binaryType:
		return openapi3.NewSchemaRef("", openapi3.NewStringSchema().WithFormat("binary"))
	case t == levelType:
		return openapi3.NewSchemaRef("", openapi3.NewStringSchema().WithEnum(access.None.String(), access.ReadOnly.String(), access.ReadWrite.String()))
	case isObject(t):
		return b.named(component{t, f})
	}
	switch t.Kind() {
	case reflect.Slice:
		return openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeArray}, Items: b.typed(t.Elem(), f)})
	case reflect.Map:
		s := openapi3.NewObjectSchema()
		s.AdditionalProperties = openapi3.AdditionalProperties{Schema: b.typed(t.Elem(), f)}
		return openapi3.NewSchemaRef("", s)
	case reflect.String:
		return openapi3.NewSchemaRef("", openapi3.NewStringSchema())
	case reflect.Bool:
		return openapi3.NewSchemaRef("", openapi3.NewBoolSchema())
	case reflect.Int, reflect.Int64:
		return openapi3.NewSchemaRef("", openapi3.NewInt64Schema())
	case reflect.Float64:
		return openapi3.NewSchemaRef("", openapi3.NewFloat64Schema().WithFormat("double"))
	case reflect.Interface:
		return openapi3.NewSchemaRef("", openapi3.NewSchema())
	}
	b.fault("the type %v has no schema", t)
	return openapi3.NewSchemaRef("", openapi3.NewObjectSchema())
}

// says describes a member: in the words of its declaration where it has some,
// and otherwise by what its tags mean.
func (b *builder) says(t reflect.Type, m resource.Member) string {
	if text := b.Notes.Field(t, m.Field); text != "" {
		return text
	}
	title := func(kind string) string { return b.titles[kind] }
	switch {
	case m.Name == "id" && b.uses.named[t]:
		return "The object's id, given by the server; says in a body whose path names no object which one is meant."
	case m.Name == "id" && m.ReadOnly:
		return "The object's id, given by the server."
	case m.Stamp == "by":
		return "Who wrote the object last."
	case m.Stamp == "time":
		return "When the object was written last, in seconds since 1970."
	case m.Parent:
		return "The id of what the object hangs on."
	case m.Ref != "" && m.Type.Kind() == reflect.Slice:
		return "The " + plural(title(m.Ref)) + " that it names; only their ids count in a request."
	case m.Ref != "":
		return "The " + title(m.Ref) + " that it names; only its id counts in a request."
	}
	switch m.Joined.Form {
	case "children":
		return "The " + plural(title(m.Joined.Kind)) + " that hang on it."
	case "count":
		return "How many " + plural(title(m.Joined.Kind)) + " hang on it."
	case "referrers":
		return "The " + plural(title(m.Joined.Kind)) + " that name it; absent when there are none."
	case "has":
		return m.Joined.Yes + " from the first use on, " + m.Joined.No + " before."
	case "status":
		return "The connector's state at the moment of the answer."
	case "order":
		return "The place among the objects of its kind, from 1."
	case "access":
		return "What the caller may do with the object."
	}
	if b.Notes.IsTime(t, m.Field) {
		return "In seconds since 1970."
	}
	return ""
}

func plural(title string) string {
	if stem, ok := strings.CutSuffix(title, "y"); ok {
		return stem + "ies"
	}
	return title + "s"
}

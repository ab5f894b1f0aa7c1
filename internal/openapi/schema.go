package openapi

import (
	"bytes"
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
	full     form = iota // what is answered, but in the next two forms
	lite                 // in lite lists
	embedded             // inside an object that refers to it
	// input is what is sent. It is not what is answered less its read-only
	// members: what must be sent is not what is always answered, and the
	// version 3.1 knows no member that is required in answers alone.
	input
)

var suffixes = [...]string{full: "", lite: "Lite", embedded: "Embedded", input: "Input"}

// views are the views that a form is answered in.
var views = [...][]resource.View{
	full:     {resource.InList, resource.InGet, resource.InPost, resource.InPut},
	lite:     {resource.InLite},
	embedded: {resource.InEmbed},
	input:    nil,
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

// named refers to the schema of a struct, making it if it is not there. Forms
// in which a struct is the same share one.
func (b *builder) named(c component) *openapi3.SchemaRef {
	name := schemaName(c)
	if c.form == input && !b.answered[c.of] {
		name = schemaName(component{of: c.of})
	}
	owner, taken := b.owners[name]
	if taken && owner != c {
		b.fault("%v and %v both would be called %s", owner.of, c.of, name)
	}
	if !taken {
		b.owners[name] = c
		schema := b.object(c)
		if plain := (component{of: c.of}); c != plain && b.answered[c.of] && sameSchema(schema, b.named(plain).Value) {
			b.schemas[name] = b.named(plain)
		} else {
			b.doc.Components.Schemas[name] = openapi3.NewSchemaRef("", schema)
			b.schemas[name] = openapi3.NewSchemaRef("#/components/schemas/"+name, schema)
		}
	}
	of := b.schemas[name]
	return openapi3.NewSchemaRef(of.Ref, of.Value)
}

// sameSchema reports whether two objects have the same members.
func sameSchema(a, b *openapi3.Schema) bool {
	left, right := *a, *b
	left.Description, right.Description = "", ""
	one, errOne := left.MarshalJSON()
	other, errOther := right.MarshalJSON()
	return errOne == nil && errOther == nil && bytes.Equal(one, other)
}

// object makes the schema of a struct.
func (b *builder) object(c component) *openapi3.Schema {
	schema := openapi3.NewObjectSchema()
	members, err := resource.Describe(c.of)
	if err != nil {
		b.fault("%v: %v", c.of, err)
		return schema
	}
	schema.Description = b.Notes.Type(c.of)
	if c.of == refType { // whose comment is for those who read the code
		schema.Description = "Another object. Its id alone counts in a request; an answer has the name that it has now."
	}
	plain := schemaName(component{of: c.of})
	switch {
	case c.form == lite:
		schema.Description = "The short form of " + plain + "."
	case c.form == embedded:
		schema.Description = plain + " inside what refers to it."
	case c.form == input && b.answered[c.of]:
		schema.Description = "What is sent of " + plain + "."
	}
	var order []string
	for _, m := range members {
		if !b.has(c, m) {
			continue
		}
		schema.WithPropertyRef(m.Name, b.member(c, m))
		order = append(order, m.Name)
		if b.required(c, m) {
			schema.Required = append(schema.Required, m.Name)
		}
	}
	schema.Extensions = map[string]any{"x-order": order}
	return schema
}

// has reports whether a form has a member.
func (b *builder) has(c component, m resource.Member) bool {
	if c.form != input {
		return slices.ContainsFunc(views[c.form], m.Shows) && base(m.Type) != secretType
	}
	return !m.ReadOnly || m.Name == "id" && b.byBody[c.of]
}

// required reports whether a form always has a member.
func (b *builder) required(c component, m resource.Member) bool {
	hidden := func(v resource.View) bool { return !m.Shows(v) }
	switch {
	case c.form == input:
		return m.Required
	case c.form == embedded && b.isKind(c.of): // what is gone is its id and name
		return m.Name == "id"
	}
	return m.Always && !slices.ContainsFunc(views[c.form], hidden)
}

func (b *builder) isKind(t reflect.Type) bool {
	return slices.ContainsFunc(b.Kinds.All(), func(s *resource.Spec) bool { return s.Type == t })
}

// member is the schema of a member, with what its tags say.
func (b *builder) member(c component, m resource.Member) *openapi3.SchemaRef {
	schema, text := b.value(c, m), b.says(c, m)
	if schema.Ref != "" && text != "" { // nothing may stand beside a reference
		schema = openapi3.NewSchemaRef("", &openapi3.Schema{AllOf: openapi3.SchemaRefs{schema}})
	}
	if text != "" {
		schema.Value.Description = text
	}
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
	if base(m.Type) == refType {
		inner = full
	}
	t := m.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	target := b.Kinds.Kind(m.Ref)
	if m.Embeds && target != nil && c.form != input {
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
		if m.Required && c.form == input {
			s.MinItems = 1
		}
		return
	}
	if s.Type.Is(openapi3.TypeString) {
		if m.Max != nil {
			most := uint64(*m.Max)
			s.MaxLength = &most
		}
		if m.Required && c.form == input {
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
// and otherwise by what its tags mean, or its name.
func (b *builder) says(c component, m resource.Member) string {
	t, only := c.of, "."
	if c.form == input {
		only = "; only ids count."
	}
	if text := b.Notes.Field(t, m.Field); text != "" {
		return text
	}
	title := func(kind string) string { return b.titles[kind] }
	switch {
	case m.Name == "id" && c.form == input:
		return "Which object is meant, where the path does not say it."
	case m.Name == "id" && m.ReadOnly:
		return "The object's id, given by the server."
	case m.Stamp == "by":
		return "Who wrote the object last."
	case m.Stamp == "time":
		return "When the object was written last, in seconds since 1970."
	case m.Parent:
		return "The id of what the object hangs on."
	case m.Ref != "" && m.Type.Kind() == reflect.Slice:
		return "The " + plural(title(m.Ref)) + " that it names" + only
	case m.Ref != "":
		return "The " + title(m.Ref) + " that it names" + only
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
	if text := b.texts.find(schemaName(component{of: t}), m); text != "" {
		return text
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

package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/wire"
)

// maxDepth bounds the nesting of a body; the deepest kind has six levels.
const maxDepth = 32

// Decode reads an object from a request. Members that the kind does not know
// are ignored, because scripts send back what they read; read-only ones are
// dropped. The error names the member at fault.
func (s *Spec) Decode(body []byte) (Object, error) {
	if err := checkShape(body); err != nil {
		return Object{}, err
	}
	o := Object{spec: s, v: reflect.New(s.plan.typ).Elem()}
	if err := json.Unmarshal(body, o.Value()); err != nil {
		if path, cause := blame(s.plan, body); path != "" {
			return Object{}, wire.Invalid(path, "%s", cause)
		}
		return Object{}, invalidBody("it is not valid JSON: " + syntaxCause(err))
	}
	o.claims = s.plan.claims(o.v)
	s.plan.dropReadOnly(o.v)
	return o, nil
}

// Check validates what the tags say: required members, enumerations, bounds.
func (o Object) Check() error {
	var fault error
	walk(o.spec.plan, o.v, "", func(m *member, v reflect.Value, path string) {
		if fault == nil {
			fault = m.check(v, path)
		}
	})
	if fault != nil {
		return fault
	}
	return missing(o.spec.plan, o.v, "")
}

func (m *member) check(v reflect.Value, path string) error {
	switch m.kind {
	case reflect.String:
		text := v.String()
		if m.max != nil && int64(utf8.RuneCountInString(text)) > *m.max {
			return wire.Invalid(path, "cannot be longer than %d characters", *m.max)
		}
		if len(m.enum) > 0 && text != "" && !slices.Contains(m.enum, text) {
			return wire.Invalid(path, "must be one of %s", strings.Join(m.enum, ", "))
		}
	case reflect.Int64:
		if m.min != nil && v.Int() < *m.min {
			return wire.Invalid(path, "cannot be less than %d", *m.min)
		}
		if m.max != nil && v.Int() > *m.max {
			return wire.Invalid(path, "cannot be more than %d", *m.max)
		}
	}
	return nil
}

// missing finds the first required member that is absent or empty. Members of
// an object that is itself absent are not missed.
func missing(p *plan, v reflect.Value, path string) error {
	for _, m := range p.members {
		f := v.Field(m.index)
		if m.required && (f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0) {
			return wire.Invalid(path+m.name, "cannot be null")
		}
		if m.sub != nil {
			if err := missingIn(m.sub, f, path+m.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// missingIn looks for missing members in an object, or in each of a list.
func missingIn(p *plan, v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return missingIn(p, v.Elem(), path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := missingIn(p, v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return missing(p, v, path+".")
	}
	return nil
}

func (p *plan) dropReadOnly(v reflect.Value) {
	for _, m := range p.members {
		f := v.Field(m.index)
		if m.readonly || m.stamp != "" || m.assign {
			f.SetZero()
			continue
		}
		for f.Kind() == reflect.Pointer && !f.IsNil() {
			f = f.Elem()
		}
		if m.sub != nil && f.Kind() == reflect.Struct {
			m.sub.dropReadOnly(f)
		}
	}
}

// checkShape refuses bodies that are not one JSON object of sane depth, before
// anything is built from them.
func checkShape(body []byte) error {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return invalidBody("it is empty")
	}
	if trimmed[0] != '{' {
		return invalidBody("it is not a JSON object")
	}
	depth, inString := 0, false
	for i := 0; i < len(trimmed); i++ {
		switch c := trimmed[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return invalidBody("it is nested too deeply")
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

func invalidBody(cause string) error {
	return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "Request body is invalid: " + cause + "."}
}

func syntaxCause(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return strings.TrimPrefix(syntax.Error(), "json: ")
	}
	return "a value does not fit"
}

// blame finds the member whose value did not fit: the decoder does not say
// where a custom type refused. It answers "" when the body is not JSON at all.
func blame(p *plan, body []byte) (path, cause string) {
	var raw map[string]json.RawMessage
	if json.Unmarshal(body, &raw) != nil {
		return "", ""
	}
	for _, m := range p.members {
		value, ok := raw[m.name]
		if !ok {
			continue
		}
		target := reflect.New(p.typ.Field(m.index).Type)
		err := json.Unmarshal(value, target.Interface())
		if err == nil {
			continue
		}
		if m.sub != nil {
			if sub, cause := blameIn(m.sub, value); sub != "" {
				return m.name + sub, cause
			}
		}
		return m.name, fault(err)
	}
	return "", ""
}

// blameIn looks for the fault in an object, or in each of a list.
func blameIn(p *plan, value []byte) (path, cause string) {
	if path, cause = blame(p, value); path != "" {
		return "." + path, cause
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return "", ""
	}
	for i, element := range list {
		if path, cause = blame(p, element); path != "" {
			return fmt.Sprintf("[%d].%s", i, path), cause
		}
	}
	return "", ""
}

// fault says what was expected, in the API's terms.
func fault(err error) string {
	var mistyped *json.UnmarshalTypeError
	if !errors.As(err, &mistyped) {
		return err.Error()
	}
	switch mistyped.Type.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Slice:
		return "must be an array"
	case reflect.Struct, reflect.Map:
		return "must be an object"
	default:
		return "has a value of the wrong type"
	}
}

package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// Object is one object of a kind, decoded: what a write works on.
type Object struct {
	spec *Spec
	v    reflect.Value // the struct, addressable
	// claims are the stamps as the client that sent the object knows them.
	claims []claim
}

// Spec returns the object's kind.
func (o Object) Spec() *Spec { return o.spec }

// Value returns the *T.
func (o Object) Value() any { return o.v.Addr().Interface() }

// ID returns the object's id, 0 before it has one.
func (o Object) ID() int64 { return o.v.Field(o.spec.id.index).Int() }

// SetID gives the object its id.
func (o Object) SetID(id int64) { o.v.Field(o.spec.id.index).SetInt(id) }

// Name returns the object's name, empty where the kind has none.
func (o Object) Name() string {
	if o.spec.name == nil {
		return ""
	}
	return o.v.Field(o.spec.name.index).String()
}

// Stamp records who wrote the object and when, where the kind shows it.
func (o Object) Stamp(by wire.Ref, at time.Time) {
	for _, m := range o.spec.plan.members {
		switch m.stamp {
		case "by":
			if m.kind == reflect.Int64 { // the bare id
				o.v.Field(m.index).SetInt(int64(by.ID))
				continue
			}
			o.v.Field(m.index).Set(reflect.ValueOf(&by))
		case "time":
			o.v.Field(m.index).SetInt(at.Unix())
		}
	}
}

// AssignIDs gives the nested objects that carry ids theirs, anew at every
// call: a write may run twice, and the first run's ids are then nobody's.
func (o Object) AssignIDs(next func() int64) {
	walk(o.spec.plan, o.v, "", func(m *member, v reflect.Value, _ string) {
		if m.assign {
			v.SetInt(next())
		}
	})
}

// ObjectRef is a reference held by an object.
type ObjectRef struct {
	Path string // of the member: "provUrlData.locationTemplate"
	Kind string // of the target
	*wire.Ref
}

// Refs walks the object's references.
func (o Object) Refs() iter.Seq[ObjectRef] {
	return func(yield func(ObjectRef) bool) {
		more := true
		walk(o.spec.plan, o.v, "", func(m *member, v reflect.Value, path string) {
			if m.ref != nil && more {
				more = yield(ObjectRef{path, m.ref.kind, v.Addr().Interface().(*wire.Ref)})
			}
		})
	}
}

// walk visits every member value of a struct, through pointers and lists. A
// member that is a list is visited once per element.
func walk(p *plan, v reflect.Value, path string, visit func(*member, reflect.Value, string)) {
	for _, m := range p.members {
		walkValue(m, v.Field(m.index), path+m.name, visit)
	}
}

func walkValue(m *member, v reflect.Value, path string, visit func(*member, reflect.Value, string)) {
	switch {
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			walkValue(m, v.Elem(), path, visit)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			walkValue(m, v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		visit(m, v, path)
		if m.sub != nil {
			walk(m.sub, v, path+".", visit)
		}
	}
}

// New returns an object around value, a *T of the kind.
func (s *Spec) New(value any) Object {
	return Object{spec: s, v: reflect.ValueOf(value).Elem()}
}

// Stored decodes an object from storage. Bytes that the server wrote and
// cannot read are a defect, so the error is not a client's.
func (s *Spec) Stored(body []byte) (Object, error) {
	o := Object{spec: s, v: reflect.New(s.plan.typ).Elem()}
	if err := json.Unmarshal(body, o.Value()); err != nil {
		return Object{}, fmt.Errorf("stored %s: %w", s.Name, err)
	}
	return o, nil
}

// Encode returns the stored form: compact, in declaration order, with text as
// the vendor writes it (no HTML escapes).
func (o Object) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o.Value()); err != nil {
		return nil, fmt.Errorf("encode %s: %w", o.spec.Name, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// mustEncode encodes values that cannot fail to encode.
func mustEncode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

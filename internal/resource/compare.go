package resource

import (
	"reflect"

	"github.com/spurline/spurline/internal/wire"
)

// Outdated compares what a client sent of the stamps that lock an object with
// the object as it is, and names the first that differs. What was not sent, or
// is 0, is not compared.
func (o Object) Outdated(now Object) string {
	for _, c := range o.claims {
		f := now.v.Field(c.member.index)
		for f.Kind() == reflect.Pointer && !f.IsNil() {
			f = f.Elem()
		}
		if f.Type() == refType {
			f = f.FieldByName("ID")
		}
		if f.Kind() != reflect.Int64 || f.Int() != c.value {
			return c.member.name
		}
	}
	return ""
}

// claim is a stamp as a client believes it to be.
type claim struct {
	member *member
	value  int64
}

// claims reads the stamps that a client sent, before they are dropped.
func (p *plan) claims(v reflect.Value) (out []claim) {
	for _, m := range p.members {
		if !m.lock {
			continue
		}
		switch sent := v.Field(m.index).Interface().(type) {
		case wire.Int:
			if sent != 0 {
				out = append(out, claim{m, int64(sent)})
			}
		case *wire.Ref:
			if sent != nil && sent.ID != 0 {
				out = append(out, claim{m, int64(sent.ID)})
			}
		}
	}
	return out
}

// Same reports whether two objects differ in nothing but who wrote them, when,
// and what is not their own.
func (o Object) Same(p Object) bool {
	for _, m := range o.spec.plan.members {
		if m.stamp == "" && m.live == nil && !reflect.DeepEqual(o.v.Field(m.index).Interface(), p.v.Field(m.index).Interface()) {
			return false
		}
	}
	return true
}

package resource

import "reflect"

// Parent returns the id of the parent as the object itself says it, and
// whether its kind has a member for that.
func (o Object) Parent() (id int64, has bool) {
	m := o.spec.plan.parent()
	if m == nil {
		return 0, false
	}
	return o.v.Field(m.index).Int(), true
}

// SetParent writes the parent's id into the member that says it, if the kind
// has one.
func (o Object) SetParent(id int64) {
	if m := o.spec.plan.parent(); m != nil {
		o.v.Field(m.index).SetInt(id)
	}
}

// ParentMember is the name of the member that says the parent's id, "" when
// the kind has none.
func (s *Spec) ParentMember() string {
	if m := s.plan.parent(); m != nil {
		return m.name
	}
	return ""
}

// Nests reports whether objects of the kind hang on each other.
func (s *Spec) Nests() bool { return s.Parent.Kind == s.Name && s.Name != "" }

func (p *plan) parent() *member {
	for _, m := range p.members {
		if m.parent {
			return m
		}
	}
	return nil
}

// KeepReadOnly gives the object the read-only members of the one that it
// replaces, a *T: a client can neither set nor clear them.
func (o Object) KeepReadOnly(old any) {
	before := reflect.ValueOf(old).Elem()
	for _, m := range o.spec.plan.members {
		if m.readonly {
			o.v.Field(m.index).Set(before.Field(m.index))
		}
	}
}

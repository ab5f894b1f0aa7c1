package resource

// Scoping says which objects of a kind an admin sees whose scope is some
// locations.
type Scoping int

// The ways in which an object belongs to a scope.
const (
	// ScopeNone: everybody sees all of them.
	ScopeNone Scoping = iota
	// ScopeSelf: the kind is what a scope consists of, and what hangs on one
	// of the same kind goes with it.
	ScopeSelf
	// ScopeRef: the object goes with the one that its tagged member names.
	ScopeRef
	// ScopeParent: the object goes with the one that it hangs on.
	ScopeParent
)

// Scoping returns how the kind's objects belong to a scope; of is the kind
// that decides, the target's or the parent's.
func (s *Spec) Scoping() (how Scoping, of *Spec) { return s.scoping, s.scopeOf }

// linkScope finds out about every kind, once references are linked. A kind
// that says nothing itself does as its parent does.
func (set *Set) linkScope() {
	var find func(s *Spec) Scoping
	find = func(s *Spec) Scoping {
		if s.scoping != ScopeNone {
			return s.scoping
		}
		switch m := s.plan.scope(); {
		case m != nil && m.ref != nil:
			s.scoping, s.scopeOf = ScopeRef, m.ref.spec
		case m != nil:
			s.scoping, s.scopeOf = ScopeSelf, s
		case s.Parent.Kind != "" && s.Parent.Kind != s.Name && find(set.Kind(s.Parent.Kind)) != ScopeNone:
			s.scoping, s.scopeOf = ScopeParent, set.Kind(s.Parent.Kind)
		}
		return s.scoping
	}
	for _, s := range set.specs {
		find(s)
	}
}

func (p *plan) scope() *member {
	for _, m := range p.members {
		if m.scope {
			return m
		}
	}
	return nil
}

// ScopeID returns the id that the tagged reference of a stored object names,
// 0 when it names nothing.
func (s *Spec) ScopeID(body []byte) int64 {
	if m := s.plan.scope(); m != nil && m.ref != nil {
		if value := valueOf(body, m.name); value != nil {
			id, _ := refID(value)
			return id
		}
	}
	return 0
}

// Extensions returns what references to a stored object show of it besides
// its name, as text (common.md, EntityReference.extensions).
func (s *Spec) Extensions(body []byte) map[string]string {
	var out map[string]string
	for _, m := range s.plan.members {
		if m.extends == "" {
			continue
		}
		value := valueOf(body, m.name)
		if value == nil {
			continue
		}
		if value[0] == '"' {
			value = value[1 : len(value)-1]
		}
		if out == nil {
			out = map[string]string{}
		}
		out[m.extends] = string(value)
	}
	return out
}

// valueOf returns a member's value in a stored object, nil when it has none.
func valueOf(body []byte, name string) []byte {
	for i := 1; i < len(body) && body[i] != '}'; {
		if body[i] == ',' {
			i++
		}
		nameEnd := skipValue(body, i)
		end := skipValue(body, nameEnd+1)
		if string(body[i+1:nameEnd-1]) == name {
			return body[nameEnd+1 : end]
		}
		i = end
	}
	return nil
}

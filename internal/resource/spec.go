package resource

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/wire"
)

// Spec is a kind with its type erased: what the rest of the program works
// with. It is immutable once its Set is made.
type Spec struct {
	Name, Title, Path string
	Parent            Parent
	Ops               Op
	Area              Area
	Feature           access.Feature
	Limits            Limits
	Audit             Audit
	Unique            Uniqueness
	Unstaged          bool
	Read, LiteRead    limit.Rate
	Write             limit.Rate
	Remove            limit.Rate
	Filters           []FilterSpec
	Type              reflect.Type // T

	// Builtin returns the predefined objects; Defaults and Validate take a *T.
	Builtin  func(Facts) []Object
	Defaults func(Facts, any)
	Validate func(Facts, any) error

	plan     *plan
	id, name *member
	// Where objects have a place among each other: the members that say it and
	// what places ascend by.
	order, rank *member
	joins       [views][]Join
	scoping     Scoping
	scopeOf     *Spec
}

// FilterSpec is a filter with its type erased.
type FilterSpec struct {
	Param
	Match func(any, Value) bool
	Index NameMatch // whether the index of names answers it
}

// Define checks a declaration and computes its plans. A bad declaration is an
// error at start-up and in the tests.
func Define[T any](k Kind[T]) (*Spec, error) {
	p, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	s := &Spec{
		Name: k.Name, Title: k.Title, Path: k.Path, Parent: k.Parent, Ops: k.Ops, Area: k.Area, Feature: k.Feature,
		Limits: k.Limits, Audit: k.Audit, Unique: k.Unique, Unstaged: k.Unstaged, Type: p.typ,
		plan: p, id: p.byName["id"], name: p.byName["name"],
	}
	for _, m := range p.members {
		if m.live != nil && m.live.form == liveOrder {
			s.order, s.rank = m, p.byName[m.live.rank]
		}
	}
	for _, r := range []struct {
		to   *limit.Rate
		text string
	}{{&s.Read, k.Limits.Read}, {&s.LiteRead, first(k.Limits.LiteRead, k.Limits.Read)}, {&s.Write, k.Limits.Write}, {&s.Remove, first(k.Limits.Delete, k.Limits.Write)}} {
		if r.text == "" {
			continue
		}
		if *r.to, err = limit.Parse(r.text); err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
	}
	s.Builtin = func(f Facts) (out []Object) {
		if k.Builtin == nil {
			return nil
		}
		for _, v := range k.Builtin(f) {
			out = append(out, s.New(&v))
		}
		return out
	}
	s.Defaults = func(f Facts, v any) {
		if k.Defaults != nil {
			k.Defaults(f, v.(*T))
		}
	}
	s.Validate = func(f Facts, v any) error {
		if k.Validate == nil {
			return nil
		}
		return k.Validate(f, v.(*T))
	}
	for _, f := range k.Filters {
		s.Filters = append(s.Filters, FilterSpec{
			Param: Param{Name: f.Param, Type: f.Type, Says: f.Says, Enum: f.Enum, Repeated: f.Repeated},
			Match: func(v any, value Value) bool { return f.Match(v.(*T), value) },
			Index: f.Name,
		})
	}
	return s, s.check()
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (s *Spec) check() error {
	switch {
	case s.Name == "" || s.Title == "":
		return fmt.Errorf("kind %q: a kind has a name and a title", s.Name)
	case s.id == nil || s.plan.typ.Field(s.id.index).Type != intType:
		return fmt.Errorf("kind %s: its first wire member is id, a wire.Int", s.Name)
	case s.order != nil && (s.rank == nil || s.plan.typ.Field(s.rank.index).Type != intType):
		return fmt.Errorf("kind %s: its order needs a rank, a wire.Int", s.Name)
	case s.Limits.Per != "" && (s.plan.byName[s.Limits.Per] == nil || s.plan.byName[s.Limits.Per].kind != reflect.String):
		return fmt.Errorf("kind %s: counted per %q, which is no text that it has", s.Name, s.Limits.Per)
	case s.Unique != NotUnique && s.name == nil:
		return fmt.Errorf("kind %s: unique by a name that it does not have", s.Name)
	case s.Ops != 0 && (!strings.HasPrefix(s.Path, "/") || s.Feature == ""):
		return fmt.Errorf("kind %s: operations need a path and a feature", s.Name)
	case s.Ops != 0 && s.Area == "":
		return fmt.Errorf("kind %s: operations stand in an area", s.Name)
	case s.Ops&(Create|Update|Delete|DeleteAnswered) != 0 && s.Audit.Category == "":
		return fmt.Errorf("kind %s: the audit trail files every change", s.Name)
	case s.Ops&(List|Lite|LiteGet|Get) != 0 && s.Read == limit.Rate{}:
		return fmt.Errorf("kind %s: reading needs a rate", s.Name)
	case s.Ops&(Create|Update|Delete|DeleteAnswered) != 0 && s.Write == limit.Rate{} && s.Remove == limit.Rate{}:
		return fmt.Errorf("kind %s: writing needs a rate", s.Name)
	}
	for _, f := range s.Filters {
		if f.Name == "" {
			return fmt.Errorf("kind %s: a filter has a parameter", s.Name)
		}
		if f.Says == "" {
			return fmt.Errorf("kind %s: the filter %s does not say what it does", s.Name, f.Name)
		}
	}
	return nil
}

// ByName reports whether the lists of a view are in the order of names; others
// are in that of ids.
func (s *Spec) ByName(v View) bool {
	return s.name != nil && slices.ContainsFunc(s.name.orders, func(name string) bool { return viewNames[name] == v })
}

// Condition is a filter that a request applies.
type Condition struct {
	Filter *FilterSpec
	Value  Value
}

// Conditions reads the declared filters from a query; parameters that the
// kind does not declare are ignored, as the API ignores them.
func (s *Spec) Conditions(query url.Values) ([]Condition, error) {
	var out []Condition
	for i := range s.Filters {
		f := &s.Filters[i]
		if !query.Has(f.Name) || query.Get(f.Name) == "" {
			continue
		}
		v := Value{Text: query.Get(f.Name), All: query[f.Name]}
		var err error
		switch f.Type {
		case Integer:
			if v.Int, err = strconv.ParseInt(v.Text, 10, 64); err != nil {
				return nil, wire.Invalid(f.Name, "must be an integer")
			}
		case Boolean:
			if v.Bool, err = strconv.ParseBool(v.Text); err != nil {
				return nil, wire.Invalid(f.Name, "must be true or false")
			}
		}
		out = append(out, Condition{f, v})
	}
	return out, nil
}

// Set is all kinds, linked with each other.
type Set struct {
	specs  []*Spec
	byName map[string]*Spec
}

// NewSet links kinds: what references, embeds or children name must be in the
// set.
func NewSet(specs ...*Spec) (*Set, error) {
	set := &Set{specs: specs, byName: map[string]*Spec{}}
	for _, s := range specs {
		if set.byName[s.Name] != nil {
			return nil, fmt.Errorf("kind %s is declared twice", s.Name)
		}
		set.byName[s.Name] = s
	}
	for _, s := range specs {
		if err := s.plan.link(set.Kind); err != nil {
			return nil, fmt.Errorf("kind %s: %w", s.Name, err)
		}
		if s.Parent.Kind != "" && set.byName[s.Parent.Kind] == nil {
			return nil, fmt.Errorf("kind %s: parent kind %q is unknown", s.Name, s.Parent.Kind)
		}
	}
	set.linkScope()
	for _, s := range specs {
		for v := range views {
			s.joins[v] = distinct(s.plan.joins(v))
		}
	}
	return set, nil
}

// distinct keeps the first of equal joins: two members may show the same.
func distinct(joins []Join) (out []Join) {
	for _, j := range joins {
		if !slices.Contains(out, j) {
			out = append(out, j)
		}
	}
	return out
}

// Kind returns the kind of that name, nil when there is none.
func (s *Set) Kind(name string) *Spec { return s.byName[name] }

// All returns the kinds in the order of their declaration.
func (s *Set) All() []*Spec { return s.specs }

// ChildrenOf returns the kinds that hang on a kind.
func (s *Set) ChildrenOf(name string) (out []*Spec) {
	for _, c := range s.specs {
		if c.Parent.Kind == name {
			out = append(out, c)
		}
	}
	return out
}

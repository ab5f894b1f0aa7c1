package resource

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// Ordered reports whether objects of the kind have a place among each other.
func (s *Spec) Ordered() bool { return s.order != nil }

// Order returns the place that the object asks for, or what it stores in its
// stead.
func (o Object) Order() int64 { return o.v.Field(o.spec.order.index).Int() }

// SetOrder writes the member that says the place.
func (o Object) SetOrder(n int64) { o.v.Field(o.spec.order.index).SetInt(n) }

// OrderMember is the name of the member that says the place.
func (s *Spec) OrderMember() string { return s.order.name }

// Rank returns what the places of a kind ascend by.
func (o Object) Rank() int64 { return o.v.Field(o.spec.rank.index).Int() }

// SortBy is what a list is sorted by.
type SortBy int

// The sorts.
const (
	SortDefault SortBy = iota // as the view's lists are
	SortID
	SortName
	SortPlace  // the order in which ordered objects count; those without a place come last
	SortMember // a number among the members
)

// Sort is how a request wants a list sorted.
type Sort struct {
	By     SortBy
	Desc   bool
	member *member
}

// String tells sorts apart.
func (s Sort) String() string {
	name := ""
	if s.member != nil {
		name = s.member.name
	}
	return fmt.Sprint(int(s.By), name, s.Desc)
}

// Sortable reports whether the kind's list takes sortBy and sortOrder.
func (s *Spec) Sortable() bool {
	for _, m := range s.plan.members {
		if len(m.sorts) > 0 {
			return true
		}
	}
	return false
}

// SortParams are the parameters that Sort reads.
func (s *Spec) SortParams() []Param {
	_, known := s.sorts("")
	orders := []string{"asc", "desc"}
	if s.Ordered() {
		orders = append(orders, "ruleExecution")
	}
	return []Param{
		{Name: "sortBy", Says: "What the list is sorted by.", Enum: known},
		{Name: "sortOrder", Says: "Rising, falling, or as rules are executed.", Enum: orders},
	}
}

// Sort reads sortBy and sortOrder where the kind takes them.
//
// quirk: common.md, sortOrder is also the one way to ask for the order in which
// rules are executed.
func (s *Spec) Sort(v View, query url.Values) (Sort, error) {
	out := Sort{}
	if !s.Sortable() || v != InList {
		return out, nil
	}
	if by := query.Get("sortBy"); by != "" {
		m, known := s.sorts(by)
		switch m {
		case nil:
			return out, wire.Invalid("sortBy", "must be one of %s", strings.Join(known, ", "))
		case s.id:
			out.By = SortID
		case s.name:
			out.By = SortName
		default:
			out.By, out.member = SortMember, m
		}
	}
	switch order := strings.ToLower(query.Get("sortOrder")); order {
	case "", "asc":
	case "desc":
		out.Desc = true
		if out.By == SortDefault && s.ByName(v) {
			out.By = SortName
		}
	case "ruleexecution":
		if s.Ordered() {
			out.By = SortPlace
		}
	default:
		return out, wire.Invalid("sortOrder", "must be one of asc, desc, ruleExecution")
	}
	return out, nil
}

func (s *Spec) sorts(by string) (found *member, known []string) {
	for _, m := range s.plan.members {
		for _, name := range m.sorts {
			if name == by {
				found = m
			}
			known = append(known, name)
		}
	}
	return found, known
}

// SortValue is the number that a SortMember sorts an object by.
func (o Object) SortValue(by Sort) int64 { return o.v.Field(by.member.index).Int() }

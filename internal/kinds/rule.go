package kinds

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// What rules of all families may have at most (behaviours.md section 15).
const (
	maxRules         = 1020
	maxRuleName      = 31
	maxRuleLocations = 8
	maxRuleGroups    = 32
	maxRuleServices  = 1024
)

// The order of the default rule of a family, which comes after all others, and
// the rank of rules that are not given any.
const (
	defaultOrder = -1
	defaultRank  = 7
)

// viewOnly is what a predefined rule stores that nobody may change.
const viewOnly = "READ_ONLY"

// ruleBase is what rules of all families have.
type ruleBase struct {
	Name           *string
	Type           *string
	Order, Rank    *wire.Int
	State          *string
	Locations      *[]wire.Ref
	LocationGroups *[]wire.Ref
	ECGroups       *[]wire.Ref
	AccessControl  string
}

// Site is where a connector stands.
type Site struct {
	Locations []int64 // its location and what is below that
	Workloads bool    // the location is in the group of workload locations
	Group     int64   // its connector group
}

// Rule is a rule of any family.
type Rule interface {
	// Concerns reports whether a connector at a site runs the rule.
	Concerns(Site) bool
}

// concerns follows forwarding-rule.md: a disabled rule is skipped, an empty
// criterion matches anything, and locations and their groups are one of them.
func (b ruleBase) concerns(s Site) bool {
	if *b.State != "ENABLED" {
		return false
	}
	groups := len(*b.ECGroups) == 0 || slices.ContainsFunc(*b.ECGroups, func(g wire.Ref) bool { return int64(g.ID) == s.Group })
	in := slices.ContainsFunc(*b.Locations, func(l wire.Ref) bool { return slices.Contains(s.Locations, int64(l.ID)) })
	anywhere := len(*b.Locations) == 0
	if b.LocationGroups != nil && len(*b.LocationGroups) > 0 { // there is one group
		in, anywhere = in || s.Workloads, false
	}
	return groups && (in || anywhere)
}

// fill sets what a rule that leaves it out gets.
func (b ruleBase) fill(family string) {
	*b.Type, *b.State = or(*b.Type, family), or(*b.State, "ENABLED")
	if *b.Rank == 0 {
		*b.Rank = defaultRank
	}
	if b.LocationGroups == nil {
		return
	}
	for i, g := range *b.LocationGroups {
		if g.ID == WorkloadGroupID {
			(*b.LocationGroups)[i] = wire.Ref{ID: g.ID, Name: WorkloadGroupName}
		}
	}
}

func (b ruleBase) check(f resource.Facts, family string) error {
	if *b.Type != family {
		return wire.Invalid("type", "must be %s", family)
	}
	// Names that came with the org are longer than any other may be.
	if !f.Predefined && *b.Order > 0 && utf8.RuneCountInString(*b.Name) > maxRuleName {
		return wire.Invalid("name", "cannot be longer than %d characters", maxRuleName)
	}
	if err := atMost(maxRuleLocations, "locations", len(*b.Locations)); err != nil {
		return err
	}
	if err := atMost(maxRuleGroups, "ecGroups", len(*b.ECGroups)); err != nil {
		return err
	}
	if b.LocationGroups == nil {
		return nil
	}
	// Location groups have no operations in this API; there is the one that
	// connector locations fall into.
	for i, g := range *b.LocationGroups {
		if g.ID != WorkloadGroupID {
			return wire.Invalid(fmt.Sprintf("locationGroups[%d]", i), "names the location group %d, which does not exist", g.ID)
		}
	}
	return atMost(maxRuleGroups, "locationGroups", len(*b.LocationGroups))
}

func atMost(most int, field string, n int) error {
	if n > most {
		return wire.Invalid(field, "cannot have more than %d entries", most)
	}
	return nil
}

// ruleFilters are the filters that the lists and counts of rules share. All of
// them match a part, as search does.
func ruleFilters[T any](base func(*T) ruleBase, description func(*T) string) []resource.Filter[T] {
	return []resource.Filter[T]{
		{Param: "ruleName", Says: "A part of the name, in any case.", Name: resource.NameContains},
		{Param: "ruleOrder", Says: "A part of the order, as text.", Match: func(r *T, v resource.Value) bool {
			return strings.Contains(strconv.FormatInt(int64(*base(r).Order), 10), v.Text)
		}},
		{Param: "ruleDescription", Says: "A part of the description, in any case.", Match: func(r *T, v resource.Value) bool { return matches(v.Text, description(r)) }},
		{Param: "location", Says: "A part of the name of a location that the rule names, in any case.", Match: func(r *T, v resource.Value) bool {
			return slices.ContainsFunc(*base(r).Locations, func(l wire.Ref) bool { return matches(v.Text, l.Name) })
		}},
	}
}

// editableRules says which members of a predefined rule an admin may change,
// by the rule's name (forwarding-rule.md, dns-rule.md).
var editableRules = map[string][]string{
	DefaultForwardingRule: {"description"},
	ZPAForwardingRule:     {"description", "state"},
	DirectCloudRule:       {"order", "state", "locations", "ecGroups"},
	DirectWANRule:         {"order", "state", "locations", "ecGroups"},
	DirectLANRule:         {"order", "state", "locations", "ecGroups"},
	DefaultDNSRule:        {"description", "action", "dnsGateway", "zpaIpGroup"},
	RedirectDNSRule:       {"order", "state", "locations", "ecGroups"},
	DefaultLogRule:        {"description"},
}

// keepPredefined gives a predefined rule back what a replace leaves out of the
// members that cannot be changed. Both are pointers to the same struct.
func keepPredefined(old, rule any, name string) {
	eachFixed(old, rule, name, func(_ string, before, after reflect.Value) bool {
		if after.IsZero() || after.Kind() == reflect.Slice && after.Len() == 0 {
			after.Set(before)
		}
		return true
	})
}

// checkPredefined refuses a change of a member of a predefined rule that
// cannot be changed.
func checkPredefined(title string, old, rule any, name, access string) (fault error) {
	if access == viewOnly {
		return notEditable(title, name)
	}
	eachFixed(old, rule, name, func(member string, before, after reflect.Value) bool {
		if !sameValue(before, after) {
			fault = wire.Invalid(member, "of the predefined rule %q cannot be changed", name)
		}
		return fault == nil
	})
	return fault
}

// eachFixed visits the members of a predefined rule that an admin cannot change
// and that are not the server's to change.
func eachFixed(old, rule any, name string, visit func(member string, before, after reflect.Value) bool) {
	before, after := reflect.ValueOf(old).Elem(), reflect.ValueOf(rule).Elem()
	for i := range after.NumField() {
		tag := after.Type().Field(i).Tag
		member, _, _ := strings.Cut(tag.Get("json"), ",")
		if tag.Get("readonly") != "" || tag.Get("stamp") != "" || slices.Contains(editableRules[name], member) {
			continue
		}
		if !visit(member, before.Field(i), after.Field(i)) {
			return
		}
	}
}

// sameValue compares members as a client means them: references by their ids,
// and nothing the same as an empty list.
func sameValue(a, b reflect.Value) bool {
	switch {
	case a.Kind() == reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return sameValue(a.Elem(), b.Elem())
	case a.Kind() == reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case a.Type() == reflect.TypeFor[wire.Ref]():
		return a.Interface().(wire.Ref).ID == b.Interface().(wire.Ref).ID
	default:
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}
}

// checkRuleCountries is checkCountries with the two words that rules know.
func checkRuleCountries(field string, list []string) error {
	var countries []string
	for _, c := range list {
		if c != "ANY" && c != "NONE" {
			countries = append(countries, c)
		}
	}
	return checkCountries(field, countries)
}

// isDestination accepts what a rule may name as one: an address, a CIDR, a
// range, a host name, or a wildcard *.example.com.
func isDestination(s string) bool {
	if rest, ok := strings.CutPrefix(s, "*."); ok {
		return isHostName(rest)
	}
	// A name that ends like an address is one that is wrong.
	return isAddress(s) || isHostName(s) && strings.Trim(s[strings.LastIndexByte(s, '.')+1:], "0123456789") != ""
}

// orNone drops a reference that names nothing, as clients send unset ones.
func orNone(ref *wire.Ref) *wire.Ref {
	if ref == nil || ref.ID == 0 {
		return nil
	}
	return ref
}

// orEmpty is a list that is answered even when it is empty.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// gatewayOf checks that a rule's gateway is of the type that its family takes.
// That it exists is checked for all references alike.
func gatewayOf(f resource.Facts, ref *wire.Ref, kind string) error {
	if ref == nil {
		return nil
	}
	found, err := f.Lookup.ByID(GatewayKind, int64(ref.ID))
	if err != nil {
		return err
	}
	if g, ok := found.(*Gateway); ok && g.Type != kind {
		return wire.Invalid("proxyGateway", "names a gateway of the type %s, and must name one of the type %s", g.Type, kind)
	}
	return nil
}

// builtinGateway refers to a gateway that came with the org.
func builtinGateway(f resource.Facts, name string) *wire.Ref {
	if g, err := f.Lookup.ByName(GatewayKind, name); err == nil && g != nil {
		return &wire.Ref{ID: g.(*Gateway).ID}
	}
	return nil
}

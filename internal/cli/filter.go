package cli

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/operation"
)

// narrowing is what a list is asked for: parameters that the API itself narrows
// by, conditions that are looked at here, and an order.
type narrowing struct {
	query url.Values
	where []condition
	by    []ordering
}

// condition is one of --filter.
type condition struct {
	path  []string
	not   bool
	part  bool // a part of the value will do, in any case
	value string
}

type ordering struct {
	path []string
	down bool
}

// narrow reads --filter and --sort. A filter on a parameter that the operation
// declares is the server's; what names a member is looked at here too, because
// servers match parts.
func narrow(o *operation.Operation, s *shape, filters, sorts []string) (n narrowing, err error) {
	n.query = url.Values{}
	for _, f := range filters {
		c, name, err := parseCondition(f)
		if err != nil {
			return n, err
		}
		param := slices.ContainsFunc(o.Query, func(p operation.Param) bool { return p.Name == name })
		if param && !c.part && !c.not {
			n.query.Add(name, c.value)
		}
		if at, err := memberAt(s, name, queryNames(o)); err == nil {
			if leaf := at.leaf(); len(leaf.enum) > 0 && !c.part && !slices.Contains(leaf.enum, c.value) {
				return n, unknown("value of "+name, c.value, leaf.enum)
			}
			n.where = append(n.where, c)
		} else if !param || c.part || c.not {
			return n, err
		}
	}
	for _, by := range sorts {
		name, down := strings.CutPrefix(by, "-")
		if _, err := memberAt(s, name, nil); err != nil {
			return n, err
		}
		n.by = append(n.by, ordering{strings.Split(name, "."), down})
	}
	return n, nil
}

// parseCondition reads member=value, member!=value and member~part.
func parseCondition(arg string) (c condition, name string, err error) {
	at := strings.IndexAny(arg, "=~!")
	if at <= 0 || arg[at] == '!' && !strings.HasPrefix(arg[at:], "!=") {
		return c, "", usage("--filter %s: it is member=value, member!=value, or member~part", quote(arg))
	}
	name, c.part, c.not = arg[:at], arg[at] == '~', arg[at] == '!'
	c.value = strings.TrimPrefix(arg[at+1:], "=")
	if !c.not {
		c.value = arg[at+1:]
	}
	c.path = strings.Split(name, ".")
	return c, name, nil
}

func queryNames(o *operation.Operation) (names []string) {
	for _, p := range o.Query {
		if p.Name != "page" && p.Name != "pageSize" {
			names = append(names, p.Name)
		}
	}
	return names
}

// memberAt finds the shape of a member by its path; others are names that could
// have been meant as well.
func memberAt(s *shape, path string, others []string) (*shape, error) {
	at, done := s, ""
	for _, name := range strings.Split(path, ".") {
		leaf := at.leaf()
		sub := leaf.at(name)
		if sub == nil {
			known := append(leaf.names(), others...)
			if leaf.sort == aReference {
				known = refNames()
			}
			return nil, unknown("member"+in(done), name, known)
		}
		at, done, others = sub, join(done, name), nil
	}
	return at, nil
}

// apply keeps what all conditions hold for, in the order that was asked for.
func (n narrowing) apply(all []entry[tree]) []entry[tree] {
	all = slices.DeleteFunc(all, func(e entry[tree]) bool {
		return slices.ContainsFunc(n.where, func(c condition) bool { return !c.holds(map[string]any(e.object)) })
	})
	slices.SortStableFunc(all, func(a, b entry[tree]) int {
		for _, by := range n.by {
			order := compareTexts(valuesAt(map[string]any(a.object), by.path), valuesAt(map[string]any(b.object), by.path))
			if by.down {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	return all
}

func (c condition) holds(v any) bool {
	found := slices.ContainsFunc(valuesAt(v, c.path), func(text string) bool {
		if c.part {
			return strings.Contains(strings.ToLower(text), strings.ToLower(c.value))
		}
		return text == c.value
	})
	return found != c.not
}

// valuesAt are the values of a member, one for each element where it is a list
// or in one. A reference is both its name and its id.
func valuesAt(v any, path []string) (texts []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			texts = append(texts, valuesAt(e, path)...)
		}
	case map[string]any:
		if len(path) > 0 {
			return valuesAt(v[path[0]], path[1:])
		}
		return tree(v).names()
	case nil:
	default:
		if len(path) == 0 {
			return []string{plainly(v)}
		}
	}
	return texts
}

// compareTexts compares values: as numbers where both are some.
func compareTexts(a, b []string) int {
	x, y := strings.Join(a, ","), strings.Join(b, ",")
	m, err := strconv.ParseFloat(x, 64)
	n, also := strconv.ParseFloat(y, 64)
	if err == nil && also == nil {
		return cmp.Compare(m, n)
	}
	return cmp.Compare(strings.ToLower(x), strings.ToLower(y))
}

package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// maxColumns is how many columns a generic table has at most, and maxCell how
// long a text in it is. One object and CSV have everything.
const (
	maxColumns = 8
	maxCell    = 48
)

// nounOf says how objects of a shape are shown: what tells most about them
// first, whatever their kind. In tables, columns in which nobody has anything
// are left out.
func (n *apiNoun) nounOf(s *shape, p *printer, one bool, rows []entry[tree]) noun[entry[tree]] {
	out := noun[entry[tree]]{one: n.one, many: n.many}
	whole := one || p.format == "csv"
	telling := tellingSlots(s)
	for _, c := range telling {
		if p.format != "csv" && !slices.ContainsFunc(rows, func(e entry[tree]) bool { return c.text(e.object, true) != "-" }) {
			continue
		}
		out.columns = append(out.columns, c.column(whole, len(out.columns) > 1))
	}
	if !whole {
		for i := range out.columns {
			out.columns[i].detail = i >= maxColumns || out.columns[i].detail
		}
	}
	return out
}

// telling is a member of a shape, maybe of an object in it, as a column.
type telling struct {
	path []string
	slot slot
	rank int
}

// tellingSlots are the members of a shape in the order in which they tell of
// an object: its id and name, what short lists show, what is required, words
// and references, other text and numbers, and switches last.
func tellingSlots(s *shape) []telling {
	var all []telling
	var walk func(s *shape, path []string)
	walk = func(s *shape, path []string) {
		for _, m := range s.slots {
			at := append(slices.Clone(path), m.name)
			if m.shape.secret {
				continue
			}
			if m.shape.sort == anObject {
				walk(m.shape, at)
				continue
			}
			all = append(all, telling{at, m, rank(m, len(path))})
		}
	}
	walk(s, nil)
	slices.SortStableFunc(all, func(a, b telling) int { return cmp.Compare(a.rank, b.rank) })
	return all
}

func rank(m slot, depth int) int {
	leaf := m.shape.leaf()
	n := 0
	switch {
	case depth > 0:
		n = 8
	case m.name == "id":
		return 0
	case slices.Contains(calledBy(), m.name):
		return 1
	case m.lite:
		n = 2
	case m.required:
		n = 3
	case len(leaf.enum) > 0, leaf.sort == aReference && leaf.kind != "":
		n = 4
	case m.kept && !m.live, m.time, m.shape.sort == aList && leaf.sort == anything, len(m.max) > 3 && leaf.sort == aText, leaf.sort == aReference:
		n = 7
	case leaf.sort == aBoolean:
		n = 6
	default:
		n = 5
	}
	return n
}

func (t telling) column(whole, spare bool) column[entry[tree]] {
	c := column[entry[tree]]{
		head: head(strings.Join(t.path, ".")), spare: spare,
		text: func(e entry[tree]) string { return t.text(e.object, whole) },
	}
	switch {
	case t.rank == 0:
		c.tone = always[entry[tree]](faint)
	case t.rank == 1:
		c.tone = always[entry[tree]](strong)
	case t.slot.time:
		c.when = func(e entry[tree]) wire.Time {
			n, err := strconv.ParseInt(t.text(e.object, true), 10, 64)
			if err != nil {
				return 0
			}
			return wire.Time(n)
		}
	}
	c.detail = t.rank >= 7 && !whole
	return c
}

// head is a member's name as people read it.
func head(path string) string {
	return strings.ToUpper(strings.ReplaceAll(kebab(path), "-", " "))
}

// text is the member's value; "-" where there is none.
func (t telling) text(o tree, whole bool) string {
	var v any = map[string]any(o)
	for _, name := range t.path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	text := plainly(v)
	if list, ok := v.([]any); ok && !whole && len(list) > 3 {
		text = fmt.Sprintf("%s, %d more", plainly(list[:2]), len(list)-2)
	}
	if !whole && len([]rune(text)) > maxCell {
		text = string([]rune(text)[:maxCell-1]) + "…"
	}
	return dash(text)
}

// plainly is a value as people read it: what has a name by its name.
func plainly(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = plainly(v[i])
		}
		return strings.Join(texts, ", ")
	case map[string]any:
		if names := tree(v).names(); len(names) > 1 || len(v) == 1 && v["id"] != nil {
			return names[0]
		}
		if len(v) == 0 {
			return ""
		}
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	default:
		return fmt.Sprint(v)
	}
}

package reference

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/document"
)

// results are what was found, the best first.
type results struct {
	Operations []*document.Operation
	Schemas    []string
}

// search finds what has every word of the query somewhere, in any case. What
// has them in its name comes before what has them in its description or in the
// members and parameters.
func (s *site) search(query string) (out results) {
	words := strings.Fields(strings.ToLower(query))
	type hit[T any] struct {
		what T
		rank int
	}
	var operations []hit[*document.Operation]
	for _, a := range s.Areas {
		for _, o := range a.Operations {
			if rank := match(words, o.ID+" "+o.Method+" "+o.Path+" "+o.Summary, about(o)); rank > 0 {
				operations = append(operations, hit[*document.Operation]{o, rank})
			}
		}
	}
	var schemas []hit[string]
	for _, name := range slices.Sorted(maps.Keys(s.Schemas)) {
		text := s.Schemas[name].Description
		for _, m := range s.Schemas[name].Members() {
			text += " " + m.Name + " " + m.Description + " " + strings.Join(m.Enum, " ")
		}
		if rank := match(words, name, text); rank > 0 {
			schemas = append(schemas, hit[string]{name, rank})
		}
	}
	slices.SortStableFunc(operations, func(a, b hit[*document.Operation]) int { return cmp.Compare(a.rank, b.rank) })
	slices.SortStableFunc(schemas, func(a, b hit[string]) int { return cmp.Compare(a.rank, b.rank) })
	for _, h := range operations {
		out.Operations = append(out.Operations, h.what)
	}
	for _, h := range schemas {
		out.Schemas = append(out.Schemas, h.what)
	}
	return out
}

// about is what is said of an operation besides its name.
func about(o *document.Operation) string {
	text := o.Says + " " + o.Feature
	for _, p := range o.Params {
		text += " " + p.Name + " " + p.Says
	}
	return text
}

// match is 1 where all words are in the name, 2 where they are in name or
// text, and 0 where one is missing.
func match(words []string, name, text string) int {
	name, text = strings.ToLower(name), strings.ToLower(text)
	rank := 1
	for _, word := range words {
		switch {
		case strings.Contains(name, word):
		case strings.Contains(text, word):
			rank = 2
		default:
			return 0
		}
	}
	return rank
}

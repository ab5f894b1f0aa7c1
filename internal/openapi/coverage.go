package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
)

// Count is how many operations are served: of the vendor's API, and of
// Spurline's own.
func Count(table []operation.Operation) (vendors, own int) {
	for _, o := range table {
		if o.Native {
			own++
		} else {
			vendors++
		}
	}
	return vendors, own
}

// Coverage is a page that lists every operation: who may call it, how often,
// and the cases that call it, by what they are answered.
func Coverage(s Source, refused []operation.Refusal) string {
	var b strings.Builder
	vendors, own := Count(s.Table)
	fmt.Fprintf(&b, `# Operations

Made by %[1]smake docs%[1]s from the operation table and the cases in testdata/api; [openapi.json](openapi.json) says what each takes and answers.

Served are **%[2]d operations of the vendor's API** and %[3]d of Spurline's own, with %[4]d exchanges in the cases. %[5]d operations are refused.
Paths of the vendor's API are relative to %[1]s/api/v1%[1]s, and to %[1]s/ztw/api/v1%[1]s for API clients. Limits are calls per second (s), minute (min)
or hour (h), for each org and operation. A case is a request with its answer; they are counted by status.
`, "`", vendors, own, len(s.Exchanges), len(refused))
	var seen []resource.Area
	for _, o := range s.Table {
		if !slices.Contains(seen, o.Area) {
			seen = append(seen, o.Area)
			area(&b, s, o.Area)
		}
	}
	b.WriteString("\n## Refused\n\nThese answer 405; [fidelity.md](fidelity.md) says more.\n\n| operation | why |\n|---|---|\n")
	for _, r := range refused {
		fmt.Fprintf(&b, "| `%s %s` | %s |\n", r.Method, r.Path, r.Why)
	}
	return b.String()
}

// area lists the operations of one area, path by path.
func area(b *strings.Builder, s Source, name resource.Area) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| operation | | permission | limit | cases |\n|---|---|---|---|---|\n", name, areas[name])
	var rows []operation.Operation
	for _, o := range s.Table {
		if o.Area == name {
			rows = append(rows, o)
		}
	}
	slices.SortStableFunc(rows, func(x, y operation.Operation) int { return strings.Compare(x.Path, y.Path) })
	for _, o := range rows {
		at := ""
		if o.Root {
			at = " at the root"
		}
		fmt.Fprintf(b, "| `%s %s`%s | %s | %s | %s | %s |\n", o.Method, o.Path, at, o.Summary, who(&o), o.Limit, cases(s.Exchanges, o.ID))
	}
}

// who says in a word or two who may call an operation.
func who(o *operation.Operation) string {
	switch {
	case o.Sign == operation.Unsigned:
		return "none"
	case o.Sign == operation.ByOwner:
		return "the owner's token"
	case o.Sign == operation.ByToken:
		return "a connector's token"
	case o.Feature == access.AnyAdmin:
		return "any admin"
	}
	return fmt.Sprintf("%s %s", o.Feature, o.Level)
}

// cases counts the exchanges of an operation by status.
func cases(exchanges []Exchange, id string) string {
	counts := map[int]int{}
	for _, e := range exchanges {
		if e.Operation == id {
			counts[e.Status]++
		}
	}
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d: %d", status, counts[status]))
	}
	return strings.Join(parts, ", ")
}

package openapi

import (
	_ "embed" // of the texts
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/resource"
)

// What members mean, where neither their tags nor the comments of the source
// say it: the member, the types that have it (* = all others) and the text.
//
//go:embed members.tsv
var memberTexts string

// texts is the table, in its order.
type texts []struct {
	member, text string
	types        []string
}

func readTexts() (out texts) {
	for _, line := range strings.Split(strings.TrimSpace(memberTexts), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			continue // TestEveryTextIsUsed counts
		}
		out = append(out, struct {
			member, text string
			types        []string
		}{f[0], f[2], strings.Fields(f[1])})
	}
	return out
}

// find returns the text for a member of a type: the first line that fits.
func (t texts) find(typ string, m resource.Member) string {
	for _, line := range t {
		if line.member == m.Name && (line.types[0] == "*" || slices.Contains(line.types, typ)) {
			return line.text
		}
	}
	return ""
}

package openapi_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Every line about a member says something that the document then says: none
// is about what is gone, or said elsewhere.
func TestEveryTextIsUsed(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("members.tsv")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 3 || !strings.HasSuffix(f[2], ".") {
			t.Errorf("want a member, types and a sentence: %q", line)
			continue
		}
		used := false
		for name, schema := range doc.Components.Schemas {
			property := schema.Value.Properties[f[0]]
			if property == nil || property.Value.Description != f[2] {
				continue
			}
			types := strings.Fields(f[1])
			used = used || f[1] == "*" || slices.ContainsFunc(types, func(t string) bool { return strings.HasPrefix(name, t) })
		}
		if !used {
			t.Errorf("no member has this text: %q", line)
		}
	}
}

package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/kinds"
)

// Every operation of the table has one verb, made from the table or by hand.
func TestEveryOperationHasOneVerb(t *testing.T) {
	t.Parallel()
	set, err := kinds.All()
	if err != nil {
		t.Fatal(err)
	}
	root, err := NewRoot(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	serves := map[string][]string{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if id := cmd.Annotations[calls]; id != "" {
			serves[id] = append(serves[id], cmd.CommandPath())
		}
		var names []string
		for _, sub := range cmd.Commands() {
			for _, name := range append(sub.Aliases, sub.Name()) {
				if slices.Contains(names, name) {
					t.Errorf("%s %s is there twice", cmd.CommandPath(), name)
				}
				names = append(names, name)
			}
			walk(sub)
		}
	}
	walk(root)
	made := handMade()
	for id, verb := range made {
		if found, rest, err := root.Find(strings.Fields(verb)); err != nil || len(rest) > 0 || found == root {
			t.Errorf("%s is said to be served by %q, which is no verb", id, verb)
		}
		serves[id] = append(serves[id], verb)
	}
	for _, o := range api.Table(set) {
		if o.Root {
			continue // what only other clients call
		}
		if n := len(serves[o.ID]); n != 1 {
			t.Errorf("%s (%s %s) has %d verbs: %v", o.ID, o.Method, o.Path, n, serves[o.ID])
		}
		delete(serves, o.ID)
	}
	for id, verbs := range serves {
		t.Errorf("%v serve the operation %s, which is not in the table", verbs, id)
	}
}

// A verb says in its help what it calls and what it takes, and no two flags of
// it are for one parameter.
func TestParametersAreFlags(t *testing.T) {
	t.Parallel()
	set, err := kinds.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range newCatalogue(set, api.Table(set)).nouns {
		for _, v := range n.verbs {
			cmd := v.command()
			seen := map[string]bool{}
			for _, p := range v.op.Query {
				if p.Name == "page" || p.Name == "pageSize" {
					continue
				}
				name := queryFlag(p)
				if f := cmd.Flags().Lookup(name); f == nil || f.Usage == "" || seen[name] {
					t.Errorf("%s %s: the parameter %s has no flag of its own that is explained", n.name, v.name, p.Name)
				}
				seen[name] = true
			}
			// With an id for everything that it is about, a verb knows its path.
			five := func(string) string { return "5" }
			args := slices.Repeat([]string{"5"}, len(v.arguments()))
			want := pathParamName.ReplaceAllString(v.op.Path, "5")
			if path, err := v.address(t.Context(), nil, five, args); path != want || cmd.Args(cmd, args) != nil {
				t.Errorf("%s %s calls %s, %v, want %s", n.name, cmd.Use, path, err, want)
			}
			if long := v.long(); !strings.Contains(long, v.op.Method+" "+apiPathOf(v.op)) {
				t.Errorf("%s %s: the help does not say what it calls: %s", n.name, v.name, long)
			}
		}
	}
}

func TestKebab(t *testing.T) {
	t.Parallel()
	for camel, want := range map[string]string{
		"ipAddresses": "ip-addresses", "provUrlData.formFactor": "prov-url-data.form-factor", "countDNSRules": "count-dns-rules",
		"IdStatus": "id-status", "ecVMs": "ec-vms", "name": "name", "": "", "srcIpv6Groups": "src-ipv6-groups",
	} {
		if got := kebab(camel); got != want {
			t.Errorf("%s is %s, want %s", camel, got, want)
		}
	}
}

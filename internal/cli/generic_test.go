package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// gizmo and cog are kinds that the package kinds does not know. Their
// declarations below are all there is to them.
type gizmo struct {
	ID     wire.Int      `json:"id" readonly:"true"`
	Name   string        `json:"name" required:"true" max:"20"`
	Colour string        `json:"colour,omitempty" enum:"RED BLUE"`
	Shelf  *wire.Ref     `json:"shelf,omitempty" ref:"locationTemplate"`
	Cogs   resource.Live `json:"cogs" live:"children cog"`
}

type cog struct {
	ID    wire.Int `json:"id" readonly:"true"`
	Name  string   `json:"name" required:"true"`
	Teeth wire.Int `json:"teeth" min:"3"`
}

func gizmos(t *testing.T) func() (*resource.Set, error) {
	t.Helper()
	all := resource.List | resource.Lite | resource.Get | resource.Create | resource.Update | resource.Delete
	limits := resource.Limits{Read: "2/s 1000/h", Write: "1/s 400/h", Page: 2}
	audit := resource.Audit{Category: "Gizmos", Sub: "Gizmo"}
	g, err := resource.Define(resource.Kind[gizmo]{
		Name: "gizmo", Title: "fancy gizmo", Path: "/gizmos", Ops: all, Area: resource.Provisioning, Feature: access.Forwarding, Limits: limits, Audit: audit,
		Filters: []resource.Filter[gizmo]{{Param: "heavierThan", Says: "Only those that weigh more.", Type: resource.Integer, Match: func(*gizmo, resource.Value) bool { return false }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := resource.Define(resource.Kind[cog]{
		Name: "cog", Title: "cog", Path: "/gizmos/{gizmoId}/cogs", Parent: resource.Parent{Kind: "gizmo", Owned: true},
		Ops: resource.Get | resource.Create | resource.Update | resource.DeleteAnswered, Area: resource.Provisioning, Feature: access.Forwarding, Limits: limits, Audit: audit,
	})
	if err != nil {
		t.Fatal(err)
	}
	known, err := kinds.All()
	if err != nil {
		t.Fatal(err)
	}
	return func() (*resource.Set, error) { return resource.NewSet(append(known.All(), g, c)...) }
}

// A declaration alone gives a kind its verbs: with its members, its references
// by name, and what hangs on it. This test is not parallel, because it has
// profiles of its own.
func TestVerbsOfAKindThatNobodyKnows(t *testing.T) {
	kinds := gizmos(t)
	set, err := kinds()
	if err != nil {
		t.Fatal(err)
	}
	s := servertest.Start(t, server.Config{Kinds: set})
	config := filepath.Join(t.TempDir(), "profiles.json")
	t.Setenv("SPURLINE_CONFIG", config)
	p := profile{Name: "gizmos", Kind: kindSandbox, URL: s.URL(), Login: servertest.Super, APIKey: s.Credentials.APIKey}
	for _, a := range s.Credentials.Admins {
		if a.Login == p.Login {
			p.Password = a.Password
		}
	}
	if err := writePrivate(config, profileStore{Default: p.Name, Profiles: []profile{p}}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gizmo.yaml")
	if err := os.WriteFile(file, []byte("name: second\nshelf: bench\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string // in what is printed, a regular expression
	}{
		{"--help", 0, `fancy-gizmos +List and change the fancy gizmos`},
		{"fancy-gizmos create --help", 0, `(?s)POST /api/v1/gizmos\n.*colour +RED\|BLUE\n.*shelf +location template, by id or name`},
		{"location-templates create --set name=bench", 0, "bench"},
		{"fancy-gizmos create --set name=first --set colour=RED --set shelf=bench", 0, `(?m)^name +first$`},
		{"fancy-gizmos create -f " + file, 0, "second"},
		{"fancy-gizmos create --set name=third --set color=RED", 2, `unknown member "color"; did you mean "colour"\?`},
		{"fancy-gizmos create --set name=third --set colour=BLEU", 2, `unknown value of colour "BLEU"; did you mean "BLUE"\?`},
		{"fancy-gizmos create --set name=a-name-that-is-longer-than-it-may-be", 1, "cannot be longer than 20 characters"},
		{"fancy-gizmo list", 2, `did you mean "fancy-gizmos"\?`},
		{"fancy-gizmos", 0, `(?s)\[sandbox\] 2 fancy gizmos\nID +NAME +COLOUR +SHELF\n.* first +RED +bench\n.* second +- +bench`},
		{"fancy-gizmos list --heavier-than 5 -o json", 0, `^\[\]\n$`},
		{"fancy-gizmos list-lite --query [].name -o yaml", 0, "^- first\n- second\n$"},
		{"fancy-gizmos update first --set shelf= --set colour=BLUE", 0, `(?s)~ colour: "RED" → "BLUE".*- shelf: bench \(\d+\)|(?s)~ colour: "RED" → "BLUE".*~ shelf: bench \(\d+\) → null`},
		{"cogs create --fancy-gizmo first --set name=big --set teeth=40", 0, `teeth +40`},
		{"cogs create --fancy-gizmo nobody --set name=big", 7, "there is no fancy gizmo nobody; 'spurline fancy-gizmos list' lists them"},
		{"cogs create --set name=big", 2, "say which fancy gizmo with --fancy-gizmo"},
		{"cogs get --fancy-gizmo first big", 0, `name +big`},
		{"cogs update first/big --set teeth=2", 1, "teeth cannot be less than 3"},
		{"cogs update first/big --set teeth=30 --activate", 0, `activated: \d+ changes`},
		{"cogs delete first/big --yes", 0, "deleted cog first/big"},
		{"cogs get first/big", 7, "there is no cog big; 'spurline fancy-gizmos get' lists them"},
		{"fancy-gizmos delete second --yes --query x", 0, ""},
		{"fancy-gizmos get second", 7, "there is no fancy gizmo second"},
	} {
		var out bytes.Buffer
		code := runOn(t.Context(), kinds, strings.Fields(c.args), strings.NewReader(""), &out, &out)
		if code != c.code || !regexp.MustCompile(c.want).MatchString(out.String()) {
			t.Errorf("spurline %s ends with %d, want %d and %s; it says\n%s", c.args, code, c.code, c.want, out.String())
		}
	}
}

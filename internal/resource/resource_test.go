package resource

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/wire"
)

type shelf struct {
	ID    wire.Int  `json:"id" readonly:"true"`
	Name  string    `json:"name" required:"true" max:"8"`
	Books Live      `json:"books" live:"children book" view:"lite:show"`
	Made  wire.Time `json:"made" stamp:"time" view:"post:hide"`
	By    *wire.Ref `json:"by,omitempty" stamp:"by"`
}

type book struct {
	ID     wire.Int  `json:"id" readonly:"true"`
	Name   string    `json:"name"`
	Open   wire.Bool `json:"open" view:"put:false embed:true list:hide lite:show"`
	State  Live      `json:"state" live:"status"`
	Used   Live      `json:"used" live:"has letter YES NO"`
	Users  Live      `json:"users" live:"referrers letter"`
	Cover  *cover    `json:"cover,omitempty"`
	Genre  string    `json:"genre,omitempty" enum:"A B"`
	Pages  wire.Int  `json:"pages" min:"0" max:"9"`
	Silent string    `json:"silent,omitempty" readonly:"true"`
}

type cover struct {
	Colour string     `json:"colour" required:"true"`
	Kin    []wire.Ref `json:"kin,omitempty" ref:"book"`
	ID     wire.Int   `json:"id" assign:"id"`
}

type letter struct {
	ID   wire.Int  `json:"id"`
	Book *wire.Ref `json:"book" ref:"book,embed" required:"true"`
}

type crate struct {
	ID      wire.Int `json:"id"`
	Letters []letter `json:"letters" required:"true"`
}

func library(t *testing.T) *Set {
	t.Helper()
	limits := Limits{Read: "1/s 2/h", Write: "1/s 2/h"}
	audit := Audit{"Library", "Library"}
	shelves, err := Define(Kind[shelf]{Name: "shelf", Title: "shelf", Path: "/shelf", Ops: List | Get | Create, Area: Provisioning, Feature: access.Template, Limits: limits, Audit: audit, Unique: UniqueName})
	if err != nil {
		t.Fatal(err)
	}
	books, err := Define(Kind[book]{Name: "book", Title: "book", Parent: Parent{Kind: "shelf"}, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	letters, err := Define(Kind[letter]{Name: "letter", Title: "letter"})
	if err != nil {
		t.Fatal(err)
	}
	crates, err := Define(Kind[crate]{Name: "crate", Title: "crate"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := NewSet(shelves, books, letters, crates)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// fixed is what a revision holds, for rendering.
type fixed struct {
	children  []Stored
	referrers []wire.Ref
	bodies    map[int64]string
	place     int
	access    access.Level
}

func (f fixed) Children(string, int64) []Stored            { return f.children }
func (f fixed) Referrers(string, string, int64) []wire.Ref { return f.referrers }
func (f fixed) Place(string, int64) int                    { return f.place }
func (f fixed) Access() access.Level                       { return f.access }
func (f fixed) ByID(_ string, id int64) ([]byte, bool)     { b, ok := f.bodies[id]; return []byte(b), ok }

func render(s *Spec, body string, v View, j Joins) (string, int) {
	a := &Answer{}
	s.Render(a, Stored{ID: 7, Body: []byte(body)}, v, j)
	return string(a.Append(nil, func(int64) string { return "ON" })), len(a.Holes)
}

const storedBook = `{"id":7,"name":"a \"}\\ b","open":true,"state":null,"used":null,"users":null,"cover":{"colour":"red","kin":[{"id":3,"name":"x"}],"id":5},"pages":2}`

func TestRenderViews(t *testing.T) {
	t.Parallel()
	set := library(t)
	users := fixed{referrers: []wire.Ref{{ID: 9, Name: "n"}}, children: []Stored{{ID: 9, Body: []byte(`{"id":9}`)}}}
	for _, c := range []struct {
		name, kind, body string
		view             View
		joins            Joins
		want             string
	}{
		{"get", "book", storedBook, InGet, users, `{"id":7,"name":"a \"}\\ b","open":true,"state":"ON","used":"YES","users":[{"id":9,"name":"n"}],"cover":{"colour":"red","kin":[{"id":3,"name":"x"}],"id":5},"pages":2}`},
		{"nobody uses it", "book", storedBook, InGet, fixed{}, `{"id":7,"name":"a \"}\\ b","open":true,"state":"ON","used":"NO","cover":{"colour":"red","kin":[{"id":3,"name":"x"}],"id":5},"pages":2}`},
		{"put fixes a member", "book", storedBook, InPut, fixed{}, `{"id":7,"name":"a \"}\\ b","open":false,"state":"ON","used":"NO","cover":{"colour":"red","kin":[{"id":3,"name":"x"}],"id":5},"pages":2}`},
		{"list hides a member", "book", storedBook, InList, fixed{}, `{"id":7,"name":"a \"}\\ b","state":"ON","used":"NO","cover":{"colour":"red","kin":[{"id":3,"name":"x"}],"id":5},"pages":2}`},
		{"lite shows what is tagged", "book", storedBook, InLite, fixed{}, `{"id":7,"name":"a \"}\\ b","open":true}`},
		{"bundle has stored members only", "book", storedBook, InBundle, fixed{}, `{"id":7,"name":"a \"}\\ b","open":true,"cover":{"colour":"red","kin":[{"id":3,"name":"x"}],"id":5},"pages":2}`},
		{"a member nobody declares any more is not shown", "letter", `{"id":1,"old":[{"a":"]"}],"book":null}`, InGet, fixed{}, `{"id":1}`},
		{"embed", "letter", `{"id":1,"book":{"id":7,"name":"old"}}`, InGet, fixed{bodies: map[int64]string{7: `{"id":7,"name":"new","open":false}`}}, `{"id":1,"book":{"id":7,"name":"new","open":true}}`},
		{"embed of what is gone", "letter", `{"id":1,"book":{"id":7,"name":"old"}}`, InGet, fixed{}, `{"id":1,"book":{"id":7,"name":"old"}}`},
		{"children", "shelf", `{"id":1,"name":"s","books":null,"made":4}`, InPost, fixed{children: []Stored{{7, []byte(`{"id":7,"open":true}`)}, {8, []byte(`{"id":8,"open":false}`)}}}, `{"id":1,"name":"s","books":[{"id":7,"open":true},{"id":8,"open":false}]}`},
		{"no children", "shelf", `{"id":1,"name":"s","books":null,"made":4}`, InLite, fixed{}, `{"id":1,"name":"s","books":[]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, _ := render(set.Kind(c.kind), c.body, c.view, c.joins)
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestDecodeNamesTheMember(t *testing.T) {
	t.Parallel()
	set := library(t)
	deep := strings.Repeat(`{"cover":`, 40) + `1` + strings.Repeat(`}`, 40)
	for _, c := range []struct{ kind, body, want string }{
		{"book", ``, "Request body is invalid: it is empty."},
		{"book", `[]`, "Request body is invalid: it is not a JSON object."},
		{"book", `{"name":"x"`, "Request body is invalid: it is not valid JSON: unexpected end of JSON input."},
		{"book", `{"name":"x"} {}`, "Request body is invalid: it is not valid JSON: invalid character '{' after top-level value."},
		{"book", deep, "Request body is invalid: it is nested too deeply."},
		{"book", `{"name":5}`, "name must be a string"},
		{"book", `{"pages":"many"}`, "pages must be an integer"},
		{"book", `{"pages":[1]}`, "pages must be a single value"},
		{"book", `{"open":"perhaps"}`, "open must be true or false"},
		{"book", `{"cover":7}`, "cover must be an object"},
		{"book", `{"cover":{"kin":{}}}`, "cover.kin must be an array"},
		{"book", `{"cover":{"colour":[]}}`, "cover.colour must be a string"},
		{"book", `{"genre":"C"}`, "genre must be one of A, B"},
		{"book", `{"pages":10}`, "pages cannot be more than 9"},
		{"book", `{"pages":-1}`, "pages cannot be less than 0"},
		{"book", `{"cover":{"colour":""}}`, "cover.colour cannot be null"},
		{"shelf", `{"name":"nine long"}`, "name cannot be longer than 8 characters"},
		{"shelf", `{}`, "name cannot be null"},
		{"letter", `{}`, "book cannot be null"},
		{"crate", `{"letters":[]}`, "letters cannot be null"},
		{"crate", `{"letters":[{"book":{"id":1}},{}]}`, "letters[1].book cannot be null"},
		{"crate", `{"letters":[{"id":"x"}]}`, "letters[0].id must be an integer"},
		{"crate", `{"letters":[{"book":{"id":1}},7]}`, "letters must be an object"},
	} {
		o, err := set.Kind(c.kind).Decode([]byte(c.body))
		if err == nil {
			err = o.Check()
		}
		var e *wire.Error
		if !errors.As(err, &e) || e.Status != 400 || e.Code != wire.CodeInvalidInput || e.Message != c.want {
			t.Errorf("%s %.40s: got %v, want %s", c.kind, c.body, err, c.want)
		}
	}
}

func TestDecodeTolerates(t *testing.T) {
	t.Parallel()
	s := library(t).Kind("book")
	o, err := s.Decode([]byte(`{"id":0,"name":"ä<b>","open":"true","pages":"3","state":"ACTIVE","unknown":{"x":1},"silent":"dropped","cover":{"colour":"red","id":99,"kin":[{"id":"4","name":"ignored"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	next := int64(100)
	o.SetID(7)
	o.AssignIDs(func() int64 { next++; return next })
	body, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":7,"name":"ä<b>","open":true,"state":null,"used":null,"users":null,"cover":{"colour":"red","kin":[{"id":4,"name":"ignored"}],"id":101},"pages":3}`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Error(diff)
	}
	var refs []string
	for r := range o.Refs() {
		refs = append(refs, r.Path+" "+r.Kind)
	}
	if diff := cmp.Diff([]string{"cover.kin[0] book"}, refs); diff != "" {
		t.Error(diff)
	}
}

func TestDefineRefuses(t *testing.T) {
	t.Parallel()
	good := Kind[shelf]{Name: "shelf", Title: "shelf", Path: "/shelf", Ops: Get, Area: Provisioning, Feature: access.Template, Limits: Limits{Read: "1/s 2/h"}}
	if _, err := Define(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Kind[shelf]){
		"no name":         func(k *Kind[shelf]) { k.Name = "" },
		"no rate":         func(k *Kind[shelf]) { k.Limits.Read = "" },
		"bad rate":        func(k *Kind[shelf]) { k.Limits.Read = "often" },
		"no area":         func(k *Kind[shelf]) { k.Area = "" },
		"no feature":      func(k *Kind[shelf]) { k.Feature = "" },
		"no audit":        func(k *Kind[shelf]) { k.Ops |= Create; k.Limits.Write = "1/s" },
		"nameless filter": func(k *Kind[shelf]) { k.Filters = []Filter[shelf]{{}} },
	} {
		k := good
		spoil(&k)
		if _, err := Define(k); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	type untagged struct {
		ID   wire.Int `json:"id"`
		Oops string
	}
	if _, err := Define(Kind[untagged]{Name: "u", Title: "u"}); err == nil {
		t.Error("a field without a wire name was accepted")
	}
	type badView struct {
		ID wire.Int `json:"id" view:"nowhere:hide"`
	}
	if _, err := Define(Kind[badView]{Name: "u", Title: "u"}); err == nil {
		t.Error("an unknown view was accepted")
	}
	alone, err := Define(Kind[letter]{Name: "letter", Title: "letter"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSet(alone); err == nil {
		t.Error("a reference to an unknown kind was accepted")
	}
}

// FuzzDecode: whatever arrives, decoding neither panics nor accepts what it
// then cannot store and show again.
func FuzzDecode(f *testing.F) {
	set := &Set{byName: map[string]*Spec{}}
	for _, define := range []func() (*Spec, error){
		func() (*Spec, error) { return Define(Kind[shelf]{Name: "shelf", Title: "shelf"}) },
		func() (*Spec, error) { return Define(Kind[book]{Name: "book", Title: "book"}) },
		func() (*Spec, error) { return Define(Kind[letter]{Name: "letter", Title: "letter"}) },
	} {
		s, err := define()
		if err != nil {
			f.Fatal(err)
		}
		set.specs = append(set.specs, s)
	}
	set, err := NewSet(set.specs...)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(storedBook)
	f.Add(`{"cover":{"kin":[{"id":"1"}]},"pages":"07","name":"\u0000\ud800"}`)
	f.Add(`{"name":"\\\"{[","open":"true"}`)
	s := set.Kind("book")
	f.Fuzz(func(t *testing.T, body string) {
		o, err := s.Decode([]byte(body))
		if err != nil {
			return
		}
		stored, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		for v := range views {
			got, _ := render(s, string(stored), v, fixed{})
			if !json.Valid([]byte(got)) {
				t.Fatalf("view %d of %s is not JSON: %s", v, stored, got)
			}
		}
		again, err := s.Stored(stored)
		if err != nil {
			t.Fatal(err)
		}
		if twice, _ := again.Encode(); string(twice) != string(stored) {
			t.Fatalf("stored %s, read back %s", stored, twice)
		}
	})
}

// A kind that needs more than this becomes hand-written operations.
func TestKindStaysSmall(t *testing.T) {
	t.Parallel()
	if n := reflect.TypeFor[Kind[shelf]]().NumField(); n > 15 {
		t.Errorf("Kind has %d fields, and may have 15", n)
	}
}

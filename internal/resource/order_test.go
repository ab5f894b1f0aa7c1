package resource

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/wire"
)

type seat struct {
	ID     wire.Int   `json:"id" readonly:"true" sort:"id made"`
	Name   string     `json:"name" order:"list" sort:"name"`
	May    string     `json:"may" readonly:"true" live:"access" view:"post:hide"`
	Order  wire.Int   `json:"order" required:"true" live:"order grade"`
	Grade  wire.Int   `json:"grade"`
	Guests []wire.Ref `json:"guests,omitempty" ref:"guest,embed" view:"post:id put:id"`
	Host   *wire.Ref  `json:"host,omitempty" ref:"guest" view:"post:id"`
	Time   wire.Time  `json:"time" stamp:"time" lock:"true" sort:"changed"`
	By     *wire.Ref  `json:"by,omitempty" stamp:"by" lock:"true"`
}

type guest struct {
	ID   wire.Int `json:"id"`
	Name string   `json:"name"`
	Age  wire.Int `json:"age"`
}

func seats(t *testing.T) *Spec {
	t.Helper()
	s, err := Define(Kind[seat]{Name: "seat", Title: "seat"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := Define(Kind[guest]{Name: "guest", Title: "guest"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSet(s, g); err != nil {
		t.Fatal(err)
	}
	return s
}

const storedSeat = `{"id":4,"name":"n","may":"","order":-2,"grade":7,"guests":[{"id":1,"name":"old"},{"id":2,"name":"gone"}],"host":{"id":1,"name":"Ann"},"time":5}`

func TestRenderOrderAccessAndLists(t *testing.T) {
	t.Parallel()
	s := seats(t)
	if ids := s.EmbedIDs(nil, []byte(storedSeat), "guest"); !cmp.Equal(ids, []int64{1, 2}) {
		t.Errorf("embedded ids: %v", ids)
	}
	bodies := map[int64]string{1: `{"id":1,"name":"Ann","age":30}`}
	const guests = `"guests":[{"id":1,"name":"Ann","age":30},{"id":2,"name":"gone"}],"host":{"id":1,"name":"Ann"},"time":5}`
	const bare = `"guests":[{"id":1},{"id":2}],`
	for _, c := range []struct {
		view   View
		stored string
		joins  fixed
		want   string
	}{
		{InGet, storedSeat, fixed{bodies: bodies, place: 3, access: access.ReadWrite}, `{"id":4,"name":"n","may":"READ_WRITE","order":3,"grade":7,` + guests},
		{InGet, storedSeat, fixed{bodies: bodies, access: access.ReadOnly}, `{"id":4,"name":"n","may":"READ_ONLY","order":-2,"grade":7,` + guests},
		{InGet, strings.Replace(storedSeat, `"may":""`, `"may":"READ_ONLY"`, 1), fixed{bodies: bodies, access: access.ReadWrite}, `{"id":4,"name":"n","may":"READ_ONLY","order":-2,"grade":7,` + guests},
		{InPost, storedSeat, fixed{place: 1}, `{"id":4,"name":"n","order":1,"grade":7,` + bare + `"host":{"id":1},"time":5}`},
		{InPut, storedSeat, fixed{place: 1}, `{"id":4,"name":"n","may":"NONE","order":1,"grade":7,` + bare + `"host":{"id":1,"name":"Ann"},"time":5}`},
		{InBundle, storedSeat, fixed{bodies: bodies, place: 9}, `{"id":4,"name":"n","order":9,"grade":7,` + guests},
	} {
		out := &Answer{}
		s.Render(out, Stored{ID: 4, Body: []byte(c.stored)}, c.view, c.joins)
		if got := string(out.Bytes); got != c.want {
			t.Errorf("view %d: %s\nwant %s", c.view, got, c.want)
		}
	}
}

func TestOutdatedAndSame(t *testing.T) {
	t.Parallel()
	s := seats(t)
	now, err := s.Stored([]byte(`{"id":4,"name":"n","order":0,"grade":7,"time":50,"by":{"id":3,"name":"a"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"name":"n"}`:                                 "",
		`{"name":"n","time":0,"by":{"id":0}}`:          "",
		`{"name":"n","time":null,"by":null}`:           "",
		`{"name":"n","time":"50","by":{"id":3}}`:       "",
		`{"name":"n","time":49,"by":{"id":3}}`:         "time",
		`{"name":"n","time":50,"by":{"id":4}}`:         "by",
		`{"name":"n","time":51,"by":{"name":"no id"}}`: "time",
	} {
		o, err := s.Decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Outdated(now); got != want {
			t.Errorf("%s: outdated is %q, want %q", body, got, want)
		}
	}
	other, err := s.Stored([]byte(`{"id":4,"name":"n","order":8,"grade":7,"time":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if !now.Same(other) {
		t.Error("stamps and places make a difference")
	}
	if other.SetID(5); now.Same(other) {
		t.Error("ids make no difference")
	}
}

func TestSorts(t *testing.T) {
	t.Parallel()
	s := seats(t)
	for query, want := range map[string]string{
		"":                                "{0 false}",
		"sortOrder=DESC":                  "{2 true}",
		"sortBy=id":                       "{1 false}",
		"sortBy=made&sortOrder=desc":      "{1 true}",
		"sortBy=name&sortOrder=asc":       "{2 false}",
		"sortBy=changed":                  "{4 false}",
		"sortOrder=ruleExecution":         "{3 false}",
		"sortBy=changed&sortOrder=upward": "sortOrder must be",
		"sortBy=grade":                    "sortBy must be one of id, made, name, changed",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Sort(InList, q)
		text := ""
		if err != nil {
			text = err.Error()
		} else {
			text = fmt.Sprintf("{%d %t}", got.By, got.Desc)
		}
		if !strings.Contains(text, want) {
			t.Errorf("%q: %s, want %s", query, text, want)
		}
	}
}

func TestDefineRefusesBadOrders(t *testing.T) {
	t.Parallel()
	type noRank struct {
		ID    wire.Int `json:"id"`
		Order wire.Int `json:"order" live:"order rank"`
	}
	type textOrder struct {
		ID    wire.Int `json:"id"`
		Order string   `json:"order" live:"order id"`
	}
	type numberAccess struct {
		ID  wire.Int `json:"id"`
		May wire.Int `json:"may" live:"access"`
	}
	type bareText struct {
		ID   wire.Int `json:"id"`
		Text string   `json:"text" view:"post:id"`
	}
	for name, err := range map[string]error{
		"an order without a rank": second(Define(Kind[noRank]{Name: "k", Title: "k"})),
		"an order that is text":   second(Define(Kind[textOrder]{Name: "k", Title: "k"})),
		"access as a number":      second(Define(Kind[numberAccess]{Name: "k", Title: "k"})),
		"the id of a text":        second(Define(Kind[bareText]{Name: "k", Title: "k"})),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func second(_ *Spec, err error) error { return err }

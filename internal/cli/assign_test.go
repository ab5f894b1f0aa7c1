package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// sample is a type with every sort of member.
type sample struct {
	ID     wire.Int          `json:"id" readonly:"true"`
	Name   string            `json:"name" required:"true"`
	Size   wire.Int          `json:"size"`
	On     wire.Bool         `json:"on"`
	State  string            `json:"state" enum:"ENABLED DISABLED"`
	IPs    []string          `json:"ips"`
	Ports  []wire.Int        `json:"ports"`
	Place  *wire.Ref         `json:"place" ref:"location"`
	To     []wire.Ref        `json:"to" ref:"ecGroup"`
	Ranges []span            `json:"ranges"`
	Data   *span             `json:"data"`
	Rights map[string]string `json:"rights"`
	Key    wire.Secret       `json:"key,omitzero"`
	Stamp  wire.Time         `json:"stamp" stamp:"time"`
}

type span struct {
	Start wire.Int `json:"start"`
	Label string   `json:"label"`
}

func assignAll(args ...string) (any, error) {
	s := shapeOf(reflect.TypeFor[sample]())
	as := &assigner{seen: map[string]bool{}}
	var body any = map[string]any{}
	for _, arg := range args {
		a, err := parseAssignment(arg)
		if err == nil {
			body, err = as.assign(body, s, a)
		}
		if err != nil {
			return nil, err
		}
	}
	return body, s.fault(body, nil, "")
}

func TestAssignments(t *testing.T) {
	t.Parallel()
	s := shapeOf(reflect.TypeFor[sample]())
	for _, c := range []struct{ args, want string }{
		{"name=a=b", `{"name":"a=b"}`},
		{"name=true", `{"name":"true"}`},
		{"name=", `{"name":""}`},
		{"size=7 on=1", `{"size":7,"on":true}`},
		{"ips=a,b ips=c", `{"ips":["a","b","c"]}`},
		{"ips[]=a,b ips[]=c ips[0]=d", `{"ips":["d","c"]}`},
		{"ips=", `{"ips":[]}`},
		{`ips=["a,b","c"]`, `{"ips":["a,b","c"]}`},
		{"ports=80,443", `{"ports":[80,443]}`},
		{"place=5", `{"place":{"id":5}}`},
		{"place=HQ", `{"place":{"name":"HQ"}}`},
		{"place=", `{"place":null}`},
		{"place=5 place.name=HQ", `{"place":{"name":"HQ"}}`},
		{"id=5", `{"id":5}`},
		{"place.id=5", `{"place":{"id":5}}`},
		{"to=HQ,5", `{"to":[{"name":"HQ"},{"id":5}]}`},
		{`ranges=[{"start":1}] ranges[].start=2 ranges[1].label=b`, `{"ranges":[{"start":1},{"start":2,"label":"b"}]}`},
		{`ranges={"start":1}`, `{"ranges":[{"start":1}]}`},
		{"data.start=1 data.label=x", `{"data":{"start":1,"label":"x"}}`},
		{`data={"start":1}`, `{"data":{"start":1}}`},
		{"rights.A=READ", `{"rights":{"A":"READ"}}`},
		{"state=ENABLED", `{"state":"ENABLED"}`},
	} {
		body, err := assignAll(strings.Fields(c.args)...)
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		if got := string(encodeBody(s, body)); got != c.want {
			t.Errorf("%s makes %s, want %s", c.args, got, c.want)
		}
	}
	for args, want := range map[string]string{
		"name":            "it is member=value",
		"=x":              "it is member=value",
		".name=x":         "a member has a name",
		"data.=x":         "a member has a name",
		"ips[x]=1":        "in brackets is the number of an element",
		"ips[-1]=1":       "in brackets is the number of an element",
		"ips[=1":          "in brackets is the number of an element",
		"ips]=1":          "] is without its [",
		"ips[3]=1":        "ips has 0 elements",
		"name[0]=x":       "name is a string and no list",
		"nmae=x":          `unknown member "nmae"; did you mean "name"?`,
		"NAME=x":          `did you mean "name"?`,
		"data.strat=1":    `unknown member of data "strat"; did you mean "start"?`,
		"place.nme=x":     `unknown member of place "nme"; did you mean "name"?`,
		"ranges.start=1":  "say which element, as in ranges[0].start",
		"size=large":      "large is no number",
		"size=0x1f":       "is no number",
		"on=perhaps":      "perhaps is neither true nor false",
		"data=x":          "set one of them, or all as JSON",
		"ips=[1":          "starts like a JSON array",
		"state=ENABLE":    `unknown value of state "ENABLE"; did you mean "ENABLED"?`,
		"key=secret":      "others see a command line",
		"stamp=1":         "stamp is the server's to say",
		"wholly=x":        `unknown member "wholly"; it is one of id, name, `,
		`data={"strt":1}`: `unknown member of data "strt"`,
	} {
		_, err := assignAll(strings.Fields(args)...)
		var f *failure
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &f) || f.code != exitUsage {
			t.Errorf("%s: %v, want %q as a fault of the command line", args, err, want)
		}
	}
}

// Whatever stands on a command line is an assignment or refused, and what was
// assigned can be sent.
func FuzzAssignment(f *testing.F) {
	for _, seed := range []string{"name=x", "data.start=1", "ips[]=a", "ranges[0].label=é", "to=HQ,5", "a[[]]=", "rights.x.y=[", "data={", "ips[999999999999]=1"} {
		f.Add(seed)
	}
	s := shapeOf(reflect.TypeFor[sample]())
	f.Fuzz(func(t *testing.T, arg string) {
		body, err := assignAll(arg)
		if err != nil {
			var fault *failure
			if !errors.As(err, &fault) || fault.code != exitUsage {
				t.Fatalf("%q: %v is no fault of the command line", arg, err)
			}
			return
		}
		var m map[string]any
		if err := json.Unmarshal(encodeBody(s, body), &m); err != nil || len(m) != 1 {
			t.Fatalf("%q makes %s, %v", arg, encodeBody(s, body), err)
		}
	})
}

// What an editor is given, and gives back untouched, is the same object.
func TestYAMLIsTheJSONOfTheSameMeaning(t *testing.T) {
	t.Parallel()
	check := func(fatal func(string, ...any), body map[string]any) {
		encoded := encodeBody(&shape{}, body)
		var doc bytes.Buffer
		if err := writeYAML(&doc, encoded); err != nil {
			fatal("%s: %v", encoded, err)
		}
		back, err := decodeBody(doc.Bytes())
		if err != nil {
			fatal("%s: %v", doc.String(), err)
		}
		if got := encodeBody(&shape{}, back); !bytes.Equal(got, encoded) {
			fatal("%s came back from\n%s as %s", encoded, doc.String(), got)
		}
	}
	for _, text := range []string{
		"true", "on", "~", "null", "1", "0x1f", "1_000", "1e3", ".5", "12:30:00", "2020-01-01", "- a", "a: b", "# a", "", " a", "a ", "a\nb", "a\n", "\ta", "é", "'", `"`, "&a", "*a", "!x", "%", "@", "`", "{", "[", "<<", "=", ".inf",
	} {
		check(t.Errorf, map[string]any{"text": text, "list": []any{text}, "n" + strings.TrimSpace(text): json.Number("12345678901234567")})
	}
	rapid.Check(t, func(t *rapid.T) {
		body := map[string]any{"value": anyJSON(3).Draw(t, "value"), "text": rapid.StringMatching(`[ -~é\n\t]{0,12}`).Draw(t, "text")}
		v, err := valueOf(encoded(t, body))
		if err != nil {
			t.Fatal(err)
		}
		check(t.Fatalf, v.(map[string]any))
	})
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"id", "name", "ipAddresses", "description", "state", "status"}
	for name, want := range map[string]string{
		"ipAdresses": "ipAddresses", "IPADDRESSES": "ipAddresses", "nmae": "name", "stat": "state", "desc": "", "discription": "description",
		"unrelated": "", "": "id", "x": "id", "Name": "name",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q is taken for %q, want %q", name, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"é", "e", 1}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("from %q to %q it is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// What a client sends back of an object that it has read is what the API
// describes as the client's, and a strict server of ours takes it.
func TestSendable(t *testing.T) {
	t.Parallel()
	set, err := kinds.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range set.All() {
		s := shapeOf(kind.Type)
		sent := encodeBody(s, sendable(s, filled(s, 3)))
		for _, taken := range kind.Tolerated(sent) {
			t.Errorf("%s: %s is a %s", kind.Name, taken.Path, taken.Kind)
		}
	}
}

// filled is a value that has every member of a shape.
func filled(s *shape, depth int) any {
	switch {
	case s.sort == aText:
		return "x"
	case s.sort == aNumber:
		return json.Number("1")
	case s.sort == aBoolean:
		return true
	case s.sort == aList && depth > 0:
		return []any{filled(s.element, depth-1)}
	case s.sort == aReference:
		return map[string]any{"id": json.Number("1"), "name": "x", "extensions": map[string]any{"a": "b"}}
	case s.sort == anObject:
		m := map[string]any{}
		for _, member := range s.slots {
			m[member.name] = filled(member.shape, depth-1)
		}
		return m
	default:
		return nil
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	var all []entry[tree]
	for i, body := range []string{
		`{"id":1,"name":"a","size":10,"on":true,"ips":["10.0.0.1","10.0.0.2"],"place":{"id":5,"name":"HQ"},"data":{"label":"x"}}`,
		`{"id":2,"name":"B","size":9,"on":false,"ips":[],"to":[{"id":7,"name":"west"},{"id":8,"name":"east"}]}`,
	} {
		e, err := entryOf[tree](json.RawMessage(body))
		if err != nil {
			t.Fatal(i, err)
		}
		all = append(all, e)
	}
	s := shapeOf(reflect.TypeFor[sample]())
	for _, c := range []struct{ filters, sorts, want string }{
		{"name=a", "", "[1]"},
		{"name=b", "", "[]"},
		{"name~b", "", "[2]"},
		{"name!=a", "", "[2]"},
		{"on=true", "", "[1]"},
		{"size=9", "", "[2]"},
		{"ips=10.0.0.2", "", "[1]"},
		{"ips~10.0", "", "[1]"},
		{"ips!=10.0.0.2", "", "[2]"},
		{"place=HQ", "", "[1]"},
		{"place=5", "", "[1]"},
		{"place.name=HQ", "", "[1]"},
		{"to=east", "", "[2]"},
		{"to.name~WE", "", "[2]"},
		{"data.label=x", "", "[1]"},
		{"name~a on=false", "", "[]"},
		{"", "size", "[2 1]"},
		{"", "-size", "[1 2]"},
		{"", "name", "[1 2]"},
		{"", "place,-id", "[2 1]"},
	} {
		n, err := narrow(&operation.Operation{}, s, strings.Fields(c.filters), strings.FieldsFunc(c.sorts, func(r rune) bool { return r == ',' }))
		if err != nil {
			t.Errorf("%s %s: %v", c.filters, c.sorts, err)
			continue
		}
		var ids []int64
		for _, e := range n.apply(append([]entry[tree]{}, all...)) {
			ids = append(ids, e.object.id())
		}
		if ids == nil {
			ids = []int64{}
		}
		if got := fmt.Sprint(ids); got != c.want {
			t.Errorf("--filter %s --sort %s keeps %s, want %s", c.filters, c.sorts, got, c.want)
		}
	}
	for _, bad := range []string{"name", "=x", "name!x", "nmae=x", "data.lable=x", "state=ON"} {
		if _, err := narrow(&operation.Operation{}, s, []string{bad}, nil); err == nil {
			t.Errorf("--filter %s is taken", bad)
		}
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after, want string }{
		{"nothing", `{"a":1,"b":{"c":[1,2]}}`, `{"b":{"c":[1,2]},"a":1}`, ""},
		{
			"scalars, in their order", `{"id":5,"name":"a","gone":true,"country":"FR"}`, `{"id":5,"name":"b","country":"FR","new":null}`,
			"~ name: \"a\" → \"b\"\n- gone: true\n+ new: null\n",
		},
		{"nested", `{"d":{"size":"SMALL","v":1}}`, `{"d":{"size":"LARGE","v":1}}`, "~ d.size: \"SMALL\" → \"LARGE\"\n"},
		{"a reference to another thing", `{"place":{"id":5,"name":"HQ"}}`, `{"place":{"id":7,"name":"Lab"}}`, "~ place: HQ (5) → Lab (7)\n"},
		{"a renamed thing", `{"place":{"id":5,"name":"HQ"}}`, `{"place":{"id":5,"name":"Lab"}}`, "~ place.name: \"HQ\" → \"Lab\"\n"},
		{
			"a list's elements", `{"ips":["10.0.0.1","10.0.0.2","10.0.0.2"]}`, `{"ips":["10.0.0.2","10.0.0.9"]}`,
			"~ ips:\n    - \"10.0.0.1\"\n    - \"10.0.0.2\"\n    + \"10.0.0.9\"\n",
		},
		{"references that joined", `{"to":[{"id":1,"name":"a"}]}`, `{"to":[{"id":1,"name":"a"},{"id":2,"name":"b"}]}`, "~ to:\n    + b (2)\n"},
		{"an order", `{"ports":[1,2]}`, `{"ports":[2,1]}`, "~ ports: [1,2] → [2,1]\n"},
		{"one of a list of things", `{"vms":[{"id":1,"s":"UP"},{"id":2,"s":"UP"}]}`, `{"vms":[{"id":1,"s":"UP"},{"id":2,"s":"DOWN"}]}`, "~ vms[1].s: \"UP\" → \"DOWN\"\n"},
		{"a new object", ``, `{"id":5,"name":"a"}`, "+ id: 5\n+ name: \"a\"\n"},
		{"a deleted object", `{"id":5,"name":"a"}`, `null`, "- id: 5\n- name: \"a\"\n"},
		{"large numbers", `{"n":9007199254740993}`, `{"n":9007199254740992}`, "~ n: 9007199254740993 → 9007199254740992\n"},
		{"what a terminal would obey", `{"n":"a"}`, "{\"n\":\"\u202eb\"}", "~ n: \"a\" → \"\uFFFDb\"\n"},
	} {
		found, err := differences([]byte(c.before), []byte(c.after))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var out bytes.Buffer
		new(printer).differences(&out, "", found)
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if _, err := differences([]byte(`{"a":`), nil); err == nil {
		t.Error("half a body was taken for one")
	}
}

// Made to the body before, the changes give the body after, and each of them
// is needed for it.
func TestDifferencesAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := anyObject(3).Draw(t, "before")
		after := anyObject(3).Draw(t, "after")
		if rapid.Bool().Draw(t, "related") {
			for name, value := range before {
				if rapid.IntRange(0, 2).Draw(t, "kept") > 0 {
					after[name] = value
				}
			}
		}
		found, err := differences(encoded(t, before), encoded(t, after))
		if err != nil {
			t.Fatal(err)
		}
		if got := applied(t, before, found); !reflect.DeepEqual(got, decoded(t, encoded(t, after))) {
			t.Fatalf("the changes %+v make %v of %v, want %v", found, got, before, after)
		}
		for i := range found {
			fewer := slices.Delete(slices.Clone(found), i, i+1)
			if reflect.DeepEqual(applied(t, before, fewer), decoded(t, encoded(t, after))) {
				t.Fatalf("%+v is no change of %v to %v", found[i], before, after)
			}
		}
	})
}

func anyObject(depth int) *rapid.Generator[map[string]any] {
	names := rapid.SampledFrom([]string{"id", "name", "place", "ips"})
	return rapid.MapOfN(names, anyJSON(depth-1), 0, 4)
}

func anyJSON(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(rapid.Just[any](nil), rapid.IntRange(0, 2).AsAny(), rapid.Bool().AsAny(), rapid.SampledFrom([]string{"", "a", "b"}).AsAny())
	if depth == 0 {
		return scalar
	}
	return rapid.OneOf(scalar, anyObject(depth).AsAny(), rapid.SliceOfN(anyJSON(depth-1), 0, 3).AsAny(), rapid.SliceOfN(anyObject(depth), 0, 3).AsAny())
}

func encoded(t *rapid.T, v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func decoded(t *rapid.T, body []byte) any {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// applied makes changes to a copy of a body.
func applied(t *rapid.T, to map[string]any, changes []change) any {
	body := decoded(t, encoded(t, to))
	for _, c := range changes {
		steps := strings.FieldsFunc(c.path, func(r rune) bool { return strings.ContainsRune(".[]", r) })
		at := body
		for _, step := range steps[:len(steps)-1] {
			if list, ok := at.([]any); ok {
				i, err := strconv.Atoi(step)
				if err != nil {
					t.Fatal(err)
				}
				at = list[i]
				continue
			}
			at = at.(map[string]any)[step]
		}
		last := steps[len(steps)-1]
		in, ok := at.(map[string]any)
		if !ok {
			t.Fatalf("%s has no member %s in %v", c.path, last, maps.Clone(to))
		}
		if c.after == nil {
			delete(in, last)
			continue
		}
		in[last] = decoded(t, c.after)
	}
	return body
}

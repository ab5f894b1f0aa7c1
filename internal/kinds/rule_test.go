package kinds

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// world is a Lookup over a few objects.
type world map[string][]any

func (w world) ByID(kind string, id int64) (any, error) {
	for _, v := range w[kind] {
		switch v := v.(type) {
		case *Gateway:
			if int64(v.ID) == id {
				return v, nil
			}
		case *IPDestinationGroup:
			if int64(v.ID) == id {
				return v, nil
			}
		}
	}
	return nil, nil
}

func (w world) ByName(string, string) (any, error) { return nil, nil }

func (w world) Children(kind string, _ int64) ([]any, error) { return w[kind], nil }

func known(t testing.TB, kind string) *resource.Spec {
	t.Helper()
	set, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return set.Kind(kind)
}

// accept takes a body as a create does, up to the references.
func accept(s *resource.Spec, w world, body string) (resource.Object, error) {
	f := resource.Facts{Org: 1, Cloud: "example.net", Now: time.Unix(1, 0), Lookup: w}
	o, err := s.Decode([]byte(body))
	if err != nil {
		return o, err
	}
	s.Defaults(f, o.Value())
	if err := o.Check(); err != nil {
		return o, err
	}
	return o, s.Validate(f, o.Value())
}

// The table of forwarding-rule.md, written by hand: which member goes with
// which method.
func TestMethodsAndCriteria(t *testing.T) {
	t.Parallel()
	s := known(t, ForwardingRuleKind)
	methods := []string{"DIRECT", "ZIA", "ECZPA", "DROP", "LOCAL_SWITCH"}
	for _, c := range []struct{ member, value, goes string }{
		{"locations", `[{"id":1}]`, "yes yes yes yes yes"},
		{"ecGroups", `[{"id":1}]`, "yes yes yes yes yes"},
		{"srcIps", `["10.0.0.1"]`, "yes yes yes yes yes"},
		{"srcIpGroups", `[{"id":1}]`, "yes yes yes yes yes"},
		{"srcWorkloadGroups", `[{"id":1}]`, "yes yes yes yes yes"},
		{"nwServices", `[{"id":1}]`, "yes yes no yes yes"},
		{"nwServiceGroups", `[{"id":1}]`, "yes yes no yes yes"},
		{"appServiceGroups", `[{"id":2}]`, "yes yes no yes yes"},
		{"appServiceGroups", `[{"id":11}]`, "no no no no yes"},
		{"destAddresses", `["*.example.net"]`, "yes yes no yes yes"},
		{"destIpGroups", `[{"id":1}]`, "yes yes no yes yes"},
		{"destCountries", `["COUNTRY_CA","ANY"]`, "yes yes no yes yes"},
		{"destIpCategories", `["NEWS"]`, "yes yes no yes yes"},
		{"resCategories", `["NEWS"]`, "yes yes no yes yes"},
		{"proxyGateway", `{"id":1}`, "yes yes no no no"},
		{"zpaApplicationSegments", `[{"id":1}]`, "no no yes yes no"},
		{"zpaApplicationSegmentGroups", `[{"id":1}]`, "no no yes yes no"},
		{"destWorkloadGroups", `[{"id":1}]`, "no no no no yes"},
		{"wanSelection", `"BALANCED_RULE"`, "yes yes yes no no"},
	} {
		for i, goes := range strings.Fields(c.goes) {
			place := `"locations":[{"id":1}],`
			if c.member == "locations" {
				place = ""
			}
			body := fmt.Sprintf(`{"name":"r","order":1,"forwardMethod":%q,%s%q:%s}`, methods[i], place, c.member, c.value)
			_, err := accept(s, world{}, body)
			if (err == nil) != (goes == "yes") || err != nil && !strings.Contains(err.Error(), c.member) {
				t.Errorf("%s: %v, want %s", body, err, goes)
			}
		}
	}
}

func TestRuleBounds(t *testing.T) {
	t.Parallel()
	s := known(t, ForwardingRuleKind)
	list := func(n int, element func(int) string) string {
		var out []string
		for i := range n {
			out = append(out, element(i))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	ref := func(i int) string { return fmt.Sprintf(`{"id":%d}`, i+1) }
	name := func(i int) string { return fmt.Sprintf(`"h%d.example.net"`, i) }
	full := make([]string, 8000)
	for i := range full {
		full[i] = fmt.Sprintf("f%d.example.net", i)
	}
	others := world{ForwardingRuleKind: {&ForwardingRule{ID: 1, DestAddresses: full}, &ForwardingRule{ID: 2, DestAddresses: append(slices.Clone(full[:7999]), "10.0.0.1")}}}
	for _, c := range []struct {
		in           world
		member, want string
	}{
		{nil, `"locations":` + list(8, ref), ""},
		{nil, `"locations":` + list(9, ref), "locations cannot have more than 8"},
		{nil, `"ecGroups":` + list(33, ref), "ecGroups cannot have more than 32"},
		{nil, `"nwServices":` + list(1025, ref), "nwServices cannot have more than 1024"},
		{nil, `"destAddresses":` + list(8000, name), ""},
		{nil, `"destAddresses":` + list(8001, name), "destAddresses cannot have more than 8000"},
		{others, `"destAddresses":` + list(1, name), ""},
		{others, `"destAddresses":["10.0.0.1","h1.example.net"]`, ""},
		{others, `"destAddresses":` + list(2, name), "Maximum 16000 domains"},
		{nil, `"destAddresses":["999.1.1.1"]`, "destAddresses[0]"},
		{nil, `"destAddresses":["abs.*.example.com"]`, "destAddresses[0]"},
		{nil, `"description":"` + strings.Repeat("ä", 10_240) + `"`, ""},
		{nil, `"description":"` + strings.Repeat("ä", 10_241) + `"`, "description cannot be longer"},
		{nil, `"zpaAppSegments":[{"id":1,"externalId":2},{"id":2,"externalId":"3"}]`, ""},
		{nil, `"zpaAppSegments":[{"id":1,"externalId":[]}]`, "zpaAppSegments[0].externalId"},
	} {
		_, err := accept(s, c.in, `{"name":"r","order":1,"forwardMethod":"DIRECT",`+c.member+`}`)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%.80s: %v, want %q", c.member, err, c.want)
		}
	}
}

// A predefined rule takes back what a replace leaves out of the members that
// cannot be changed.
func TestPredefinedRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range []string{ForwardingRuleKind, DNSRuleKind, LogRuleKind} {
		s := known(t, kind)
		f := resource.Facts{Cloud: "example.net", Now: time.Unix(1, 0), Lookup: world{}}
		for _, o := range s.Builtin(f) {
			seen[o.Name()] = true
			s.Defaults(f, o.Value())
			old, err := o.Encode()
			if err != nil {
				t.Fatal(err)
			}
			before, err := s.Stored(old)
			if err != nil {
				t.Fatal(err)
			}
			f := f
			f.Old, f.Predefined = before.Value(), true
			members := map[string]json.RawMessage{}
			if err := json.Unmarshal(old, &members); err != nil {
				t.Fatal(err)
			}
			for name := range members {
				if !slices.Contains(editableRules[o.Name()], name) {
					delete(members, name)
				}
			}
			body, err := json.Marshal(members)
			if err != nil {
				t.Fatal(err)
			}
			after, err := s.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			after.KeepReadOnly(before.Value())
			s.Defaults(f, after.Value())
			if !after.Same(before) {
				now, _ := after.Encode()
				t.Errorf("%s: a bare replace makes it\n%s of\n%s", o.Name(), now, old)
			}
			if err := s.Validate(f, after.Value()); (err == nil) != (o.Name() != ZPAStrayRule) {
				t.Errorf("%s unchanged: %v", o.Name(), err)
			}
		}
	}
	for name := range editableRules {
		if !seen[name] {
			t.Errorf("%s is said to be editable, and does not come with an org", name)
		}
	}
}

// FuzzRule: whatever is sent as a rule is refused or taken, and what is taken
// survives storage unchanged.
func FuzzRule(f *testing.F) {
	f.Add(`{"name":"r","order":1,"forwardMethod":"LOCAL_SWITCH","locations":[{"id":"7"}],"destAddresses":["*.a.b"],"appServiceGroups":[{"id":8}]}`)
	f.Add(`{"name":"r","order":"1","rank":"7","forwardMethod":"ECZPA","zpaApplicationSegments":[{"id":1}],"lastModifiedTime":1,"lastModifiedBy":{"id":2}}`)
	f.Add(`{"name":"d","order":1,"action":"REDIR_REQ","dnsGateway":{"id":3},"destAddresses":["a.b"]}`)
	f.Add(`{"name":"l","order":1,"proxyGateway":{"id":1,"name":"x"},"ecGroups":[null,{}]}`)
	f.Add(`{"name":null,"order":null,"srcIps":["10.0.0.1 - 10.0.0.9"],"proxyGateway":null,"zpaAppSegments":[{"externalId":1e3}]}`)
	var specs []*resource.Spec
	for _, kind := range []string{ForwardingRuleKind, DNSRuleKind, LogRuleKind} {
		specs = append(specs, known(f, kind))
	}
	in := world{GatewayKind: {&Gateway{ID: 1, Type: "ECSELF"}, &Gateway{ID: 2, Type: "ZIA"}}, IPDestinationGroupKind: {&IPDestinationGroup{ID: 1, Type: "DSTN_IP"}}}
	f.Fuzz(func(t *testing.T, body string) {
		for _, s := range specs {
			o, err := accept(s, in, body)
			var fault *wire.Error
			if err != nil {
				if !asFault(err, &fault) {
					t.Fatalf("%s: an error that is not the client's: %v", s.Name, err)
				}
				continue
			}
			first, err := o.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := s.Stored(first)
			if err != nil {
				t.Fatal(err)
			}
			second, err := back.Encode()
			if err != nil || string(first) != string(second) || !json.Valid(first) {
				t.Fatalf("%s (%v): stored as\n%s\nand then\n%s", s.Name, err, first, second)
			}
			for ref := range o.Refs() {
				if ref.Path == "" {
					t.Fatal("a reference without a path")
				}
			}
		}
	})
}

func asFault(err error, to **wire.Error) bool {
	return errors.As(err, to) && (*to).Status/100 == 4
}

package conformance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/conformance"
)

// Section 11: pagination, filters, wire types.

// item is what the Go SDK needs of every object: an integer and a text.
type item struct {
	ID   int
	Name string
}

func TestFact11_01_ListsAreBareArrays(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.org(t))
	empty := 0
	for _, path := range []string{
		"/accountGroups", "/adminRoles", "/adminUsers", "/dnsGateways", "/ecRules/ecDns", "/ecRules/ecRdr", "/ecRules/self", "/ecgroup",
		"/ecgroup/lite", "/gateways", "/gateways/lite", "/ipDestinationGroups", "/ipDestinationGroups/lite", "/ipGroups", "/ipSourceGroups",
		"/ipSourceGroups/lite", "/location", "/location/lite", "/locationTemplate", "/locationTemplate/lite", "/networkServiceGroups",
		"/networkServices", "/provUrl", "/publicCloudInfo", "/publicCloudInfo/lite", "/workloadGroups", "/zpaResources/applicationSegments",
	} {
		a, err := c.Do(t.Context(), http.MethodGet, path, nil)
		must(t, err)
		var all []item
		if err := json.Unmarshal([]byte(a.Body), &all); err != nil || !strings.HasPrefix(a.Body, "[") {
			t.Errorf("%s: %v: %.80s", path, err, a.Body)
		}
		for name := range a.Header {
			if strings.Contains(strings.ToLower(name), "total") || name == "Link" {
				t.Errorf("%s tells of pages in %s", path, name)
			}
		}
		if a.Body == "[]" {
			empty++
		}
	}
	if empty < 5 {
		t.Errorf("only %d lists of a fresh org are []", empty)
	}
	envelope := func(r *http.Request, resp *http.Response) {
		if r.Method == http.MethodGet {
			body(resp, func(text string) string { return `{"items":` + text + `}` })
		}
	}
	var all []item
	fails(t, goLegacy(t, s, s.account(), envelope).List(t.Context(), "/ecgroup", &all), "cannot unmarshal object")
}

func TestFact11_02_PagesStartAtOne(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	p := signedIn(t, s, s.account())
	pages := map[string][]item{}
	for _, page := range []string{"", "&page=0", "&page=1", "&page=2", "&page=99"} {
		a, err := p.Do(t.Context(), http.MethodGet, "/networkServices?pageSize=40"+page, nil)
		must(t, err)
		var some []item
		must(t, json.Unmarshal([]byte(a.Body), &some))
		pages[page] = some
		if page == "&page=99" {
			same(t, a.Body, "[]") // past the end, and no 404
		}
	}
	same(t, pages[""], pages["&page=1"])
	same(t, pages["&page=0"], pages["&page=1"])
	if len(pages["&page=1"]) != 40 || len(pages["&page=2"]) == 0 || pages["&page=2"][0].ID <= pages["&page=1"][39].ID {
		t.Errorf("page 1 has %d elements and page 2 does not follow it", len(pages["&page=1"]))
	}
	counted(t, s, s.account(), "listNetworkServices", "page 0")
	q := pyLegacy(t, strict, strict.account())
	q.Adopt(sessionFor(t, strict, strict.account()))
	notTolerated(t, q.Call(t.Context(), http.MethodGet, "/networkServices?page=0", nil, nil), "page 0")
}

// manyGroups makes an org with 2,000 workload groups and as many segments.
func manyGroups(t *testing.T, s *server) conformance.Account {
	t.Helper()
	a := s.org(t)
	id := sessionFor(t, s, a)
	var groups, segments []map[string]any
	for i := range 2000 {
		groups = append(groups, map[string]any{"name": fmt.Sprintf("Group %04d", i), "expressionJson": map[string]any{
			"expressionContainers": []any{map[string]any{"tagType": "VM", "operator": "AND", "tagContainer": map[string]any{
				"tags": []any{map[string]any{"key": "n", "value": fmt.Sprint(i)}}, "operator": "AND",
			}}},
		}})
		segments = append(segments, map[string]any{"zpaId": i + 1, "name": fmt.Sprintf("Segment %04d", i)})
	}
	for path, in := range map[string]any{"/spurline/v1/workloadGroups": groups, "/spurline/v1/zpa/segments": segments} {
		text, err := json.Marshal(in)
		must(t, err)
		answer := answerOf(t, s, http.MethodPost, s.url+path, string(text), "Cookie", "JSESSIONID="+id)
		if answer.Status > 299 {
			t.Fatalf("%s: %d %s", path, answer.Status, answer.Body)
		}
	}
	return a
}

// ignoresPages is a server that answers the first page whatever is asked for.
type ignoresPages struct{ http.RoundTripper }

func (i ignoresPages) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "&page=", "&was=", 1)
	return i.RoundTripper.RoundTrip(r)
}

func TestFact11_03_GoPagesEveryListWithAStrayAmpersand(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	a := manyGroups(t, s)
	for _, path := range []string{"/workloadGroups", "/zpaResources/applicationSegments"} {
		var asked []string
		var all []item
		c := goLegacy(t, s, a, func(r *http.Request, _ *http.Response) { asked = append(asked, r.URL.RawQuery) })
		c.Adopt(sessionFor(t, s, a))
		must(t, c.List(t.Context(), path, &all))
		same(t, asked, []string{"&pageSize=1000&page=1", "&pageSize=1000&page=2", "&pageSize=1000&page=3"})
		seen := map[int]bool{}
		for _, g := range all {
			seen[g.ID] = true
		}
		if len(all) != 2000 || len(seen) != 2000 {
			t.Errorf("%s: %d elements, %d different ones, want 2000", path, len(all), len(seen))
		}
		c.HTTP = client(ignoresPages{s.proxied(t)})
		fails(t, c.List(t.Context(), path, &all), "never ends")

		// Python never pages, and sees the default page where there is one.
		want := map[string]int{"/workloadGroups": 250, "/zpaResources/applicationSegments": 50}[path]
		var some []item
		must(t, signedIn(t, s, a).Call(t.Context(), http.MethodGet, path, nil, &some))
		same(t, len(some), want)
	}
	counted(t, s, a, "listWorkloadGroups", "empty pair in the query")
	d := goLegacy(t, strict, strict.account())
	d.Adopt(sessionFor(t, strict, strict.account()))
	notTolerated(t, d.List(t.Context(), "/ipSourceGroups", &[]item{}), "empty pair in the query")
}

func TestFact11_04_PageSizesHaveDefaultsAndACap(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	p := signedIn(t, s, manyGroups(t, s))
	for query, want := range map[string]int{"": 50, "?pageSize=7": 7, "?pageSize=1000": 1000, "?pageSize=5000": 1000} {
		var some []item
		must(t, p.Call(t.Context(), http.MethodGet, "/zpaResources/applicationSegments"+query, nil, &some))
		if len(some) != want {
			t.Errorf("%q: %d elements, want %d", query, len(some), want)
		}
	}
	const many = 130 // more than any default
	for i := range many {
		must(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", map[string]any{"name": fmt.Sprint(i), "ipAddresses": []string{"10.0.0.1"}}, nil))
	}
	var all []item
	must(t, p.Call(t.Context(), http.MethodGet, "/ipSourceGroups", nil, &all)) // no default is documented, and Python never pages
	same(t, len(all), many)

	q := pyLegacy(t, strict, strict.account())
	q.Adopt(sessionFor(t, strict, strict.account()))
	notTolerated(t, q.Call(t.Context(), http.MethodGet, "/ipSourceGroups?pageSize=1001", nil, nil), "page size above 1000")
}

func TestFact11_05_FiltersAndUnknownParameters(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	p := signedIn(t, s, s.account())
	var some []item
	must(t, p.Call(t.Context(), http.MethodGet, "/networkServices?search=hTtPs", nil, &some))
	if len(some) == 0 {
		t.Error("a search regardless of case finds nothing")
	}
	for _, found := range some {
		if found.Name != "HTTPS" && !strings.Contains(strings.ToLower(found.Name), "https") {
			t.Logf("found by its description: %s", found.Name)
		}
	}
	var roles, both []item
	must(t, p.Call(t.Context(), http.MethodGet, "/adminRoles", nil, &roles))
	must(t, p.Call(t.Context(), http.MethodGet, fmt.Sprintf("/adminRoles?id=%d&id=%d", roles[0].ID, roles[1].ID), nil, &both))
	same(t, both, roles[:2])

	c := goLegacy(t, s, s.account())
	c.Adopt(p.Session())
	var groups, one []item
	must(t, c.List(t.Context(), "/ecgroup/lite", &groups))
	must(t, c.List(t.Context(), "/ecgroup/lite?name="+url.QueryEscape(groups[0].Name), &one))
	same(t, one, groups[:1])

	var all, unknown []item
	must(t, p.Call(t.Context(), http.MethodGet, "/networkServices", nil, &all))
	must(t, p.Call(t.Context(), http.MethodGet, "/networkServices?colour=red", nil, &unknown))
	same(t, unknown, all)
	counted(t, s, s.account(), "listNetworkServices", "unknown parameter")
	q := pyLegacy(t, strict, strict.account())
	q.Adopt(sessionFor(t, strict, strict.account()))
	notTolerated(t, q.Call(t.Context(), http.MethodGet, "/apiKeys?includePartnerKeys=true", nil, nil), "unknown parameter includePartnerKeys")
}

func TestFact11_06_OneIsAnObject(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	c.Adopt(sessionFor(t, s, s.account()))
	for _, path := range []string{"/ecgroup", "/location", "/locationTemplate", "/provUrl", "/networkServices", "/adminUsers", "/adminRoles", "/gateways", "/apiKeys"} {
		a, err := c.Do(t.Context(), http.MethodGet, path, nil)
		must(t, err)
		var all []item
		must(t, json.Unmarshal([]byte(a.Body), &all))
		if len(all) == 0 {
			t.Fatalf("%s is empty", path)
		}
		var one item
		must(t, c.Get(t.Context(), fmt.Sprintf("%s/%d", path, all[0].ID), &one)) // fails on an array
		same(t, one, all[0])
	}
}

func TestFact11_07_IDsAreIntegersAndRequestsMayQuoteThem(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	a := s.org(t)
	p := signedIn(t, s, a)
	template := map[string]any{"name": "quoted", "template": map[string]any{
		"enforceBandwidthControl": "true", "upBandwidth": "100", "dnBandwidth": "100", "idleTimeInMinutes": "0",
	}}
	var made struct {
		ID       int
		Template struct {
			EnforceBandwidthControl bool
			UpBandwidth             int
		}
	}
	must(t, p.Call(t.Context(), http.MethodPost, "/locationTemplate", template, &made)) // fails on quotes in the answer
	same(t, made.Template.UpBandwidth, 100)
	var url item
	must(t, p.Call(t.Context(), http.MethodPost, "/provUrl", map[string]any{
		"name": "by-text", "provUrlType": "CLOUD",
		"provUrlData": map[string]any{"cloudProviderType": "AWS", "locationTemplate": map[string]any{"id": fmt.Sprint(made.ID)}},
	}, &url))
	counted(t, s, a, "createLocationTemplate", "quoted value")

	c := goLegacy(t, s, a)
	c.Adopt(p.Session())
	var group item
	in := map[string]any{"id": 0, "name": "from Go", "ipAddresses": []string{"10.0.0.1"}}
	must(t, c.Create(t.Context(), "/ipSourceGroups", in, &group))
	if group.ID == 0 {
		t.Error("a create with an id of 0 gets one")
	}
	counted(t, s, a, "createIpSourceGroup", "read-only member")

	quotes := func(_ *http.Request, resp *http.Response) {
		body(resp, func(text string) string {
			return strings.Replace(text, fmt.Sprint(group.ID), fmt.Sprintf("%q", fmt.Sprint(group.ID)), 1)
		})
	}
	d := goLegacy(t, s, a, quotes)
	d.Adopt(p.Session())
	fails(t, d.Get(t.Context(), fmt.Sprintf("/ipSourceGroups/%d", group.ID), &group), "cannot unmarshal string")

	id := sessionFor(t, strict, strict.account())
	e, q := goLegacy(t, strict, strict.account()), pyLegacy(t, strict, strict.account())
	e.Adopt(id)
	q.Adopt(id)
	notTolerated(t, e.Create(t.Context(), "/ipSourceGroups", in, &group), "read-only member id")
	notTolerated(t, q.Call(t.Context(), http.MethodPost, "/locationTemplate", template, nil), "quoted value template.")
}

func TestFact11_08_TimesAreEpochSeconds(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := signedIn(t, s, s.org(t))
	var made item
	var read struct{ LastModTime int64 }
	before := time.Now().Unix()
	must(t, p.Call(t.Context(), http.MethodPost, "/locationTemplate", map[string]any{"name": "timed"}, &made))
	must(t, p.Call(t.Context(), http.MethodGet, fmt.Sprintf("/locationTemplate/%d", made.ID), nil, &read))
	if read.LastModTime < before || read.LastModTime > time.Now().Unix() {
		t.Errorf("lastModTime is %d, and it is %d", read.LastModTime, before)
	}
}

func TestFact11_09_ACreateAnswersExactlyJSON(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	c := goLegacy(t, s, a)
	answer, err := c.Do(t.Context(), http.MethodPost, "/ipSourceGroups", []byte(`{"name":"exact","ipAddresses":["10.0.0.1"]}`))
	must(t, err)
	same(t, answer.Status, http.StatusOK)
	same(t, answer.Header["Content-Type"], []string{"application/json"})

	// The legacy client takes a 201 and a charset all the same.
	d := goLegacy(t, s, a, charset, func(_ *http.Request, resp *http.Response) {
		if resp.StatusCode == http.StatusOK {
			resp.StatusCode = http.StatusCreated
		}
	})
	d.Adopt(c.Session())
	var made item
	must(t, d.Create(t.Context(), "/ipSourceGroups", map[string]any{"name": "charset", "ipAddresses": []string{"10.0.0.1"}}, &made))

	// The OneAPI client's creates fail on a charset, its other calls do not.
	in := map[string]any{"id": 0, "name": "to the letter", "ipAddresses": []string{"10.0.0.1"}}
	must(t, goOneAPI(t, s, a).Create(t.Context(), "/ipSourceGroups", in, &made))
	in["name"] = "with a charset"
	g := goOneAPI(t, s, a, charset)
	fails(t, g.Create(t.Context(), "/ipSourceGroups", in, &item{}), `"application/json;charset=utf-8"`)
	path := fmt.Sprintf("/ipSourceGroups/%d", made.ID)
	must(t, g.Get(t.Context(), path, &made))
	must(t, g.Update(t.Context(), path, map[string]any{"id": made.ID, "name": "changed", "ipAddresses": []string{"10.0.0.1"}}, &made))
}

// charset adds what a careless server adds to the content type.
func charset(_ *http.Request, resp *http.Response) {
	if resp.Header.Get("Content-Type") == "application/json" {
		resp.Header.Set("Content-Type", "application/json;charset=utf-8")
	}
}

// emptied answers PUTs with a 204.
func emptied(r *http.Request, resp *http.Response) {
	if r.Method == http.MethodPut {
		body(resp, func(string) string { return "" })
		resp.StatusCode = http.StatusNoContent
	}
}

func TestFact11_10_APutAnswersTheObject(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	c := goLegacy(t, s, a)
	var made, changed item
	must(t, c.Create(t.Context(), "/ipSourceGroups", map[string]any{"name": "before", "ipAddresses": []string{"10.0.0.1"}}, &made))
	path := fmt.Sprintf("/ipSourceGroups/%d", made.ID)
	in := map[string]any{"id": made.ID, "name": "after", "ipAddresses": []string{"10.0.0.1"}}
	must(t, c.Update(t.Context(), path, in, &changed))
	same(t, changed, item{made.ID, "after"})

	d := goLegacy(t, s, a, emptied)
	d.Adopt(c.Session())
	fails(t, d.Update(t.Context(), path, in, &changed), "unexpected end of JSON input")

	must(t, goOneAPI(t, s, a).Update(t.Context(), path, in, &changed))
	if err := goOneAPI(t, s, a, emptied).Update(t.Context(), path, in, &changed); !errors.Is(err, conformance.ErrPanic) {
		t.Errorf("an empty answer to a PUT: %v", err)
	}
}

func TestFact11_11_ADeleteAnswers204WithoutAType(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	typed := func(_ *http.Request, resp *http.Response) {
		if resp.StatusCode == http.StatusNoContent {
			resp.Header.Set("Content-Type", "application/json")
		}
	}
	p, q := signedIn(t, s, a), pyLegacy(t, s, a, typed)
	q.Adopt(p.Session())
	for i, c := range []*conformance.PyLegacy{p, q} {
		var made item
		must(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", map[string]any{"name": fmt.Sprint("gone ", i), "ipAddresses": []string{"10.0.0.1"}}, &made))
		path := fmt.Sprintf("/ipSourceGroups/%d", made.ID)
		if c == q {
			fails(t, c.Call(t.Context(), http.MethodDelete, path, nil, nil), "JSONDecodeError")
			continue
		}
		answer, err := c.Do(t.Context(), http.MethodDelete, path, nil)
		must(t, err)
		same(t, answer.Status, http.StatusNoContent)
		same(t, answer.Body, "")
		if kind, sent := answer.Header["Content-Type"]; sent {
			t.Errorf("a 204 has the type %q", kind)
		}
		refused(t, c.Call(t.Context(), http.MethodGet, path, nil, nil), http.StatusNotFound, "RESOURCE_NOT_FOUND")
	}
}

func TestFact11_12_GetAndDeleteMayHaveABody(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	a := s.org(t)
	p := pyOneAPI(t, s, a) // which sends one with both
	var made item
	must(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", map[string]any{"name": "g", "ipAddresses": []string{"10.0.0.1"}}, &made))
	path := fmt.Sprintf("/ipSourceGroups/%d", made.ID)
	var read item
	must(t, p.Call(t.Context(), http.MethodGet, path, nil, &read))
	same(t, read, made)
	must(t, p.Call(t.Context(), http.MethodDelete, path, nil, nil))
	counted(t, s, a, "getIpSourceGroup", "body on a read or a delete")
	counted(t, s, a, "deleteIpSourceGroup", "body on a read or a delete")

	q := pyOneAPI(t, strict, strict.org(t))
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		notTolerated(t, q.Call(t.Context(), method, "/ipSourceGroups/1", nil, nil), "body on a read or a delete")
	}
}

func TestFact11_13_LiteListsHaveIDAndName(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	c.Adopt(sessionFor(t, s, s.account()))
	for _, path := range []string{"/ecgroup", "/location", "/locationTemplate", "/gateways"} {
		var full, lite []map[string]any
		must(t, c.List(t.Context(), path, &full))
		must(t, c.List(t.Context(), path+"/lite", &lite))
		if len(lite) == 0 || len(lite[0]) > len(full[0]) {
			t.Fatalf("%s/lite has %d objects; the first has %d members, in full %d", path, len(lite), len(lite[0]), len(full[0]))
		}
		for _, object := range lite {
			id, hasID := object["id"].(float64)
			name, hasName := object["name"].(string)
			if !hasID || !hasName || id == 0 || name == "" {
				t.Errorf("%s/lite has %v", path, object)
			}
		}
	}
}

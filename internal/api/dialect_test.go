package api_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// behaviours.md section 11: where clients disagree on a shape, each gets what
// it can read.
func TestShapesOnWhichClientsDisagree(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super, client := s.SignIn(t, servertest.Super), s.Client(t)

	const template = "/publicCloudInfo/cloudFormationTemplate?awsAccountId=123456789012"
	legacy, oneapi := super.Do(t, "GET", template, ""), client.Do(t, "GET", template, "")
	var url string
	if err := json.Unmarshal([]byte(legacy.Body), &url); err != nil || legacy.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the template on the connector host is no JSON string: %s", legacy.Body)
	}
	// Python decodes whatever is said to be JSON.
	if oneapi.Body != url || oneapi.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("the template behind the gateway: %s %s, want the text %s", oneapi.Header.Get("Content-Type"), oneapi.Body, url)
	}
	for _, c := range []struct{ path, kind string }{
		{"/discoveryService/workloadDiscoverySettings", "map[string]interface {}"},
		{"/publicCloudInfo/count", "float64"},
		{"/accountGroups/count", "float64"},
		{"/ecInstance/lite", "[]interface {}"},
		{"/ecRules/ecRdr/count", "map[string]interface {}"},
		{"/ecRules/ecDns/count", "map[string]interface {}"},
		{"/publicCloudAccountIdStatus", "map[string]interface {}"},
		{"/apiKeys", "[]interface {}"},
		{"/adminRoles?id=1", "[]interface {}"},
	} {
		for _, who := range []*servertest.Admin{super, client} {
			got := servertest.Decode[any](t, who.Must(t, "GET", c.path, ""))
			if kind := reflect.TypeOf(got).String(); kind != c.kind {
				t.Errorf("%s: %s, want %s", c.path, kind, c.kind)
			}
		}
	}
}

// behaviours.md 2.8: every operation of the table of facts is served under
// both bases, and to both sorts of caller.
func TestEveryOperationIsServedBehindTheGateway(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	stranger := s.Gateway("")
	for _, o := range s.API().Operations() {
		if o.Native || o.Root || o.ID == "signIn" {
			continue
		}
		path := strings.NewReplacer("{id}", "5", "{ecgroupId}", "5", "{vmId}", "5", "{vmInstanceId}", "i-5").Replace(o.Path)
		if a := stranger.Do(t, o.Method, path, ""); a.Status != http.StatusUnauthorized || a.Body != gatewayRefusal {
			t.Errorf("%s %s without a token: %d %s", o.Method, path, a.Status, a.Body)
		}
	}
}

// behaviours.md 11.10: a PUT without a body in its answer crashes a client.
func TestEveryPutAnswersABody(t *testing.T) {
	t.Parallel()
	for _, o := range servertest.Start(t, server.Config{}).API().Operations() {
		if o.Method == http.MethodPut && !o.Native && (o.Status != http.StatusOK || o.Out == nil) {
			t.Errorf("%s %s answers %d and %v", o.Method, o.Path, o.Status, o.Out)
		}
		if o.Method == http.MethodPost && !o.Native && o.Status != http.StatusOK && o.ID != "changePassword" {
			t.Errorf("%s %s answers %d", o.Method, o.Path, o.Status)
		}
	}
}

// clients.md: after a 401 the Go client sends a POST or PUT again with its body
// already read. That is a 400 at once, on a connection that goes on.
func TestEmptyBodyIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	held := role(t, super, "Clerk", "")
	ids := map[string]int64{"updateAdminRole": held, "updateAdminUser": admin(t, super, "ann@example.net", first, held, "")}
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	may := []string{ // what has no body of its own, or may do without
		"activate", "forceActivate", "createApiKey", "regenerateApiKey", "regenerateApiKeyByAlias",
	}
	tried := 0
	for _, o := range s.API().Operations() {
		if o.Native || o.Root || o.Method != http.MethodPost && o.Method != http.MethodPut || slices.Contains(may, o.ID) {
			continue
		}
		id := fmt.Sprint(cmp.Or(ids[o.ID], 5))
		path := strings.NewReplacer("{id}", id, "{ecgroupId}", "5", "{vmId}", "5", "{vmInstanceId}", "i-5").Replace(o.Path)
		if _, err := fmt.Fprintf(conn, "%s /api/v1%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 0\r\nCookie: JSESSIONID=%s\r\n\r\n", o.Method, path, super.Session); err != nil {
			t.Fatalf("%s %s: %v", o.Method, path, err)
		}
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("%s %s: %v", o.Method, path, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		tried++
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), `"INVALID_INPUT_ARGUMENT"`) || resp.Close {
			t.Errorf("%s %s with an empty body: %d %s", o.Method, path, resp.StatusCode, body)
		}
	}
	if tried < 40 {
		t.Errorf("only %d operations take a body", tried)
	}
}

// behaviours.md 11.4: a client that never pages sees the whole of a list that
// has no documented page size, in the same order every time.
func TestListsWithoutADefaultSizeAreComplete(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../../../shared/api/operations.tsv")
	if err != nil {
		t.Fatalf("the facts lie beside the checkout: %v", err)
	}
	sizes := map[string]string{}
	header := strings.Split(strings.SplitN(string(table), "\n", 2)[0], "\t")
	column := slices.IndexFunc(header, func(h string) bool { return strings.Contains(h, "page") })
	if column < 0 {
		t.Fatalf("no column of page sizes in %v", header)
	}
	for _, line := range strings.Split(string(table), "\n")[1:] {
		if f := strings.Split(line, "\t"); len(f) > column {
			sizes[f[1]+" "+pathNames.Replace(f[2])] = f[column]
		}
	}
	sizes["GET /workloadGroups"], sizes["GET /workloadGroups/lite"] = "250", "20" // resources/workload-group.md
	for _, o := range servertest.Start(t, server.Config{}).API().Operations() {
		size, ok := sizes[o.Method+" "+o.Path]
		i := slices.IndexFunc(o.Query, func(p operation.Param) bool { return p.Name == "pageSize" })
		if !ok || i < 0 || o.Native {
			continue
		}
		want, _, _ := strings.Cut(strings.Trim(size, "-"), "/")
		if got := o.Query[i].Default; fmt.Sprint(got) != orZero(want) {
			t.Errorf("%s: a page has %d by default, want %q", o.Path, got, size)
		}
	}
}

func orZero(text string) string {
	if text == "" {
		return "0"
	}
	return text
}

// Objects keep their place in a list when they change.
func TestListOrderIsStable(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		super := s.SignIn(t, servertest.Super)
		for n := range 130 { // more than any default page
			super.Must(t, "POST", "/ipSourceGroups", fmt.Sprintf(`{"name":"g%03d","ipAddresses":["10.0.0.1"]}`, (n*37)%130))
		}
		ids := func() (out []int64) {
			for _, o := range servertest.Decode[[]object](t, super.Must(t, "GET", "/ipSourceGroups", "")) {
				out = append(out, o.ID)
			}
			return out
		}
		before := ids()
		super.Must(t, "PUT", fmt.Sprintf("/ipSourceGroups/%d", before[3]), `{"name":"zzz","ipAddresses":["10.0.0.2"]}`)
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		super.Must(t, "PUT", fmt.Sprintf("/ipSourceGroups/%d", before[90]), `{"name":"aaa","ipAddresses":["10.0.0.2"]}`)
		if after := ids(); len(before) != 130 || !slices.Equal(before, after) {
			t.Errorf("%d objects, then %d in another order", len(before), len(after))
		}
	})
}

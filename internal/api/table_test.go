package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// widget is a kind that the package kinds does not know. Its declaration below
// is all there is to it.
type widget struct {
	ID      wire.Int      `json:"id" readonly:"true"`
	Name    string        `json:"name" required:"true" max:"20"`
	Colour  string        `json:"colour,omitempty" enum:"RED BLUE" view:"lite:show"`
	Weight  wire.Int      `json:"weight" min:"0" max:"100"`
	Place   *wire.Ref     `json:"place,omitempty" ref:"locationTemplate"`
	Parts   resource.Live `json:"parts" live:"children part" view:"lite:hide"`
	By      *wire.Ref     `json:"lastModifiedBy,omitempty" stamp:"by" view:"post:hide"`
	Changed wire.Time     `json:"lastModifiedTime" stamp:"time" view:"post:hide"`
}

type part struct {
	ID   wire.Int `json:"id" readonly:"true"`
	Name string   `json:"name" required:"true"`
}

func widgets(t *testing.T) *resource.Set {
	t.Helper()
	known, err := kinds.All()
	if err != nil {
		t.Fatal(err)
	}
	all := resource.List | resource.Lite | resource.Get | resource.Create | resource.Update | resource.Delete
	limits := resource.Limits{Read: "2/s 1000/h", Write: "1/s 400/h", Page: 2, Max: 3}
	audit := resource.Audit{Category: "Widgets", Sub: "Widget"}
	w, err := resource.Define(resource.Kind[widget]{
		Name: "widget", Title: "widget", Path: "/widgets", Ops: all, Area: resource.Provisioning, Feature: access.Forwarding, Limits: limits, Audit: audit,
		Unique:  resource.UniqueNameFold,
		Filters: []resource.Filter[widget]{{Param: "search", Says: "A part of the name.", Name: resource.NameContains}, {Param: "heavier", Type: resource.Integer, Says: "What it weighs more than.", Match: func(w *widget, v resource.Value) bool { return int64(w.Weight) > v.Int }}},
		Validate: func(_ resource.Facts, w *widget) error {
			if w.Colour == "RED" && w.Weight > 50 {
				return wire.Invalid("weight", "cannot be more than 50 on a red widget")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := resource.Define(resource.Kind[part]{
		Name: "part", Title: "part", Path: "/widgets/{widgetId}/parts", Parent: resource.Parent{Kind: "widget", Owned: true},
		Ops: resource.Get | resource.Create | resource.DeleteAnswered, Area: resource.Provisioning, Feature: access.Forwarding, Limits: limits, Audit: audit, Unique: resource.UniqueInParent,
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := resource.NewSet(append(known.All(), w, p)...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A declaration alone gives a kind its routes, storage and validation, on both
// databases.
func TestKindThatNobodyKnows(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db, Kinds: widgets(t)})
		super, reader := s.SignIn(t, servertest.Super), s.SignIn(t, servertest.Reader)
		type object struct{ ID int64 }
		place := servertest.Decode[object](t, super.Must(t, "POST", "/locationTemplate", `{"name":"shelf"}`)).ID
		red := servertest.Decode[object](t, super.Must(t, "POST", "/widgets", fmt.Sprintf(`{"name":"Red","colour":"RED","weight":"5","place":{"id":"%d"}}`, place))).ID
		for _, c := range []struct {
			who          *servertest.Admin
			method, path string
			body         string
			status       int
			want         string
		}{
			{super, "POST", "/widgets", `{"name":"red"}`, 409, "DUPLICATE_ITEM"},
			{super, "POST", "/widgets", `{"name":"x","colour":"RED","weight":51}`, 400, "weight cannot be more than 50"},
			{super, "POST", "/widgets", `{"name":"x","colour":"GREEN"}`, 400, "colour must be one of RED, BLUE"},
			{super, "POST", "/widgets", `{"name":"x","place":{"id":1}}`, 400, "place names the location template 1"},
			{reader, "POST", "/widgets", `{"name":"x"}`, 403, "EDGE_CONNECTOR_FORWARDING"},
			{super, "POST", "/widgets", `{"name":"Blue","colour":"BLUE","weight":80}`, 200, `"name":"Blue"`},
			{super, "POST", "/widgets", `{"name":"Grey"}`, 200, `"weight":0`},
			{super, "POST", "/widgets", `{"name":"Fourth"}`, 403, "LIMIT_EXCEEDED"},
			{reader, "GET", "/widgets", ``, 200, `"place":{"id":` + fmt.Sprint(place) + `,"name":"shelf"},"parts":[]`},
			{reader, "GET", "/widgets?search=LU", ``, 200, `[{"id":`},
			{reader, "GET", "/widgets?heavier=70&page=1", ``, 200, `"name":"Blue"`},
			{reader, "GET", "/widgets?heavier=90", ``, 200, `[]`},
			{reader, "GET", "/widgets/lite", ``, 200, `"name":"Red","colour":"RED"}`},
			{super, "DELETE", fmt.Sprintf("/locationTemplate/%d", place), ``, 409, `widget \"Red\"`},
			{super, "PUT", fmt.Sprintf("/locationTemplate/%d", place), `{"name":"bench"}`, 200, "bench"},
			{reader, "GET", fmt.Sprintf("/widgets/%d", red), ``, 200, `"name":"bench"`},
			{super, "POST", fmt.Sprintf("/widgets/%d/parts", red), `{"name":"cog"}`, 200, "cog"},
			{super, "POST", fmt.Sprintf("/widgets/%d/parts", red), `{"name":"cog"}`, 409, "DUPLICATE_ITEM"},
			{reader, "GET", fmt.Sprintf("/widgets/%d", red), ``, 200, `"name":"cog"}]`},
			{super, "PUT", fmt.Sprintf("/widgets/%d", red), `{"name":"Red"}`, 200, `"weight":0,"parts":[{`},
			{super, "DELETE", fmt.Sprintf("/locationTemplate/%d", place), ``, 204, ``},
			{super, "DELETE", fmt.Sprintf("/widgets/%d", red), ``, 204, ``},
			{super, "GET", fmt.Sprintf("/widgets/%d", red), ``, 404, "no widget with id"},
		} {
			a := c.who.Do(t, c.method, c.path, c.body)
			if a.Status != c.status || !strings.Contains(a.Body, c.want) {
				t.Errorf("%s %s %s: %d %s, want %d and %s", c.method, c.path, c.body, a.Status, a.Body, c.status, c.want)
			}
		}
	})
}

// permissions says, written by hand, which feature an operation asks for and
// whether it writes.
var permissions = map[string]string{
	"GET /adminRoles": "admin r", "POST /adminRoles": "admin w", "GET /adminRoles/{id}": "admin r", "PUT /adminRoles/{id}": "admin w", "DELETE /adminRoles/{id}": "admin w",
	"GET /adminUsers": "admin r", "POST /adminUsers": "admin w", "GET /adminUsers/{id}": "admin r", "PUT /adminUsers/{id}": "admin w", "DELETE /adminUsers/{id}": "admin w",
	"POST /passwordChange": "any", "GET /apiKeys": "key r", "POST /apiKeys": "key w", "GET /apiKeys/{id}": "key r",
	"POST /apiKeys/{id}/regenerate": "key w", "POST /apiKeys/{id}/ztw/api/v1/regenerate": "key w",
	"GET /locationTemplate": "template r", "POST /locationTemplate": "template w", "GET /locationTemplate/lite": "template r",
	"GET /locationTemplate/{id}": "template r", "PUT /locationTemplate/{id}": "template w", "DELETE /locationTemplate/{id}": "template w",
	"GET /provUrl": "template r", "POST /provUrl": "template w", "GET /provUrl/{id}": "template r", "PUT /provUrl/{id}": "template w", "DELETE /provUrl/{id}": "template w",
	"GET /location": "location r", "GET /location/lite": "location r", "GET /location/lite/{id}": "location r", "GET /location/{id}": "location r",
	"POST /location": "location w", "PUT /location/{id}": "location w", "DELETE /location/{id}": "location w",
	"POST /ecgroup": "cloud w", "PUT /ecgroup": "cloud w", "PUT /ecgroup/{id}": "cloud w", "GET /ecgroup/count": "cloud r",
	"PUT /ecgroup/vmStatus": "cloud w", "PUT /ecgroup/releaseChannel": "cloud w", "PUT /ecgroup/{ecgroupId}/vm/{id}": "cloud w",
	"GET /ecVm": "cloud r", "POST /ecVm": "cloud w", "PUT /ecVm": "cloud w", "DELETE /ecVm": "cloud w", "GET /ecVm/lite": "cloud r", "GET /ecVm/health/{vmId}": "cloud r",
	"GET /intf": "cloud r", "POST /intf": "cloud w", "PUT /intf": "cloud w", "DELETE /intf": "cloud w",
	"GET /route": "cloud r", "POST /route": "cloud w", "PUT /route": "cloud w", "DELETE /route": "cloud w",
	"GET /ecgroup/{ecgroupId}/vm/{vmId}/intf": "cloud r", "POST /ecgroup/{ecgroupId}/vm/{vmId}/intf": "cloud w",
	"GET /ecgroup/{ecgroupId}/vm/{vmId}/intf/{id}": "cloud r", "PUT /ecgroup/{ecgroupId}/vm/{vmId}/intf/{id}": "cloud w", "DELETE /ecgroup/{ecgroupId}/vm/{vmId}/intf/{id}": "cloud w",
	"GET /ecgroup/{ecgroupId}/vm/{vmId}/route": "cloud r", "POST /ecgroup/{ecgroupId}/vm/{vmId}/route": "cloud w", "DELETE /ecgroup/{ecgroupId}/vm/{vmId}/route": "cloud w",
	"GET /ecgroup/{ecgroupId}/vm/{vmId}/route/{id}": "cloud r", "PUT /ecgroup/{ecgroupId}/vm/{vmId}/route/{id}": "cloud w", "DELETE /ecgroup/{ecgroupId}/vm/{vmId}/route/{id}": "cloud w",
	"GET /publicCloudInfo": "public r", "POST /publicCloudInfo": "public w", "GET /publicCloudInfo/lite": "public r", "GET /publicCloudInfo/count": "public r",
	"GET /publicCloudInfo/supportedRegions": "public r", "GET /publicCloudInfo/cloudFormationTemplate": "public r", "POST /publicCloudInfo/generateExternalId": "public w",
	"GET /publicCloudInfo/{id}": "public r", "PUT /publicCloudInfo/{id}": "public w", "DELETE /publicCloudInfo/{id}": "public w", "PUT /publicCloudInfo/{id}/changeState": "public w",
	"GET /accountGroups": "public r", "POST /accountGroups": "public w", "GET /accountGroups/lite": "public r", "GET /accountGroups/count": "public r",
	"GET /accountGroups/{id}": "public r", "PUT /accountGroups/{id}": "public w", "DELETE /accountGroups/{id}": "public w",
	"GET /discoveryService/workloadDiscoverySettings": "public r", "PUT /discoveryService/{id}/permissions": "public w",
	"GET /publicCloudAccountDetails": "cloud r", "GET /publicCloudAccountDetails/lite": "cloud r", "GET /publicCloudAccountDetails/{id}": "cloud r",
	"POST /publicCloudAccountDetails": "cloud w", "PUT /publicCloudAccountDetails": "cloud w", "DELETE /publicCloudAccountDetails": "cloud w",
	"GET /publicCloudAccountIdStatus": "cloud r", "PUT /publicCloudAccountIdStatus": "cloud w", "POST /publicCloudAccountIdStatus": "cloud w", "DELETE /publicCloudAccountIdStatus": "cloud w",
	"GET /ecgroup": "cloud r", "GET /ecgroup/lite": "cloud r", "GET /ecgroup/lite/{id}": "cloud r", "GET /ecgroup/{id}": "cloud r", "DELETE /ecgroup/{id}": "cloud w",
	"GET /ecgroup/{ecgroupId}/vm/{id}": "cloud r", "DELETE /ecgroup/{ecgroupId}/vm/{id}": "cloud w", "GET /ecInstance/lite": "cloud r",
	"GET /ecVm/uuid/{vmInstanceId}": "cloud r", "DELETE /ecVm/uuid/{vmInstanceId}": "cloud w",
	"GET /ipSourceGroups": "forwarding r", "POST /ipSourceGroups": "forwarding w", "GET /ipSourceGroups/lite": "forwarding r",
	"GET /ipSourceGroups/{id}": "forwarding r", "PUT /ipSourceGroups/{id}": "forwarding w", "DELETE /ipSourceGroups/{id}": "forwarding w",
	"GET /ipGroups": "forwarding r", "POST /ipGroups": "forwarding w", "GET /ipGroups/lite": "forwarding r",
	"GET /ipGroups/{id}": "forwarding r", "PUT /ipGroups/{id}": "forwarding w", "DELETE /ipGroups/{id}": "forwarding w",
	"GET /ipDestinationGroups": "forwarding r", "POST /ipDestinationGroups": "forwarding w", "GET /ipDestinationGroups/lite": "forwarding r",
	"GET /ipDestinationGroups/{id}": "forwarding r", "PUT /ipDestinationGroups/{id}": "forwarding w", "DELETE /ipDestinationGroups/{id}": "forwarding w",
	"GET /networkServices": "forwarding r", "POST /networkServices": "forwarding w",
	"GET /networkServices/{id}": "forwarding r", "PUT /networkServices/{id}": "forwarding w", "DELETE /networkServices/{id}": "forwarding w",
	"GET /networkServiceGroups": "forwarding r", "POST /networkServiceGroups": "forwarding w",
	"GET /networkServiceGroups/{id}": "forwarding r", "PUT /networkServiceGroups/{id}": "forwarding w", "DELETE /networkServiceGroups/{id}": "forwarding w",
	"GET /ecRules/ecRdr": "forwarding r", "POST /ecRules/ecRdr": "forwarding w", "GET /ecRules/ecRdr/count": "forwarding r",
	"GET /ecRules/ecRdr/{id}": "forwarding r", "PUT /ecRules/ecRdr/{id}": "forwarding w", "DELETE /ecRules/ecRdr/{id}": "forwarding w",
	"GET /ecRules/ecDns": "forwarding r", "POST /ecRules/ecDns": "forwarding w", "GET /ecRules/ecDns/count": "forwarding r",
	"GET /ecRules/ecDns/{id}": "forwarding r", "PUT /ecRules/ecDns/{id}": "forwarding w", "DELETE /ecRules/ecDns/{id}": "forwarding w",
	"GET /ecRules/self": "forwarding r", "POST /ecRules/self": "forwarding w",
	"GET /ecRules/self/{id}": "forwarding r", "PUT /ecRules/self/{id}": "forwarding w", "DELETE /ecRules/self/{id}": "forwarding w",
	"GET /zpaResources/applicationSegments": "forwarding r", "POST /spurline/v1/zpa/segments": "forwarding w", "POST /spurline/v1/zpa/segmentGroups": "forwarding w",
	"GET /workloadGroups": "forwarding r", "GET /workloadGroups/lite": "forwarding r", "GET /workloadGroups/{id}": "forwarding r",
	"POST /spurline/v1/workloadGroups": "forwarding w",
	"GET /gateways":                    "forwarding r", "POST /gateways": "forwarding w", "GET /gateways/lite": "forwarding r",
	"GET /gateways/{id}": "forwarding r", "PUT /gateways/{id}": "forwarding w", "DELETE /gateways/{id}": "forwarding w",
	"GET /dnsGateways": "forwarding r", "POST /dnsGateways": "forwarding w", "GET /dnsGateways/lite": "forwarding r",
	"GET /dnsGateways/{id}": "forwarding r", "PUT /dnsGateways/{id}": "forwarding w", "DELETE /dnsGateways/{id}": "forwarding w",
	"GET /ecAdminActivateStatus": "any", "PUT /ecAdminActivateStatus/activate": "any", "PUT /ecAdminActivateStatus/forcedActivate": "any",
	"GET /auth": "none", "POST /auth": "none", "DELETE /auth": "none", "DELETE @/auth": "none", "POST @/oauth2/v1/token": "none",
	"POST /spurline/v1/fleet/enrol": "none", "POST /spurline/v1/fleet/heartbeat": "none", "GET /spurline/v1/fleet/bundle": "none",
	"GET /spurline/v1/whoami": "any", "GET /spurline/v1/pending": "any", "GET /spurline/v1/vms": "cloud r", "GET /spurline/v1/references": "any",
	"GET /spurline/v1/audit": "admin r", "GET /spurline/v1/audit/{seq}": "admin r", "GET /spurline/v1/audit/verify": "admin r",
	"GET /spurline/v1/installation/audit": "none", "GET /spurline/v1/installation/audit/{seq}": "none", "GET /spurline/v1/installation/audit/verify": "none",
	"GET /spurline/v1/maintenance": "any", "PUT /spurline/v1/maintenance": "any", "GET /spurline/v1/tolerances": "any",
	"GET /spurline/v1/fleet/key": "any", "POST /spurline/v1/fleet/key/rotate": "any",
	"GET /spurline/v1/clients": "admin r", "POST /spurline/v1/clients": "admin w", "GET /spurline/v1/clients/{id}": "admin r", "PUT /spurline/v1/clients/{id}": "admin w",
	"DELETE /spurline/v1/clients/{id}": "admin w", "POST /spurline/v1/clients/{id}/secrets": "admin w", "DELETE /spurline/v1/clients/{id}/secrets/{secret}": "admin w",
	"POST /spurline/v1/clients/{id}/keys": "admin w", "DELETE /spurline/v1/clients/{id}/keys/{key}": "admin w", "DELETE /spurline/v1/clients/{id}/tokens": "admin w",
	"GET /spurline/v1/cloudFormation/workload-discovery.yaml": "none", "GET /spurline/v1/orgs": "none", "POST /spurline/v1/orgs": "none", "POST /spurline/v1/orgs/{org}/admins": "none", "PUT /spurline/v1/orgs/{org}/apiKey": "none", "DELETE /spurline/v1/orgs/{org}/apiKey": "none",
	"POST /spurline/v1/admins/{login}/disable": "none", "POST /spurline/v1/admins/{login}/password": "none",
	"GET /spurline/v1/backup": "none", "POST /spurline/v1/restore": "none", "POST /spurline/v1/reset": "none",
	"GET /spurline/v1/fleet/connectors": "cloud r", "POST /spurline/v1/fleet/connectors": "cloud w", "DELETE /spurline/v1/fleet/connectors": "cloud w",
	"GET /spurline/v1/requests": "any", "GET /spurline/v1/requests/summary": "any", "DELETE /spurline/v1/requests/summary": "any", "GET /spurline/v1/requests/{id}": "any",
	"POST /spurline/v1/fleet/connectors/{name}/start": "cloud w", "POST /spurline/v1/fleet/connectors/{name}/stop": "cloud w",
}

var featureNames = map[string]access.Feature{
	"admin": access.AdminManagement, "key": access.APIKeyManagement,
	"template": access.Template, "location": access.LocationManagement, "cloud": access.CloudProvisioning, "forwarding": access.Forwarding, "public": access.PublicCloud, "any": access.AnyAdmin, "none": access.Public,
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{Simulator: simulated{}})
	for _, o := range s.API().Operations() {
		key := o.Method + " " + o.Path
		if o.Root {
			key = o.Method + " @" + o.Path
		}
		word, ok := permissions[key]
		if !ok {
			t.Errorf("%s %s is not in the table of permissions", o.Method, o.Path)
			continue
		}
		name, mode, _ := strings.Cut(word, " ")
		if o.Feature != featureNames[name] || mode == "w" != (o.Level == access.ReadWrite) && mode != "" {
			t.Errorf("%s %s asks for %s of %s, want %s", o.Method, o.Path, o.Level, o.Feature, word)
		}
	}
	// Without a session nobody gets anywhere; a reader may read and not write.
	reader, nobody := s.SignIn(t, servertest.Reader), s.Nobody()
	for key, word := range permissions {
		method, path, _ := strings.Cut(key, " ")
		path = strings.NewReplacer("{id}", "5", "{ecgroupId}", "5", "{vmId}", "5", "{vmInstanceId}", "i-5", "{name}", "cc-1", "{seq}", "1").Replace(path)
		if _, mode, _ := strings.Cut(word, " "); mode != "" {
			if a := nobody.Do(t, method, path, ""); a.Status != http.StatusUnauthorized {
				t.Errorf("nobody, %s: %d", key, a.Status)
			}
			if a := reader.Do(t, method, path, ""); (a.Status == http.StatusForbidden) != (mode == "w") {
				t.Errorf("reader, %s: %d %s", key, a.Status, a.Body)
			}
		}
	}
}

// Every operation served matches its row in the table of facts: rate and
// success code.
func TestOperationsMatchTheFacts(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../../../shared/api/operations.tsv")
	if err != nil {
		t.Fatalf("the facts lie beside the checkout: %v", err)
	}
	type row struct{ rate, status string }
	rows := map[string]row{}
	for _, line := range strings.Split(string(table), "\n")[1:] {
		if f := strings.Split(line, "\t"); len(f) > 9 {
			rows[f[1]+" "+pathNames.Replace(f[2])] = row{strings.TrimSuffix(f[4], "*"), f[9]}
		}
	}
	// What only the contract names, with the limits that its methods have
	// elsewhere on connectors.
	for _, key := range []string{"GET /ecgroup/count", "GET /ecVm/lite", "GET /ecVm/health/{vmId}"} {
		rows[key] = row{"5/s 3000/h", "200"}
	}
	for _, key := range []string{"PUT /ecgroup/{id}", "PUT /ecgroup/vmStatus", "PUT /ecgroup/releaseChannel", "PUT /ecgroup/{ecgroupId}/vm/{id}"} {
		rows[key] = row{"1/s 400/h", "200"}
	}
	for _, o := range servertest.Start(t, server.Config{}).API().Operations() {
		if o.Native || o.Root {
			continue
		}
		want, ok := rows[o.Method+" "+o.Path]
		if !ok {
			t.Errorf("%s %s is in no row of operations.tsv", o.Method, o.Path)
			continue
		}
		if got := (row{o.Limit.String(), fmt.Sprint(o.Status)}); got != want {
			t.Errorf("%s %s: %v, want %v", o.Method, o.Path, got, want)
		}
	}
}

// The two windows of an operation hold at once, per org and operation, and a
// refusal has the form that every client reads (behaviours.md section 13).
func TestRateLimits(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{RateLimits: true})
	super, editor := s.SignIn(t, servertest.Super), s.SignIn(t, servertest.Editor)
	create := func(a *servertest.Admin, n int) servertest.Answer {
		return a.Do(t, "POST", "/locationTemplate", fmt.Sprintf(`{"name":"t%d"}`, n))
	}
	if a := create(super, 0); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	a := create(editor, 1)
	if a.Status != 429 || a.Header.Get("Retry-After") != "1" || a.Body != `{"message":"Rate Limit (1/SECOND) exceeded","Retry-After":"1 seconds"}` {
		t.Errorf("second write in a second: %d %v %s", a.Status, a.Header, a.Body)
	}
	super.Must(t, "GET", "/locationTemplate", "") // another operation counts for itself
	s.Clock.Advance(time.Second)
	for n := 1; n < 400; n++ {
		if a := create(super, 0); a.Status != 409 && a.Status != 200 {
			t.Fatalf("write %d: %d %s", n, a.Status, a.Body)
		}
		s.Clock.Advance(time.Second)
	}
	a = create(super, 0)
	if a.Status != 429 || a.Header.Get("Retry-After") != "300" || !strings.Contains(a.Body, "(400/HOUR)") {
		t.Errorf("401st write in an hour: %d %v %s", a.Status, a.Header, a.Body)
	}
	s.Clock.Advance(time.Hour)
	s.SignIn(t, servertest.Super).Must(t, "POST", "/locationTemplate", `{"name":"later"}`)
	for range 20 { // signing in is never limited
		super.Must(t, "GET", "/auth", "")
	}
}

func TestCheckFindsBadTables(t *testing.T) {
	t.Parallel()
	good := servertest.Start(t, server.Config{}).API().Operations()
	if err := operation.Check(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*operation.Operation){
		"no handler":          func(o *operation.Operation) { o.Handle = nil },
		"no feature":          func(o *operation.Operation) { o.Feature = "" },
		"no summary":          func(o *operation.Operation) { o.Summary = "" },
		"no limit":            func(o *operation.Operation) { o.Limit.Short.N, o.Limit.Long.N = 0, 0 },
		"bad limit":           func(o *operation.Operation) { o.Limit = operation.Rate("often") },
		"same route":          func(o *operation.Operation) { o.Method, o.Path = good[1].Method, good[1].Path },
		"same id":             func(o *operation.Operation) { o.ID = good[1].ID },
		"a silent parameter":  func(o *operation.Operation) { o.Query = []operation.Param{{Name: "quiet"}} },
		"a stream of nothing": func(o *operation.Operation) { o.Method, o.Stream, o.In = "POST", true, nil },
		"no plane":            func(o *operation.Operation) { o.Native = true },
	} {
		table := slices.Clone(good)
		spoil(&table[0])
		if operation.Check(table) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if n := len(slices.Collect(maps.Keys(permissions))); n != len(good) {
		t.Errorf("%d operations, and %d in the table of permissions", len(good), n)
	}
}

// The table that documents and commands read is the one that is served, and
// whatever pages says that it answers an array.
func TestTableIsWhatIsServed(t *testing.T) {
	t.Parallel()
	set, err := kinds.All()
	if err != nil {
		t.Fatal(err)
	}
	served := servertest.Start(t, server.Config{}).API().Operations()
	table := api.Table(set)
	if len(table) != len(served) {
		t.Fatalf("%d operations in the table, %d served", len(table), len(served))
	}
	for i, o := range table {
		if o.ID != served[i].ID || o.Handle != nil || o.Area == "" {
			t.Errorf("%s in the table, %s served; area %q", o.ID, served[i].ID, o.Area)
		}
		pages := slices.ContainsFunc(o.Query, func(p operation.Param) bool { return p.Name == "pageSize" })
		if pages && (o.Out == nil || o.Out.Kind() != reflect.Slice) {
			t.Errorf("%s has pages and answers %v", o.ID, o.Out)
		}
	}
}

package conformance_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/spurline/spurline/conformance"
)

// life is how an object begins, and the member that is changed.
type life struct {
	in      map[string]any
	changed string
}

// lives are the objects that the SDKs' own integration tests take through
// their lives, by path.
func lives() map[string]life {
	return map[string]life{
		"/locationTemplate": {map[string]any{"name": "Life", "desc": "first", "editable": false, "template": map[string]any{
			"templatePrefix": "prefix", "aupEnabled": true, "aupTimeoutInDays": 30, "authRequired": true, "ipsControl": true, "ofwEnabled": true,
			"xffForwardEnabled": true, "enforceBandwidthControl": true, "upBandwidth": 10, "dnBandwidth": 10,
		}}, "desc"},
		"/provUrl":  {map[string]any{"name": "Life", "desc": "first", "provUrlType": "CLOUD", "provUrlData": map[string]any{"cloudProviderType": "AWS"}}, "desc"},
		"/location": {map[string]any{"name": "Life", "description": "first", "country": "UNITED_STATES", "tz": "UNITED_STATES_AMERICA_LOS_ANGELES"}, "description"},
		"/ipSourceGroups": {map[string]any{"name": "Life", "description": "first", "ipAddresses": []string{
			"192.168.100.0/24", "192.168.100.1-192.168.100.5",
		}}, "description"},
		"/ipDestinationGroups": {map[string]any{"name": "Life", "description": "first", "type": "DSTN_IP", "addresses": []string{"192.0.2.0-192.0.2.255"}}, "description"},
		"/ipGroups":            {map[string]any{"name": "Life", "description": "first", "ipAddresses": []string{"100.81.0.0/16"}}, "description"},
		"/networkServices": {map[string]any{
			"name": "Life", "description": "first", "type": "CUSTOM",
			"srcTcpPorts":  []any{map[string]any{"start": 5000}, map[string]any{"start": 5002, "end": 5005}},
			"destTcpPorts": []any{map[string]any{"start": 5000}, map[string]any{"start": 5003, "end": 5005}},
		}, "description"},
		"/gateways": {map[string]any{"name": "Life", "description": "first", "type": "ZIA", "failClosed": true, "primaryType": "AUTO", "secondaryType": "AUTO"}, "description"},
		"/dnsGateways": {map[string]any{
			"name": "Life", "dnsGatewayType": "EC_DNS_GW", "ecDnsGatewayOptionsPrimary": "LAN_PRI_DNS_AS_PRI",
			"ecDnsGatewayOptionsSecondary": "LAN_SEC_DNS_AS_SEC", "failureBehavior": "FAIL_RET_ERR",
		}, "name"},
		"/ecRules/ecRdr": {map[string]any{
			"name": "Life", "description": "first", "type": "EC_RDR", "order": 1, "rank": 7, "forwardMethod": "DIRECT", "state": "ENABLED",
		}, "description"},
		"/ecRules/ecDns": {map[string]any{"name": "Life", "description": "first", "order": 1, "rank": 7, "action": "ALLOW", "state": "ENABLED"}, "description"},
		"/accountGroups": {map[string]any{"name": "Life", "description": "first", "cloudType": "AWS"}, "description"},
		"/adminRoles":    {map[string]any{"name": "Life", "dashboardAccess": "", "roleType": "EDGE_CONNECTOR_ADMIN"}, "name"},
	}
}

// An object is made with an id of 0, read, sent back as it was read but for
// one member, found in its list by a name that is spelled in another case,
// and deleted; what has no id of an object's is an error.
func TestLivesOnEveryClient(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	for name, sdk := range map[string]conformance.SDK{
		"legacy": goLegacy(t, s, s.org(t)), "OneAPI": goOneAPI(t, s, s.org(t)),
	} {
		t.Run(name, func(t *testing.T) {
			for path, l := range lives() {
				live(t, sdk, path, l.in, l.changed)
			}
		})
	}
}

func live(t *testing.T, sdk conformance.SDK, path string, first map[string]any, changed string) {
	t.Helper()
	in := map[string]any{"id": 0}
	for member, value := range first {
		in[member] = value
	}
	var made struct {
		ID   int64
		Name string
	}
	var read, after map[string]any
	if err := sdk.Create(t.Context(), path, in, &made); err != nil || made.ID == 0 || made.Name != "Life" {
		t.Fatalf("%s: %v, %+v", path, err, made)
	}
	one := fmt.Sprintf("%s/%d", path, made.ID)
	must(t, sdk.Get(t.Context(), one, &read))
	read[changed] = "Changed"
	if err := sdk.Update(t.Context(), one, read, &made); err != nil {
		t.Fatalf("%s, sent back as it was read: %v", path, err)
	}
	must(t, sdk.Get(t.Context(), one, &after))
	for member, value := range read {
		if !strings.HasPrefix(member, "lastMod") && !conformance.Covers(after[member], value) {
			t.Errorf("%s: %s was %v and is %v", path, member, value, after[member])
		}
	}
	var all []item
	must(t, sdk.List(t.Context(), path, &all))
	found := false
	for _, other := range all {
		found = found || strings.EqualFold(other.Name, strings.ToUpper(fmt.Sprint(after["name"]))) && int64(other.ID) == made.ID
	}
	if !found {
		t.Errorf("%s: it is not in its list", path)
	}
	must(t, sdk.Delete(t.Context(), one))
	refused(t, sdk.Get(t.Context(), one, &after), http.StatusNotFound, "RESOURCE_NOT_FOUND")
	for what, err := range map[string]error{
		"a read": sdk.Get(t.Context(), path+"/0", &after), "a deletion": sdk.Delete(t.Context(), path+"/0"),
		"a replace": sdk.Update(t.Context(), path+"/0", map[string]any{"id": 0}, &after),
	} {
		if err == nil {
			t.Errorf("%s: %s of the id 0 succeeds", path, what)
		}
	}
}

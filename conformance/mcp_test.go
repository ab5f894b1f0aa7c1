package conformance_test

import (
	"fmt"
	"net/http"
	"testing"
)

// The MCP server's tools are calls of OneAPI's Python client: clients.md, "MCP
// server".
func TestMCPTools(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := pyOneAPI(t, s, s.org(t))
	for _, path := range []string{
		"/adminUsers", "/adminRoles", "/networkServices", "/networkServiceGroups", "/publicCloudInfo", "/publicCloudAccountDetails",
	} {
		all := []item{{Name: "nothing was read"}}
		must(t, c.List(t.Context(), path, &all))
		for _, one := range all {
			if one.ID == 0 {
				t.Errorf("%s has %+v", path, one)
			}
		}
	}
	must(t, c.Call(t.Context(), http.MethodGet, "/discoveryService/workloadDiscoverySettings", nil, &map[string]string{}))

	for path, in := range map[string]map[string]any{
		"/ipSourceGroups":      {"ipAddresses": []string{"10.0.0.1"}},
		"/ipDestinationGroups": {"type": "DSTN_IP", "addresses": []string{"192.0.2.1"}},
		"/ipGroups":            {"ipAddresses": []string{"100.90.0.0/16"}},
	} {
		in["name"] = "from a tool"
		var made, read, changed item
		must(t, c.Call(t.Context(), http.MethodPost, path, in, &made))
		one := fmt.Sprintf("%s/%d", path, made.ID)
		must(t, c.Call(t.Context(), http.MethodGet, one, nil, &read))
		same(t, read, made)
		in["name"] = "changed by a tool"
		must(t, c.Call(t.Context(), http.MethodPut, one, in, &changed))
		same(t, changed.Name, "changed by a tool")
		must(t, c.Call(t.Context(), http.MethodDelete, one, nil, nil))
		refused(t, c.Call(t.Context(), http.MethodGet, one, nil, nil), http.StatusNotFound, "RESOURCE_NOT_FOUND")
	}
	if called, err := c.Exit(t.Context()); !called || err != nil {
		t.Errorf("the end: called %t, %v", called, err)
	}
	same(t, c.Tokens, 1)
}

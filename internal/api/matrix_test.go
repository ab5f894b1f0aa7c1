package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// area is a part of the API with an operation that reads and one that writes
// in it. Writes are refused for what they say, if not for who says it, so that
// nothing changes on the way.
type area struct{ name, read, writeMethod, write string }

var areas = []area{
	{"admins", "/adminUsers", "POST", "/adminUsers"},
	{"one admin", "/adminUsers/1", "DELETE", "/adminUsers/1"},
	{"roles", "/adminRoles", "POST", "/adminRoles"},
	{"API clients", "/spurline/v1/clients", "POST", "/spurline/v1/clients"},
	{"API keys", "/apiKeys", "POST", "/apiKeys/1/regenerate"},
	{"location templates", "/locationTemplate", "POST", "/locationTemplate"},
	{"provisioning templates", "/provUrl", "DELETE", "/provUrl/1"},
	{"locations", "/location/lite", "POST", "/location"},
	{"groups", "/ecgroup", "DELETE", "/ecgroup/1"},
	{"connectors", "/ecgroup/1/vm/1", "DELETE", "/ecVm/uuid/none"},
	{"instances", "/ecInstance/lite", "DELETE", "/ecgroup/1/vm/1"},
	{"traffic rules", "/ecRules/ecRdr", "POST", "/ecRules/ecRdr"},
	{"gateways", "/gateways", "PUT", "/gateways/1"},
	{"source groups", "/ipSourceGroups/lite", "POST", "/ipSourceGroups"},
	{"network services", "/networkServices", "DELETE", "/networkServices/1"},
	{"account groups", "/accountGroups", "POST", "/accountGroups"},
	{"cloud accounts", "/publicCloudInfo", "DELETE", "/publicCloudInfo/1"},
	{"activation", "/ecAdminActivateStatus", "PUT", "/ecAdminActivateStatus/activate"},
	{"own password", "/ecAdminActivateStatus", "POST", "/passwordChange"},
}

// matrix says, for each feature, which areas it opens; whatever is not named
// it leaves closed. Nothing of this is read from the operation table.
var matrix = map[string][]string{
	"EDGE_CONNECTOR_ADMIN_MANAGEMENT":               {"admins", "one admin", "roles", "API clients"},
	"APIKEY_MANAGEMENT":                             {"API keys"},
	"EDGE_CONNECTOR_TEMPLATE":                       {"location templates", "provisioning templates"},
	"EDGE_CONNECTOR_LOCATION_MANAGEMENT":            {"locations"},
	"EDGE_CONNECTOR_CLOUD_PROVISIONING":             {"groups", "connectors", "instances"},
	"EDGE_CONNECTOR_FORWARDING":                     {"traffic rules", "gateways", "source groups", "network services"},
	"EDGE_CONNECTOR_PUBLIC_CLOUD_CONFIG_MANAGEMENT": {"account groups", "cloud accounts"},
	"EDGE_CONNECTOR_DASHBOARD":                      {},
	"EDGE_CONNECTOR_NSS_CONFIGURATION":              {},
	"REMOTE_ASSISTANCE_MANAGEMENT":                  {},
}

// always are the areas of every signed-in admin.
var always = []string{"activation", "own password"}

// levels of each feature with what they allow. Two features have only some.
var levels = []struct {
	level        string
	reads, write bool
}{{"NONE", false, false}, {"READ_ONLY", true, false}, {"READ_WRITE", true, true}}

// An admin reads and writes exactly what the level on a feature allows, and
// the session sees a change of the role at once.
func TestPermissionMatrix(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	held := role(t, super, "Changing", `"APIKEY_MANAGEMENT":"READ_ONLY"`)
	admin(t, super, "ann@example.net", first, held, "")
	ann := mustSignIn(t, s, "ann@example.net", first) // the sign-in needs the key's feature, the session does not
	has := func(list []string, name string) bool {
		for _, n := range list {
			if n == name {
				return true
			}
		}
		return false
	}
	for feature, opened := range matrix {
		for _, l := range levels {
			if feature == "EDGE_CONNECTOR_DASHBOARD" && l.write || feature == "EDGE_CONNECTOR_NSS_CONFIGURATION" && l.level == "READ_ONLY" {
				continue
			}
			super.Must(t, "PUT", fmt.Sprintf("/adminRoles/%d", held), fmt.Sprintf(`{"name":"Changing","featurePermissions":{%q:%q}}`, feature, l.level))
			for _, a := range areas {
				open := has(opened, a.name)
				reads, writes := open && l.reads || has(always, a.name), open && l.write || has(always, a.name)
				if got := ann.Do(t, "GET", a.read, "").Status; (got != http.StatusForbidden) != reads || got == http.StatusUnauthorized {
					t.Errorf("%s %s: reading %s answers %d", feature, l.level, a.name, got)
				}
				got := ann.Do(t, a.writeMethod, a.write, "")
				// What only super admins may do is refused with a code, and the
				// lack of a permission without one.
				allowed := got.Status != http.StatusForbidden || servertest.Decode[struct{ Code string }](t, got.Body).Code != ""
				if allowed != writes || got.Status == http.StatusUnauthorized {
					t.Errorf("%s %s: writing %s answers %d %s", feature, l.level, a.name, got.Status, got.Body)
				}
			}
		}
	}
}

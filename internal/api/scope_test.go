package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// site is a location with what hangs on it.
type site struct {
	location, group, vm int64
	uuid                string
}

// enrolled makes a site by enrolling a connector in a network of its own.
func enrolled(t *testing.T, s *servertest.Server, super *servertest.Admin, network string) site {
	t.Helper()
	made := servertest.Decode[struct {
		GroupID, VMID int64
		UUID          string
	}](t, s.Nobody().Must(t, "POST", "/spurline/v1/fleet/enrol", fmt.Sprintf(
		`{"key":%q,"template":"prov","name":"cc-%[2]s","cloud":"AWS","region":"us-west-2","zone":"us-west-2a","network":"vpc-%[2]s","nativeId":"i-%[2]s"}`,
		s.Credentials.EnrolmentKey, network)))
	group := servertest.Decode[struct{ Location object }](t, super.Must(t, "GET", fmt.Sprintf("/ecgroup/%d", made.GroupID), ""))
	return site{group.Location.ID, made.GroupID, made.VMID, made.UUID}
}

func twoSites(t *testing.T, db string) (s *servertest.Server, super *servertest.Admin, here, there site) {
	t.Helper()
	s = servertest.Start(t, server.Config{DB: db})
	super = s.SignIn(t, servertest.Super)
	super.Must(t, "POST", "/provUrl", `{"name":"prov","provUrlType":"CLOUD","provUrlData":{"cloudProviderType":"AWS"}}`)
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	return s, super, enrolled(t, s, super, "here"), enrolled(t, s, super, "there")
}

func scoped(location int64, more string) string {
	return fmt.Sprintf(`,"adminScopeType":"LOCATION","adminScopeScopeEntities":[{"id":%d}]%s`, location, more)
}

// An admin whose scope is a location sees it and what hangs on it, in every
// form, whatever others have just read; the rest does not exist for reads and
// is forbidden to writes.
func TestLocationScope(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s, super, here, there := twoSites(t, db)
		admin(t, super, "ann@example.net", first, role(t, super, "All", everything), scoped(here.location, ""))
		ann := mustSignIn(t, s, "ann@example.net", first)
		lists := []string{"/location", "/location/lite", "/ecgroup", "/ecgroup/lite", "/ecInstance/lite", "/spurline/v1/vms", "/location?search=vpc", "/ecgroup?page=1&pageSize=1"}
		for _, path := range lists {
			whole := super.Must(t, "GET", path, "")
			got := ann.Must(t, "GET", path, "")
			if strings.Contains(got, "there") || !strings.Contains(got, "here") && path != "/ecInstance/lite" {
				t.Errorf("%s in scope: %s", path, got)
			}
			if n, all := strings.Count(got, `"id"`), strings.Count(whole, `"id"`); n == 0 || n >= all && path != "/ecgroup?page=1&pageSize=1" {
				t.Errorf("%s: %d ids in scope, %d in all", path, n, all)
			}
		}
		for _, path := range []string{"/spurline/v1/audit", "/spurline/v1/audit/1", "/spurline/v1/audit/verify"} {
			if a := ann.Do(t, "GET", path, ""); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "SCOPE_LIMITED") {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
		if got := ann.Must(t, "GET", "/ecgroup?page=2&pageSize=1", ""); got != "[]" {
			t.Errorf("the page after the last in scope: %s", got)
		}
		for _, c := range []struct {
			method, path string
			here, there  int
		}{
			{"GET", "/location/LOC", 200, 404},
			{"GET", "/location/lite/LOC", 200, 404},
			{"GET", "/ecgroup/GROUP", 200, 404},
			{"GET", "/ecgroup/lite/GROUP", 200, 404},
			{"GET", "/ecgroup/GROUP/vm/VM", 200, 404},
			{"GET", "/ecVm/uuid/UUID", 200, 404},
			{"DELETE", "/ecVm/uuid/UUID", 200, 403},
			{"DELETE", "/ecgroup/GROUP", 204, 403},
		} {
			for at, want := range map[site]int{here: c.here, there: c.there} {
				path := strings.NewReplacer("LOC", fmt.Sprint(at.location), "GROUP", fmt.Sprint(at.group), "VM", fmt.Sprint(at.vm), "UUID", at.uuid).Replace(c.path)
				if a := ann.Do(t, c.method, path, ""); a.Status != want {
					t.Errorf("%s %s: %d %s, want %d", c.method, path, a.Status, a.Body, want)
				}
			}
		}
		super.Must(t, "GET", fmt.Sprintf("/ecgroup/%d", there.group), "")
	})
}

// A scope is given by admins who have at least as much, and changes what an
// open session sees.
func TestScopesOfAdmins(t *testing.T) {
	t.Parallel()
	s, super, here, there := twoSites(t, "")
	all := role(t, super, "All", everything)
	id := admin(t, super, "ann@example.net", first, all, scoped(here.location, ""))
	free := admin(t, super, "bob@example.net", first, all, "")
	ann := mustSignIn(t, s, "ann@example.net", first)
	for _, c := range []struct{ method, path, more string }{
		{"POST", "/adminUsers", ""},
		{"POST", "/adminUsers", scoped(there.location, "")},
		{"POST", "/adminUsers", scoped(here.location, `,"newLocationCreateAllowed":true`)},
		{"PUT", fmt.Sprintf("/adminUsers/%d", free), scoped(here.location, "")},
		{"PUT", fmt.Sprintf("/adminUsers/%d", id), ""},
	} {
		if a := ann.Do(t, c.method, c.path, adminBody("x@example.net", first, all, c.more)); a.Status != 403 || !strings.Contains(a.Body, "SCOPE_LIMITED") {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.more, a.Status, a.Body)
		}
	}
	if a := ann.Do(t, "DELETE", fmt.Sprintf("/adminUsers/%d", free), ""); a.Status != 403 {
		t.Errorf("deleting an admin with more: %d", a.Status)
	}
	admin(t, ann, "eve@example.net", first, all, scoped(here.location, ""))
	if a := super.Do(t, "DELETE", fmt.Sprintf("/location/%d", here.location), ""); a.Status != 409 || !strings.Contains(a.Body, "RESOURCE_IN_USE") {
		t.Errorf("deleting a location that is a scope: %d %s", a.Status, a.Body)
	}
	if got := ann.Do(t, "GET", fmt.Sprintf("/ecgroup/%d", there.group), "").Status; got != 404 {
		t.Errorf("before the scope moved: %d", got)
	}
	super.Must(t, "PUT", fmt.Sprintf("/adminUsers/%d", id), adminBody("ann@example.net", first, all, scoped(there.location, "")))
	if got := ann.Do(t, "GET", fmt.Sprintf("/ecgroup/%d", there.group), "").Status; got != 200 {
		t.Errorf("after the scope moved: %d", got)
	}
}

// Locations that an admin with a scope creates need the permission to, and
// are then in the scope.
func TestLocationsMadeInAScope(t *testing.T) {
	t.Parallel()
	s, super, here, _ := twoSites(t, "")
	all := role(t, super, "All", everything)
	id := admin(t, super, "ann@example.net", first, all, scoped(here.location, ""))
	ann := mustSignIn(t, s, "ann@example.net", first)
	const body = `{"name":"annex","country":"NONE","ipAddresses":["198.51.100.7"]}`
	if a := ann.Do(t, "POST", "/location", body); a.Status != http.StatusForbidden {
		t.Errorf("without the permission: %d %s", a.Status, a.Body)
	}
	super.Must(t, "PUT", fmt.Sprintf("/adminUsers/%d", id), adminBody("ann@example.net", first, all, scoped(here.location, `,"newLocationCreateAllowed":true`)))
	annex := servertest.Decode[object](t, ann.Must(t, "POST", "/location", body)).ID
	ann.Must(t, "GET", fmt.Sprintf("/location/%d", annex), "")
	if got := super.Must(t, "GET", fmt.Sprintf("/adminUsers/%d", id), ""); !strings.Contains(got, fmt.Sprintf(`{"id":%d,"name":"annex"}`, annex)) {
		t.Errorf("the scope: %s", got)
	}
	super.Must(t, "PUT", "/ecAdminActivateStatus/forcedActivate", "")
	ann.Must(t, "GET", fmt.Sprintf("/location/%d", annex), "")
}

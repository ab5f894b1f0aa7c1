package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

// Tolerances of other sections that strict mode switches off.

func TestFact3_02_AnActivationTakesAnyBody(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	a := s.org(t)
	c, d := goLegacy(t, s, a), goLegacy(t, strict, strict.account())
	for _, text := range []string{
		``, // scripts
		`{}`,
		`{"orgEditStatus":"","orgLastActivateStatus":"","adminActivateStatus":"","adminStatusMap":null}`, // Go
		`{"orgEditStatus":"org_edit_status","adminActivateStatus":"junk"}`,                               // Terraform's activator
		`not even JSON`,
	} {
		var status activation
		var in []byte
		if text != "" {
			in = []byte(text)
		}
		for _, path := range []string{"/ecAdminActivateStatus/activate", "/ecAdminActivateStatus/forcedActivate"} {
			answer, err := c.Do(t.Context(), http.MethodPut, path, in)
			must(t, err)
			must(t, json.Unmarshal([]byte(answer.Body), &status))
			if status.AdminActivateStatus == "" || status.AdminStatusMap == nil {
				t.Errorf("%s with %q: %s", path, text, answer.Body)
			}
			_, err = d.Do(t.Context(), http.MethodPut, path, in)
			if in == nil {
				must(t, err)
			} else {
				notTolerated(t, err, "body on an activation")
			}
		}
	}
	counted(t, s, a, "activate", "body on an activation")
}

func TestFact4_01_GoReplacesAnAdminWithoutItsPassword(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	for _, server := range []*server{s, strict} {
		a := server.org(t)
		c := goOneAPI(t, server, a)
		var roles []item
		must(t, c.Get(t.Context(), "/adminRoles", &roles))
		login := "ops@" + a.Vanity + ".example"
		var made, read map[string]any
		in := map[string]any{"loginName": login, "userName": "Ops", "email": login, "password": "Passw0rd!", "role": map[string]any{"id": roles[0].ID}}
		must(t, c.Create(t.Context(), "/adminUsers", in, &made))
		path := fmt.Sprintf("/adminUsers/%.0f", made["id"])
		must(t, c.Get(t.Context(), path, &read))
		if server == strict { // which would refuse more of what was read
			delete(in, "password")
			notTolerated(t, c.Update(t.Context(), path, in, &made), "replace without the password")
			continue
		}
		read["comments"] = "sent back as it was read"
		must(t, c.Update(t.Context(), path, read, &made))
		counted(t, server, a, "updateAdminUser", "replace without the password")
		a.Login, a.Password = login, "Passw0rd!"
		must(t, goLegacy(t, server, a).Login(t.Context())) // it is still the same
	}
}

func TestFact5_02_GoSendsAnEmptyLevel(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goOneAPI(t, s, s.org(t))
	var made struct{ DashboardAccess string }
	must(t, c.Create(t.Context(), "/adminRoles", map[string]any{"id": 0, "name": "empty", "dashboardAccess": ""}, &made))
	same(t, made.DashboardAccess, "NONE")
}

func TestFact5_07_ScriptsSendBackWhatTheyRead(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	a := s.org(t)
	p, q := signedIn(t, s, a), pyLegacy(t, strict, strict.account())
	q.Adopt(sessionFor(t, strict, strict.account()))
	for name, in := range map[string]map[string]any{
		"unknown member":   {"name": "a", "ipAddresses": []string{"10.0.0.1"}, "colour": "red"},
		"read-only member": {"name": "b", "ipAddresses": []string{"10.0.0.1"}, "creatorContext": "EC"},
	} {
		must(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", in, nil))
		counted(t, s, a, "createIpSourceGroup", name)
		notTolerated(t, q.Call(t.Context(), http.MethodPost, "/ipSourceGroups", in, nil), name)
	}
}

func TestFact6_08_GoRegeneratesByADoubledPath(t *testing.T) {
	t.Parallel()
	s, strict := world.sandbox.get(t), world.strict.get(t)
	a := s.org(t)
	c, d := goLegacy(t, s, a), goLegacy(t, strict, strict.account())
	var keys []struct {
		ID       int
		KeyValue string
	}
	must(t, c.Get(t.Context(), "/apiKeys?includePartnerKey=true", &keys)) // not one of the lists that it pages
	const doubled = "/apiKeys/%d/ztw/api/v1/regenerate?includePartnerKey=true"
	var key struct{ KeyValue string }
	must(t, c.Create(t.Context(), fmt.Sprintf(doubled, keys[0].ID), struct{}{}, &key))
	if key.KeyValue == keys[0].KeyValue || len(key.KeyValue) != 12 {
		t.Errorf("the key was %q and is %q", keys[0].KeyValue, key.KeyValue)
	}
	counted(t, s, withKey(a, key.KeyValue), "regenerateApiKeyByAlias", "doubled path")
	must(t, d.Get(t.Context(), "/apiKeys", &keys))
	notTolerated(t, d.Create(t.Context(), fmt.Sprintf(doubled, keys[0].ID), nil, &key), "doubled path")
}

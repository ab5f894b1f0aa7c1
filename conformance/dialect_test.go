package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"
)

// Section 11's second table: shapes on which clients disagree.

func TestDialect_discoveryService_workloadDiscoverySettings(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	const path = "/discoveryService/workloadDiscoverySettings"
	p := signedIn(t, s, s.account())
	var settings struct{ TrustedAccountID, TrustedRoleName string }
	must(t, p.Call(t.Context(), http.MethodGet, path, nil, &settings))
	if !regexp.MustCompile(`^\d{12}$`).MatchString(settings.TrustedAccountID) || settings.TrustedRoleName == "" {
		t.Errorf("%+v", settings)
	}
	c := goLegacy(t, s, s.account())
	c.Adopt(p.Session())
	fails(t, c.Get(t.Context(), path, &[]any{}), "cannot unmarshal object") // known, and preferred
}

func TestDialect_publicCloudInfo_generateExternalId(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	const path = "/publicCloudInfo/generateExternalId"
	in := map[string]any{"awsAccountId": "123456789012", "awsRoleName": "discovery"}
	p := signedIn(t, s, s.account())
	a, err := p.Do(t.Context(), http.MethodPost, path, in) // with an Accept header
	must(t, err)
	if json.Valid([]byte(a.Body)) || a.Body == "" {
		t.Errorf("Python gets %q, and keeps plain text verbatim", a.Body)
	}
	c := goLegacy(t, s, s.account())
	c.Adopt(p.Session())
	var details struct{ ExternalID string }
	must(t, c.Create(t.Context(), path, in, &details)) // and without
	if details.ExternalID == "" {
		t.Error("Go gets no externalId")
	}
	must(t, goOneAPI(t, s, s.account()).Create(t.Context(), path, in, &details))
	a, err = pyOneAPI(t, s, s.account()).Do(t.Context(), http.MethodPost, path, in)
	must(t, err)
	if json.Valid([]byte(a.Body)) || a.Body == "" {
		t.Errorf("OneAPI's Python client gets %q", a.Body)
	}
}

func TestDialect_publicCloudInfo_cloudFormationTemplate(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	const path = "/publicCloudInfo/cloudFormationTemplate?awsAccountId=123456789012"
	p := signedIn(t, s, s.account())
	var text string
	c := goLegacy(t, s, s.account())
	c.Adopt(p.Session())
	must(t, c.Get(t.Context(), path, &text)) // the legacy clients want a JSON string
	must(t, p.Call(t.Context(), http.MethodGet, path, nil, &text))
	if !regexp.MustCompile(`^https://\S+$`).MatchString(text) {
		t.Errorf("the template is at %q", text)
	}
	a, err := goOneAPI(t, s, s.account()).Do(t.Context(), http.MethodGet, path, nil) // OneAPI's want the text itself
	must(t, err)
	same(t, a.Body, text)
	a, err = pyOneAPI(t, s, s.account()).Do(t.Context(), http.MethodGet, path, nil)
	must(t, err)
	same(t, a.Body, text)
}

func TestDialect_publicCloudInfo_count(t *testing.T) { bareCount(t, "/publicCloudInfo/count") }

func TestDialect_accountGroups_count(t *testing.T) { bareCount(t, "/accountGroups/count") }

func bareCount(t *testing.T, path string) {
	t.Helper()
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	var n int
	must(t, c.Get(t.Context(), path, &n))
	must(t, goOneAPI(t, s, s.account()).Get(t.Context(), path, &n))
	list := []any{"something"}
	must(t, pyOneAPI(t, s, s.account()).List(t.Context(), path, &list)) // Python expects a list, and makes [] of it
	same(t, len(list), 0)
}

func TestDialect_ecgroup_id(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	var all []item
	var one struct {
		item
		ECVMs []struct {
			item
			OperationalStatus string
		}
	}
	must(t, c.List(t.Context(), "/ecgroup", &all))
	must(t, c.Get(t.Context(), fmt.Sprintf("/ecgroup/%d", all[0].ID), &one))
	if one.ID != all[0].ID || len(one.ECVMs) == 0 || one.ECVMs[0].OperationalStatus == "" {
		t.Errorf("%+v", one)
	}
	list := []any{"something"}
	must(t, pyOneAPI(t, s, s.account()).List(t.Context(), fmt.Sprintf("/ecgroup/%d", all[0].ID), &list)) // Python's slip
	same(t, len(list), 0)
}

func TestDialect_ecInstance_lite(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	var all []item
	must(t, signedIn(t, s, s.account()).Call(t.Context(), http.MethodGet, "/ecInstance/lite", nil, &all))
	if len(all) == 0 {
		t.Error("the demo org has no instances")
	}
}

func TestDialect_publicCloudInfo_id_changeState(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := signedIn(t, s, s.org(t))
	var regions []map[string]any
	must(t, p.Call(t.Context(), http.MethodGet, "/publicCloudInfo/supportedRegions", nil, &regions))
	var made, state struct {
		ID           int
		RegionStatus []struct{ Status bool }
	}
	must(t, p.Call(t.Context(), http.MethodPost, "/publicCloudInfo", map[string]any{
		"name": "aws", "cloudType": "AWS", "externalId": "ext-1", "supportedRegions": regions[:1],
		"accountDetails": map[string]any{"awsAccountId": "123456789012", "awsRoleName": "discovery", "externalId": "ext-1"},
	}, &made))
	path := fmt.Sprintf("/publicCloudInfo/%d/changeState", made.ID)
	for _, on := range []bool{false, true} {
		must(t, p.Call(t.Context(), http.MethodPut, fmt.Sprintf("%s?enable=%t", path, on), nil, &state))
		same(t, state.RegionStatus[0].Status, on)
		must(t, p.Call(t.Context(), http.MethodPut, path, map[string]any{"enable": !on}, &state))
		same(t, state.RegionStatus[0].Status, !on)
	}
	refused(t, p.Call(t.Context(), http.MethodPut, path, nil, nil), http.StatusBadRequest, "INVALID_INPUT_ARGUMENT")
}

func TestDialect_ecRules_count(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	for _, family := range []string{"ecRdr", "ecDns"} {
		var n struct{ Count *int }
		must(t, c.Get(t.Context(), "/ecRules/"+family+"/count", &n)) // fails on a bare number
		var rules []item
		must(t, c.List(t.Context(), "/ecRules/"+family, &rules))
		if n.Count == nil || *n.Count != len(rules) {
			t.Errorf("%s: %v rules are counted and %d listed", family, n.Count, len(rules))
		}
	}
}

func TestDialect_publicCloudAccountIdStatus(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := signedIn(t, s, s.org(t))
	want := map[string]bool{"accountIdEnabled": true, "subIdEnabled": false, "projectIdEnabled": true}
	var put, get map[string]bool
	must(t, p.Call(t.Context(), http.MethodPut, "/publicCloudAccountIdStatus", want, &put))
	must(t, p.Call(t.Context(), http.MethodGet, "/publicCloudAccountIdStatus", nil, &get))
	same(t, put, want)
	same(t, get, want)
}

package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// fill makes objects up to a documented limit, and wants the next refused.
func fill(t *testing.T, a *servertest.Admin, path string, most int, body func(i int) string) {
	t.Helper()
	for i := range most {
		a.Must(t, "POST", path, body(i))
	}
	answer := a.Do(t, "POST", path, body(most))
	if answer.Status != http.StatusForbidden || !strings.Contains(answer.Body, "LIMIT_EXCEEDED") || !strings.Contains(answer.Body, "Limit has exceeded.") {
		t.Errorf("POST %s beyond %d: %d %s", path, most, answer.Status, answer.Body)
	}
}

// 96 accounts in a group are taken, 97 are not (behaviours.md section 15).
func TestLimitOfAccountsInGroup(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	type object struct{ ID int64 }
	var refs []string
	for i := range 97 {
		made := super.Must(t, "POST", "/publicCloudInfo", fmt.Sprintf(`{"name":"a%d","externalId":"e","supportedRegions":[{"id":1178341}],"accountDetails":{"awsAccountId":"%012d","awsRoleName":"r","externalId":"e"}}`, i, i))
		refs = append(refs, fmt.Sprintf(`{"id":%d}`, servertest.Decode[object](t, made).ID))
	}
	super.Must(t, "POST", "/accountGroups", `{"name":"full","publicCloudAccounts":[`+strings.Join(refs[:96], ",")+`]}`)
	a := super.Do(t, "POST", "/accountGroups", `{"name":"over","publicCloudAccounts":[`+strings.Join(refs, ",")+`]}`)
	if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "LIMIT_EXCEEDED") {
		t.Errorf("97 accounts in a group: %d %s", a.Status, a.Body)
	}
}

// yard makes a group with a connector in it, and returns the path of the
// connector and of its group, and the group's id.
func yard(t *testing.T, a *servertest.Admin) (vmPath string, group int64) {
	t.Helper()
	type object struct{ ID int64 }
	prov := servertest.Decode[object](t, a.Must(t, "POST", "/provUrl", `{"name":"yard","provUrlData":{"cloudProviderType":"AWS"}}`)).ID
	place := servertest.Decode[object](t, a.Must(t, "POST", "/location", `{"name":"yard"}`)).ID
	group = servertest.Decode[object](t, a.Must(t, "POST", "/ecgroup", fmt.Sprintf(`{"name":"yard","location":{"id":%d},"provTemplate":{"id":%d}}`, place, prov))).ID
	vm := servertest.Decode[object](t, a.Must(t, "POST", "/ecVm", fmt.Sprintf(`{"ecGroup":{"id":%d},"metaConfig":{"nativeId":"i-1"}}`, group))).ID
	return fmt.Sprintf("/ecgroup/%d/vm/%d", group, vm), group
}

// What a connector may have, and a group.
func TestLimitsPerConnector(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	vm, group := yard(t, super)
	fill(t, super, vm+"/route", 32, func(i int) string { return fmt.Sprintf(`{"meta":{"route":"10.%d.0.0/16","gateway":"10.255.0.1"}}`, i) })
	lan := func(port string, vlan int) string {
		return fmt.Sprintf(`{"interfaceType":"INTF_TYPE_LAN","portId":%q,"vlanId":%d}`, port, vlan)
	}
	fill(t, super, vm+"/intf", 10, func(i int) string { return lan("GE1", i) })   // the main one and nine VLANs
	fill(t, super, vm+"/intf", 10, func(i int) string { return lan("GE2", i+1) }) // ten VLANs
	if a := super.Do(t, "POST", vm+"/intf", lan("GE2", 0)); a.Status != http.StatusForbidden {
		t.Errorf("a main interface beside ten VLANs: %d %s", a.Status, a.Body)
	}
	hosts := strings.Repeat(`{"host":"h","macAddress":"02:00:5e:10:00:01","fixedAddress":"10.0.0.9"},`, 33)
	a := super.Do(t, "POST", vm+"/intf", `{"interfaceType":"INTF_TYPE_LAN","portId":"GE3","dhcpEnabled":true,"dhcpServer":{"fixedHosts":[`+strings.TrimSuffix(hosts, ",")+`]}}`)
	if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "LIMIT_EXCEEDED") {
		t.Errorf("33 static leases: %d %s", a.Status, a.Body)
	}
	fill(t, super, "/ecVm", 15, func(i int) string { // beside the one
		return fmt.Sprintf(`{"ecGroup":{"id":%d},"metaConfig":{"nativeId":"i-x%d"}}`, group, i)
	})
}

// One client keeps the text of an external id and says what it accepts, the
// other decodes an object and does not (behaviours.md section 11).
func TestExternalIDByAccept(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	for _, accept := range []string{"", "application/json", "*/*"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL()+"/api/v1/publicCloudInfo/generateExternalId",
			strings.NewReader(`{"awsAccountId":"123456789012","awsRoleName":"r"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("JSessionID", super.Session)
		if accept != "" {
			req.Header.Set("Accept", accept)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var text [512]byte
		n, _ := resp.Body.Read(text[:]) // an answer of one write
		resp.Body.Close()
		kind, body := resp.Header.Get("Content-Type"), string(text[:n])
		if accept == "" && (kind != "application/json" || !strings.HasPrefix(body, `{"awsAccountId":"123456789012"`)) {
			t.Errorf("without Accept: %s %s", kind, body)
		}
		if accept != "" && (kind != "text/plain" || !strings.HasPrefix(body, "ext-") || strings.ContainsAny(body, "\"{\n")) {
			t.Errorf("Accept: %s: %s %s", accept, kind, body)
		}
	}
}

// A connector runs its interfaces and routes once they are activated.
func TestBundleHasInterfacesAndRoutes(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	vm, _ := yard(t, super)
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	enrolled := servertest.Decode[struct{ Token string }](t, s.Nobody().Must(t, "POST", "/spurline/v1/fleet/enrol",
		`{"key":"`+s.Credentials.EnrolmentKey+`","template":"yard","name":"cc","cloud":"AWS","region":"us-west-2","zone":"us-west-2a","network":"vpc-1","nativeId":"i-1"}`))
	connector := s.Connector(enrolled.Token)
	super.Must(t, "POST", vm+"/intf", `{"interfaceType":"INTF_TYPE_LAN","portId":"GE1"}`)
	super.Must(t, "POST", vm+"/route", `{"meta":{"route":"10.1.0.0/16","gateway":"10.255.0.1"}}`)
	if b := connector.Must(t, "GET", "/spurline/v1/fleet/bundle", ""); !strings.Contains(b, `"interfaces":[],"routes":[]`) {
		t.Errorf("before the activation: %s", b)
	}
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	if b := connector.Must(t, "GET", "/spurline/v1/fleet/bundle", ""); !strings.Contains(b, `"portId":"GE1"`) || !strings.Contains(b, `"route":"10.1.0.0/16"`) {
		t.Errorf("after the activation: %s", b)
	}
	super.Must(t, "DELETE", vm, "")
	if pending := super.Must(t, "GET", "/spurline/v1/pending", ""); !strings.Contains(pending, `"kind":"ecRoute"`) {
		t.Errorf("the route did not go with its connector: %s", pending)
	}
}

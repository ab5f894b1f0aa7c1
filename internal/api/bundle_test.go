package api_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// runs is what a test looks at of a bundle.
type runs struct {
	ForwardingRules, DNSRules, LogRules, Gateways, DNSGateways []titled
	IPSourceGroups, NetworkServices                            []titled
}

type titled struct{ Name string }

func names(list []titled) (out []string) {
	for _, n := range list {
		out = append(out, n.Name)
	}
	return out
}

// standing is a connector, and where it stands.
type standing struct {
	*servertest.Admin
	group, location int64
}

// bundle is what the connector would fetch now, and its ETag.
func (s standing) bundle(t *testing.T) (runs, string) {
	t.Helper()
	etag := servertest.Decode[struct{ Bundle string }](t, s.Must(t, "POST", "/spurline/v1/fleet/heartbeat", `{"state":"RUNNING"}`)).Bundle
	return servertest.Decode[runs](t, s.Must(t, "GET", "/spurline/v1/fleet/bundle", "")), etag
}

// policyWorld is an org with a connector in each of two zones and one in
// another network.
func policyWorld(t *testing.T) (super *servertest.Admin, west, twin, far standing) {
	t.Helper()
	s := servertest.Start(t, server.Config{})
	super = s.SignIn(t, servertest.Super)
	super.Must(t, "POST", "/provUrl", `{"name":"branch","provUrlData":{"cloudProviderType":"AWS"}}`)
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	enrol := func(network, zone string) standing {
		made := servertest.Decode[struct {
			Token   string
			GroupID int64
		}](t, s.Nobody().Must(t, "POST", "/spurline/v1/fleet/enrol", fmt.Sprintf(
			`{"key":%q,"template":"branch","name":"cc","nativeId":"i-%s%s","cloud":"AWS","region":"us-west-2","zone":%q,"network":%q}`,
			s.Credentials.EnrolmentKey, network, zone, zone, network)))
		group := servertest.Decode[struct{ Location object }](t, super.Must(t, "GET", fmt.Sprintf("/ecgroup/%d", made.GroupID), ""))
		return standing{s.Connector(made.Token), made.GroupID, group.Location.ID}
	}
	return super, enrol("vpc-1", "us-west-2a"), enrol("vpc-1", "us-west-2b"), enrol("vpc-2", "us-west-2a")
}

// A bundle has the enabled rules that concern its connector, in their order,
// and what those name; from an activation on, and not before.
func TestBundleHasRules(t *testing.T) {
	t.Parallel()
	super, west, twin, far := policyWorld(t)
	make := func(path, body string) int64 {
		return servertest.Decode[object](t, super.Must(t, "POST", path, body)).ID
	}
	below := make("/location", fmt.Sprintf(`{"name":"lab","parentId":%d,"ipAddresses":["10.9.0.0/24"]}`, west.location))
	gateway := make("/gateways", `{"name":"zia-west","primaryType":"AUTO","secondaryType":"AUTO","type":"ZIA"}`)
	service := make("/networkServices", `{"name":"payroll-port","destTcpPorts":[{"start":8443}]}`)
	services := make("/networkServiceGroups", fmt.Sprintf(`{"name":"ports","services":[{"id":%d}]}`, service))
	hosts := make("/ipSourceGroups", `{"name":"payroll-hosts","ipAddresses":["10.20.0.0/16"]}`)
	rule := func(name, more string) {
		make("/ecRules/ecRdr", fmt.Sprintf(`{"name":%q,"order":99,"forwardMethod":"DIRECT"%s}`, name, more))
	}
	rule("everywhere", "")
	rule("at-west", fmt.Sprintf(`,"locations":[{"id":%d}],"nwServiceGroups":[{"id":%d}]`, west.location, services))
	rule("in-lab", fmt.Sprintf(`,"locations":[{"id":%d}]`, below))
	rule("by-twin", fmt.Sprintf(`,"ecGroups":[{"id":%d}],"srcIpGroups":[{"id":%d}]`, twin.group, hosts))
	rule("far-twin", fmt.Sprintf(`,"ecGroups":[{"id":%d}],"locations":[{"id":%d}]`, twin.group, far.location))
	rule("workloads", `,"locationGroups":[{"id":70012}]`)
	rule("off", `,"state":"DISABLED"`)
	make("/ecRules/ecRdr", fmt.Sprintf(`{"name":"first","order":1,"forwardMethod":"ZIA","proxyGateway":{"id":%d},"locations":[{"id":%d}]}`, gateway, far.location))
	dns := make("/dnsGateways", `{"name":"resolvers","primaryIp":"9.9.9.9","secondaryIp":"149.112.112.112"}`)
	make("/ecRules/ecDns", fmt.Sprintf(`{"name":"zones","order":1,"action":"REDIR_REQ","dnsGateway":{"id":%d}}`, dns))

	before, old := west.bundle(t)
	if slices.Contains(names(before.ForwardingRules), "everywhere") {
		t.Error("a rule is in a bundle before its activation")
	}
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	born := []string{"ZPA Pool For Stray Traffic", "ZPA Forwarding Rule", "Default Forwarding Rule"}
	for _, c := range []struct {
		name                             string
		at                               standing
		rules, gateways, services, hosts []string
	}{
		{"west", west, []string{"everywhere", "at-west", "in-lab", "workloads"}, nil, []string{"payroll-port"}, nil},
		{"twin", twin, []string{"everywhere", "at-west", "in-lab", "by-twin", "workloads"}, nil, []string{"payroll-port"}, []string{"payroll-hosts"}},
		{"far", far, []string{"first", "everywhere", "workloads"}, []string{"zia-west"}, nil, nil},
	} {
		got, etag := c.at.bundle(t)
		if etag == old {
			t.Errorf("%s: the ETag stays", c.name)
		}
		for what, d := range map[string]string{
			"rules":    cmp.Diff(append(c.rules, born...), names(got.ForwardingRules)),
			"gateways": cmp.Diff(append([]string{"Default ZIA Gateway", "Default Log and Control Gateway"}, c.gateways...), names(got.Gateways)),
			"services": cmp.Diff(c.services, names(got.NetworkServices)),
			"hosts":    cmp.Diff(c.hosts, names(got.IPSourceGroups)),
			"DNS":      cmp.Diff([]string{"zones", "Default Connector DNS Rule"}, names(got.DNSRules)),
			"DNS gw":   cmp.Diff([]string{"resolvers"}, names(got.DNSGateways)),
			"log":      cmp.Diff([]string{"Default Log and Control Rule"}, names(got.LogRules)),
		} {
			if d != "" {
				t.Errorf("%s, %s (-want +got):\n%s", c.name, what, d)
			}
		}
	}
}

// An import is in force at once, in the bundles too; an edit is not.
func TestBundleFollowsImports(t *testing.T) {
	t.Parallel()
	super, west, _, _ := policyWorld(t)
	super.Must(t, "POST", "/spurline/v1/zpa/segments", `[{"zpaId":7,"name":"wiki"}]`)
	segment := servertest.Decode[[]object](t, super.Must(t, "GET", "/zpaResources/applicationSegments", ""))[0].ID
	made := servertest.Decode[object](t, super.Must(t, "POST", "/ecRules/ecRdr", fmt.Sprintf(`{"name":"apps","order":1,"forwardMethod":"ECZPA","zpaApplicationSegments":[{"id":%d}]}`, segment)))
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	_, first := west.bundle(t)
	super.Must(t, "PUT", fmt.Sprintf("/ecRules/ecRdr/%d", made.ID), fmt.Sprintf(`{"name":"apps","order":1,"forwardMethod":"ECZPA","description":"x","zpaApplicationSegments":[{"id":%d}]}`, segment))
	if _, etag := west.bundle(t); etag != first {
		t.Error("an edit changes the bundle before its activation")
	}
	super.Must(t, "POST", "/spurline/v1/zpa/segments", `[{"zpaId":7,"name":"handbook"}]`)
	if _, etag := west.bundle(t); etag == first {
		t.Error("an import does not change the bundle")
	}
}

package conformance_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/spurline/spurline/conformance"
)

// ref names what another resource of the plan has become.
func ref(r *conformance.Resource) []any { return []any{map[string]any{"id": r.ID}} }

func one(r *conformance.Resource) map[string]any { return map[string]any{"id": r.ID} }

// plan creates what a configuration declares, in the order of dependencies,
// and returns the rules.
func plan(t *testing.T, tf *conformance.Terraform, withURL bool) (rules []*conformance.Resource) {
	t.Helper()
	apply := func(address, path string, config map[string]any) *conformance.Resource {
		t.Helper()
		r := &conformance.Resource{Address: address, Path: path, Config: config, Rule: path == "/ecRules/ecRdr"}
		must(t, tf.Apply(t.Context(), r))
		return r
	}
	template := apply("ztc_location_template.this", "/locationTemplate", map[string]any{
		"name": "tf-template", "desc": "made by a plan", "template": map[string]any{
			"templatePrefix": "TF", "xffForwardEnabled": true, "ofwEnabled": true, "enforceBandwidthControl": true, "upBandwidth": 10000, "dnBandwidth": 10000,
		},
	})
	if withURL {
		apply("ztc_provisioning_url.this", "/provUrl", map[string]any{
			"name": "tf-url", "desc": "made by a plan", "provUrlType": "CLOUD", "provUrlData": map[string]any{
				"locationTemplate": one(template), "cloudProviderType": "AWS", "formFactor": "SMALL", "releaseChannel": "STABLE",
			},
		})
	}
	sources := apply("ztc_ip_source_groups.this", "/ipSourceGroups", map[string]any{
		"name": "tf-sources", "description": "made by a plan", "ipAddresses": []string{"192.168.1.0/24", "10.1.1.1", "10.2.0.1-10.2.0.9"},
	})
	destinations := apply("ztc_ip_destination_groups.this", "/ipDestinationGroups", map[string]any{
		"name": "tf-destinations", "type": "DSTN_FQDN", "addresses": []string{"a.example.com", "b.example.com"},
	})
	pool := apply("ztc_ip_pool_groups.this", "/ipGroups", map[string]any{"name": "tf-pool", "ipAddresses": []string{"100.80.0.0/16"}})
	service := apply("ztc_network_services.this", "/networkServices", map[string]any{
		"name": "tf-service", "type": "CUSTOM", "destTcpPorts": []any{map[string]any{"start": 8443}, map[string]any{"start": 9000, "end": 9010}},
	})
	services := apply("ztc_network_service_groups.this", "/networkServiceGroups", map[string]any{"name": "tf-services", "services": ref(service)})
	gateway := apply("ztc_forwarding_gateway.zia", "/gateways", map[string]any{
		"name": "tf-zia", "type": "ZIA", "failClosed": true, "primaryType": "AUTO", "secondaryType": "AUTO",
	})
	control := apply("ztc_forwarding_gateway.self", "/gateways", map[string]any{
		"name": "tf-self", "type": "ECSELF", "failClosed": true, "primaryType": "AUTO", "secondaryType": "AUTO",
	})
	resolvers := apply("ztc_dns_gateway.this", "/dnsGateways", map[string]any{
		"name": "tf-dns", "dnsGatewayType": "EC_DNS_GW", "failureBehavior": "FAIL_RET_ERR",
		"ecDnsGatewayOptionsPrimary": "LAN_PRI_DNS_AS_PRI", "ecDnsGatewayOptionsSecondary": "LAN_SEC_DNS_AS_SEC",
	})
	rule := func(name string, config map[string]any) {
		for member, value := range map[string]any{"name": name, "type": "EC_RDR", "state": "ENABLED"} {
			config[member] = value
		}
		rules = append(rules, apply("ztc_traffic_forwarding_rule."+name, "/ecRules/ecRdr", config))
	}
	rule("tf-direct", map[string]any{"forwardMethod": "DIRECT", "srcIpGroups": ref(sources), "nwServices": ref(service)})
	rule("tf-zia", map[string]any{"forwardMethod": "ZIA", "destIpGroups": ref(destinations), "proxyGateway": map[string]any{"id": gateway.ID, "name": "tf-zia"}, "nwServiceGroups": ref(services)})
	rule("tf-drop", map[string]any{"forwardMethod": "DROP", "srcIps": []string{"10.9.0.0/16"}, "destAddresses": []string{"*.example.org"}})
	apply("ztc_traffic_forwarding_dns_rule.redirect", "/ecRules/ecDns", map[string]any{
		"name": "tf-redirect", "action": "REDIR_REQ", "state": "ENABLED", "order": 1, "dnsGateway": map[string]any{"id": resolvers.ID, "name": "tf-dns"},
	})
	apply("ztc_traffic_forwarding_dns_rule.pool", "/ecRules/ecDns", map[string]any{
		"name": "tf-resolve", "action": "REDIR_ZPA", "state": "ENABLED", "order": 2, "zpaIpGroup": map[string]any{"id": pool.ID, "name": "tf-pool"},
	})
	apply("ztc_traffic_forwarding_log_rule.this", "/ecRules/self", map[string]any{
		"name": "tf-log", "forwardMethod": "ECSELF", "state": "ENABLED", "order": 1, "proxyGateway": map[string]any{"id": control.ID, "name": "tf-self"},
	})
	apply("ztc_account_groups.this", "/accountGroups", map[string]any{"name": "tf-accounts", "cloudType": "AWS"})
	return rules
}

// terraform is the life of a configuration: created with its dependencies and
// read back, planned again without a change, changed, put in order, destroyed.
func terraform(t *testing.T, sdk conformance.SDK, withURL bool) {
	t.Helper()
	clock := &conformance.Clock{}
	tf := &conformance.Terraform{SDK: sdk}
	rules := plan(t, tf, withURL)
	unchanged := func(when string) {
		t.Helper()
		for _, r := range tf.State {
			changes, err := tf.Plan(t.Context(), r)
			must(t, err)
			for _, change := range changes {
				t.Errorf("%s, a second plan would change %s", when, change)
			}
		}
	}
	unchanged("created")

	for _, r := range tf.State {
		config := map[string]any{}
		for name, value := range r.Config {
			config[name] = value
		}
		switch r.Path {
		case "/locationTemplate", "/provUrl":
			config["desc"] = "changed by a plan"
		case "/dnsGateways":
			config["failureBehavior"] = "FAIL_ALLOW_IGNORE_DNAT"
		default:
			config["description"] = "changed by a plan"
		}
		must(t, tf.Change(t.Context(), r, config))
	}
	unchanged("changed")

	const path = "/ecRules/ecRdr"
	want := []int64{rules[2].ID, rules[0].ID, rules[1].ID}
	must(t, tf.Reorder(t.Context(), path, want, clock))
	must(t, tf.Reorder(t.Context(), path, want, clock)) // another round finds nothing to do
	var all []struct {
		ID    int64
		Order int
	}
	must(t, sdk.List(t.Context(), path, &all))
	got := map[int]int64{}
	for _, rule := range all {
		if rule.Order > 0 {
			got[rule.Order] = rule.ID
		}
	}
	same(t, got, map[int]int64{1: want[0], 2: want[1], 3: want[2]})
	before := all
	all = nil
	must(t, sdk.List(t.Context(), path, &all))
	same(t, all, before) // in the same order
	for _, r := range rules {
		must(t, tf.Refresh(t.Context(), r))
	}

	// An object that others name stays, and Terraform is told so.
	source := tf.State[1]
	if withURL {
		source = tf.State[2]
	}
	refused(t, sdk.Delete(t.Context(), fmt.Sprintf("%s/%d", source.Path, source.ID)), http.StatusConflict, "RESOURCE_IN_USE")

	must(t, tf.Destroy(t.Context()))
	var status activation
	must(t, sdk.Get(t.Context(), "/ecAdminActivateStatus", &status))
	same(t, status.OrgLastActivateStatus, "CAC_ACTV_UNKNOWN") // all of it without one activation
	must(t, sdk.Update(t.Context(), "/ecAdminActivateStatus/activate", map[string]any{
		"orgEditStatus": "", "orgLastActivateStatus": "", "adminActivateStatus": "", "adminStatusMap": nil,
	}, &status))
	must(t, sdk.Get(t.Context(), "/ecAdminActivateStatus", &status))
	same(t, status.OrgEditStatus, "EDITS_CLEARED")
}

// On the legacy client the provider itself crashes on provisioning URLs
// (clients.md), so that its plan has none.
func TestTerraformOnTheLegacyClient(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	terraform(t, goLegacy(t, s, s.org(t)), false)
}

func TestTerraformOnOneAPI(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	terraform(t, goOneAPI(t, s, s.org(t)), true)
}

// A plan that names something which somebody else has deleted.
func TestTerraformReadsA404AsGone(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.org(t))
	tf := &conformance.Terraform{SDK: c}
	r := &conformance.Resource{Address: "ztc_ip_source_groups.this", Path: "/ipSourceGroups", Config: map[string]any{"name": "gone", "ipAddresses": []string{"10.0.0.1"}}}
	must(t, tf.Apply(t.Context(), r))
	must(t, c.Delete(t.Context(), fmt.Sprintf("/ipSourceGroups/%d", r.ID)))
	_, err := tf.Plan(t.Context(), r)
	fails(t, err, "gone from the state")

	// A rule that is missing in its list is an error instead.
	rule := &conformance.Resource{Address: "ztc_traffic_forwarding_rule.this", Path: "/ecRules/ecRdr", Rule: true, Config: map[string]any{
		"name": "gone", "type": "EC_RDR", "state": "ENABLED", "forwardMethod": "DIRECT",
	}}
	must(t, tf.Apply(t.Context(), rule))
	must(t, c.Delete(t.Context(), fmt.Sprintf("/ecRules/ecRdr/%d", rule.ID)))
	_, err = tf.Plan(t.Context(), rule)
	fails(t, err, "missing in its list")
}

// Shown by a server that is not stable: a list in another order than before,
// or a member that nobody planned, is a change in every plan.
func TestTerraformSeesEveryDifference(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	c := goLegacy(t, s, a)
	tf := &conformance.Terraform{SDK: c}
	r := &conformance.Resource{Address: "ztc_ip_source_groups.this", Path: "/ipSourceGroups", Config: map[string]any{"name": "seen", "ipAddresses": []string{"10.0.0.1", "10.0.0.2"}}}
	must(t, tf.Apply(t.Context(), r))
	for name, change := range map[string]func(string) string{
		"order":       func(text string) string { return swap(text, "10.0.0.1", "10.0.0.2") },
		"more":        func(text string) string { return text[:len(text)-1] + `,"comments":"unset is not absent"}` },
		"less":        func(text string) string { return swap(text, `"creatorContext"`, `"creator"`) },
		"description": func(text string) string { return text[:len(text)-1] + `,"description":" "}` },
	} {
		d := goLegacy(t, s, a, func(r *http.Request, resp *http.Response) {
			if r.Method == http.MethodGet {
				body(resp, change)
			}
		})
		d.Adopt(c.Session())
		tf.SDK = d
		changes, err := tf.Plan(t.Context(), r)
		must(t, err)
		if len(changes) == 0 {
			t.Errorf("%s: a plan sees no change", name)
		}
	}
}

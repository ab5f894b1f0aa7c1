package kinds

import (
	"slices"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// DNSRule says what becomes of matching DNS queries. Source:
// resources/dns-rule.md, order of its example and then of its table.
type DNSRule struct {
	Action                string     `json:"action" required:"true" enum:"ALLOW BLOCK REDIR_ZPA REDIR_REQ"`
	AccessControl         string     `json:"accessControl" readonly:"true" live:"access" view:"post:hide put:hide"`
	ID                    wire.Int   `json:"id" readonly:"true" sort:"id creationTime"`
	Name                  string     `json:"name" required:"true" sort:"name"`
	Type                  string     `json:"type"`
	Order                 wire.Int   `json:"order" required:"true" live:"order rank"`
	Rank                  wire.Int   `json:"rank" min:"0" max:"7"`
	Locations             []wire.Ref `json:"locations,omitempty" ref:"location" view:"post:id"`
	LocationGroups        []wire.Ref `json:"locationGroups,omitempty" view:"post:id"`
	ECGroups              []wire.Ref `json:"ecGroups,omitempty" ref:"ecGroup" view:"post:id"`
	Departments           []wire.Ref `json:"departments,omitempty"`
	Groups                []wire.Ref `json:"groups,omitempty"`
	Users                 []wire.Ref `json:"users,omitempty"`
	Description           string     `json:"description,omitempty" max:"10240"`
	State                 string     `json:"state" enum:"ENABLED DISABLED"`
	SrcIPs                []string   `json:"srcIps,omitempty"`
	SrcIPGroups           []wire.Ref `json:"srcIpGroups,omitempty" ref:"ipSourceGroup" view:"post:id"`
	SrcIPv6Groups         []wire.Ref `json:"srcIpv6Groups,omitempty"`
	SourceIPGroupExcluded wire.Bool  `json:"sourceIpGroupExclusion,omitempty"`
	SourceCountries       []string   `json:"sourceCountries,omitempty"`
	DestAddresses         []string   `json:"destAddresses,omitempty"`
	DestIPGroups          []wire.Ref `json:"destIpGroups,omitempty" ref:"ipDestinationGroup" view:"post:id"`
	DestIPv6Groups        []wire.Ref `json:"destIpv6Groups,omitempty"`
	DestIPCategories      []string   `json:"destIpCategories,omitempty"`
	ResCategories         []string   `json:"resCategories,omitempty"`
	DestCountries         []string   `json:"destCountries,omitempty"`
	DNSGateway            *wire.Ref  `json:"dnsGateway,omitempty" ref:"dnsGateway" view:"post:id"`
	ZPAIPGroup            *wire.Ref  `json:"zpaIpGroup,omitempty" ref:"ipGroup" view:"post:id"`
	RedirectIP            string     `json:"redirectIp,omitempty"`
	BlockResponseCode     string     `json:"blockResponseCode,omitempty" enum:"ANY NONE FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE"`
	Devices               []wire.Ref `json:"devices,omitempty"`
	DeviceGroups          []wire.Ref `json:"deviceGroups,omitempty"`
	Labels                []wire.Ref `json:"labels,omitempty"`
	TimeWindows           []wire.Ref `json:"timeWindows,omitempty"`
	LastModifiedTime      wire.Time  `json:"lastModifiedTime" stamp:"time" lock:"true" sort:"modifiedTime" view:"post:hide"`
	LastModifiedBy        *wire.Ref  `json:"lastModifiedBy,omitempty" stamp:"by" lock:"true" view:"post:hide"`
	Predefined            wire.Bool  `json:"predefined,omitempty" readonly:"true"`
	DefaultRule           wire.Bool  `json:"defaultRule" readonly:"true"`
	TemplateSynced        string     `json:"templateSyncedRuleFlag,omitempty" readonly:"true"`
}

const dnsType = "EC_DNS"

// The predefined DNS rules.
const (
	DefaultDNSRule  = "Default Connector DNS Rule"
	RedirectDNSRule = "Redirect Resolution of Zscaler Domains to WAN CTR"
)

func dnsRule() (*resource.Spec, error) {
	return resource.Define(resource.Kind[DNSRule]{
		Name: DNSRuleKind, Title: "DNS rule", Path: "/ecRules/ecDns",
		Ops:  policyOps,
		Area: resource.PolicyManagement, Feature: access.Forwarding,
		Limits:  resource.Limits{Read: lightRead, Write: usualWrite, Max: maxRules},
		Audit:   resource.Audit{Category: "Traffic Forwarding Resource", Sub: "DNS"},
		Unique:  resource.UniqueName,
		Filters: ruleFilters((*DNSRule).base, func(r *DNSRule) string { return r.Description }),
		Builtin: func(f resource.Facts) []DNSRule {
			return []DNSRule{
				{
					Name: DefaultDNSRule, Action: "ALLOW", Order: defaultOrder, Rank: defaultRank, DefaultRule: true, Predefined: true,
					LastModifiedTime: wire.At(f.Now),
				},
				{
					Name: RedirectDNSRule, Action: "REDIR_REQ", Order: -2, Rank: defaultRank, State: "DISABLED", Predefined: true,
					DestAddresses: []string{f.Cloud}, LastModifiedTime: wire.At(f.Now),
				},
			}
		},
		Defaults: func(f resource.Facts, r *DNSRule) {
			if old, ok := f.Old.(*DNSRule); ok && f.Predefined {
				keepPredefined(old, r, old.Name)
			}
			r.base().fill(dnsType)
			r.DNSGateway, r.ZPAIPGroup = orNone(r.DNSGateway), orNone(r.ZPAIPGroup)
		},
		Validate: checkDNSRule,
	})
}

// Concerns reports whether a connector at a site runs the rule.
func (r *DNSRule) Concerns(s Site) bool { return r.base().concerns(s) }

func (r *DNSRule) base() ruleBase {
	return ruleBase{&r.Name, &r.Type, &r.Order, &r.Rank, &r.State, &r.Locations, &r.LocationGroups, &r.ECGroups, r.AccessControl}
}

func checkDNSRule(f resource.Facts, r *DNSRule) error {
	if old, ok := f.Old.(*DNSRule); ok && f.Predefined {
		if err := checkPredefined("DNS rule", old, r, old.Name, old.AccessControl); err != nil {
			return err
		}
	}
	if err := r.base().check(f, dnsType); err != nil {
		return err
	}
	for _, c := range []struct {
		member, action string
		set, must      bool
	}{
		// What the predefined redirection redirects to is the platform's.
		{"dnsGateway", "REDIR_REQ", r.DNSGateway != nil, r.Name != RedirectDNSRule},
		{"zpaIpGroup", "REDIR_ZPA", r.ZPAIPGroup != nil, false},
	} {
		switch {
		case c.set && r.Action != c.action:
			return wire.Invalid(c.member, "goes with action %s only", c.action)
		case !c.set && c.must && r.Action == c.action:
			return wire.Invalid(c.member, "must be set with action %s", c.action)
		}
	}
	if len(r.DestIPGroups) > 0 && r.Action == "REDIR_ZPA" {
		return wire.Invalid("destIpGroups", "do not go with action REDIR_ZPA")
	}
	if r.RedirectIP != "" && !isIPv4(r.RedirectIP) {
		return wire.Invalid("redirectIp", "must be an IPv4 address")
	}
	if err := checkAddresses("srcIps", r.SrcIPs); err != nil {
		return err
	}
	if err := checkEach("destAddresses", r.DestAddresses, "is not a host name or a domain", isDomain); err != nil {
		return err
	}
	return checkRuleCountries("destCountries", slices.Concat(r.DestCountries, r.SourceCountries))
}

// isDomain accepts a host name, and *.example.com.
func isDomain(s string) bool { return isDestination(s) && !isAddress(s) }

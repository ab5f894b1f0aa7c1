package kinds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// ForwardingRule says how matching traffic leaves a connector. Source:
// resources/forwarding-rule.md, order of its table; the place of the last four
// members is not known.
//
// References to what this API has no operations for (users, devices, labels …)
// are kept as they are sent.
type ForwardingRule struct {
	AccessControl         string       `json:"accessControl" readonly:"true" live:"access" view:"post:hide put:hide"`
	ID                    wire.Int     `json:"id" readonly:"true" sort:"id creationTime"`
	Name                  string       `json:"name" required:"true" sort:"name"`
	Type                  string       `json:"type"`
	Order                 wire.Int     `json:"order" required:"true" live:"order rank"`
	Rank                  wire.Int     `json:"rank" min:"0" max:"7"`
	Locations             []wire.Ref   `json:"locations,omitempty" ref:"location" view:"post:id"`
	LocationGroups        []wire.Ref   `json:"locationGroups,omitempty" view:"post:id"`
	ECGroups              []wire.Ref   `json:"ecGroups,omitempty" ref:"ecGroup" view:"post:id"`
	Departments           []wire.Ref   `json:"departments,omitempty"`
	Groups                []wire.Ref   `json:"groups,omitempty"`
	Users                 []wire.Ref   `json:"users,omitempty"`
	ForwardMethod         string       `json:"forwardMethod" required:"true" enum:"DIRECT ZIA ECZPA DROP LOCAL_SWITCH"`
	State                 string       `json:"state" enum:"ENABLED DISABLED"`
	Description           string       `json:"description,omitempty" max:"10240"`
	LastModifiedTime      wire.Time    `json:"lastModifiedTime" stamp:"time" lock:"true" sort:"modifiedTime" view:"post:hide"`
	LastModifiedBy        *wire.Ref    `json:"lastModifiedBy,omitempty" stamp:"by" lock:"true" view:"post:hide"`
	SrcIPs                []string     `json:"srcIps,omitempty"`
	SrcIPGroups           []wire.Ref   `json:"srcIpGroups,omitempty" ref:"ipSourceGroup" view:"post:id"`
	SrcIPv6Groups         []wire.Ref   `json:"srcIpv6Groups,omitempty"`
	DestAddresses         []string     `json:"destAddresses,omitempty"`
	DestIPCategories      []string     `json:"destIpCategories"`
	ResCategories         []string     `json:"resCategories"`
	DestCountries         []string     `json:"destCountries"`
	DestIPGroups          []wire.Ref   `json:"destIpGroups,omitempty" ref:"ipDestinationGroup" view:"post:id"`
	DestIPv6Groups        []wire.Ref   `json:"destIpv6Groups,omitempty"`
	NWServices            []wire.Ref   `json:"nwServices,omitempty" ref:"networkService" view:"post:id"`
	NWServiceGroups       []wire.Ref   `json:"nwServiceGroups,omitempty" ref:"networkServiceGroup" view:"post:id"`
	AppServiceGroups      []wire.Ref   `json:"appServiceGroups,omitempty" view:"post:id"`
	ProxyGateway          *wire.Ref    `json:"proxyGateway,omitempty" ref:"gateway" view:"post:id"`
	ZPAAppSegments        []AppSegment `json:"zpaAppSegments,omitempty"`
	ZPAGateway            *wire.Ref    `json:"zpaGateway,omitempty" readonly:"true"`
	ZPABrokerRule         wire.Bool    `json:"zpaBrokerRule,omitempty" readonly:"true"`
	Devices               []wire.Ref   `json:"devices,omitempty"`
	DeviceGroups          []wire.Ref   `json:"deviceGroups,omitempty"`
	Labels                []wire.Ref   `json:"labels,omitempty"`
	TimeWindows           []wire.Ref   `json:"timeWindows,omitempty"`
	NWApplications        []string     `json:"nwApplications,omitempty"`
	NWApplicationGroups   []wire.Ref   `json:"nwApplicationGroups,omitempty"`
	SourceCountries       []string     `json:"sourceCountries,omitempty"`
	SourceIPGroupExcluded wire.Bool    `json:"sourceIpGroupExclusion,omitempty"`
	BlockResponseCode     string       `json:"blockResponseCode,omitempty" enum:"ANY NONE FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE"`
	WANSelection          string       `json:"wanSelection,omitempty" enum:"SMRULEF_ZPA_BROKERS_RULE SMRULEF_APPC_DYNAMIC_SRC_IPGROUP SMRULEF_EXCL_SRC_IP BALANCED_RULE BESTLINK_RULE"`
	DefaultRule           wire.Bool    `json:"defaultRule" readonly:"true"`
	TemplateSynced        string       `json:"templateSyncedRuleFlag,omitempty" readonly:"true"`
	SrcWorkloadGroups     []wire.Ref   `json:"srcWorkloadGroups,omitempty" ref:"workloadGroup" view:"post:id"`
	DestWorkloadGroups    []wire.Ref   `json:"destWorkloadGroups,omitempty" ref:"workloadGroup" view:"post:id"`
	ZPASegments           []wire.Ref   `json:"zpaApplicationSegments,omitempty" ref:"zpaApplicationSegment,embed" view:"post:id"`
	ZPASegmentGroups      []wire.Ref   `json:"zpaApplicationSegmentGroups,omitempty" ref:"zpaApplicationSegmentGroup,embed" view:"post:id"`
}

// AppSegment is a segment as the sibling product has it.
type AppSegment struct {
	ID          wire.Int   `json:"id"`
	Name        string     `json:"name,omitempty"`
	ExternalID  externalID `json:"externalId,omitempty"`
	ZPATenantID wire.Int   `json:"zpaTenantId,omitempty" readonly:"true"`
}

// externalID is text; a request may also write it as a number.
//
// quirk: common.md, the contract says number and the recording "2".
type externalID string

// UnmarshalJSON accepts "2" and 2.
func (e *externalID) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, (*string)(e))
	}
	var n json.Number
	if json.Unmarshal(data, &n) != nil {
		return errors.New("must be a string or a number")
	}
	*e = externalID(n)
	return nil
}

const forwardingType = "EC_RDR"

// The predefined forwarding rules. No source gives the name of the default
// one; this is ours.
const (
	DefaultForwardingRule = "Default Forwarding Rule"
	ZPAForwardingRule     = "ZPA Forwarding Rule"
	ZPAStrayRule          = "ZPA Pool For Stray Traffic"
	DirectCloudRule       = "Direct rule for Zscaler Cloud Endpoints"
	DirectWANRule         = "Direct rule for WAN Destinations Group"
	DirectLANRule         = "Direct rule for LAN Destinations Group"
)

func forwardingRule() (*resource.Spec, error) {
	base := (*ForwardingRule).base
	method := resource.Filter[ForwardingRule]{Param: "ruleForwardMethod", Says: "A part of the forward method, in any case.", Match: func(r *ForwardingRule, v resource.Value) bool { return matches(v.Text, r.ForwardMethod) }}
	return resource.Define(resource.Kind[ForwardingRule]{
		Name: ForwardingRuleKind, Title: "forwarding rule", Path: "/ecRules/ecRdr",
		Ops:  policyOps,
		Area: resource.PolicyManagement, Feature: access.Forwarding,
		Limits:  resource.Limits{Read: fastRead, Write: usualWrite, Page: 50, Max: maxRules},
		Audit:   resource.Audit{Category: "Traffic Forwarding Resource", Sub: "Firewall Forwarding"},
		Unique:  resource.UniqueName,
		Filters: append(ruleFilters(base, func(r *ForwardingRule) string { return r.Description }), method),
		Builtin: predefinedForwardingRules,
		Defaults: func(f resource.Facts, r *ForwardingRule) {
			if old, ok := f.Old.(*ForwardingRule); ok && f.Predefined {
				keepPredefined(old, r, old.Name)
			}
			r.base().fill(forwardingType)
			r.ProxyGateway = orNone(r.ProxyGateway)
			r.DestIPCategories, r.ResCategories, r.DestCountries = orEmpty(r.DestIPCategories), orEmpty(r.ResCategories), orEmpty(r.DestCountries)
			for i, g := range r.AppServiceGroups {
				if at := int(g.ID) - 1; at >= 0 && at < len(appServiceGroups) {
					r.AppServiceGroups[i] = wire.Ref{ID: g.ID, Name: appServiceGroups[at]}
				}
			}
		},
		Validate: checkForwardingRule,
	})
}

// Concerns reports whether a connector at a site runs the rule.
func (r *ForwardingRule) Concerns(s Site) bool { return r.base().concerns(s) }

func (r *ForwardingRule) base() ruleBase {
	return ruleBase{&r.Name, &r.Type, &r.Order, &r.Rank, &r.State, &r.Locations, &r.LocationGroups, &r.ECGroups, r.AccessControl}
}

func predefinedForwardingRules(f resource.Facts) []ForwardingRule {
	rule := func(name string, order wire.Int, method, state string) ForwardingRule {
		return ForwardingRule{Name: name, Order: order, Rank: defaultRank, ForwardMethod: method, State: state, LastModifiedTime: wire.At(f.Now)}
	}
	zia := rule(DefaultForwardingRule, defaultOrder, "ZIA", "ENABLED")
	zia.DefaultRule, zia.ProxyGateway = true, builtinGateway(f, DefaultZIAGateway)
	stray := rule(ZPAStrayRule, -3, "DROP", "ENABLED")
	stray.AccessControl = viewOnly
	cloud := rule(DirectCloudRule, -4, "DIRECT", "DISABLED")
	cloud.AppServiceGroups = []wire.Ref{{ID: cloudEndpoints}}
	return []ForwardingRule{
		zia, rule(ZPAForwardingRule, -2, "ECZPA", "ENABLED"), stray, cloud,
		rule(DirectWANRule, -5, "DIRECT", "DISABLED"), rule(DirectLANRule, -6, "DIRECT", "DISABLED"),
	}
}

// The app service groups, by id from 1. The first two ids are recorded, the
// others ours; those after cloudEndpoints are for LOCAL_SWITCH only.
var appServiceGroups = [...]string{
	"OFFICE365", "ZOOM", "WEBEX", "RINGCENTRAL", "LOGMEIN", "ZSCALER_CLOUD_ENDPOINTS", "BLUEJEANS", "AWS", "AZURE", "GCP", "TALK_DESK",
}

const cloudEndpoints = 6

// criterion is a member of a rule that not every method goes with.
type criterion struct {
	member  string
	set     bool
	methods []string
}

// criteria is the table of methods and members of forwarding-rule.md.
func (r *ForwardingRule) criteria() []criterion {
	notZPA := []string{"DIRECT", "ZIA", "DROP", "LOCAL_SWITCH"}
	return []criterion{
		{"nwServices", len(r.NWServices) > 0, notZPA},
		{"nwServiceGroups", len(r.NWServiceGroups) > 0, notZPA},
		{"appServiceGroups", len(r.AppServiceGroups) > 0, notZPA},
		{"destAddresses", len(r.DestAddresses) > 0, notZPA},
		{"destIpGroups", len(r.DestIPGroups) > 0, notZPA},
		{"destCountries", len(r.DestCountries) > 0, notZPA},
		{"destIpCategories", len(r.DestIPCategories) > 0, notZPA},
		{"resCategories", len(r.ResCategories) > 0, notZPA},
		{"proxyGateway", r.ProxyGateway != nil, []string{"DIRECT", "ZIA"}},
		{"zpaApplicationSegments", len(r.ZPASegments) > 0, []string{"ECZPA", "DROP"}},
		{"zpaApplicationSegmentGroups", len(r.ZPASegmentGroups) > 0, []string{"ECZPA", "DROP"}},
		{"destWorkloadGroups", len(r.DestWorkloadGroups) > 0, []string{"LOCAL_SWITCH"}},
		{"wanSelection", r.WANSelection != "", []string{"DIRECT", "ZIA", "ECZPA"}},
	}
}

func checkForwardingRule(f resource.Facts, r *ForwardingRule) error {
	if old, ok := f.Old.(*ForwardingRule); ok && f.Predefined {
		if err := checkPredefined("forwarding rule", old, r, old.Name, old.AccessControl); err != nil {
			return err
		}
		if r.State == "ENABLED" && slices.Contains([]string{DirectCloudRule, DirectWANRule, DirectLANRule}, r.Name) && len(r.Locations)+len(r.ECGroups) == 0 {
			return wire.Invalid("locations", "or ecGroups must be set to enable the rule %q", r.Name)
		}
	}
	if err := r.base().check(f, forwardingType); err != nil {
		return err
	}
	for _, c := range r.criteria() {
		if c.set && !slices.Contains(c.methods, r.ForwardMethod) {
			return wire.Invalid(c.member, "does not go with forwardMethod %s", r.ForwardMethod)
		}
	}
	if r.ForwardMethod == "LOCAL_SWITCH" && len(r.Locations)+len(r.ECGroups) == 0 {
		return wire.Invalid("locations", "or ecGroups must be set with forwardMethod LOCAL_SWITCH")
	}
	for i, g := range r.AppServiceGroups {
		field := fmt.Sprintf("appServiceGroups[%d]", i)
		if g.ID < 1 || int(g.ID) > len(appServiceGroups) {
			return wire.Invalid(field, "names the app service group %d, which does not exist", g.ID)
		}
		if g.ID > cloudEndpoints && r.ForwardMethod != "LOCAL_SWITCH" {
			return wire.Invalid(field, "%s goes with forwardMethod LOCAL_SWITCH only", g.Name)
		}
	}
	if err := atMost(maxRuleServices, "nwServices", len(r.NWServices)); err != nil {
		return err
	}
	return r.checkAddresses(f)
}

func (r *ForwardingRule) checkAddresses(f resource.Facts) error {
	if err := checkAddresses("srcIps", r.SrcIPs); err != nil {
		return err
	}
	if err := checkEach("destAddresses", r.DestAddresses, "is not an address, a CIDR, a range, a host name or *.example.com", isDestination); err != nil {
		return err
	}
	if err := checkRuleCountries("destCountries", r.DestCountries); err != nil {
		return err
	}
	if err := checkRuleCountries("sourceCountries", r.SourceCountries); err != nil {
		return err
	}
	for i, ref := range r.DestIPGroups {
		found, err := f.Lookup.ByID(IPDestinationGroupKind, int64(ref.ID))
		if err != nil {
			return err
		}
		if g, ok := found.(*IPDestinationGroup); ok && g.Type != "DSTN_IP" && g.Type != "DSTN_FQDN" {
			return wire.Invalid(fmt.Sprintf("destIpGroups[%d]", i), "names a group of the type %s; rules take DSTN_IP and DSTN_FQDN", g.Type)
		}
	}
	if err := r.checkDomains(f); err != nil {
		return err
	}
	return gatewayOf(f, r.ProxyGateway, "ZIA")
}

// maxDomains is how many host names all rules of an org may have together.
// forwarding-rule.md, the vendor's pages disagree; this is the larger number.
const maxDomains = 16_000

func (r *ForwardingRule) domains() (n int) {
	for _, s := range r.DestAddresses {
		if !isAddress(s) {
			n++
		}
	}
	return n
}

func (r *ForwardingRule) checkDomains(f resource.Facts) error {
	n := r.domains()
	if n == 0 {
		return nil
	}
	if old, ok := f.Old.(*ForwardingRule); ok && n <= old.domains() {
		return nil
	}
	rules, err := f.Lookup.Children(ForwardingRuleKind, 0)
	if err != nil {
		return err
	}
	for _, other := range rules {
		if other := other.(*ForwardingRule); other.ID != r.ID {
			n += other.domains()
		}
	}
	if n > maxDomains {
		return wire.Forbidden(wire.CodeLimitExceeded, "Maximum %d domains are allowed in forwarding rules. Limit has exceeded.", maxDomains)
	}
	return nil
}

package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// LogRule chooses the gateway for the connectors' own traffic. Source:
// resources/log-rule.md, order of its example. The contract lists all members
// of forwarding rules for it; only these mean anything.
type LogRule struct {
	AccessControl    string     `json:"accessControl" readonly:"true" live:"access" view:"post:hide put:hide"`
	ID               wire.Int   `json:"id" readonly:"true" sort:"id creationTime"`
	Name             string     `json:"name" required:"true" sort:"name"`
	Type             string     `json:"type"`
	Order            wire.Int   `json:"order" required:"true" live:"order rank"`
	Rank             wire.Int   `json:"rank" min:"0" max:"7"`
	Locations        []wire.Ref `json:"locations,omitempty" ref:"location" view:"post:id"`
	ECGroups         []wire.Ref `json:"ecGroups,omitempty" ref:"ecGroup" view:"post:id"`
	ForwardMethod    string     `json:"forwardMethod" enum:"ECSELF"`
	State            string     `json:"state" enum:"ENABLED DISABLED"`
	Description      string     `json:"description,omitempty" max:"10240"`
	LastModifiedTime wire.Time  `json:"lastModifiedTime" stamp:"time" lock:"true" sort:"modifiedTime" view:"post:hide"`
	LastModifiedBy   *wire.Ref  `json:"lastModifiedBy,omitempty" stamp:"by" lock:"true" view:"post:hide"`
	ProxyGateway     *wire.Ref  `json:"proxyGateway" required:"true" ref:"gateway" view:"post:id"`
	DefaultRule      wire.Bool  `json:"defaultRule" readonly:"true"`
}

const logType = "EC_SELF"

// DefaultLogRule is the predefined rule. No source gives its name; this is
// ours.
const DefaultLogRule = "Default Log and Control Rule"

func logRule() (*resource.Spec, error) {
	return resource.Define(resource.Kind[LogRule]{
		Name: LogRuleKind, Title: "log and control rule", Path: "/ecRules/self",
		Ops:  policyOps,
		Area: resource.PolicyManagement, Feature: access.Forwarding,
		Limits:  resource.Limits{Read: lightRead, Write: usualWrite, Max: maxRules},
		Audit:   resource.Audit{Category: "Traffic Forwarding Resource", Sub: "Firewall Forwarding"},
		Unique:  resource.UniqueName,
		Filters: ruleFilters((*LogRule).base, func(r *LogRule) string { return r.Description }),
		Builtin: func(f resource.Facts) []LogRule {
			return []LogRule{{
				Name: DefaultLogRule, Order: defaultOrder, Rank: defaultRank, DefaultRule: true,
				ProxyGateway: builtinGateway(f, DefaultLogGateway), LastModifiedTime: wire.At(f.Now),
			}}
		},
		Defaults: func(f resource.Facts, r *LogRule) {
			if old, ok := f.Old.(*LogRule); ok && f.Predefined {
				keepPredefined(old, r, old.Name)
			}
			r.base().fill(logType)
			r.ForwardMethod, r.ProxyGateway = or(r.ForwardMethod, "ECSELF"), orNone(r.ProxyGateway)
		},
		Validate: func(f resource.Facts, r *LogRule) error {
			if old, ok := f.Old.(*LogRule); ok && f.Predefined {
				if err := checkPredefined("log and control rule", old, r, old.Name, old.AccessControl); err != nil {
					return err
				}
			}
			if err := r.base().check(f, logType); err != nil {
				return err
			}
			return gatewayOf(f, r.ProxyGateway, "ECSELF")
		},
	})
}

// Concerns reports whether a connector at a site runs the rule.
func (r *LogRule) Concerns(s Site) bool { return r.base().concerns(s) }

func (r *LogRule) base() ruleBase {
	return ruleBase{&r.Name, &r.Type, &r.Order, &r.Rank, &r.State, &r.Locations, nil, &r.ECGroups, r.AccessControl}
}

package kinds

import (
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// The product that an object was created in; objects of this one say EC.
const (
	createdHere    = "EC"
	createdSibling = "ZIA"
)

// IPSourceGroup is a named list of source addresses. Source:
// resources/ip-source-group.md.
type IPSourceGroup struct {
	ID             wire.Int  `json:"id" readonly:"true"`
	Name           string    `json:"name" required:"true" max:"255"`
	IPAddresses    []string  `json:"ipAddresses" required:"true"`
	Description    string    `json:"description,omitempty" max:"10240"`
	CreatorContext string    `json:"creatorContext" readonly:"true" view:"post:hide"`
	IsNonEditable  wire.Bool `json:"isNonEditable" readonly:"true" view:"post:hide"`
}

func ipSourceGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[IPSourceGroup]{
		Name: IPSourceGroupKind, Title: "IP source group", Path: "/ipSourceGroups",
		Ops:  policyOps | resource.Lite,
		Area: resource.PolicyResources, Feature: access.Forwarding,
		Limits: resource.Limits{Read: fastRead, Write: usualWrite, Max: 4000},
		Audit:  resource.Audit{Category: "Firewall Resource", Sub: "Source IP Group"},
		Unique: resource.UniqueName,
		Filters: []resource.Filter[IPSourceGroup]{{Param: "search", Says: "A part of the name or of an address, in any case.", Match: func(g *IPSourceGroup, v resource.Value) bool {
			return matches(v.Text, append([]string{g.Name}, g.IPAddresses...)...)
		}}},
		Defaults: func(_ resource.Facts, g *IPSourceGroup) { g.CreatorContext = createdHere },
		Validate: func(_ resource.Facts, g *IPSourceGroup) error { return checkAddresses("ipAddresses", g.IPAddresses) },
	})
}

// policyOps are the operations that the resources of policies share.
const policyOps = resource.List | resource.Get | resource.Create | resource.Update | resource.Delete

// matches reports whether one of the texts contains what is searched for, in
// any case.
func matches(wanted string, texts ...string) bool {
	wanted = strings.ToLower(wanted)
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), wanted) {
			return true
		}
	}
	return false
}

// IPGroup is a pool of synthetic addresses. Source: resources/ip-group.md.
type IPGroup struct {
	ID             wire.Int  `json:"id" readonly:"true"`
	Name           string    `json:"name" required:"true" max:"255"`
	IPAddresses    []string  `json:"ipAddresses" required:"true"`
	Description    string    `json:"description,omitempty" max:"10240"`
	CreatorContext string    `json:"creatorContext" readonly:"true" view:"post:hide"`
	IsNonEditable  wire.Bool `json:"isNonEditable" readonly:"true" view:"post:hide"`
	ExtranetIPPool wire.Bool `json:"extranetIpPool" readonly:"true" view:"post:hide"`
	IsPredefined   wire.Bool `json:"isPredefined" readonly:"true" view:"post:hide"`
}

// DefaultIPPool is the pool that every org is born with. No source gives its
// name and range; these are ours.
const DefaultIPPool = "Default IP Pool"

func ipGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[IPGroup]{
		Name: IPGroupKind, Title: "IP pool", Path: "/ipGroups",
		Ops:  policyOps | resource.Lite,
		Area: resource.PolicyResources, Feature: access.Forwarding,
		Limits: resource.Limits{Read: fastRead, Write: usualWrite},
		Audit:  resource.Audit{Category: "Firewall Resource", Sub: "Source IP Group"},
		Unique: resource.UniqueName,
		Filters: []resource.Filter[IPGroup]{{Param: "search", Says: "A part of the name or of an address, in any case.", Match: func(g *IPGroup, v resource.Value) bool {
			return matches(v.Text, append([]string{g.Name}, g.IPAddresses...)...)
		}}},
		Builtin: func(resource.Facts) []IPGroup {
			return []IPGroup{{Name: DefaultIPPool, IPAddresses: []string{"100.64.0.0/16"}, IsNonEditable: true, IsPredefined: true}}
		},
		Defaults: func(_ resource.Facts, g *IPGroup) { g.CreatorContext = createdHere },
		Validate: func(f resource.Facts, g *IPGroup) error {
			if f.Predefined {
				return notEditable("IP pool", g.Name)
			}
			return checkAddresses("ipAddresses", g.IPAddresses)
		},
	})
}

// notEditable refuses a change of an object that came with the org.
func notEditable(title, name string) error {
	return wire.Forbidden(wire.CodeInvalidOperation, "The %s %q came with the org and cannot be changed.", title, name)
}

// IPDestinationGroup is a named list of destinations. Source:
// resources/ip-destination-group.md, order of its example.
type IPDestinationGroup struct {
	ID             wire.Int  `json:"id" readonly:"true"`
	Name           string    `json:"name" required:"true" max:"255"`
	Type           string    `json:"type" required:"true" enum:"DSTN_IP DSTN_FQDN DSTN_DOMAIN DSTN_OTHER" view:"lite:show"`
	Addresses      []string  `json:"addresses"`
	Description    string    `json:"description,omitempty" max:"10240"`
	CreatorContext string    `json:"creatorContext" readonly:"true" view:"post:hide"`
	IPCategories   []string  `json:"ipCategories"`
	Countries      []string  `json:"countries"`
	IsNonEditable  wire.Bool `json:"isNonEditable,omitempty" readonly:"true"`
	URLCategories  []string  `json:"urlCategories" readonly:"true" view:"post:hide put:hide"`
	IPAddresses    []string  `json:"ipAddresses" readonly:"true" view:"post:hide put:hide"`
}

func ipDestinationGroup() (*resource.Spec, error) {
	destinationTypes := []string{"DSTN_IP", "DSTN_FQDN", "DSTN_DOMAIN", "DSTN_OTHER"}
	return resource.Define(resource.Kind[IPDestinationGroup]{
		Name: IPDestinationGroupKind, Title: "IP destination group", Path: "/ipDestinationGroups",
		Ops:  policyOps | resource.Lite,
		Area: resource.PolicyResources, Feature: access.Forwarding,
		Limits: resource.Limits{Read: fastRead, Write: usualWrite, LitePage: 100, Max: 4000},
		Audit:  resource.Audit{Category: "Firewall Resource", Sub: "Destination Group"},
		Unique: resource.UniqueName,
		Filters: []resource.Filter[IPDestinationGroup]{
			{Param: "search", Says: "A part of the name, in any case.", Name: resource.NameContains},
			{Param: "excludeType", Says: "The type that is left out.", Enum: destinationTypes, Match: func(g *IPDestinationGroup, v resource.Value) bool { return g.Type != v.Text }},
			{Param: "type", Says: "The type.", Enum: destinationTypes, Repeated: true, Match: func(g *IPDestinationGroup, v resource.Value) bool { return v.Is(g.Type) }},
		},
		Defaults: func(f resource.Facts, g *IPDestinationGroup) {
			g.CreatorContext = createdHere
			appendToOld(f, g)
			for _, list := range []*[]string{&g.Addresses, &g.IPCategories, &g.Countries, &g.URLCategories} {
				if *list == nil {
					*list = []string{}
				}
			}
			g.IPAddresses = g.Addresses
		},
		Validate: checkDestinationGroup,
	})
}

// appendToOld does what override=false asks of a replace: what is sent is
// added to what is there.
func appendToOld(f resource.Facts, g *IPDestinationGroup) {
	old, ok := f.Old.(*IPDestinationGroup)
	if !ok || f.Query.Get("override") != "false" {
		return
	}
	g.Addresses = union(old.Addresses, g.Addresses)
	g.IPCategories = union(old.IPCategories, g.IPCategories)
	g.Countries = union(old.Countries, g.Countries)
}

func union(a, b []string) []string {
	seen, out := map[string]bool{}, []string{}
	for _, list := range [][]string{a, b} {
		for _, s := range list {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}

func checkDestinationGroup(f resource.Facts, g *IPDestinationGroup) error {
	if old, ok := f.Old.(*IPDestinationGroup); ok && old.Type != g.Type {
		return wire.Invalid("type", "cannot be changed; it is %s", old.Type)
	}
	if g.Type == "DSTN_OTHER" {
		if len(g.Addresses) > 0 {
			return wire.Invalid("addresses", "do not fit the type DSTN_OTHER")
		}
		if len(g.IPCategories) == 0 && len(g.Countries) == 0 {
			return wire.Invalid("ipCategories", "or countries must be set for the type DSTN_OTHER")
		}
		return checkCountries("countries", g.Countries)
	}
	if len(g.Addresses) == 0 {
		return wire.Invalid("addresses", "cannot be null")
	}
	check := map[string]func(string, []string) error{
		"DSTN_IP": checkAddresses, "DSTN_FQDN": checkNames, "DSTN_DOMAIN": checkDomains,
	}[g.Type]
	return check("addresses", g.Addresses)
}

// checkCountries holds codes of the form COUNTRY_XX.
func checkCountries(field string, list []string) error {
	return checkEach(field, list, "is not a country such as COUNTRY_CA", func(s string) bool {
		code, ok := strings.CutPrefix(s, "COUNTRY_")
		return ok && len(code) == 2 && strings.ToUpper(code) == code && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	})
}

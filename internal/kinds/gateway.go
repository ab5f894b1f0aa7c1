package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// Gateway is a pair of proxies that rules send traffic to. Source:
// resources/gateway.md, order of its example.
type Gateway struct {
	ID                wire.Int  `json:"id" readonly:"true"`
	Name              string    `json:"name" required:"true" max:"255"`
	Description       string    `json:"description,omitempty" max:"10240"`
	FailClosed        wire.Bool `json:"failClosed"`
	ManualPrimary     string    `json:"manualPrimary,omitempty" max:"255"`
	ManualSecondary   string    `json:"manualSecondary,omitempty" max:"255"`
	SubcloudPrimary   *wire.Ref `json:"subcloudPrimary,omitempty"`
	SubcloudSecondary *wire.Ref `json:"subcloudSecondary,omitempty"`
	PrimaryType       string    `json:"primaryType" required:"true" enum:"NONE AUTO MANUAL_OVERRIDE SUBCLOUD VZEN PZEN DC"`
	SecondaryType     string    `json:"secondaryType" required:"true" enum:"NONE AUTO MANUAL_OVERRIDE SUBCLOUD VZEN PZEN DC"`
	Type              string    `json:"type" required:"true" enum:"ZIA ECSELF PROXYCHAIN" view:"lite:show"`
	LastModifiedBy    *wire.Ref `json:"lastModifiedBy,omitempty" stamp:"by" view:"post:hide"`
	LastModifiedTime  wire.Time `json:"lastModifiedTime" stamp:"time" view:"post:hide"`
}

// The gateways that every org is born with. No source gives their names; these
// are ours.
const (
	DefaultZIAGateway = "Default ZIA Gateway"
	DefaultLogGateway = "Default Log and Control Gateway"
)

func gateway() (*resource.Spec, error) {
	return resource.Define(resource.Kind[Gateway]{
		Name: GatewayKind, Title: "gateway", Path: "/gateways",
		Ops:  policyOps | resource.Lite,
		Area: resource.ForwardingGateways, Feature: access.Forwarding,
		// Max: 1,000 ZIA and 1,000 log-and-control gateways (behaviours.md section 15).
		Limits: resource.Limits{Read: fastRead, Write: usualWrite, Max: 1000, Per: "type"},
		Audit:  resource.Audit{Category: "Traffic Forwarding Resource", Sub: "Gateways"},
		Unique: resource.UniqueName,
		Builtin: func(f resource.Facts) []Gateway {
			return []Gateway{
				{Name: DefaultZIAGateway, FailClosed: true, PrimaryType: "AUTO", SecondaryType: "AUTO", Type: "ZIA", LastModifiedTime: wire.At(f.Now)},
				{Name: DefaultLogGateway, PrimaryType: "AUTO", SecondaryType: "AUTO", Type: "ECSELF", LastModifiedTime: wire.At(f.Now)},
			}
		},
		Validate: checkGateway,
	})
}

func checkGateway(f resource.Facts, g *Gateway) error {
	if old, ok := f.Old.(*Gateway); ok && old.Type != g.Type {
		return wire.Invalid("type", "cannot be changed; it is %s", old.Type)
	}
	for _, side := range []struct {
		kind, manual, field string
		cloud               *wire.Ref
		subcloud            string
	}{
		{g.PrimaryType, g.ManualPrimary, "manualPrimary", g.SubcloudPrimary, "subcloudPrimary"},
		{g.SecondaryType, g.ManualSecondary, "manualSecondary", g.SubcloudSecondary, "subcloudSecondary"},
	} {
		switch {
		case side.kind == "DC" && !isHostName(side.manual):
			return wire.Invalid(side.field, "must be the host name of a data centre when the type is DC")
		case side.kind == "MANUAL_OVERRIDE" && !isHostName(side.manual) && !isIPv4(side.manual):
			return wire.Invalid(side.field, "must be an IPv4 address or a domain when the type is MANUAL_OVERRIDE")
		case side.kind == "SUBCLOUD" && (side.cloud == nil || side.cloud.ID == 0):
			return wire.Invalid(side.subcloud, "must be set when the type is SUBCLOUD")
		}
	}
	return nil
}

// DNSGateway is a pair of resolvers that DNS rules redirect requests to.
// Source: resources/dns-gateway.md, order of its example.
type DNSGateway struct {
	ID               wire.Int  `json:"id" readonly:"true"`
	Name             string    `json:"name" required:"true" max:"255"`
	GatewayType      string    `json:"dnsGatewayType" enum:"EC_DNS_GW OFW_PDNS_REDIR_GW"`
	OptionsPrimary   string    `json:"ecDnsGatewayOptionsPrimary,omitempty" enum:"LAN_PRI_DNS_AS_PRI LAN_SEC_DNS_AS_PRI WAN_PRI_DNS_AS_PRI LAN_PRI_DNS_AS_SEC LAN_SEC_DNS_AS_SEC WAN_SEC_DNS_AS_SEC"`
	OptionsSecondary string    `json:"ecDnsGatewayOptionsSecondary,omitempty" enum:"LAN_PRI_DNS_AS_PRI LAN_SEC_DNS_AS_PRI WAN_PRI_DNS_AS_PRI LAN_PRI_DNS_AS_SEC LAN_SEC_DNS_AS_SEC WAN_SEC_DNS_AS_SEC"`
	FailureBehavior  string    `json:"failureBehavior" enum:"FAIL_RET_ERR FAIL_ALLOW_IGNORE_DNAT FAIL_FORWARD_TO_ZTR"`
	PrimaryIP        string    `json:"primaryIp,omitempty"`
	SecondaryIP      string    `json:"secondaryIp,omitempty"`
	LastModifiedTime wire.Time `json:"lastModifiedTime" stamp:"time" view:"post:hide"`
	LastModifiedBy   *wire.Ref `json:"lastModifiedBy,omitempty" stamp:"by" view:"post:hide"`
}

func dnsGateway() (*resource.Spec, error) {
	return resource.Define(resource.Kind[DNSGateway]{
		Name: DNSGatewayKind, Title: "DNS gateway", Path: "/dnsGateways",
		Ops:  policyOps | resource.Lite,
		Area: resource.ForwardingGateways, Feature: access.Forwarding,
		Limits: resource.Limits{Read: lightRead, Write: usualWrite, Max: 255},
		Audit:  resource.Audit{Category: "Traffic Forwarding Resource", Sub: "DNS"},
		Unique: resource.UniqueName,
		Defaults: func(_ resource.Facts, g *DNSGateway) {
			g.GatewayType, g.FailureBehavior = or(g.GatewayType, "EC_DNS_GW"), or(g.FailureBehavior, "FAIL_RET_ERR")
		},
		Validate: func(_ resource.Facts, g *DNSGateway) error {
			for _, side := range []struct{ ip, option, field string }{
				{g.PrimaryIP, g.OptionsPrimary, "primaryIp"}, {g.SecondaryIP, g.OptionsSecondary, "secondaryIp"},
			} {
				switch {
				case side.ip == "" && side.option == "":
					return wire.Invalid(side.field, "or the option of the same resolver must be set")
				case side.ip != "" && side.option != "":
					return wire.Invalid(side.field, "cannot be combined with the option of the same resolver")
				case side.ip != "" && !isIPv4(side.ip):
					return wire.Invalid(side.field, "must be an IPv4 address")
				}
			}
			return nil
		},
	})
}

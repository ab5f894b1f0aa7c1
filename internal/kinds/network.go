package kinds

import (
	_ "embed" // of the table of predefined services
	"fmt"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// NetworkService is a protocol and its ports. Source:
// resources/network-service.md, order of its example.
//
// quirk: network-service.md, the two lists of a protocol are there only when
// the service uses the protocol, and are then there even when empty.
type NetworkService struct {
	ID             wire.Int     `json:"id" readonly:"true"`
	Name           string       `json:"name" required:"true" max:"255"`
	Tag            string       `json:"tag,omitempty" readonly:"true"`
	SrcTCPPorts    *[]PortRange `json:"srcTcpPorts,omitempty"`
	DestTCPPorts   *[]PortRange `json:"destTcpPorts,omitempty"`
	SrcUDPPorts    *[]PortRange `json:"srcUdpPorts,omitempty"`
	DestUDPPorts   *[]PortRange `json:"destUdpPorts,omitempty"`
	Type           string       `json:"type" readonly:"true"`
	Description    string       `json:"description,omitempty" max:"10240"`
	CreatorContext string       `json:"creatorContext" readonly:"true" view:"post:hide"`
	IsNameL10nTag  wire.Bool    `json:"isNameL10nTag" readonly:"true"`
}

// PortRange is one port, or all from Start to End.
type PortRange struct {
	Start wire.Int `json:"start" min:"1" max:"65535"`
	End   wire.Int `json:"end,omitempty" min:"0" max:"65535"`
}

// The types of network services. Ports of a STANDARD one cannot be changed.
const (
	serviceStandard = "STANDARD"
	serviceCustom   = "CUSTOM"
)

func networkService() (*resource.Spec, error) {
	return resource.Define(resource.Kind[NetworkService]{
		Name: NetworkServiceKind, Title: "network service", Path: "/networkServices",
		Ops:  policyOps,
		Area: resource.PolicyResources, Feature: access.Forwarding,
		// Max: 1,024 custom services beside the 62 predefined ones.
		Limits: resource.Limits{Read: fastRead, Write: usualWrite, Max: 1024, Per: "type"},
		Audit:  resource.Audit{Category: "Firewall Resource", Sub: "Network Service"},
		Unique: resource.UniqueName,
		Filters: []resource.Filter[NetworkService]{
			{Param: "search", Says: "A part of the name or of the description, in any case.", Match: func(s *NetworkService, v resource.Value) bool { return matches(v.Text, s.Name, s.Description) }},
			{Param: "protocol", Says: "The protocol.", Enum: []string{"TCP", "UDP", "ICMP", "GRE", "ESP", "OTHER"}, Match: func(s *NetworkService, v resource.Value) bool { return s.speaks(v.Text) }},
		},
		Builtin:  func(resource.Facts) []NetworkService { return predefinedServices() },
		Defaults: fillService,
		Validate: checkService,
	})
}

// speaks reports whether the service is of a protocol: TCP, UDP, ICMP, GRE,
// ESP or OTHER.
func (s *NetworkService) speaks(protocol string) bool {
	switch protocol {
	case "TCP":
		return s.DestTCPPorts != nil
	case "UDP":
		return s.DestUDPPorts != nil
	default:
		return s.DestTCPPorts == nil && s.DestUDPPorts == nil && strings.HasPrefix(s.Tag, protocol)
	}
}

func fillService(f resource.Facts, s *NetworkService) {
	if old, ok := f.Old.(*NetworkService); ok && f.Predefined {
		s.Tag, s.Type, s.Description, s.CreatorContext, s.IsNameL10nTag = old.Tag, old.Type, old.Description, old.CreatorContext, old.IsNameL10nTag
	} else if s.Type == "" {
		s.Type, s.CreatorContext = serviceCustom, createdHere
	}
	pair(&s.SrcTCPPorts, &s.DestTCPPorts)
	pair(&s.SrcUDPPorts, &s.DestUDPPorts)
}

// pair has both lists of a protocol where one is.
func pair(a, b **[]PortRange) {
	if *a == nil && *b == nil {
		return
	}
	for _, list := range []**[]PortRange{a, b} {
		if *list == nil || **list == nil {
			*list = &[]PortRange{}
		}
	}
}

func checkService(f resource.Facts, s *NetworkService) error {
	lists := []struct {
		field string
		ports *[]PortRange
	}{{"srcTcpPorts", s.SrcTCPPorts}, {"destTcpPorts", s.DestTCPPorts}, {"srcUdpPorts", s.SrcUDPPorts}, {"destUdpPorts", s.DestUDPPorts}}
	named := 0
	for _, l := range lists {
		if l.ports == nil {
			continue
		}
		for i, p := range *l.ports {
			if p.End != 0 && p.End < p.Start {
				return wire.Invalid(fmt.Sprintf("%s[%d].end", l.field, i), "cannot be less than start")
			}
		}
		named += len(*l.ports)
	}
	if old, ok := f.Old.(*NetworkService); ok && f.Predefined {
		switch {
		case s.Name != old.Name:
			return wire.Forbidden(wire.CodeInvalidOperation, "The network service %q came with the org and cannot be renamed.", old.Name)
		case old.Type == serviceStandard && named > 0:
			return wire.Forbidden(wire.CodeInvalidOperation, "The ports of the network service %q cannot be changed.", old.Name)
		}
		return nil
	}
	if s.Type == serviceCustom && named == 0 {
		return wire.Invalid("destTcpPorts", "or another list of ports must have an entry")
	}
	return nil
}

// The predefined services, in the order of the vendor's enumeration. Source:
// predefined-network-services.json.
//
//go:embed services.tsv
var servicesTable string

func predefinedServices() []NetworkService {
	var out []NetworkService
	for _, line := range strings.Split(strings.TrimSpace(servicesTable), "\n")[1:] {
		f := strings.Split(line, "\t")
		s := NetworkService{
			Name: f[0], Type: f[1], Tag: strings.TrimPrefix(f[2], "-"),
			Description: f[0] + "_DESC", CreatorContext: createdSibling, IsNameL10nTag: true,
		}
		if strings.Contains(f[3], "TCP") {
			s.SrcTCPPorts, s.DestTCPPorts = &[]PortRange{}, ports(f[4])
		}
		if strings.Contains(f[3], "UDP") {
			s.SrcUDPPorts, s.DestUDPPorts = &[]PortRange{}, ports(f[5])
		}
		out = append(out, s)
	}
	return out
}

// ports reads a list such as 80,8000-8080 of the table, which a test holds
// against this form.
func ports(text string) *[]PortRange {
	out := []PortRange{}
	if text == "-" {
		return &out
	}
	for _, item := range strings.Split(text, ",") {
		from, to, _ := strings.Cut(item, "-")
		start, _ := strconv.Atoi(from)
		end, _ := strconv.Atoi(to)
		out = append(out, PortRange{wire.Int(start), wire.Int(end)})
	}
	return &out
}

// NetworkServiceGroup is a named set of network services. Source:
// resources/network-service-group.md.
type NetworkServiceGroup struct {
	ID             wire.Int   `json:"id" readonly:"true"`
	Name           string     `json:"name" required:"true" max:"255"`
	Services       []wire.Ref `json:"services" required:"true" ref:"networkService"`
	Description    string     `json:"description,omitempty" max:"10240"`
	CreatorContext string     `json:"creatorContext" readonly:"true" view:"post:hide"`
}

func networkServiceGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[NetworkServiceGroup]{
		Name: NetworkServiceGroupKind, Title: "network service group", Path: "/networkServiceGroups",
		Ops:  policyOps,
		Area: resource.PolicyResources, Feature: access.Forwarding,
		Limits:   resource.Limits{Read: fastRead, Write: usualWrite, Max: 126},
		Audit:    resource.Audit{Category: "Firewall Resource", Sub: "Network Service Group"},
		Unique:   resource.UniqueName,
		Filters:  []resource.Filter[NetworkServiceGroup]{{Param: "search", Says: "A part of the name, in any case.", Name: resource.NameContains}},
		Defaults: func(_ resource.Facts, g *NetworkServiceGroup) { g.CreatorContext = createdHere },
	})
}

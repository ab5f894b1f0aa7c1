package kinds

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// ECInterface is a network interface of a connector: a port, or a VLAN on it.
// Source: resources/ec-interface-and-route.md.
type ECInterface struct {
	ID                wire.Int    `json:"id" readonly:"true"`
	ECVMID            wire.Int    `json:"ecVmId" parent:"id"`
	InterfaceType     string      `json:"interfaceType" required:"true" enum:"INTF_TYPE_WAN INTF_TYPE_LAN"`
	PortID            string      `json:"portId" required:"true" enum:"GE1 GE2 GE3 GE4 GE5 GE6 GE7 GE8"`
	VLANID            wire.Int    `json:"vlanId,omitempty" min:"0" max:"4094"`
	MTU               wire.Int    `json:"mtu" min:"68" max:"9216"`
	Description       string      `json:"description,omitempty" max:"10240"`
	DHCPEnabled       wire.Bool   `json:"dhcpEnabled"`
	IPInfo            *ECNetwork  `json:"ipInfo,omitempty"`
	ShutdownOn        wire.Bool   `json:"shutdownOn"`
	PortStatusUp      wire.Bool   `json:"portStatusUp" readonly:"true"`
	ConfiguredUplink  string      `json:"configuredUplinkState,omitempty" enum:"INIT ACTIVE STANDBY"`
	CurrentUplink     string      `json:"currentUplinkState,omitempty" readonly:"true"`
	LinkScore         wire.Int    `json:"linkScore,omitempty" readonly:"true"`
	CARPHAEnabled     wire.Bool   `json:"carpHAEnabled"`
	CARPHAPreferredOn wire.Bool   `json:"carpHAPreferredOn,omitempty"`
	CARPHAState       string      `json:"carpHAState,omitempty" readonly:"true"`
	CARPID            wire.Int    `json:"carpId,omitempty" min:"0" max:"255"`
	CARPVIP           string      `json:"carpVip,omitempty"`
	DHCPServer        *DHCPServer `json:"dhcpServer,omitempty"`
}

// What fits on one port.
const (
	maxVLANsBesideMain = 9
	maxVLANsAlone      = 10
)

func ecInterface() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ECInterface]{
		Name: ECInterfaceKind, Title: "connector interface", Path: "/ecgroup/{ecgroupId}/vm/{vmId}/intf",
		Parent: resource.Parent{Kind: ECVMKind, Owned: true},
		Ops:    resource.List | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area:   resource.ConnectorGroups, Feature: access.CloudProvisioning,
		Limits:   resource.Limits{Read: fastRead, Write: fastRead},
		Audit:    resource.Audit{Category: "Cloud Management", Sub: "Cloud & Branch Connector Group"},
		Defaults: fillInterface,
		Validate: checkInterface,
	})
}

func fillInterface(f resource.Facts, i *ECInterface) {
	if old, ok := f.Old.(*ECInterface); ok {
		i.InterfaceType, i.PortID = or(i.InterfaceType, old.InterfaceType), or(i.PortID, old.PortID)
		if i.IPInfo != nil && old.IPInfo != nil {
			i.IPInfo.ID, i.IPInfo.DNS.ID = old.IPInfo.ID, old.IPInfo.DNS.ID
		}
	}
	if i.MTU == 0 {
		i.MTU = 1500
		if i.VLANID > 0 { // the tag takes four bytes
			i.MTU = 1496
		}
	}
	// Nobody pulls a cable: a link is up unless it is shut down.
	i.PortStatusUp = !i.ShutdownOn
	if n := i.IPInfo; n != nil {
		n.fill()
	}
	if i.DHCPServer != nil {
		i.DHCPServer.fill()
	}
}

// fill sets what is left out to what the API answers for unset addresses.
func (n *ECNetwork) fill() {
	n.IPStart, n.IPEnd, n.Netmask, n.DefaultGateway = or(n.IPStart, unset), or(n.IPEnd, unset), or(n.Netmask, unset), or(n.DefaultGateway, unset)
	n.NWType, n.DNS.DNSType = or(n.NWType, "AUTOMATIC"), or(n.DNS.DNSType, "AUTOMATIC")
	if len(n.DNS.IPs) == 0 {
		n.DNS.IPs = []string{unset}
	}
}

func (n *ECNetwork) check(field string) error {
	for _, a := range []struct{ name, value string }{
		{"ipStart", n.IPStart}, {"ipEnd", n.IPEnd}, {"netmask", n.Netmask}, {"defaultGateway", n.DefaultGateway},
	} {
		if err := checkIPv4(field+"."+a.name, a.value); err != nil {
			return err
		}
	}
	return checkIPv4s(field+".dns.ips", n.DNS.IPs)
}

func checkInterface(f resource.Facts, i *ECInterface) error {
	wan := i.InterfaceType == "INTF_TYPE_WAN"
	switch {
	case i.ConfiguredUplink != "" && !wan:
		return wire.Invalid("configuredUplinkState", "is for WAN interfaces only")
	case i.DHCPServer != nil && wan:
		return wire.Invalid("dhcpServer", "is for LAN interfaces only")
	case i.DHCPServer != nil && !bool(i.DHCPEnabled):
		return wire.Invalid("dhcpServer", "needs dhcpEnabled")
	}
	if i.IPInfo != nil {
		if err := i.IPInfo.check("ipInfo"); err != nil {
			return err
		}
	}
	if i.CARPVIP != "" {
		if err := checkIPv4("carpVip", i.CARPVIP); err != nil {
			return err
		}
	}
	if i.DHCPServer != nil {
		if err := i.DHCPServer.check(); err != nil {
			return err
		}
	}
	return checkPort(f, i)
}

// checkPort holds an interface against the others of its port.
func checkPort(f resource.Facts, i *ECInterface) error {
	others, err := f.Lookup.Children(ECInterfaceKind, int64(i.ECVMID))
	if err != nil {
		return err
	}
	main, vlans := i.VLANID == 0, 0
	if !main {
		vlans = 1
	}
	for _, o := range others {
		o := o.(*ECInterface)
		switch {
		case o.ID == i.ID || o.PortID != i.PortID:
			continue
		case o.VLANID == i.VLANID:
			return wire.Conflict(wire.CodeDuplicate, "vlanId %d is already used on %s of this connector.", i.VLANID, i.PortID)
		case o.VLANID == 0:
			main = true
		default:
			vlans++
		}
	}
	most := maxVLANsAlone
	if main {
		most = maxVLANsBesideMain
	}
	if vlans > most {
		return wire.Forbidden(wire.CodeLimitExceeded, "Maximum %d VLANs are allowed on a port of a connector. Limit has exceeded.", most)
	}
	return nil
}

// ECRoute is a static route of a connector. Source:
// resources/ec-interface-and-route.md; modUid is a bare id, not a reference.
type ECRoute struct {
	ID      wire.Int   `json:"id" readonly:"true"`
	ECVMID  wire.Int   `json:"ecVmId" parent:"id"`
	Meta    *RouteMeta `json:"meta" required:"true"`
	ModTime wire.Time  `json:"modTime" stamp:"time" view:"post:hide"`
	ModUID  wire.Int   `json:"modUid" stamp:"by" view:"post:hide"`
}

// RouteMeta is where a route leads.
type RouteMeta struct {
	Route   string `json:"route" required:"true"`
	Gateway string `json:"gateway" required:"true"`
}

const maxRoutesPerVM = 32

func ecRoute() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ECRoute]{
		Name: ECRouteKind, Title: "connector route", Path: "/ecgroup/{ecgroupId}/vm/{vmId}/route",
		Parent: resource.Parent{Kind: ECVMKind, Owned: true},
		Ops:    resource.List | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area:   resource.ConnectorGroups, Feature: access.CloudProvisioning,
		Limits:   resource.Limits{Read: fastRead, Write: fastRead, Max: maxRoutesPerVM},
		Audit:    resource.Audit{Category: "Cloud Management", Sub: "Cloud & Branch Connector Group"},
		Validate: checkRoute,
	})
}

func checkRoute(f resource.Facts, r *ECRoute) error {
	to, err := netip.ParsePrefix(r.Meta.Route)
	if err != nil || !to.Addr().Is4() {
		return wire.Invalid("meta.route", "must be an IPv4 CIDR")
	}
	if err := checkIPv4("meta.gateway", r.Meta.Gateway); err != nil {
		return err
	}
	if r.Meta.Gateway == unset {
		return wire.Invalid("meta.gateway", "cannot be %s", unset)
	}
	others, err := f.Lookup.Children(ECRouteKind, int64(r.ECVMID))
	if err != nil {
		return err
	}
	for _, o := range others {
		o := o.(*ECRoute)
		if was, err := netip.ParsePrefix(o.Meta.Route); err == nil && o.ID != r.ID && was.Masked() == to.Masked() {
			return wire.Conflict(wire.CodeDuplicate, "meta.route %q is already a route of this connector.", r.Meta.Route)
		}
	}
	return nil
}

func checkIPv4(field, text string) error {
	if _, ok := parseIPv4(text); !ok {
		return wire.Invalid(field, "must be an IPv4 address")
	}
	return nil
}

func checkIPv4s(field string, list []string) error {
	for i, text := range list {
		if err := checkIPv4(fmt.Sprintf("%s[%d]", field, i), text); err != nil {
			return err
		}
	}
	return nil
}

// isNumber reports whether text is an integer of a range.
func isNumber(text string, least, most int64) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n >= least && n <= most
}

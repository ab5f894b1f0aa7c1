package kinds

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// DHCPServer is what a LAN interface hands out. Source:
// resources/ec-interface-and-route.md.
type DHCPServer struct {
	FailoverPeer string       `json:"failoverPeer,omitempty"`
	FixedHosts   []FixedHost  `json:"fixedHosts,omitempty"`
	Globals      *DHCPGlobals `json:"globals,omitempty"`
	Options      *DHCPOptions `json:"options,omitempty"`
	Range        []DHCPRange  `json:"range,omitempty"`
}

// FixedHost is a static lease.
type FixedHost struct {
	Host         string `json:"host"`
	MACAddress   string `json:"macAddress"`
	FixedAddress string `json:"fixedAddress"`
}

// DHCPGlobals are lease times, in seconds as text.
type DHCPGlobals struct {
	DefaultLeaseTime string `json:"defaultLeaseTime"`
	MaxLeaseTime     string `json:"maxLeaseTime"`
}

// DHCPOptions are sent with a lease.
type DHCPOptions struct {
	DomainName            string       `json:"domainName,omitempty"`
	DomainNameServers     string       `json:"domainNameServers,omitempty"`
	DomainNameServersList []string     `json:"domainNameServersList,omitempty"`
	DomainSearch          []string     `json:"domainSearch,omitempty"`
	Routers               []string     `json:"routers,omitempty"`
	CustomOptions         []DHCPOption `json:"customOptions,omitempty"`
}

// DHCPOption is an option by its number.
type DHCPOption struct {
	Code  string   `json:"code"`
	Name  string   `json:"name,omitempty"`
	Type  string   `json:"type" enum:"STRING IP"`
	Value []string `json:"value"`
}

// DHCPRange is addresses to lease.
type DHCPRange struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

const (
	maxFixedHosts = 32
	maxLeaseTime  = 3_155_673_600
	maxDHCPCode   = 254
)

// fill sets the portal's lease times where none are given.
func (d *DHCPServer) fill() {
	if d.Globals == nil {
		d.Globals = &DHCPGlobals{}
	}
	d.Globals.DefaultLeaseTime = or(d.Globals.DefaultLeaseTime, "86400")
	d.Globals.MaxLeaseTime = or(d.Globals.MaxLeaseTime, "604800")
}

func (d *DHCPServer) check() error {
	if d.FailoverPeer != "" {
		if err := checkIPv4("dhcpServer.failoverPeer", d.FailoverPeer); err != nil {
			return err
		}
	}
	if len(d.FixedHosts) > maxFixedHosts {
		return wire.Forbidden(wire.CodeLimitExceeded, "Maximum %d static leases are allowed on an interface. Limit has exceeded.", maxFixedHosts)
	}
	for i, h := range d.FixedHosts {
		if err := h.check(fmt.Sprintf("dhcpServer.fixedHosts[%d].", i)); err != nil {
			return err
		}
	}
	if err := d.Globals.check(); err != nil {
		return err
	}
	for i, r := range d.Range {
		from, okFrom := parseIPv4(r.Start)
		to, okTo := parseIPv4(r.End)
		switch field := fmt.Sprintf("dhcpServer.range[%d].", i); {
		case !okFrom:
			return wire.Invalid(field+"start", "must be an IPv4 address")
		case !okTo:
			return wire.Invalid(field+"end", "must be an IPv4 address")
		case to.Less(from):
			return wire.Invalid(field+"end", "cannot be less than start")
		}
	}
	if d.Options == nil {
		return nil
	}
	return d.Options.check()
}

func (h FixedHost) check(field string) error {
	if h.Host == "" {
		return wire.Invalid(field+"host", "cannot be null")
	}
	if mac, err := net.ParseMAC(h.MACAddress); err != nil || len(mac) != 6 {
		return wire.Invalid(field+"macAddress", "must be a MAC address")
	}
	return checkIPv4(field+"fixedAddress", h.FixedAddress)
}

func (g *DHCPGlobals) check() error {
	switch {
	case !isNumber(g.DefaultLeaseTime, 1, maxLeaseTime):
		return wire.Invalid("dhcpServer.globals.defaultLeaseTime", "must be seconds, at most %d", maxLeaseTime)
	case !isNumber(g.MaxLeaseTime, 1, maxLeaseTime):
		return wire.Invalid("dhcpServer.globals.maxLeaseTime", "must be seconds, at most %d", maxLeaseTime)
	}
	usual, _ := strconv.ParseInt(g.DefaultLeaseTime, 10, 64) // checked above
	most, _ := strconv.ParseInt(g.MaxLeaseTime, 10, 64)
	if usual > most {
		return wire.Invalid("dhcpServer.globals.defaultLeaseTime", "cannot be more than maxLeaseTime")
	}
	return nil
}

func (o *DHCPOptions) check() error {
	for _, text := range strings.FieldsFunc(o.DomainNameServers, func(r rune) bool { return r == ',' || r == ' ' }) {
		if err := checkIPv4("dhcpServer.options.domainNameServers", text); err != nil {
			return err
		}
	}
	if err := checkIPv4s("dhcpServer.options.domainNameServersList", o.DomainNameServersList); err != nil {
		return err
	}
	if err := checkNames("dhcpServer.options.domainSearch", o.DomainSearch); err != nil {
		return err
	}
	if err := checkIPv4s("dhcpServer.options.routers", o.Routers); err != nil {
		return err
	}
	for i, c := range o.CustomOptions {
		field := fmt.Sprintf("dhcpServer.options.customOptions[%d].", i)
		switch {
		case !isNumber(c.Code, 1, maxDHCPCode):
			return wire.Invalid(field+"code", "must be the number of a DHCP option, 1 to %d", maxDHCPCode)
		case c.Type == "":
			return wire.Invalid(field+"type", "cannot be null")
		case len(c.Value) == 0:
			return wire.Invalid(field+"value", "cannot be null")
		case c.Type == "IP":
			if err := checkIPv4s(field+"value", c.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

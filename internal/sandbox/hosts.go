package sandbox

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Verdict is what becomes of a host's requests.
type Verdict int

// The verdicts. Refused is the vendor's hosts for which nothing here answers,
// and whatever cannot be read as a host: the proxy fails closed.
const (
	Refused Verdict = iota
	Served
	Other // not the vendor's
)

// String names the verdict for logs and test failures.
func (v Verdict) String() string {
	if v < Refused || v > Other {
		return "Verdict(" + strconv.Itoa(int(v)) + ")"
	}
	return [...]string{"refused", "served", "other"}[v]
}

// domains are a family of domains that belong to the vendor, with the hosts in
// them that are served here.
type domains struct {
	label  string   // the domain's first label, or the start of it if prefix is set
	prefix bool     // the family has a domain per cloud: zslogin.net, zsloginbeta.net
	tlds   []string // the rest of the domain
	serves []string // first labels of served hosts; they stand directly below the domain
}

// vendorDomains is everything that is known to be the vendor's. A host below
// one of these is served here or refused, and is never reached through the
// proxy; so an entry too many costs nothing, and one too few could let
// somebody --allow a host of the vendor.
//
// The clouds and their connector hosts are in behaviours.md 1.1, the hosts of
// OneAPI in 2.1 and 2.8.
func vendorDomains() []domains {
	connector := []string{"connector"}
	net, all := []string{"net"}, []string{"net", "com", "us"}
	return []domains{
		{label: "zscaler", tlds: net, serves: connector},
		{label: "zscalerone", tlds: net, serves: connector},
		{label: "zscalertwo", tlds: net, serves: connector},
		{label: "zscalerthree", tlds: net, serves: connector},
		{label: "zscloud", tlds: net, serves: connector},
		{label: "zscalerbeta", tlds: net, serves: connector},
		{label: "zscalergov", tlds: net, serves: connector},
		{label: "zscalerten", tlds: net, serves: connector},
		{label: "zspreview", tlds: net, serves: connector},

		{label: "zscaler", prefix: true, tlds: all},
		{label: "zsapi", prefix: true, tlds: net},
		{label: "zslogin", prefix: true, tlds: net},
		{label: "zidentity", prefix: true, tlds: all},
		{label: "zdxcloud", prefix: true, tlds: net},
		{label: "zdxgov", prefix: true, tlds: []string{"net", "us"}},
		{label: "zpath", tlds: net},
		{label: "zpatwo", tlds: net},
		{label: "zpabeta", tlds: net},
		{label: "zpagov", tlds: []string{"net", "us"}},
	}
}

// Vendor says whether the proxy serves a host, refuses it as the vendor's, or
// takes it for somebody else's. The host may be spelled in any way that
// normalHost reads.
func Vendor(host string) Verdict {
	host, err := normalHost(host)
	if err != nil {
		return Refused
	}
	return vendor(host)
}

// vendor is Vendor for a host in normal form.
func vendor(host string) Verdict {
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return Other
	}
	label, tld := labels[len(labels)-2], labels[len(labels)-1]
	verdict := Other
	for _, d := range vendorDomains() {
		if !d.owns(label, tld) {
			continue
		}
		if len(labels) == 3 && slices.Contains(d.serves, labels[0]) {
			return Served
		}
		verdict = Refused
	}
	return verdict
}

func (d domains) owns(label, tld string) bool {
	if !slices.Contains(d.tlds, tld) {
		return false
	}
	return label == d.label || d.prefix && strings.HasPrefix(label, d.label)
}

// normalHost returns the one spelling of a host name or address by which all
// decisions are made, and which is dialled: lower case, no trailing dot, an
// address as netip writes it and without brackets. It refuses whatever a
// resolver could read in a way of its own.
func normalHost(host string) (string, error) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		if !ok || !strings.Contains(inner, ":") {
			return "", errors.New("the brackets hold no IPv6 address")
		}
		host = inner
	}
	if strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(host)
		if err != nil || addr.Zone() != "" {
			return "", errors.New("not an IPv6 address")
		}
		return addr.Unmap().String(), nil
	}
	host = strings.TrimSuffix(lowerASCII(host), ".")
	if len(host) == 0 || len(host) > 253 {
		return "", errors.New("a host name has 1 to 253 characters")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	// Resolvers read 0x7f.1, 2130706433 and 127.1 as addresses; a name never
	// ends in a number.
	if numeric(labels[len(labels)-1]) {
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return "", errors.New("not an IPv4 address in the usual form")
		}
		return addr.String(), nil
	}
	return host, nil
}

func checkLabel(label string) error {
	if len(label) == 0 || len(label) > 63 {
		return errors.New("each part of a host name has 1 to 63 characters")
	}
	for _, c := range []byte(label) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return errors.New("a host name has letters, digits, hyphens and dots only; write others as xn--…")
		}
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		// This refuses xn--zscaler- too, which is punycode of plain zscaler.
		return fmt.Errorf("a hyphen at the edge of %q", label)
	}
	return nil
}

// numeric reports whether a resolver could take the last label for a number.
func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// lowerASCII leaves other letters alone: the Kelvin sign is not to become a k.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

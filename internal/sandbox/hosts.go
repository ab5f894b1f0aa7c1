package sandbox

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/wire"
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

// service is one of the vendor's services that are served here. Each has hosts
// of its own and, on them, paths of its own.
type service int

const (
	noService    service = iota
	connectorAPI         // connector.<cloud>.net, the API with sign-in by session
	loginService         // <vanity>.zslogin.net, tokens for OneAPI
	oneAPI               // api.zsapi.net, the API with sign-in by token
)

// connectorClouds are the clouds that have a host connector.<cloud>.net
// (behaviours.md 1.1).
func connectorClouds() []string {
	return []string{
		"zscaler", "zscalerone", "zscalertwo", "zscalerthree", "zscloud", "zscalerbeta", "zscalergov", "zscalerten", "zspreview",
	}
}

// serviceOf tells which service a host in normal form stands for. The hosts of
// OneAPI are in behaviours.md 2.1 and 2.8.
func serviceOf(host string) service {
	if _, ok := wire.LoginHost(host); ok {
		return loginService
	}
	labels := strings.Split(host, ".")
	if len(labels) < 3 {
		return noService
	}
	first, label, tld := labels[0], labels[len(labels)-2], labels[len(labels)-1]
	switch {
	case first == "connector" && len(labels) == 3 && tld == "net" && slices.Contains(connectorClouds(), label):
		return connectorAPI
	case first == "api" && len(labels) <= 4 && label == "zsapi" && tld == "net": // api.zsapi.net, api.<cloud>.zsapi.net
		return oneAPI
	case first == "api" && len(labels) == 3 && label == "zscalergov" && (tld == "net" || tld == "us"):
		return oneAPI
	}
	return noService
}

// prefixes are what the paths of a service begin with.
func (s service) prefixes() []string {
	switch s {
	case connectorAPI:
		// quirk: behaviours.md 1.11, a client signs out at the root. The command
		// line tells by /spurline/v1 that it is not at the vendor's.
		return []string{"/api/v1", "/wapi/v1", "/auth", "/spurline/v1"}
	case loginService:
		return []string{"/oauth2"}
	case oneAPI:
		return []string{"/ztw"}
	default:
		return nil
	}
}

// has reports whether a path is one of the service's.
func (s service) has(path string) bool {
	return slices.ContainsFunc(s.prefixes(), func(prefix string) bool {
		rest, ok := strings.CutPrefix(path, prefix)
		return ok && (rest == "" || rest[0] == '/')
	})
}

// domains are a family of domains that belong to the vendor.
type domains struct {
	label  string   // the domain's first label, or the start of it if prefix is set
	prefix bool     // the family has a domain per cloud: zslogin.net, zsloginbeta.net
	tlds   []string // the rest of the domain
}

// vendorDomains is everything that is known to be the vendor's. A host below
// one of these is served here or refused, and is never reached through the
// proxy; so an entry too many costs nothing, and one too few could let
// somebody --allow a host of the vendor.
func vendorDomains() []domains {
	net, all := []string{"net"}, []string{"net", "com", "us"}
	return []domains{
		{label: "zscaler", prefix: true, tlds: all},
		{label: "zscloud", tlds: net},
		{label: "zspreview", tlds: net},
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

// IsCloud reports whether a domain is that of a cloud whose connector host is
// served.
func IsCloud(domain string) bool { return serviceOf("connector."+domain) == connectorAPI }

// vendor is Vendor for a host in normal form.
func vendor(host string) Verdict {
	if serviceOf(host) != noService {
		return Served
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return Other
	}
	label, tld := labels[len(labels)-2], labels[len(labels)-1]
	if slices.ContainsFunc(vendorDomains(), func(d domains) bool { return d.owns(label, tld) }) {
		return Refused
	}
	return Other
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

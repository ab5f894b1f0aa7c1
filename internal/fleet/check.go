package fleet

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/wire"
)

// Bounds of what a connector may report, in bytes.
const (
	maxID       = 128
	maxImage    = 256
	maxKey      = 256
	maxTemplate = maxName
	maxBuild    = 20
	maxDNS      = 8
)

// CheckEnrolment says what is wrong with an enrolment, as a *wire.Error that
// names the first field at fault. It writes cloud and form factor in upper
// case, as the API's enumerations have them, and region and zone in lower
// case, as providers do, so that one place is one place however it is spelled.
// The rest stays as it is.
//
// Whether key and template exist is for the service to say.
func CheckEnrolment(e *wire.Enrolment) error {
	e.Cloud, e.FormFactor = strings.ToUpper(e.Cloud), strings.ToUpper(e.FormFactor)
	e.Region, e.Zone = strings.ToLower(e.Region), strings.ToLower(e.Zone)
	if err := checkNames(e); err != nil {
		return err
	}
	if err := checkPlace(e); err != nil {
		return err
	}
	if e.FormFactor != "" && !slices.Contains([]string{"SMALL", "MEDIUM", "LARGE"}, e.FormFactor) {
		return wire.Invalid("formFactor", "must be SMALL, MEDIUM or LARGE")
	}
	if err := checkBuild(e.Build); err != nil {
		return err
	}
	if err := checkInterface("management", e.Management); err != nil {
		return err
	}
	if err := checkInterface("service", e.Service); err != nil {
		return err
	}
	return checkIPv4("natIp", e.NatIP)
}

// checkBuild checks a build, which may be empty.
func checkBuild(build string) error {
	if len(build) > maxBuild || strings.Trim(build, "0123456789") != "" {
		return wire.Invalid("build", "must be at most %d digits", maxBuild)
	}
	return nil
}

// checkNames checks who enrols with what.
func checkNames(e *wire.Enrolment) error {
	if err := checkText("key", e.Key, maxKey); err != nil {
		return err
	}
	if err := checkText("template", e.Template, maxTemplate); err != nil {
		return err
	}
	if err := checkID("name", e.Name, maxID); err != nil {
		return err
	}
	if err := checkID("nativeId", e.NativeID, maxID); err != nil {
		return err
	}
	if e.Image == "" {
		return nil
	}
	return checkID("image", e.Image, maxImage)
}

// checkPlace checks where the connector says it is. A zone has to lie in its
// region: the region names the location and the zone the group, and a mix of
// two places would make inventory that nobody asked for.
func checkPlace(e *wire.Enrolment) error {
	if e.Cloud != AWS && e.Cloud != Azure && e.Cloud != GCP {
		return wire.Invalid("cloud", "must be AWS, AZURE or GCP")
	}
	if err := checkID("region", e.Region, maxID); err != nil {
		return err
	}
	if err := checkID("zone", e.Zone, maxID); err != nil {
		return err
	}
	if err := checkID("network", e.Network, maxID); err != nil {
		return err
	}
	if networkLabel(e.Network) == networkLabel("") {
		return wire.Invalid("network", "must name a network")
	}
	if e.Cloud == Azure {
		if _, ok := AzureZone(e.Region, e.Zone); !ok {
			return wire.Invalid("zone", "must be 0, 1, 2 or 3")
		}
		return nil
	}
	if rest, ok := strings.CutPrefix(e.Zone, e.Region); !ok || rest == "" {
		return wire.Invalid("zone", "must be a zone of the region %s", e.Region)
	}
	return nil
}

// checkID checks a name that a cloud provider gave.
func checkID(field, s string, limit int) error {
	if s == "" {
		return wire.Invalid(field, "is required")
	}
	if len(s) > limit {
		return wire.Invalid(field, "must be at most %d characters", limit)
	}
	for _, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("-_./:", rune(c)) {
			return wire.Invalid(field, "must consist of letters, digits and - _ . / :")
		}
	}
	return nil
}

// checkText checks a text that a person chose.
func checkText(field, s string, limit int) error {
	if s == "" {
		return wire.Invalid(field, "is required")
	}
	if len(s) > limit {
		return wire.Invalid(field, "must be at most %d bytes", limit)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return wire.Invalid(field, "must be printable text")
	}
	return nil
}

// checkInterface checks an address. Its members may be empty: a connector says
// what it knows.
func checkInterface(field string, i wire.Interface) error {
	if err := checkIPv4(field+".ip", i.IP); err != nil {
		return err
	}
	if err := checkIPv4(field+".gateway", i.Gateway); err != nil {
		return err
	}
	if i.Netmask != "" && !isNetmask(i.Netmask) {
		return wire.Invalid(field+".netmask", "must be an IPv4 netmask")
	}
	if len(i.DNS) > maxDNS {
		return wire.Invalid(field+".dns", "must have at most %d addresses", maxDNS)
	}
	for n, ip := range i.DNS {
		if !isIPv4(ip) {
			return wire.Invalid(field+".dns["+strconv.Itoa(n)+"]", "must be an IPv4 address")
		}
	}
	return nil
}

// checkIPv4 checks an address that may be empty.
func checkIPv4(field, s string) error {
	if s != "" && !isIPv4(s) {
		return wire.Invalid(field, "must be an IPv4 address")
	}
	return nil
}

// isIPv4 reports whether s is an IPv4 address in its one spelling.
func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

// isNetmask reports whether s is a netmask: ones, then zeros.
func isNetmask(s string) bool {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return false
	}
	b := a.As4()
	mask := binary.BigEndian.Uint32(b[:])
	return bits.LeadingZeros32(^mask) == bits.OnesCount32(mask)
}

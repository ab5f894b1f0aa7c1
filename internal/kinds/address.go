package kinds

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// MaxAddresses is how many addresses or names a group may hold.
const MaxAddresses = 8000

// checkAddresses holds a list of IPv4 addresses, CIDRs and ranges against what
// the API takes. The error names the element.
func checkAddresses(field string, list []string) error {
	return checkEach(field, list, "is not an IPv4 address, a CIDR or a range", isAddress)
}

// checkNames holds a list of host names.
func checkNames(field string, list []string) error {
	return checkEach(field, list, "is not a host name", isHostName)
}

// checkDomains holds a list of wildcard domains: *.example.com, or * alone.
func checkDomains(field string, list []string) error {
	return checkEach(field, list, "is not a wildcard domain such as *.example.com", func(s string) bool {
		rest, ok := strings.CutPrefix(s, "*")
		return ok && (rest == "" || strings.HasPrefix(rest, ".") && isHostName(rest[1:]))
	})
}

func checkEach(field string, list []string, fault string, ok func(string) bool) error {
	if len(list) > MaxAddresses {
		return wire.Invalid(field, "cannot have more than %d entries", MaxAddresses)
	}
	for i, s := range list {
		if !ok(s) {
			return wire.Invalid(fmt.Sprintf("%s[%d]", field, i), "%q %s", shorten(s), fault)
		}
	}
	return nil
}

// shorten keeps a message readable whatever was sent.
func shorten(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// isAddress accepts 10.0.0.1, 10.0.0.0/8 and 10.0.0.1-10.0.0.9, the last with
// spaces round the dash, as recorded. A CIDR may have host bits set.
func isAddress(s string) bool {
	if from, to, ok := strings.Cut(s, "-"); ok {
		a, errA := parseIPv4(strings.TrimSpace(from))
		b, errB := parseIPv4(strings.TrimSpace(to))
		return errA && errB && !b.Less(a)
	}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return err == nil && p.Addr().Is4()
	}
	_, ok := parseIPv4(s)
	return ok
}

func parseIPv4(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Is4()
}

// isHostName accepts a name of dotted labels, at least two, as RFC 1123 has
// them; underscores are met in practice.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) == 0 || len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
				return false
			}
		}
	}
	return true
}

// isIPv4 says whether a text is one IPv4 address.
func isIPv4(s string) bool {
	_, ok := parseIPv4(s)
	return ok
}

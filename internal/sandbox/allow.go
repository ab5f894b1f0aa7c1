package sandbox

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// allowList is the hosts that the user named with --allow.
type allowList struct {
	exact    map[string]bool
	suffixes []string // each with its leading dot
}

// newAllowList reads entries such as example.com, 10.0.0.7 and *.example.com.
// An entry that would reach a host of the vendor is an error, whatever else it
// would reach.
func newAllowList(entries []string) (*allowList, error) {
	a := &allowList{exact: map[string]bool{}}
	for _, entry := range entries {
		name, wild := strings.CutPrefix(entry, "*.")
		host, err := normalHost(name)
		if err != nil {
			return nil, fmt.Errorf("--allow %s: %w", entry, err)
		}
		if _, err := netip.ParseAddr(host); err == nil && wild {
			return nil, fmt.Errorf("--allow %s: an address has no hosts below it", entry)
		}
		if vendor(host) != Other {
			return nil, fmt.Errorf("--allow %s: the vendor's hosts are served here or refused, never forwarded", entry)
		}
		if !wild {
			a.exact[host] = true
			continue
		}
		if !strings.Contains(host, ".") && holdsVendor(host) {
			return nil, fmt.Errorf("--allow %s: this takes in hosts of the vendor, which are never forwarded", entry)
		}
		a.suffixes = append(a.suffixes, "."+host)
	}
	return a, nil
}

// CheckAllow says what is wrong with entries for Allow, if anything is.
func CheckAllow(entries []string) error {
	_, err := newAllowList(entries)
	return err
}

// holdsVendor reports whether domains of the vendor stand below a top level.
func holdsVendor(tld string) bool {
	return slices.ContainsFunc(vendorDomains(), func(d domains) bool { return slices.Contains(d.tlds, tld) })
}

// allows reports whether a host in normal form may be reached. It asks again
// whether the host is the vendor's, so that no list can ever overrule that.
func (a *allowList) allows(host string) bool {
	if vendor(host) != Other {
		return false
	}
	if a.exact[host] {
		return true
	}
	for _, suffix := range a.suffixes {
		if strings.HasSuffix(host, suffix) && len(host) > len(suffix) {
			return true
		}
	}
	return false
}

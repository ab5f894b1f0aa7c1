package wire

import "strings"

// LoginHost takes a login host of the vendor's identity service apart:
// <vanity>.zslogin.net, <vanity>.zslogin<cloud>.net, and <vanity>.zidentitygov.net
// or .us for governments (behaviours.md 2.1). The host is in lower case and
// without a port.
func LoginHost(host string) (vanity string, ok bool) {
	vanity, domain, _ := strings.Cut(host, ".")
	label, tld, _ := strings.Cut(domain, ".")
	switch {
	case vanity == "":
		return "", false
	case strings.HasPrefix(label, "zslogin") && tld == "net", label == "zidentitygov" && (tld == "net" || tld == "us"):
		return vanity, true
	}
	return "", false
}

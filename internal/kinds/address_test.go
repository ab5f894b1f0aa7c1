package kinds

import (
	"net/netip"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"10.0.0.1", "0.0.0.0", "255.255.255.255", "10.0.0.0/8", "10.1.2.3/8", "10.0.0.1/32", "10.0.0.1-10.0.0.9", "10.0.0.1 - 10.0.0.1"} {
		if !isAddress(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", " ", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1/33", "10.0.0.1/", "/8", "10.0.0.9-10.0.0.1", "10.0.0.1-", "-", "10.0.0.1-10.0.0.2-10.0.0.3", "::1", "fe80::/10", "example.com", "10.0.0.1 ", "10.0.0.0/8-10.0.0.9"} {
		if isAddress(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, good := range []string{"a.b", "edi.example.org", "xn--bcher-kva.example", "_sip.example.org", "a.b."} {
		if !isHostName(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", ".", "a", "a..b", "-a.b", "a-.b", "a b.c", "*.a.b", "ä.example", strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 127) + "aa"} {
		if isHostName(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
	for text, want := range map[string]bool{"*": true, "*.example.com": true, "example.com": false, "*example.com": false, "**": false, "*.": false} {
		if got := checkDomains("x", []string{text}) == nil; got != want {
			t.Errorf("domain %q: %t", text, got)
		}
	}
	if err := checkAddresses("ipAddresses", []string{"10.0.0.1", "x"}); err == nil || !strings.Contains(err.Error(), `ipAddresses[1] "x"`) {
		t.Errorf("the element is not named: %v", err)
	}
	if checkAddresses("a", make([]string, MaxAddresses+1)) == nil {
		t.Error("more than the limit is accepted")
	}
}

// FuzzAddress: what is accepted is an address that the standard library reads,
// in one of the three forms.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"10.0.0.1", "10.0.0.0/8", "1.2.3.4 - 1.2.3.5", "1.2.3.4-", "0x1.2.3.4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !isAddress(s) {
			return
		}
		for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == ' ' || r == '/' }) {
			if _, err := netip.ParseAddr(part); err != nil && !strings.HasSuffix(s, "/"+part) {
				t.Errorf("%q is accepted, and %q is no address", s, part)
			}
		}
	})
}

// FuzzHostName: what is accepted is a name in ASCII of at most 253 bytes
// whose every label could be registered.
func FuzzHostName(f *testing.F) {
	f.Add("a.b")
	f.Add("*.example.com")
	f.Fuzz(func(t *testing.T, s string) {
		if isHostName(s) && (len(s) > 254 || strings.ContainsAny(s, " */\x00") || strings.Contains(s, "..")) {
			t.Errorf("%q is accepted", s)
		}
	})
}

package sandbox

import (
	"net/netip"
	"strings"
	"testing"
)

func TestVendor(t *testing.T) {
	t.Parallel()
	tests := map[Verdict][]string{
		Served: {
			"connector.zscaler.net", "connector.zscalerone.net", "connector.zscalertwo.net", "connector.zscalerthree.net",
			"connector.zscloud.net", "connector.zscalerbeta.net", "connector.zscalergov.net", "connector.zscalerten.net",
			"connector.zspreview.net", "CONNECTOR.ZsCaler.NET", "connector.zscaler.net.",
			"acme.zslogin.net", "Acme.ZSLogin.net.", "acme.zsloginbeta.net", "acme.zidentitygov.net", "acme.zidentitygov.us",
			"api.zsapi.net", "API.ZSAPI.NET.", "api.beta.zsapi.net", "api.zscalergov.net", "api.zscalergov.us",
		},
		Refused: {
			"zscaler.net", "admin.zscaler.net", "a.connector.zscaler.net", "connector2.zscaler.net", "ecservice.zscalerthree.net",
			"connector.zscaler.com", "help.zscaler.com", "www.zscaler.us", "x.zdxcloud.net",
			"zslogin.net", "a.b.zslogin.net", "acme.zslogin.net.zscaler.com", "zidentitygov.us", "acme.zidentity.net", "zsapi.net",
			"www.zsapi.net", "api.a.b.zsapi.net", "x.api.zsapi.net", "api.zsapi2.net", "api.zscaler.net", "a.api.zscalergov.us", "admin.zscalergov.us",
			// What cannot be read as a host.
			"", ".", "..", "connector.zscaler.net..", "connector..zscaler.net", ".zscaler.net", "connector.zscaler.net:443",
			"user@connector.zscaler.net", "connector.zscaler.net/x", "connector.zscaler.net\x00.example.com", "connector.zscaler.net ",
			"connector。zscaler。net", "ｚscaler.net", "zſcaler.net", "connector.xn--zscaler-.net", "%63onnector.zscaler.net",
			"-a.example.com", "a-.example.com", strings.Repeat("a", 64) + ".example.com", strings.Repeat("a.", 127) + "example.com",
			"2130706433", "127.1", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.5", "1.2.3.0x10", "[127.0.0.1]", "[::1", "::1]", "fe80::1%eth0", "[]", "a:b",
		},
		Other: {
			"example.com", "zscaler.example.com", "connector.zscaler.net.example.com", "notzscaler.net", "connector-zscaler.net",
			"zscaler", "net", "localhost", "xn--bcher-kva.example", "a_b.example.com", "127.0.0.1", "::1", "[::1]", "[::FFFF:10.0.0.7]",
			"zscloudy.net", "1.example.com", "zspreview.com",
		},
	}
	for want, hosts := range tests {
		for _, host := range hosts {
			if got := Vendor(host); got != want {
				t.Errorf("Vendor(%q) = %v, want %v", host, got, want)
			}
		}
	}
}

func TestNormalHost(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Example.COM.": "example.com", "[::FFFF:10.0.0.7]": "10.0.0.7", "2001:DB8:0:0::1": "2001:db8::1", "127.0.0.1.": "127.0.0.1",
		"XN--BCHER-KVA.example": "xn--bcher-kva.example",
	} {
		if got, err := normalHost(in); err != nil || got != want {
			t.Errorf("normalHost(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestAllowList(t *testing.T) {
	t.Parallel()
	a, err := newAllowList([]string{"Example.com.", "*.internal", "*.corp.example.net", "10.0.0.7", "[2001:db8::1]"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"example.com": true, "www.example.com": false, "example.com.evil.org": false, "a.internal": true, "internal": false,
		"a.b.corp.example.net": true, "corp.example.net": false, "xcorp.example.net": false, "10.0.0.7": true, "10.0.0.8": false,
		"2001:db8::1": true, "connector.zscaler.net": false, "help.zscaler.com": false,
	} {
		if got := a.allows(host); got != want {
			t.Errorf("allows(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestVendorHostsCannotBeAllowed(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"connector.zscaler.net", "CONNECTOR.zscaler.net.", "help.zscaler.com", "zscaler.net", "*.zscaler.net", "*.a.zscloud.net",
		"*.net", "*.com", "*.us", "*.zslogin-new.net", "api.zsapi.net", "*.zsapi.net", "*.beta.zsapi.net", "acme.zslogin.net", "*.zslogin.net",
		"acme.zsloginbeta.net", "*.acme.zslogin.net", "acme.zidentitygov.us", "*.zidentitygov.net", "api.zscalergov.us", "ACME.zsLOGIN.net.", "*", "*.", "", "*.*.example.com", "exa mple.com", "ex*mple.com",
		"example.com:443", "http://example.com", "*.10.0.0.7", "*.[::1]",
	} {
		if _, err := newAllowList([]string{"example.com", entry}); err == nil {
			t.Errorf("--allow %q is accepted", entry)
		} else if !strings.HasPrefix(err.Error(), "--allow "+entry) {
			t.Errorf("--allow %q: the error does not name it: %v", entry, err)
		}
	}
}

func FuzzVendorHost(f *testing.F) {
	for _, seed := range []string{
		"connector.zscaler.net", "CONNECTOR.ZSCALER.NET.", "example.com", "[::1]", "127.0.0.1", "0x7f.1", "xn--zscaler-.net",
		"a@b", "a:80", "ｚscaler.net", "zſcaler.net", "a..b", "\x00", "[::ffff:1.2.3.4]", "fe80::1%lo", "zslogin-x.net",
	} {
		f.Add(seed)
	}
	all, err := newAllowList([]string{"*.org", "*.example.net", "127.0.0.1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in string) {
		host, err := normalHost(in)
		if err != nil {
			if Vendor(in) != Refused {
				t.Errorf("%q cannot be read but is %v", in, Vendor(in))
			}
			return
		}
		if again, err := normalHost(host); err != nil || again != host {
			t.Errorf("normalHost(%q) = %q, but of that %q, %v", in, host, again, err)
		}
		if strings.ContainsAny(host, "@/\\%?# \t\r\n\x00[]") || host != strings.ToLower(host) || strings.HasSuffix(host, ".") {
			t.Errorf("normalHost(%q) = %q", in, host)
		}
		verdict := Vendor(in)
		if verdict != Vendor(host) || verdict != Vendor(strings.ToUpper(host)) {
			t.Errorf("%q is %v, %q is %v", in, verdict, host, Vendor(host))
		}
		if verdict != Other && all.allows(host) {
			t.Errorf("the vendor's %q can be reached", host)
		}
		if _, err := netip.ParseAddr(host); err == nil {
			return
		}
		if dotted := host + "."; Vendor(dotted) != verdict {
			t.Errorf("%q is %v with a dot", host, Vendor(dotted))
		}
		for domain, served := range map[string]bool{
			"zscaler.net": host == "connector", "zscaler.com": false, "zdxcloud.net": false, "zsapi.net": host == "api" || strings.HasPrefix(host, "api.") && strings.Count(host, ".") == 1,
			"zslogin2.net": !strings.Contains(host, "."), "zidentitygov.us": !strings.Contains(host, "."),
		} {
			below := host + "." + domain
			if got := Vendor(below); len(below) <= 253 && (got == Other || (got == Served) != served) {
				t.Errorf("%q is %v", below, got)
			}
		}
		for _, suffix := range []string{".zscaler.net", ".zscaler.com", ".zsapi.net"} {
			if strings.HasSuffix(host, suffix) && verdict == Other {
				t.Errorf("%q is not the vendor's", host)
			}
		}
	})
}

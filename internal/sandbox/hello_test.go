package sandbox

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// An allowed address may be one of the vendor's, so what goes through a tunnel
// must not be TLS that is meant for the vendor.
func TestTunnelsLeadToNoVendorHost(t *testing.T) {
	far := httptest.NewTLSServer(http.HandlerFunc(echoHandler))
	t.Cleanup(far.Close)
	rig := newProxyRig(t, ProxyConfig{Allow: []string{"example.com", "203.0.113.7"}, Dial: dialTo(far.Listener.Addr().String(), "example.com:443", "203.0.113.7:443")})
	before := runtime.NumGoroutine()
	for name, want := range map[string]bool{
		"example.com": true, "": true, "www.example.org": true,
		"connector.zscaler.net": false, "admin.zscaler.net": false, "CONNECTOR.zscaler.net": false, "acme.zslogin.net": false, "api.zsapi.net": false,
	} {
		for _, target := range []string{"example.com:443", "203.0.113.7:443"} {
			c, _ := rig.openTunnelTo(t, target, "")
			inside := tls.Client(c, &tls.Config{ServerName: name, InsecureSkipVerify: true})
			err := inside.Handshake()
			if (err == nil) != want {
				t.Errorf("TLS for %q through %s: %v", name, target, err)
			}
			c.Close()
		}
	}
	far.CloseClientConnections()
	settle(t, before, rig.proxy)
}

// What is not TLS, and hosts that speak first, go through as before.
func TestTunnelsCarryOtherProtocols(t *testing.T) {
	t.Parallel()
	addr, accepted := farEnd(t)
	rig := newProxyRig(t, ProxyConfig{Allow: []string{"example.com"}, Dial: dialTo(addr, "example.com:22")})
	c, r := rig.openTunnelTo(t, "example.com:22", "")
	far := <-accepted
	if _, err := io.WriteString(far, "SSH-2.0-far\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); line != "SSH-2.0-far\r\n" {
		t.Errorf("the client got %q, %v", line, err)
	}
	if _, err := io.WriteString(c, "SSH-2.0-near\r\n"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("SSH-2.0-near\r\n"))
	if _, err := io.ReadFull(far, got); err != nil || string(got) != "SSH-2.0-near\r\n" {
		t.Errorf("the host got %q, %v", got, err)
	}

	// What begins like TLS and is none is refused: nobody can tell what it is for.
	c, r = rig.openTunnelTo(t, "example.com:22", "\x16\x03\x01\x00\x05hello, and more")
	far = <-accepted
	if text, err := io.ReadAll(r); len(text) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the client got %q, %v", text, err)
	}
	if text, err := io.ReadAll(far); len(text) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the host got %q, %v", text, err)
	}
	for _, c := range []net.Conn{c, far} {
		c.Close()
	}
}

package sandbox

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// direct is a client on a machine on which every host's name leads to where the
// proxy answers directly.
func (rig *proxyRig) direct(t *testing.T, addr string) *http.Client {
	t.Helper()
	tr := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: caPool(rig.ca)}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestDirect(t *testing.T) {
	rig := newProxyRig(t, ProxyConfig{})
	before := runtime.NumGoroutine()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- rig.proxy.ServeDirect(l) }()
	c := rig.direct(t, l.Addr().String())
	for host, path := range map[string]string{
		"connector.zscloud.net": "/api/v1/auth", "demo.zslogin.net": "/oauth2/v1/token", "api.zsapi.net": "/ztw/api/v1/ecgroup", "API.BETA.zsapi.net": "/ztw/api/v1/ecgroup",
	} {
		got := getEcho(t, c, request(t, "GET", "https://"+host+path, ""))
		if !got.TLS || got.Proto != "HTTP/2.0" || got.Host != strings.ToLower(host) || got.Path != path {
			t.Errorf("%s: the server saw %+v", host, got)
		}
	}
	for _, host := range []string{"admin.zscloud.net", "example.com", "127.0.0.1"} {
		if resp, err := c.Do(request(t, "GET", "https://"+host+"/api/v1/auth", "")); err == nil {
			resp.Body.Close()
			t.Errorf("%s answered %d", host, resp.StatusCode)
		}
	}
	req := request(t, "GET", "https://connector.zscloud.net/api/v1/auth", "")
	req.Host = "connector.zscaler.net"
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host inside: %d", resp.StatusCode)
	}
	if err := rig.proxy.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	c.CloseIdleConnections()
	settle(t, before, rig.proxy)
	if _, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
		t.Error("its address still answers")
	}
}

// from is a listener whose peers seem to be elsewhere.
type from struct {
	net.Listener
	addr net.Addr
}

type fromConn struct {
	net.Conn
	addr net.Addr
}

func (l from) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return fromConn{c, l.addr}, err
}

func (c fromConn) RemoteAddr() net.Addr { return c.addr }

func TestDirectIsForLoopback(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- rig.proxy.ServeDirect(from{l, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 9}})
	}()
	if resp, err := rig.direct(t, l.Addr().String()).Do(request(t, "GET", "https://connector.zscloud.net/api/v1/auth", "")); err == nil {
		resp.Body.Close()
		t.Errorf("a client from elsewhere got %d", resp.StatusCode)
	}
	if err := rig.proxy.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

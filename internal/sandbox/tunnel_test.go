package sandbox

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// dialTo connects to addr instead of any of the hosts; all others fail.
func dialTo(addr string, hosts ...string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, asked string) (net.Conn, error) {
		for _, host := range hosts {
			if asked == host {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			}
		}
		return nil, errors.New("cannot reach " + asked)
	}
}

func TestAllowedHostIsTunnelled(t *testing.T) {
	t.Parallel()
	far := httptest.NewTLSServer(http.HandlerFunc(echoHandler))
	t.Cleanup(far.Close)
	rig := newProxyRig(t, ProxyConfig{
		Allow: []string{"*.example.com", "127.0.0.1"},
		Dial:  dialTo(far.Listener.Addr().String(), "www.example.com:8443", far.Listener.Addr().String()),
	})
	c := rig.client(t)
	roots := c.Transport.(*http.Transport).TLSClientConfig.RootCAs
	roots.AddCert(far.Certificate())
	for _, target := range []string{"https://WWW.example.com:8443/a", far.URL + "/a"} {
		if got := getEcho(t, c, request(t, "POST", target, "body")); got.Path != "/a" || !got.TLS || got.Body != "body" || got.Proto != "HTTP/2.0" && got.Proto != "HTTP/1.1" {
			t.Errorf("%s: the host saw %+v", target, got)
		}
	}
	if status, e := rig.refusal(t, "CONNECT dead.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"); status != 502 || !strings.Contains(e.Message, "could not be reached") {
		t.Errorf("a host that is down: %d %v", status, e)
	}
	if status, _ := rig.refusal(t, "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"); status != 403 {
		t.Errorf("the domain itself: %d", status)
	}
}

func TestAllowedHostIsForwarded(t *testing.T) {
	t.Parallel()
	far := httptest.NewServer(http.HandlerFunc(echoHandler))
	t.Cleanup(far.Close)
	rig := newProxyRig(t, ProxyConfig{
		Allow: []string{"example.com", "::1"},
		Dial:  dialTo(far.Listener.Addr().String(), "example.com:80", "example.com:81", "[::1]:80"),
	})
	c := rig.client(t)
	for target, host := range map[string]string{
		"http://Example.com/a?x=1;y": "example.com", "http://example.com:81/a?x=1;y": "example.com:81", "http://[::1]/a?x=1;y": "[::1]",
	} {
		req := request(t, "PUT", target, "body")
		req.Header.Set("Proxy-Authorization", "Basic c2VjcmV0")
		got := getEcho(t, c, req)
		if got.Host != host || got.URI != "/a?x=1;y" || got.Body != "body" || got.Method != "PUT" || got.ProxyAuthorization != "" {
			t.Errorf("%s: the host saw %+v", target, got)
		}
	}
	// The Host header decides nothing and is not passed on (RFC 9112 3.2.2).
	_, r := rig.speak(t, "GET http://example.com/ HTTP/1.1\r\nHost: connector.zscaler.net\r\n\r\n")
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got echo
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Host != "example.com" {
		t.Errorf("with another Host header the host saw %+v, %v", got, err)
	}
	if status, e := rig.refusal(t, "GET http://example.com:82/ HTTP/1.1\r\nHost: x\r\n\r\n"); status != 502 || e.Code != codeUnreachable {
		t.Errorf("a port that is down: %d %v", status, e)
	}
}

// farEnd accepts connections and hands them to the test.
func farEnd(t *testing.T) (addr string, accepted <-chan *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conns := make(chan *net.TCPConn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c.(*net.TCPConn)
		}
	}()
	return l.Addr().String(), conns
}

func (rig *proxyRig) openTunnel(t *testing.T) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	return rig.openTunnelTo(t, "example.com:443", "ahead")
}

func (rig *proxyRig) openTunnelTo(t *testing.T, target, ahead string) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	c, r := rig.speak(t, "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"+ahead)
	if resp, err := http.ReadResponse(r, &http.Request{Method: "CONNECT"}); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	return c.(*net.TCPConn), r
}

func TestTunnelPassesEndsOn(t *testing.T) {
	addr, accepted := farEnd(t)
	rig := newProxyRig(t, ProxyConfig{Allow: []string{"example.com"}, Dial: dialTo(addr, "example.com:443")})
	before := runtime.NumGoroutine()

	client, r := rig.openTunnel(t)
	far := <-accepted
	if _, err := io.WriteString(client, " and more"); err != nil {
		t.Fatal(err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(far); err != nil || string(got) != "ahead and more" {
		t.Errorf("the host got %q, %v", got, err)
	}
	if _, err := io.WriteString(far, "answer"); err != nil { // the other direction is still open
		t.Fatal(err)
	}
	far.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "answer" {
		t.Errorf("the client got %q, %v", got, err)
	}
	client.Close()
	settle(t, before, rig.proxy)

	// A connection that breaks takes the other one with it.
	client, _ = rig.openTunnel(t)
	far = <-accepted
	if err := client.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if _, err := io.Copy(io.Discard, far); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
	far.Close()
	settle(t, before, rig.proxy)
}

func TestCloseEndsEverything(t *testing.T) {
	addr, accepted := farEnd(t)
	started, stopped := make(chan struct{}), make(chan struct{})
	before := runtime.NumGoroutine()
	rig := newProxyRig(t, ProxyConfig{
		Allow: []string{"example.com"}, Dial: dialTo(addr, "example.com:443"),
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(started)
			<-r.Context().Done()
			close(stopped)
		}),
	})
	tunnelled, r := rig.openTunnel(t)
	far := <-accepted
	idle, _ := rig.speak(t, "CONNECT connector.zscaler.net:443 HTTP/1.1\r\nHost: x\r\n\r\n") // and no handshake
	client := rig.client(t)
	failed := make(chan error, 1)
	go func() {
		resp, err := client.Do(request(t, "GET", "https://connector.zscaler.net/api/v1/", ""))
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-started

	if err := rig.proxy.Close(); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(r); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the tunnel's client: %v", err)
	}
	if _, err := io.ReadAll(far); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the tunnel's host: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the request under way was answered")
	}
	<-stopped
	if status, e := rig.refusal(t, "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"); status != 503 || e.Code != codeShuttingDown {
		t.Errorf("afterwards: %d %v", status, e)
	}
	for _, c := range []net.Conn{tunnelled, idle, far} {
		c.Close()
	}
	if err := rig.proxy.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	rig.front.Close()
	client.CloseIdleConnections()
	settle(t, before+1, rig.proxy) // the far end's listener may not have been counted before
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}), make(chan struct{})
	rig := newProxyRig(t, ProxyConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		<-finish
		_, _ = io.WriteString(w, "done")
	})})
	client := rig.client(t)
	answered := make(chan string, 1)
	go func() {
		resp, err := client.Do(request(t, "GET", "https://connector.zscaler.net/api/v1/", ""))
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answered <- string(body)
	}()
	<-started
	down := make(chan error, 1)
	go func() { down <- rig.proxy.Shutdown(t.Context()) }()
	<-rig.proxy.inner.done // no more connections are taken
	close(finish)
	if got := <-answered; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

// A handshake that never comes or a handler's hijack leaves nothing behind.
func TestNoConnectionLeaks(t *testing.T) {
	rig := newProxyRig(t, ProxyConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/hijack" {
			echoHandler(w, r)
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw")
		c.Close()
	})})
	before := runtime.NumGoroutine()
	for range 20 {
		c, r := rig.speak(t, "CONNECT connector.zscaler.net:443 HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		c.Close()

		client := rig.client(t)
		if got := getEcho(t, client, request(t, "GET", "https://connector.zscaler.net/api/v1/x", "")); got.Path != "/api/v1/x" {
			t.Errorf("got %+v", got)
		}
		client.CloseIdleConnections()

		untrusting := rig.client(t)
		untrusting.Transport.(*http.Transport).TLSClientConfig = &tls.Config{ServerName: "connector.zscaler.net", Time: func() time.Time { return time.Unix(0, 0) }}
		if resp, err := untrusting.Do(request(t, "GET", "https://connector.zscaler.net/api/v1/", "")); err == nil {
			resp.Body.Close()
			t.Error("a client that does not trust the CA got an answer")
		}

		up := rig.client(t)
		up.Transport.(*http.Transport).ForceAttemptHTTP2 = false // which knows no upgrades
		req := request(t, "GET", "https://connector.zscaler.net/api/v1/hijack", "")
		req.Header.Set("Connection", "upgrade")
		req.Header.Set("Upgrade", "x")
		resp, err := up.Do(req)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(resp, err)
		}
		if raw, err := io.ReadAll(resp.Body); err != nil || string(raw) != "raw" {
			t.Errorf("after the upgrade: %q, %v", raw, err)
		}
		resp.Body.Close()
	}
	settle(t, before, rig.proxy)
}

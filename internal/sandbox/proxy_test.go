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
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// proxyRig is a server with a proxy in front of it on a real listener, as
// `spurline up` has it.
type proxyRig struct {
	ca    *CA
	proxy *Proxy
	front *httptest.Server
}

// echo answers with what the server sees of a request.
type echo struct {
	TLS                        bool
	Proto, Host, Path, Body    string
	RemoteAddr, URI, URLHost   string
	ProxyAuthorization, Method string
}

func echoHandler(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(echo{
		TLS: r.TLS != nil, Proto: r.Proto, Host: r.Host, Path: r.URL.Path, Body: string(body), RemoteAddr: r.RemoteAddr,
		URI: r.RequestURI, URLHost: r.URL.Host, ProxyAuthorization: r.Header.Get("Proxy-Authorization"), Method: r.Method,
	})
}

func newProxyRig(t *testing.T, cfg ProxyConfig) *proxyRig {
	t.Helper()
	cfg.CA = openTestCA(t, t.TempDir(), time.Now)
	if cfg.Handler == nil {
		cfg.Handler = http.HandlerFunc(echoHandler)
	}
	if cfg.Dial == nil {
		cfg.Dial = func(_ context.Context, _, addr string) (net.Conn, error) {
			t.Errorf("the proxy dialled %s", addr)
			return nil, errors.New("no network here")
		}
	}
	proxy, err := NewProxy(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rig := &proxyRig{ca: cfg.CA, proxy: proxy, front: httptest.NewServer(Wrap(cfg.Handler, proxy))}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
		rig.front.Close()
	})
	return rig
}

// client is an ordinary client with the two settings of `spurline env`: the
// proxy and the CA.
func (rig *proxyRig) client(t *testing.T) *http.Client {
	t.Helper()
	u, err := url.Parse(rig.front.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{Proxy: http.ProxyURL(u), TLSClientConfig: &tls.Config{RootCAs: caPool(rig.ca)}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// speak sends text on a new connection to the front and returns a reader of
// what comes back.
func (rig *proxyRig) speak(t *testing.T, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", rig.front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// refusal sends text and returns the status and the error of the answer.
func (rig *proxyRig) refusal(t *testing.T, text string) (int, *wire.Error) {
	t.Helper()
	_, r := rig.speak(t, text)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	defer resp.Body.Close()
	e := &wire.Error{}
	if resp.StatusCode == http.StatusOK {
		return resp.StatusCode, e
	}
	if err := json.NewDecoder(resp.Body).Decode(e); err != nil && resp.Header.Get("Content-Type") == "application/json" {
		t.Errorf("%q: the body is no error: %v", text, err)
	}
	return resp.StatusCode, e
}

func getEcho(t *testing.T, c *http.Client, req *http.Request) echo {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var e echo
	if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	return e
}

func request(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestVendorHostIsServed(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	c := rig.client(t)
	for _, host := range []string{"connector.zscalerthree.net", "connector.zscaler.net", "connector.zscaler.net"} {
		got := getEcho(t, c, request(t, "POST", "https://"+host+"/api/v1/auth?x=1", "hello"))
		if !got.TLS || got.Proto != "HTTP/2.0" || got.Host != host || got.Path != "/api/v1/auth" || got.URI != "/api/v1/auth?x=1" || got.Body != "hello" {
			t.Errorf("%s: the server saw %+v", host, got)
		}
		if !strings.HasPrefix(got.RemoteAddr, "127.0.0.1:") || got.RemoteAddr == rig.front.Listener.Addr().String() {
			t.Errorf("the client's address is %s", got.RemoteAddr)
		}
	}
	req := request(t, "PUT", "http://Connector.zscaler.net:80/api/v1/x?y=%20z", "plain")
	req.Header.Set("Proxy-Authorization", "Basic c2VjcmV0")
	got := getEcho(t, c, req)
	want := echo{Proto: "HTTP/1.1", Host: "connector.zscaler.net", Path: "/api/v1/x", URI: "/api/v1/x?y=%20z", Body: "plain", Method: "PUT", RemoteAddr: got.RemoteAddr}
	if got != want {
		t.Errorf("in absolute form the server saw %+v, want %+v", got, want)
	}
	if got := getEcho(t, rig.front.Client(), request(t, "GET", rig.front.URL+"/direct", "")); got.Path != "/direct" || got.TLS {
		t.Errorf("without a proxy the server saw %+v", got)
	}
}

func TestKeepAliveContinueAndPipelining(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	c, r := rig.speak(t, "CONNECT connector.zscaler.net:443 HTTP/1.1\r\nHost: connector.zscaler.net:443\r\n\r\n")
	if resp, err := http.ReadResponse(r, &http.Request{Method: "CONNECT"}); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	inside := tls.Client(c, &tls.Config{RootCAs: caPool(rig.ca), ServerName: "connector.zscaler.net"})
	if _, err := io.WriteString(inside, "GET /api/v1/a HTTP/1.1\r\nHost: connector.zscaler.net\r\n\r\nGET /api/v1/b HTTP/1.1\r\nHost: connector.zscaler.net:443\r\n\r\n"+
		"PUT /api/v1/c HTTP/1.1\r\nHost: connector.zscaler.net\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(inside)
	for _, path := range []string{"/api/v1/a", "/api/v1/b", "/api/v1/c"} {
		if path == "/api/v1/c" {
			line, err := in.ReadString('\n')
			if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
				t.Fatalf("before the body: %q, %v", line, err)
			}
			if _, err := in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(inside, "hi"); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got echo
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Path != path {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
		resp.Body.Close()
	}
}

// A client may send its ClientHello without waiting for the answer to CONNECT.
func TestBytesSentAheadArrive(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	go func() {
		_ = tls.Client(theirs, &tls.Config{ServerName: "connector.zscaler.net"}).HandshakeContext(t.Context())
	}()
	hello := make([]byte, 16<<10)
	n, err := ours.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	_, r := rig.speak(t, "CONNECT connector.zscaler.net:443 HTTP/1.1\r\nHost: x\r\n\r\n"+string(hello[:n]))
	head := make([]byte, len(established)+1)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(established)]) != established || head[len(established)] != 0x16 {
		t.Errorf("got %q, %v; want the answer and a TLS handshake", head, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{Allow: []string{"allowed.example.com"}})
	tests := []struct {
		target string // after the method: of CONNECT without a scheme
		status int
		says   string
	}{
		{"example.com:443", 403, "--allow example.com"},
		{"EXAMPLE.com.:443", 403, "--allow example.com"},
		{"127.0.0.1:443", 403, "--allow 127.0.0.1"},
		{"[::1]:443", 403, "--allow ::1"},
		{"connector.zscaler.net:80", 403, "not on port 80"},
		{"connector.zscaler.net:8443", 403, "not on port 8443"},
		{"admin.zscaler.net:443", 403, "belongs to the vendor"},
		{"help.zscaler.com.:443", 403, "belongs to the vendor"},
		{"www.zsapi.net:443", 403, "belongs to the vendor"},
		{"zslogin.net:443", 403, "belongs to the vendor"},
		{"API.zsapi.net:8443", 403, "not on port 8443"},
		{"acme.zslogin.net:80", 403, "not on port 80"},
		{"connector.zscaler.net.example.com:443", 403, "--allow connector.zscaler.net.example.com"},
		{"connector.zscaler.net", 400, "no valid port"},
		{"connector.zscaler.net:0443", 400, "no valid port"},
		{"connector.zscaler.net:65536", 400, "no valid port"},
		{"connector.zscaler.net:443@allowed.example.com:443", 400, ""},
		{"allowed.example.com:443@connector.zscaler.net:443", 400, ""},
		{"allowed.example.com@admin.zscaler.net:443", 400, "holds a user"},
		{"allowed.example.com:443/x", 400, "names a host and a port"},
		{"0x7f.1:443", 400, "IPv4"},
		{"connector.xn--zscaler-.net:443", 400, "hyphen"},
		{"connector。zscaler。net:443", 400, ""},
		{"/x", 400, "no host"},

		{"http://example.com/", 403, "--allow example.com"},
		{"http://connector.zscaler.net:8080/", 403, "not on port 8080"},
		{"http://admin.zscaler.net/", 403, "belongs to the vendor"},
		{"https://help.zscaler.com/", 403, "belongs to the vendor"},
		{"http://allowed.example.com@admin.zscaler.net/", 400, "holds a user"},
		{"http://u:p@allowed.example.com/", 400, "holds a user"},
		{"https://allowed.example.com/", 400, "Use CONNECT"},
		{"ftp://allowed.example.com/", 400, "http and https only"},
		{"http:opaque", 400, ""},
		{"http:///x", 400, ""},
		{"http://2130706433/", 400, "IPv4"},
	}
	for _, tt := range tests {
		method := "CONNECT"
		if strings.HasPrefix(tt.target, "http") || strings.HasPrefix(tt.target, "ftp") {
			method = "GET"
		}
		// The Host header decides nothing.
		status, e := rig.refusal(t, method+" "+tt.target+" HTTP/1.1\r\nHost: connector.zscaler.net\r\n\r\n")
		if status != tt.status || !strings.Contains(e.Message, tt.says) || tt.says != "" && !strings.HasPrefix(e.Code, "PROXY_") {
			t.Errorf("%s %s: %d %s %q; want %d %q", method, tt.target, status, e.Code, e.Message, tt.status, tt.says)
		}
	}
	if status, _ := rig.refusal(t, "CONNECT connector.zscaler.net:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"); status != 400 {
		t.Errorf("a CONNECT with a body: %d", status)
	}
}

func TestAnotherHostInsideIsRefused(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	c := rig.client(t)
	for host, want := range map[string]int{
		"admin.zscaler.net": 421, "example.com": 421, "connector.zscaler.net:80": 421, "connector.zscloud.net": 421,
		"CONNECTOR.zscaler.net.": 200, "connector.zscaler.net:443": 200,
	} {
		req := request(t, "GET", "https://connector.zscaler.net/api/v1/", "")
		req.Host = host
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("Host %s: %d, want %d", host, resp.StatusCode, want)
		}
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	for addr, want := range map[string]int{
		"127.0.0.1:9": 200, "127.9.9.9:9": 200, "[::1]:9": 200, "[::ffff:127.0.0.1]:9": 200,
		"10.0.0.1:9": 403, "[2001:db8::1]:9": 403, "[::ffff:10.0.0.1]:9": 403, "@": 403, "": 403,
	} {
		for _, target := range []string{"http://connector.zscaler.net/api/v1/x", "http://example.com/"} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", target, nil)
			r.RemoteAddr = addr
			w := httptest.NewRecorder()
			rig.proxy.ServeHTTP(w, r)
			if strings.Contains(target, "example") {
				want = 403
			}
			if w.Code != want {
				t.Errorf("%s from %q: %d, want %d", target, addr, w.Code, want)
			}
		}
	}
}

func TestNewProxyRefuses(t *testing.T) {
	t.Parallel()
	ca := openTestCA(t, t.TempDir(), onCADay)
	h := http.HandlerFunc(echoHandler)
	for name, cfg := range map[string]ProxyConfig{
		"a vendor host": {CA: ca, Handler: h, Allow: []string{"example.com", "connector.zscaler.net"}},
		"no CA":         {Handler: h},
		"no handler":    {CA: ca},
	} {
		if p, err := NewProxy(cfg); err == nil {
			t.Errorf("%s: accepted: %v", name, p.Close())
		}
	}
}

func TestAnotherProtocolIsRefused(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	r := (&http.Request{Method: "CONNECT", URL: &url.URL{Host: "connector.zscaler.net:443"}, RemoteAddr: "127.0.0.1:9"}).WithContext(t.Context())
	w := httptest.NewRecorder() // which, like HTTP/2, has no connection to take over
	rig.proxy.ServeHTTP(w, r)
	if w.Code != http.StatusHTTPVersionNotSupported {
		t.Errorf("status %d", w.Code)
	}
}

// settle waits until no more goroutines run than before and the proxy owns no
// connection.
func settle(t *testing.T, before int, p *Proxy) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		p.mu.Lock()
		conns := len(p.conns)
		p.mu.Unlock()
		if conns == 0 && runtime.NumGoroutine() <= before {
			return
		}
		if time.Now().After(deadline) {
			stacks := make([]byte, 64<<10)
			t.Fatalf("%d connections and %d goroutines are left, %d before:\n%s", conns, runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
}

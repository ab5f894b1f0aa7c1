package sandbox

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
)

// established is what a client waits for after CONNECT.
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// clientConn is a connection that has been taken over from the server it came
// in on: the proxy's to close, and with what the client sent ahead of the
// answer to its CONNECT put back in front.
type clientConn struct {
	net.Conn
	host   string // in normal form, of an intercepted connection
	ahead  *bufio.Reader
	closed func()
	once   sync.Once
}

func (c *clientConn) Read(b []byte) (int, error) {
	if c.ahead != nil {
		if n := c.ahead.Buffered(); n > 0 {
			return c.ahead.Read(b[:min(len(b), n)])
		}
		c.ahead = nil
	}
	return c.Conn.Read(b)
}

// CloseWrite ends the direction to the client, where the connection can.
func (c *clientConn) CloseWrite() error { return closeWrite(c.Conn) }

func (c *clientConn) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}

// takeOver hijacks the client's connection and tells the client that it is
// through. It answers the request itself when that fails.
func (p *Proxy) takeOver(w http.ResponseWriter, r *http.Request) (*clientConn, bool) {
	raw, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.refuse(w, r, http.StatusHTTPVersionNotSupported, codeBadTarget, "Use CONNECT over HTTP/1.1.")
		return nil, false
	}
	c := &clientConn{Conn: raw, ahead: rw.Reader}
	c.closed = func() { p.forget(c) }
	if !p.own(c) {
		_ = raw.Close()
		return nil, false
	}
	if _, err := io.WriteString(raw, established); err != nil {
		_ = c.Close()
		return nil, false
	}
	return c, true
}

// intercept ends the client's TLS with a certificate for the host and serves
// what is inside.
func (p *Proxy) intercept(w http.ResponseWriter, r *http.Request, host string) {
	leaf, err := p.ca.Leaf(host)
	if err != nil {
		p.log.ErrorContext(r.Context(), "proxy has no certificate", "host", host, "error", err)
		p.refuse(w, r, http.StatusInternalServerError, codeUnreachable, "The proxy could not make a certificate.")
		return
	}
	c, ok := p.takeOver(w, r)
	if !ok {
		return
	}
	c.host = host
	if !p.inner.hand(tls.Server(c, &tls.Config{
		Certificates: []tls.Certificate{*leaf},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	})) {
		_ = c.Close()
	}
}

// own notes a connection for Close, unless the proxy is closed already.
func (p *Proxy) own(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.conns[c] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

package sandbox

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// established is what a client waits for after CONNECT.
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// writePatience is how long a client may take over each piece of an answer. One
// that has stopped reading is let go; one that is slow is not.
const writePatience = 10 * time.Minute

// clientConn is a client's connection that is the proxy's to close. One that has
// been taken over from the server it came in on has what the client sent ahead
// of the answer to its CONNECT put back in front.
type clientConn struct {
	net.Conn
	host     string        // in normal form, of a connection to a host of the vendor
	patience time.Duration // for each write; 0 = no end
	ahead    *bufio.Reader
	closed   func()
	once     sync.Once
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

func (c *clientConn) Write(b []byte) (int, error) {
	if c.patience > 0 {
		if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
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
	config, err := p.tlsFor(host)
	if err != nil {
		p.log.ErrorContext(r.Context(), "proxy has no certificate", "host", host, "error", err)
		p.refuse(w, r, http.StatusInternalServerError, codeUnreachable, "The proxy could not make a certificate.")
		return
	}
	c, ok := p.takeOver(w, r)
	if !ok {
		return
	}
	c.host, c.patience = host, writePatience
	if !p.inner.hand(tls.Server(c, config)) {
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

package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// helloTimeout is how long a client may take over its TLS hello, once begun.
const helloTimeout = 15 * time.Second

var (
	errHelloSeen    = errors.New("the hello has been seen")
	errHelloRefused = errors.New("the TLS inside names a host of the vendor, or none that can be read")
)

// checkHello reads ahead what a client of a tunnel says first. Where that is
// TLS, it must not be meant for a host of the vendor: an allowed address could
// be one of the vendor's. What was read is put back. A hello that takes too long
// is given up.
func checkHello(c *clientConn, giveUp func()) error {
	first := make([]byte, 1)
	if _, err := io.ReadFull(c, first); err != nil {
		return nil // the copying that follows meets the same end
	}
	h := &helloConn{Conn: c, next: bytes.NewReader(first)}
	defer h.putBack(c)
	const handshake = 0x16 // the type of TLS's first record; others begin with something else
	if first[0] != handshake {
		h.heard.Write(first)
		return nil
	}
	var name string
	seen := false
	defer time.AfterFunc(helloTimeout, giveUp).Stop()
	err := tls.Server(h, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		name, seen = hello.ServerName, true
		return nil, errHelloSeen
	}}).HandshakeContext(context.Background()) // giveUp ends it
	if !seen || name != "" && Vendor(name) != Other {
		return errors.Join(errHelloRefused, err)
	}
	return nil
}

// helloConn is a connection for a handshake that never goes past the hello: it
// keeps what it reads and says nothing.
type helloConn struct {
	net.Conn
	next  *bytes.Reader // to be read before the connection
	heard bytes.Buffer
}

func (h *helloConn) Read(b []byte) (n int, err error) {
	if h.next.Len() > 0 {
		n, err = h.next.Read(b)
	} else {
		n, err = h.Conn.Read(b)
	}
	h.heard.Write(b[:n])
	return n, err
}

func (h *helloConn) Write(b []byte) (int, error) { return len(b), nil }

func (h *helloConn) Close() error { return nil }

// putBack makes what was heard the next that is read of the connection.
func (h *helloConn) putBack(c *clientConn) {
	all := h.heard.Bytes()
	if c.ahead != nil {
		rest, _ := c.ahead.Peek(c.ahead.Buffered())
		all = append(all, rest...)
	}
	c.ahead = bufio.NewReaderSize(bytes.NewReader(all), len(all))
	_, _ = c.ahead.Peek(len(all)) // fills its buffer
}

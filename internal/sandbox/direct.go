package sandbox

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// ServeDirect answers on l as the vendor's hosts themselves do, by TLS and
// without a proxy in between, for machines on which the hosts' names lead to
// loopback. The name that a client asks for in its hello decides, and a client
// that names no served host gets no further. ServeDirect returns when the proxy
// is closed, and closes l.
func (p *Proxy) ServeDirect(l net.Listener) error {
	err := p.inner.server.Serve(&directListener{Listener: l, proxy: p})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// directListener hands out TLS connections from loopback that the proxy owns.
type directListener struct {
	net.Listener
	proxy *Proxy
}

func (l *directListener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &clientConn{Conn: raw, patience: writePatience}
		c.closed = func() { l.proxy.forget(c) }
		if fromLoopback(raw.RemoteAddr().String()) && l.proxy.own(c) {
			return tls.Server(c, l.proxy.directTLS(c)), nil
		}
		_ = raw.Close()
	}
}

// directTLS finds out which host a connection is to, and shows its certificate.
func (p *Proxy) directTLS(c *clientConn) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			host, err := normalHost(hello.ServerName)
			if err != nil || vendor(host) != Served {
				return nil, fmt.Errorf("%q is not served here", hello.ServerName)
			}
			c.host = host
			return p.tlsFor(host)
		},
	}
}

// tlsFor is how TLS with one of the vendor's hosts is spoken here.
func (p *Proxy) tlsFor(host string) (*tls.Config, error) {
	leaf, err := p.ca.Leaf(host)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{*leaf},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}, nil
}

package sandbox

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// Bounds of the requests inside an intercepted connection. The server's own
// listener has its like; these connections have left it.
const (
	innerHeaderTimeout = 15 * time.Second // the TLS handshake has as long
	innerReadTimeout   = time.Minute      // of a request with its body
	innerIdleTimeout   = 2 * time.Minute
	innerHeaderBytes   = 64 << 10
)

// inner is an HTTP server whose connections are handed to it instead of being
// accepted from the network, so that requests inside TLS get everything that
// net/http does for a connection: keep-alive, Expect, timeouts, hijacking and
// shutdown.
type inner struct {
	server *http.Server
	conns  chan net.Conn
	done   chan struct{} // closed: no more connections
	once   sync.Once
	served chan struct{} // closed: Serve has returned
}

func newInner(p *Proxy, log *slog.Logger) *inner {
	in := &inner{conns: make(chan net.Conn), done: make(chan struct{}), served: make(chan struct{})}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	in.server = &http.Server{
		Handler:           onlyHost(http.HandlerFunc(p.serve)),
		Protocols:         protocols,
		ReadHeaderTimeout: innerHeaderTimeout,
		ReadTimeout:       innerReadTimeout,
		IdleTimeout:       innerIdleTimeout,
		MaxHeaderBytes:    innerHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c.(*tls.Conn).NetConn().(*clientConn))
		},
	}
	go func() {
		defer close(in.served)
		_ = in.server.Serve(in) // always an error: that it was closed
	}()
	return in
}

// hand gives a connection to the server, which closes it in the end. It
// reports false when the server takes no more.
func (in *inner) hand(c *tls.Conn) bool {
	select {
	case in.conns <- c:
		return true
	case <-in.done:
		return false
	}
}

// Accept, Close and Addr make inner the server's listener.
func (in *inner) Accept() (net.Conn, error) {
	select {
	case c := <-in.conns:
		return c, nil
	case <-in.done:
		return nil, net.ErrClosed
	}
}

func (in *inner) Close() error {
	in.once.Do(func() { close(in.done) })
	return nil
}

func (in *inner) Addr() net.Addr { return &net.TCPAddr{} }

// connKey is the context key of the connection that a request came on.
type connKey struct{}

// onlyHost answers requests for the host of their connection and no other. A
// client that asks for another one believes to be somewhere else.
func onlyHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connected := r.Context().Value(connKey{}).(*clientConn).host
		name, port := r.Host, "443"
		if h, p, err := net.SplitHostPort(r.Host); err == nil {
			name, port = h, p
		}
		host, err := normalHost(name)
		if err != nil || host != connected || port != "443" {
			writeError(w, &wire.Error{
				Status: http.StatusMisdirectedRequest, Code: codeBadTarget,
				Message: "This connection is to " + connected + "; the request names another host.",
			})
			return
		}
		r.Host = host // in normal form
		next.ServeHTTP(w, r)
	})
}

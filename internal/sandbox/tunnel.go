package sandbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// lingerTimeout is how long one direction of a tunnel may go on after the
// other one has ended.
const lingerTimeout = time.Minute

// tunnel connects the client with an allowed host and copies both ways.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request, addr string) {
	if !p.begin() {
		p.refuseClosed(w, r)
		return
	}
	defer p.busy.Done()
	upstream, err := p.reach(r.Context(), addr)
	if err != nil {
		p.log.WarnContext(r.Context(), "proxy could not connect", "host", addr, "error", err)
		writeError(w, unreachable(addr))
		return
	}
	defer upstream.Close()
	if !p.own(upstream) {
		p.refuseClosed(w, r)
		return
	}
	defer p.forget(upstream)
	client, ok := p.takeOver(w, r)
	if !ok {
		return
	}
	defer client.Close()
	p.log.LogAttrs(r.Context(), slog.LevelInfo, "proxy tunnel", slog.String("host", addr))

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := checkHello(client, func() { cut(upstream, client) }); err != nil {
			p.log.WarnContext(r.Context(), "proxy refused a tunnel", "host", addr, "error", err)
			cut(upstream, client)
			return
		}
		pump(upstream, client)
	}()
	pump(client, upstream)
	<-ended
}

func (p *Proxy) reach(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	return p.dial(ctx, "tcp", addr)
}

// pump copies one direction of a tunnel, passes its end on, and gives the
// other direction, whose source is dst, a last while. A direction that breaks
// takes the other one with it.
func pump(dst, src net.Conn) {
	_, err := io.Copy(dst, src)
	if err == nil {
		err = closeWrite(dst)
	}
	if err != nil {
		cut(dst, src)
		return
	}
	_ = dst.SetReadDeadline(time.Now().Add(lingerTimeout))
}

// cut ends both directions of a tunnel at once.
func cut(a, b net.Conn) {
	_ = a.SetDeadline(time.Unix(1, 0))
	_ = b.SetDeadline(time.Unix(1, 0))
}

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.New("the connection cannot be closed in one direction")
}

// begin counts a tunnel in, unless the proxy is closed.
func (p *Proxy) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.busy.Add(1)
	}
	return !p.closed
}

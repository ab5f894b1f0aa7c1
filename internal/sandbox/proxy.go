package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// dialTimeout bounds how long the proxy tries to reach an allowed host.
const dialTimeout = 15 * time.Second

// ProxyConfig says what the proxy serves and what it lets through.
type ProxyConfig struct {
	CA      *CA
	Handler http.Handler // the server; answers for the vendor's hosts
	// Allow names other hosts that clients may reach through the proxy:
	// example.com, 10.0.0.7, or *.example.com for all hosts below a domain.
	Allow []string
	Log   *slog.Logger                                                      // nil discards
	Dial  func(ctx context.Context, network, addr string) (net.Conn, error) // nil dials the network
}

// Proxy lets unmodified clients reach the server as if it were the vendor's
// cloud. It is an http.Handler for CONNECT and for requests in absolute form
// (GET http://host/…), from loopback only.
//
// It fails closed: a host of the vendor is served by the Handler or refused,
// and never dialled; any other host is refused unless it is allowed. All
// decisions are made on the normal form of the host in the request line, and
// that form is what is dialled; the Host header decides nothing.
type Proxy struct {
	ca      *CA
	handler http.Handler
	allow   *allowList
	log     *slog.Logger
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	inner   *inner
	forward *forwarder

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{} // every connection that is the proxy's to close
	busy   sync.WaitGroup        // the tunnels
}

// NewProxy returns a proxy, which is to be closed after use. An entry of Allow
// that would let a host of the vendor through is an error.
func NewProxy(cfg ProxyConfig) (*Proxy, error) {
	if cfg.CA == nil || cfg.Handler == nil {
		return nil, errors.New("the proxy needs a CA and a handler")
	}
	allow, err := newAllowList(cfg.Allow)
	if err != nil {
		return nil, err
	}
	p := &Proxy{ca: cfg.CA, handler: cfg.Handler, allow: allow, log: cfg.Log, dial: cfg.Dial, conns: map[net.Conn]struct{}{}}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.dial == nil {
		p.dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.forward = newForwarder(p.dial, p.log)
	p.inner = newInner(p, p.log)
	return p, nil
}

// Shutdown lets the requests inside intercepted connections finish, for as
// long as ctx lasts, and then closes the proxy.
func (p *Proxy) Shutdown(ctx context.Context) error {
	return errors.Join(p.inner.server.Shutdown(ctx), p.Close())
}

// Close ends every connection that goes through the proxy and returns when the
// tunnels are gone. The proxy refuses what comes later.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	err := p.inner.server.Close()
	_ = p.inner.Close()
	<-p.inner.served

	p.mu.Lock()
	var open []net.Conn
	for c := range p.conns {
		open = append(open, c)
	}
	p.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	p.busy.Wait()
	p.forward.close()
	return err
}

// Wrap sends the requests that are meant for a proxy to proxy, and the others
// to next.
func Wrap(next http.Handler, proxy *Proxy) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect || r.URL.IsAbs() {
			proxy.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP serves, passes on or refuses what a client asks of its proxy.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !fromLoopback(r.RemoteAddr) {
		p.refuse(w, r, http.StatusForbidden, "PROXY_LOOPBACK_ONLY", "The proxy is for clients on this machine.")
		return
	}
	switch {
	case p.ctx.Err() != nil:
		p.refuseClosed(w, r)
	case r.Method == http.MethodConnect:
		p.serveConnect(w, r)
	default:
		p.serveAbsolute(w, r)
	}
}

func (p *Proxy) serveConnect(w http.ResponseWriter, r *http.Request) {
	host, port, err := target(r, "")
	switch {
	case err != nil:
		p.refuseTarget(w, r, err)
	case r.ContentLength != 0 || r.URL.Path != "" || r.URL.RawQuery != "":
		p.refuse(w, r, http.StatusBadRequest, codeBadTarget, "A CONNECT names a host and a port and has no body.")
	case vendor(host) == Served && port == "443":
		p.intercept(w, r, host)
	case p.allow.allows(host):
		p.tunnel(w, r, net.JoinHostPort(host, port))
	default:
		p.refuseHost(w, r, host, port)
	}
}

func (p *Proxy) serveAbsolute(w http.ResponseWriter, r *http.Request) {
	scheme := r.URL.Scheme
	defaultPort, ok := map[string]string{"http": "80", "https": "443"}[scheme]
	if !ok {
		p.refuse(w, r, http.StatusBadRequest, codeBadTarget, "The proxy knows http and https only.")
		return
	}
	host, port, err := target(r, defaultPort)
	switch {
	case err != nil:
		p.refuseTarget(w, r, err)
	case vendor(host) == Served && (port == "80" || port == "443"):
		p.serve(w, originForm(r, host))
	case !p.allow.allows(host):
		p.refuseHost(w, r, host, port)
	case scheme != "http":
		p.refuse(w, r, http.StatusBadRequest, codeBadTarget, "Use CONNECT for https.")
	default:
		p.forward.serve(p.ctx, w, r, host, port)
	}
}

// serve answers a request to a host of the vendor, which r.Host names in normal
// form: with what the host's service has, and nothing else of the server's.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	s := serviceOf(r.Host)
	if !s.has(r.URL.Path) {
		writeError(w, &wire.Error{
			Status: http.StatusNotFound, Code: wire.CodeNotFound,
			Message: "Spurline has nothing at this path of " + r.Host + "; it serves " + strings.Join(s.prefixes(), ", ") + " there.",
		})
		return
	}
	p.handler.ServeHTTP(w, r)
}

// target reads the host and port that a request is for, from the request line
// alone. An empty defaultPort means that the port has to be there.
func target(r *http.Request, defaultPort string) (host, port string, err error) {
	if r.URL.User != nil || strings.Contains(r.URL.Host, "@") {
		return "", "", errors.New("the address holds a user")
	}
	if r.URL.Host == "" {
		return "", "", errors.New("the address has no host")
	}
	host, port = r.URL.Host, defaultPort
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	if err := checkPort(port); err != nil {
		return "", "", err
	}
	host, err = normalHost(host)
	return host, port, err
}

// checkPort takes a port in its one usual form: 443, but not 0443 or https.
func checkPort(port string) error {
	if len(port) < 1 || len(port) > 5 || port[0] == '0' || strings.Trim(port, "0123456789") != "" || len(port) == 5 && port > "65535" {
		return errors.New("the address has no valid port")
	}
	return nil
}

func fromLoopback(remote string) bool {
	peer, err := netip.ParseAddrPort(remote)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// originForm returns the request as the server would have got it without a
// proxy in between.
func originForm(r *http.Request, host string) *http.Request {
	r2 := r.Clone(r.Context())
	r2.URL.Scheme, r2.URL.Host = "", ""
	if r2.URL.Path == "" {
		r2.URL.Path = "/"
	}
	r2.Host, r2.RequestURI = host, r2.URL.RequestURI()
	r2.Header.Del("Proxy-Authorization")
	r2.Header.Del("Proxy-Connection")
	return r2
}

// Codes of the proxy's own refusals.
const (
	codeBadTarget    = "PROXY_BAD_TARGET"
	codeHostRefused  = "PROXY_HOST_REFUSED"
	codeUnreachable  = "PROXY_HOST_UNREACHABLE"
	codeShuttingDown = "PROXY_SHUTTING_DOWN"
)

func (p *Proxy) refuseTarget(w http.ResponseWriter, r *http.Request, err error) {
	p.refuse(w, r, http.StatusBadRequest, codeBadTarget, "The proxy refuses this address: "+err.Error()+".")
}

func (p *Proxy) refuseHost(w http.ResponseWriter, r *http.Request, host, port string) {
	var message string
	switch vendor(host) {
	case Served:
		message = fmt.Sprintf("%s is served here, but not on port %s; it was not contacted.", host, port)
	case Refused:
		message = fmt.Sprintf("%s belongs to the vendor and is not served here; it was not contacted.", host)
	case Other:
		message = fmt.Sprintf("The proxy does not pass on requests to %s. To let it, start the server with --allow %s.", host, host)
	}
	p.refuse(w, r, http.StatusForbidden, codeHostRefused, message)
}

func (p *Proxy) refuseClosed(w http.ResponseWriter, r *http.Request) {
	p.refuse(w, r, http.StatusServiceUnavailable, codeShuttingDown, "The proxy is shutting down.")
}

// refuse answers in the form of the API's errors.
func (p *Proxy) refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	p.log.LogAttrs(r.Context(), slog.LevelWarn, "proxy refused", slog.String("method", r.Method),
		slog.String("host", r.URL.Host), slog.Int("status", status), slog.String("code", code))
	writeError(w, &wire.Error{Status: status, Code: code, Message: message})
}

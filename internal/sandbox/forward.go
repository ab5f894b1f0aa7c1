package sandbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// forwarder passes plain HTTP requests on to allowed hosts.
type forwarder struct {
	proxy     *httputil.ReverseProxy
	transport *http.Transport
}

func newForwarder(dial func(context.Context, string, string) (net.Conn, error), log *slog.Logger) *forwarder {
	// There is no Proxy: the environment's is likely to be this one.
	transport := &http.Transport{
		DialContext:           dial,
		DisableCompression:    true, // what the host sends is what the client gets
		MaxIdleConns:          16,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: time.Minute,
	}
	return &forwarder{transport: transport, proxy: &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(pr *httputil.ProxyRequest) {
			// ReverseProxy drops parameters that it cannot read.
			pr.Out.URL.RawQuery = pr.In.URL.RawQuery
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.WarnContext(r.Context(), "proxy could not forward", "host", r.URL.Host, "error", err)
			writeError(w, unreachable(r.URL.Host))
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

// serve passes one request on. It ends when life does, even if the client and
// the host have upgraded the connection to something else.
func (f *forwarder) serve(life context.Context, w http.ResponseWriter, r *http.Request, host, port string) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(life, cancel)()

	out := r.Clone(ctx)
	out.URL.Host = net.JoinHostPort(host, port)
	out.Host = out.URL.Host
	if port == "80" {
		out.Host = bracketed(host)
	}
	f.proxy.ServeHTTP(w, out)
}

// bracketed writes a host as a URL does.
func bracketed(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return "[" + host + "]"
	}
	return host
}

func (f *forwarder) close() { f.transport.CloseIdleConnections() }

func unreachable(addr string) *wire.Error {
	return &wire.Error{Status: http.StatusBadGateway, Code: codeUnreachable, Message: addr + " is allowed but could not be reached."}
}

func writeError(w http.ResponseWriter, e *wire.Error) {
	body, err := json.Marshal(e)
	if err != nil { // two strings always encode
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(wire.MarkHeader, wire.Mark)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body)
}

package api

import (
	"crypto/rand"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// GatewayBase is where the vendor's operations live behind its gateway, for
// API clients with tokens. They are the same operations on the same state.
const GatewayBase = "/ztw/api/v1"

// gatewayVersion is what the recorded gateway says of itself.
const gatewayVersion = "109.1.85"

func atGateway(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, GatewayBase) }

// behindGateway gives an answer the headers that the vendor's gateway adds
// (behaviours.md 2.10 and 2.12).
//
// The gateway's own limit is told and not enforced, so nothing of it is ever
// used up: a client slows down when it sees less than two left.
func behindGateway(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	h := w.Header()
	for _, header := range [...][2]string{
		{"X-Oneapi-Host", host},
		{"X-Oneapi-Request-Id", requestID(r)},
		{"X-Oneapi-Version", gatewayVersion},
		{"X-Transaction-Id", strings.ToLower(rand.Text())},
		{"X-Ratelimit-Limit", "1000, 1000;w=1"},
		{"X-Ratelimit-Remaining", "999"},
		{"X-Ratelimit-Reset", "1"},
		{"Server", "Zscaler"},
		{"Vary", "accept-encoding"},
		{"Content-Security-Policy", "default-src 'none'"},
		{"X-Xss-Protection", "1; mode=block"},
	} {
		h.Set(header[0], header[1])
	}
	if gatewayHost(host) {
		// Under a name of the user's own it would bind browsers to TLS there,
		// and on the sub-domains, for a year.
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	}
	return &gatewayWriter{ResponseWriter: w, start: time.Now()}
}

// gatewayHost reports whether a host is one of the vendor's gateways
// (behaviours.md 2.8).
func gatewayHost(host string) bool {
	return strings.HasSuffix(host, ".zsapi.net") || host == "api.zscalergov.net" || host == "api.zscalergov.us"
}

// gatewayWriter adds the headers that are known when the answer is.
type gatewayWriter struct {
	http.ResponseWriter
	start time.Time
	begun bool
}

func (w *gatewayWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		h := w.Header()
		h.Set("X-Envoy-Upstream-Service-Time", strconv.FormatInt(time.Since(w.start).Milliseconds(), 10))
		// Some clients look here before they look at Retry-After.
		if wait := h.Get("Retry-After"); wait != "" {
			h.Set("X-Ratelimit-Reset", wait)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *gatewayWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *gatewayWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// caller returns who makes a request: whose token it carries, or else whose
// session. A token is as good on the connector host, and a session behind the
// gateway (behaviours.md 1.16). When there is nobody the error is that of the
// host that is asked.
func (a *API) caller(r *http.Request) (*access.Principal, store.Head, error) {
	token := bearer(r)
	authenticate := func() (*access.Principal, store.Head, error) {
		return a.Auth.Authenticate(r.Context(), auth.SessionIDs(r))
	}
	if token != "" {
		authenticate = func() (*access.Principal, store.Head, error) { return a.Auth.AuthenticateToken(r.Context(), token) }
	}
	who, head, err := authenticate()
	switch {
	case err != nil || who != nil:
		return who, head, err
	case token != "" || atGateway(r):
		return nil, head, notAuthorized()
	}
	return nil, head, &wire.Error{Status: http.StatusUnauthorized, Code: wire.CodeSessionNotValid, Message: "The session is not valid. Sign in first."}
}

// notAuthorized is the gateway's answer to a token that is missing, unknown or
// over (behaviours.md 2.9). It is not of the API's own form.
func notAuthorized() error {
	return &wire.Error{
		Status: http.StatusUnauthorized, Message: "unauthorized",
		Header: http.Header{"X-Oneapi-Api-Category": {"public"}},
		Body:   []byte("{\n  \"detail\": \"unauthorized\",\n  \"type\": \"\",\n  \"title\": \"\",\n  \"status\": \"\"\n}"),
	}
}

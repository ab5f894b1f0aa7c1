package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// callError tells people of a call that failed: what was tried, what the
// server said, what to do about it, and the id under which the server's log
// has it.
type callError struct {
	doing   string
	tried   string // method and URL, without the query
	said    string
	advice  string
	request string // X-Request-Id
	err     error
}

// Error takes several lines.
func (e *callError) Error() string {
	var b strings.Builder
	b.WriteString("cannot " + e.doing + ": " + e.said)
	for _, l := range []struct{ head, text string }{{"tried", e.tried}, {"to do", e.advice}, {"request id", e.request}} {
		if l.text != "" {
			b.WriteString("\n  " + l.head + ": " + l.text)
		}
	}
	return b.String()
}

// Unwrap returns the wire.Error, or what kept the call from being made.
func (e *callError) Unwrap() error { return e.err }

// failed makes an error for people of one of a call.
func (s *session) failed(doing, method, path string, err error) error {
	e := &callError{doing: doing, tried: method + " " + s.profile.URL + apiPath(path), err: err}
	var refused *wire.Error
	if errors.As(err, &refused) {
		e.said = said(refused)
		e.request = s.line.lastRequestID()
		e.advice = s.advice(refused)
		return e
	}
	e.said, e.advice = s.unreached(err)
	return e
}

// apiPath is the path from the server's root, without the query.
func apiPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if strings.HasPrefix(path, "/spurline/") || strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/ztw/") {
		return path
	}
	return "/api/v1" + path
}

func said(e *wire.Error) string {
	status := strconv.Itoa(e.Status)
	if e.Code != "" {
		status += " " + e.Code
	}
	return "the server answers " + status + ": " + e.Message
}

// advice is what to do about a refusal.
func (s *session) advice(e *wire.Error) string {
	login := "spurline login --profile " + s.profile.Name
	switch {
	case e.Code == wire.CodeBadLogin:
		return "check login, password and API key with '" + login + " --prompt'; after a few failures the account is locked for some minutes"
	case e.Status == http.StatusUnauthorized:
		return "sign in again with '" + login + "'"
	case e.Code == wire.CodeStateReadOnly:
		return "the cloud is in maintenance and takes no changes; try again later"
	case e.Status == http.StatusForbidden:
		return "ask for a role that may, or sign in as another admin with '" + login + " --user LOGIN'"
	case e.Status == http.StatusTooManyRequests:
		return "wait, and try again; the limit is per organisation and operation"
	case e.Code == wire.CodeEditLock:
		return "another admin's change was being saved; try again"
	case e.Code == wire.CodeInUse:
		return "remove what refers to it first"
	case e.Status == http.StatusNotFound:
		return "somebody may have removed it; list what there is"
	case e.Status >= http.StatusInternalServerError:
		return "try again; if it lasts, look for the request id in the server's log"
	default:
		return ""
	}
}

// unreached says what is wrong with a call that got no answer.
func (s *session) unreached(err error) (said, advice string) {
	var (
		untrusted *tls.CertificateVerificationError
		dns       *net.DNSError
		op        *net.OpError
		address   *url.Error
	)
	said = err.Error()
	if errors.As(err, &address) {
		said = address.Err.Error()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted", ""
	case errors.As(err, &untrusted):
		return "the server's certificate is not trusted: " + untrusted.Err.Error(),
			"do not go on before you know why; a CA of your own can be named with 'spurline login --ca-file'"
	case errors.As(err, &dns):
		return said, "check the address with 'spurline profiles', and the network"
	case errors.As(err, &op) && s.profile.Kind == kindSandbox:
		return said, "start the sandbox with 'spurline up --detach'"
	case errors.As(err, &op):
		return said, "check the address and the proxy with 'spurline profiles', and the network"
	default:
		return said, ""
	}
}

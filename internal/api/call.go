package api

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// call takes a request through its operation: who is it, may they, how often,
// what did they send.
func (a *API) call(o *operation.Operation, w http.ResponseWriter, r *http.Request) error {
	c := &operation.Call{Op: o, Writer: w, Request: r, IP: clientIP(r)}
	noteOperation(r, o)
	byOwner := o.Sign == operation.ByOwner || o.OwnerToo && a.isOwner(r)
	if byOwner {
		if err := a.authorizeOwner(r); err != nil {
			return err
		}
	} else { // the owner's may close the gate, and would wait for themselves
		if err := a.Gate.Enter(r.Context()); err != nil {
			return err
		}
		defer a.Gate.Leave()
	}
	if o.Sign == operation.BySession && !byOwner {
		who, head, err := a.caller(r)
		if err != nil {
			return err
		}
		c.Who, c.Rev = who, head.Rev
		noteCaller(r, who)
		if !who.Allows(o.Feature, o.Level) {
			return wire.Forbidden("", "The role %q has no %s access to %s.", who.Role.Name, o.Level, o.Feature)
		}
		if err := a.expired(o, who); err != nil {
			return err
		}
		if err := a.maintenance.check(o); err != nil {
			return err
		}
		if err := a.limit(o, who.Org, r); err != nil {
			return err
		}
	}
	if !o.Stream {
		body, err := readBody(w, r)
		if err != nil {
			return err
		}
		c.Body = body
	}
	if err := a.tolerances.request(c); err != nil {
		return err
	}
	return o.Handle(c)
}

// readBody reads a body of at most MaxBody bytes. Its type is checked only
// when there is one (behaviours.md 1.13): clients send the header without a
// body, and no header with none.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > MaxBody {
		return nil, tooLarge("2 MiB")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge("2 MiB")
	case err != nil:
		return nil, &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "Request body is invalid: it was cut short."}
	case len(body) == 0:
		return nil, nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &wire.Error{Status: http.StatusUnsupportedMediaType, Message: "The content type of a request with a body must be application/json."}
	}
	return body, nil
}

func tooLarge(limit string) error {
	return &wire.Error{
		Status: http.StatusRequestEntityTooLarge, Code: wire.CodeInvalidInput, Message: "Request body is invalid: it is larger than " + limit + ".",
		Header: http.Header{"Connection": {"close"}},
	}
}

// clientIP is the address of the peer, without its port.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

package api

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// signIn is the body of POST /auth.
type signIn struct {
	APIKey    string   `json:"apiKey" required:"true"` // obfuscated with the timestamp
	Username  string   `json:"username" required:"true"`
	Password  string   `json:"password" required:"true"`
	Timestamp wire.Int `json:"timestamp" required:"true"` // epoch milliseconds, a number or a string (behaviours.md 1.3)
}

// session is the answer to a sign-in. Without a session authType is absent.
//
// quirk: behaviours.md 1.18, the expiry time is −1 always, because clients read
// other values in different units; the days say what there is to say.
type session struct {
	AuthType           string `json:"authType,omitempty"`
	ObfuscateAPIKey    bool   `json:"obfuscateApiKey"`
	PasswordExpiryTime int    `json:"passwordExpiryTime"`
	PasswordExpiryDays int    `json:"passwordExpiryDays"`
}

// signedOut is the answer to a sign-out.
type signedOut struct {
	Status string `json:"status" enum:"LOGGED_OUT"`
}

func (a *API) sessionOperations() []operation.Operation {
	out := reflect.TypeFor[session]()
	return []operation.Operation{
		{
			ID: "signIn", Method: "POST", Path: "/auth", Summary: "Sign in and begin a session", Status: http.StatusOK,
			Sign: operation.Unsigned, Feature: access.Public, In: reflect.TypeFor[signIn](), Out: out,
			Query: []operation.Param{{Name: "includeDisplayPreferences", Type: resource.Boolean, Says: "Taken, and without effect: there are none to display."}}, Handle: a.signIn,
		},
		{
			ID: "getSession", Method: "GET", Path: "/auth", Summary: "Tell whether there is a session", Status: http.StatusOK,
			Sign: operation.Unsigned, Feature: access.Public, Out: out, Handle: a.getSession,
		},
		{
			ID: "signOut", Method: "DELETE", Path: "/auth", Summary: "End the session and activate its saved changes", Status: http.StatusOK,
			Sign: operation.Unsigned, Feature: access.Public, Out: reflect.TypeFor[signedOut](), Handle: a.signOut,
		},
		{
			// quirk: behaviours.md 1.11, a client calls this path, and wants no body.
			ID: "signOutAtRoot", Method: "DELETE", Path: "/auth", Summary: "End the session, as a client spells it", Status: http.StatusNoContent,
			Root: true, Sign: operation.Unsigned, Feature: access.Public, Handle: a.signOut,
		},
	}
}

func (a *API) signIn(c *operation.Call) error {
	var in signIn
	if len(c.Body) == 0 {
		return wire.Invalid("username", "cannot be null")
	}
	if err := json.Unmarshal(c.Body, &in); err != nil {
		return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "Request body is invalid: apiKey, username and password are strings and timestamp is epoch milliseconds."}
	}
	for _, member := range []struct{ name, value string }{
		{"apiKey", in.APIKey}, {"username", in.Username}, {"password", in.Password},
	} {
		if member.value == "" {
			return wire.Invalid(member.name, "cannot be null")
		}
	}
	if err := a.tolerances.signIn(c, int64(in.Timestamp), a.Now()); err != nil {
		return err
	}
	ctx := c.Request.Context()
	s, err := a.Auth.SignIn(ctx, auth.Request{
		Login: in.Username, Password: in.Password, APIKey: in.APIKey, Timestamp: int64(in.Timestamp), IP: c.IP,
		Late: func() error { return a.tolerances.take(c, resource.Tolerance{Kind: lateKey}) },
	})
	if err != nil {
		return err
	}
	noteCaller(c.Request, s.Principal)
	if err := a.Engine.SignedIn(ctx, s.Principal); err != nil {
		return err
	}
	c.Writer.Header().Set("Set-Cookie", auth.SetCookieHeader(s.ID, c.Request.TLS != nil))
	return c.JSON(http.StatusOK, a.signedIn(s.Principal))
}

func (a *API) signedIn(who *access.Principal) session {
	return session{AuthType: "ADMIN_LOGIN", ObfuscateAPIKey: true, PasswordExpiryTime: -1, PasswordExpiryDays: a.passwordDays(who)}
}

// getSession answers 200 whoever asks (behaviours.md 1.10), but for the
// gateway, which lets nobody without a token past.
func (a *API) getSession(c *operation.Call) error {
	who, _, err := a.caller(c.Request)
	if err != nil && (wire.Status(err) != http.StatusUnauthorized || atGateway(c.Request)) {
		return err
	}
	s := a.signedIn(who)
	if who == nil {
		s.AuthType = ""
	} else {
		noteCaller(c.Request, who)
	}
	return c.JSON(http.StatusOK, s)
}

// signOut ends the sessions that the request presents. An explicit logout
// activates what the admin saved, whichever of their sessions it ends. For an
// API client it only activates, which is what clients call it for
// (behaviours.md 1.12): the token lives on.
func (a *API) signOut(c *operation.Call) error {
	ctx := c.Request.Context()
	var ended []*access.Principal
	if bearer(c.Request) != "" || atGateway(c.Request) {
		who, _, err := a.caller(c.Request)
		if err != nil {
			return err
		}
		if who.Client {
			ended = append(ended, who)
		}
	}
	admins, err := a.Auth.SignOut(ctx, auth.SessionIDs(c.Request), c.IP)
	if err != nil {
		return err
	}
	for _, who := range append(ended, admins...) {
		noteCaller(c.Request, who)
		gone, how := !a.Auth.Signed(who.Org, who.ID), config.BySessionLogout
		if who.Client {
			how = config.ByAdmin // quirk: nobody has logged out, and a client takes no other word for it
		}
		if err := a.Engine.End(ctx, config.Caller(who, c.IP), how, gone); err != nil {
			return err
		}
	}
	if c.Op.Status == http.StatusNoContent {
		c.Empty()
		return nil
	}
	return c.JSON(http.StatusOK, signedOut{"LOGGED_OUT"})
}

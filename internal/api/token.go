package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// maxForm bounds the body of a request for a token. An assertion is the
// largest part of it.
const maxForm = 64 << 10

const (
	clientCredentials = "client_credentials"
	jwtBearer         = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	apiAudience       = "https://api.zscaler.com"
	otherAudience     = "audience that is not the API's"
)

// tokenForm is a request for a token (behaviours.md 2.2 and 2.3). The id and
// the secret may stand in the header Authorization instead.
type tokenForm struct {
	GrantType     string      `json:"grant_type" required:"true" enum:"client_credentials"`
	ClientID      string      `json:"client_id"`
	ClientSecret  wire.Secret `json:"client_secret"`
	Assertion     wire.Secret `json:"client_assertion"` // a JWT
	AssertionType string      `json:"client_assertion_type" enum:"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"`
	Audience      string      `json:"audience"`
}

// grant is the answer to a request for a token. quirk: clients.md, expires_in
// is a number of seconds; some clients read nothing else.
type grant struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
}

// oauthError is the body of a refusal (RFC 6749, section 5.2). Its status is
// 400 in every case (behaviours.md 2.6).
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func badRequest(description string) error { return &oauthError{"invalid_request", description} }

func (a *API) tokenOperations() []operation.Operation {
	return []operation.Operation{{
		ID: "getToken", Method: "POST", Path: auth.TokenPath, Summary: "Get a token for an API client", Root: true, Status: http.StatusOK,
		Sign: operation.Unsigned, Feature: access.Public, In: reflect.TypeFor[tokenForm](), Form: true, Stream: true,
		Out: reflect.TypeFor[grant](), Refusal: reflect.TypeFor[oauthError](), Handle: a.getToken,
	}}
}

// getToken is open to any host: the client's id tells whose it is. It is not
// throttled, because a client that cannot get a token can do nothing.
func (a *API) getToken(c *operation.Call) error {
	h := c.Writer.Header()
	for _, header := range [...][2]string{ // behaviours.md 2.4 and 2.5
		{"Cache-Control", "no-store"},
		{"Pragma", "no-cache"},
		{"X-Ratelimit-Limit", "150, 150;w=1, 100000;w=60, 10000;w=60"},
		{"X-Ratelimit-Remaining", "149"},
		{"X-Ratelimit-Reset", "1"},
	} {
		h.Set(header[0], header[1])
	}
	token, err := a.grant(c)
	var (
		refused *oauthError
		client  *auth.ClientError
	)
	switch {
	case errors.As(err, &client):
		return tokenAnswer(c, http.StatusBadRequest, oauthError{"invalid_client", client.Error()})
	case errors.As(err, &refused):
		return tokenAnswer(c, http.StatusBadRequest, refused)
	case err != nil:
		return err
	}
	noteCaller(c.Request, token.Principal)
	if err := a.Engine.SignedIn(c.Request.Context(), token.Principal); err != nil {
		return err
	}
	return tokenAnswer(c, http.StatusOK, grant{token.Value, "Bearer", int64(token.Life.Seconds())})
}

// tokenAnswer writes with the content type of the vendor's token endpoint,
// which unlike the API's own has a parameter.
func tokenAnswer(c *operation.Call, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // the client is gone; nobody to tell
	return nil
}

func (a *API) grant(c *operation.Call) (auth.Token, error) {
	form, err := readForm(c)
	if err != nil {
		return auth.Token{}, err
	}
	switch form.GrantType {
	case clientCredentials:
	case "":
		return auth.Token{}, badRequest("grant_type is missing.")
	default:
		return auth.Token{}, &oauthError{"unsupported_grant_type", "The grant type must be " + clientCredentials + "."}
	}
	r, err := presented(c.Request, form)
	if err != nil {
		return auth.Token{}, err
	}
	if form.Audience != "" && form.Audience != apiAudience {
		var strict *wire.Error
		if err := a.tolerances.take(c, resource.Tolerance{Kind: otherAudience}); errors.As(err, &strict) {
			return auth.Token{}, badRequest(strict.Message)
		}
	}
	r.Vanity, r.IP = vanityOf(c.Request), c.IP
	return a.Auth.GrantToken(c.Request.Context(), r)
}

// readForm reads the body's parameters. What stands in the URL does not count:
// URLs end up in logs.
func readForm(c *operation.Call) (tokenForm, error) {
	var form tokenForm
	kind, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return form, badRequest("The content type must be application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxForm))
	if err != nil {
		return form, badRequest("The body is too large, or was cut short.")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return form, badRequest("The body is not well-formed.")
	}
	for _, all := range values {
		if len(all) > 1 {
			return form, badRequest("A parameter is given twice.")
		}
	}
	return tokenForm{
		GrantType: values.Get("grant_type"), ClientID: values.Get("client_id"), ClientSecret: wire.Secret(values.Get("client_secret")),
		Assertion: wire.Secret(values.Get("client_assertion")), AssertionType: values.Get("client_assertion_type"), Audience: values.Get("audience"),
	}, nil
}

// presented finds how the client says who it is, which must be in one way.
func presented(r *http.Request, form tokenForm) (auth.TokenRequest, error) {
	out := auth.TokenRequest{ClientID: form.ClientID, Secret: string(form.ClientSecret), Assertion: string(form.Assertion)}
	id, secret, basic := r.BasicAuth()
	switch {
	case out.Assertion != "" && form.AssertionType != jwtBearer:
		return out, badRequest("client_assertion_type must be " + jwtBearer + ".")
	case out.Assertion == "" && form.AssertionType != "":
		return out, badRequest("client_assertion is missing.")
	case basic && (out.Secret != "" || out.Assertion != ""), out.Secret != "" && out.Assertion != "":
		return out, badRequest("The credentials of the client are given in more than one way.")
	case basic && out.ClientID != "" && out.ClientID != id:
		return out, badRequest("client_id is not the one of the Authorization header.")
	case basic:
		out.ClientID, out.Secret = id, secret
	}
	switch {
	case out.ClientID == "" && out.Assertion == "":
		return out, badRequest("client_id is missing.")
	case out.Secret == "" && out.Assertion == "":
		return out, badRequest("client_secret is missing, and there is no client_assertion.")
	}
	return out, nil
}

// vanityOf is the vanity domain of the login host that a request is for, if it
// is for one.
func vanityOf(r *http.Request) string {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	vanity, _ := wire.LoginHost(host)
	return vanity
}

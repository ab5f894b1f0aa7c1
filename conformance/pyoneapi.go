package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// PyOneAPI plays the OneAPI client of the vendor's Python SDK, which the MCP
// server uses too: clients.md, "Python SDK", ZscalerClient.
type PyOneAPI struct {
	Account
	HTTP  *http.Client
	Clock *Clock
	// Identity and Gateway stand in for the hosts that the vanity domain and
	// the cloud lead to.
	Identity, Gateway string

	// Tokens counts the tokens that were asked for.
	Tokens int

	token string
	wrote bool
}

const pyOneAPIRetries = 2

// errNoWait is what the client raises where an answer tells no time to wait
// that it can read.
var errNoWait = errors.New("HTTPException: the answer has neither an integer Retry-After nor x-ratelimit-reset")

// Authenticate asks for a token by form.
func (c *PyOneAPI) Authenticate(ctx context.Context) error {
	c.Tokens++
	host := c.Identity
	if host == "" {
		host = identityHost(c.Account)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "audience": {audience},
	}
	a, err := exchange(ctx, c.HTTP, http.MethodPost, host+"/oauth2/v1/token",
		pyHeader([2]string{"Accept", jsonType}, [2]string{"Content-Type", "application/x-www-form-urlencoded"}), []byte(form.Encode()))
	if err != nil {
		return err
	}
	if a.Status > 299 {
		return failed(a)
	}
	c.token, _, err = parseToken(a)
	return err
}

// Do makes a call. GET and DELETE carry an empty object (behaviours.md 11.12).
// Any 401 costs the token, and the call is made once more with another.
func (c *PyOneAPI) Do(ctx context.Context, method, path string, in any) (Answer, error) {
	if in == nil && (method == http.MethodGet || method == http.MethodDelete) {
		in = struct{}{}
	}
	body, err := encode(in)
	if err != nil {
		return Answer{}, err
	}
	retries, renewed := 0, false
	for {
		if c.token == "" {
			if err := c.Authenticate(ctx); err != nil {
				return Answer{}, err
			}
		}
		a, err := c.send(ctx, method, path, body)
		switch {
		case err != nil:
			return a, err
		case a.Status == http.StatusUnauthorized && !renewed:
			renewed, c.token = true, ""
			continue
		case retries < pyOneAPIRetries && (a.Status == 429 || a.Status == 503 || a.Status == 504):
			retries++
			wait, err := pyOneAPIPause(a)
			if err == nil {
				err = c.Clock.wait(ctx, wait)
			}
			if err != nil {
				return a, err
			}
			continue
		case a.Status > 299:
			return a, failed(a)
		}
		c.wrote = c.wrote || method != http.MethodGet
		return a, nil
	}
}

func (c *PyOneAPI) gateway() string {
	if c.Gateway != "" {
		return c.Gateway
	}
	return gatewayHost(c.Account)
}

func (c *PyOneAPI) send(ctx context.Context, method, path string, body []byte) (Answer, error) {
	return exchange(ctx, c.HTTP, method, c.gateway()+oneAPIBase+path, pyHeader(
		[2]string{"Accept", jsonType}, [2]string{"Content-Type", jsonType}, [2]string{"Authorization", "Bearer " + c.token},
	), body)
}

// pyOneAPIPause reads an integer, with an s tolerated, or the gateway's own
// header, and adds a second.
func pyOneAPIPause(a Answer) (time.Duration, error) {
	for _, text := range []string{strings.TrimSuffix(a.Header.Get("Retry-After"), "s"), a.Header.Get("X-Ratelimit-Reset")} {
		if text == "" {
			continue
		}
		seconds, err := strconv.Atoi(text)
		if err != nil {
			return 0, fmt.Errorf("%w (%q)", errNoWait, text)
		}
		return time.Duration(seconds+1) * time.Second, nil
	}
	return 0, errNoWait
}

// Call makes a call and decodes the answer.
func (c *PyOneAPI) Call(ctx context.Context, method, path string, in, out any) error {
	a, err := c.Do(ctx, method, path, in)
	if err != nil {
		return err
	}
	return pyDecode(a, out)
}

// List reads what the server shows by default: the client never pages.
func (c *PyOneAPI) List(ctx context.Context, path string, out any) error {
	a, err := c.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	var all []json.RawMessage // a plain array, or an empty list
	if json.Unmarshal([]byte(a.Body), &all) != nil {
		return json.Unmarshal([]byte("[]"), out)
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// Exit is the end of the context. After a write it deletes the session, by
// which staged changes are activated, without a content type or a body, and
// wants a 200 (behaviours.md 1.11 and 1.12). It tells whether it called.
func (c *PyOneAPI) Exit(ctx context.Context) (called bool, err error) {
	if !c.wrote {
		return false, nil
	}
	a, err := exchange(ctx, c.HTTP, http.MethodDelete, c.gateway()+oneAPIBase+"/auth",
		pyHeader([2]string{"Accept", jsonType}, [2]string{"Authorization", "Bearer " + c.token}), nil)
	if err == nil && a.Status != http.StatusOK {
		err = failed(a)
	}
	return true, err
}

// Token is the token that the client has.
func (c *PyOneAPI) Token() string { return c.token }

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

// GoOneAPI plays the OneAPI client of the vendor's Go SDK: clients.md, "Go SDK,
// OneAPI client".
type GoOneAPI struct {
	Account
	HTTP  *http.Client
	Clock *Clock
	// Identity and Gateway stand in for the hosts that the vanity domain and
	// the cloud lead to.
	Identity, Gateway string
	// Assertion, where set, makes the signed JWT that is sent in place of the
	// client's secret.
	Assertion func(clientID string, now time.Time) (string, error)

	// Tokens counts the tokens that were asked for, Sends all other requests.
	Tokens, Sends int

	token string
	ends  time.Time
}

const (
	oneAPIBase = "/ztw/api/v1"
	audience   = "https://api.zscaler.com"
	assertion  = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

	oneAPIAgent   = "(linux amd64) zscaler-sdk-go/3.8.26"
	oneAPIRenewal = 30 * time.Second // ahead of the end
	oneAPITries   = 100
	oneAPITokens  = 3 // new tokens for one call
	oneAPIWait    = 2 * time.Second
	oneAPILongest = 5 * time.Minute // and more fails at once
)

// What the client itself calls its failures.
var (
	// ErrPanic is where the SDK would crash.
	ErrPanic = errors.New("panic: an empty answer to a PUT")
	// ErrNotFound is the SDK's own word for an object that is not there.
	ErrNotFound = errors.New("object not found")
)

// Identity and gateway hosts by cloud (behaviours.md 2.1 and 2.8). No cloud
// is the production one.
func identityHost(a Account) string {
	return "https://" + a.Vanity + ".zslogin" + a.Cloud + ".net"
}

func gatewayHost(a Account) string {
	if a.Cloud == "" {
		return "https://api.zsapi.net"
	}
	return "https://api." + a.Cloud + ".zsapi.net"
}

// Authenticate asks for a token by form.
func (c *GoOneAPI) Authenticate(ctx context.Context) error {
	c.Tokens++
	host := c.Identity
	if host == "" {
		host = identityHost(c.Account)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "audience": {audience}}
	if c.Assertion != nil {
		jwt, err := c.Assertion(c.ClientID, c.Clock.Now())
		if err != nil {
			return err
		}
		form.Set("client_assertion", jwt)
		form.Set("client_assertion_type", assertion)
	} else {
		form.Set("client_secret", c.ClientSecret)
	}
	a, err := exchange(ctx, c.HTTP, http.MethodPost, host+"/oauth2/v1/token", header{
		{"Content-Type", "application/x-www-form-urlencoded"}, {"User-Agent", oneAPIAgent},
	}, []byte(form.Encode()))
	if err != nil {
		return err
	}
	if a.Status > 299 {
		return failed(a)
	}
	token, life, err := parseToken(a)
	if err != nil {
		return err
	}
	c.token, c.ends = token, c.Clock.Now().Add(life)
	return nil
}

// parseToken reads a token's answer; the life is a number or a string.
func parseToken(a Answer) (token string, life time.Duration, err error) {
	var out struct {
		Token   string          `json:"access_token"`
		Type    string          `json:"token_type"`
		Expires json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal([]byte(a.Body), &out); err != nil {
		return "", 0, err
	}
	seconds, err := strconv.Atoi(strings.Trim(string(out.Expires), `"`))
	if err != nil || out.Token == "" {
		return "", 0, fmt.Errorf("the token's answer cannot be used: %s", a.Body)
	}
	return out.Token, time.Duration(seconds) * time.Second, nil
}

// Do makes a call, with all the repeats that the SDK makes of it. The body is
// kept, so that a repeated write is whole.
func (c *GoOneAPI) Do(ctx context.Context, method, path string, body []byte) (Answer, error) {
	tokens := 0
	for try := 1; ; try++ {
		if c.token == "" || !c.Clock.Now().Before(c.ends.Add(-oneAPIRenewal)) {
			if err := c.Authenticate(ctx); err != nil {
				return Answer{}, err
			}
		}
		a, err := c.send(ctx, method, path, body)
		if err != nil {
			return a, err
		}
		if pause, few := oneAPISlows(a); few {
			if err := c.Clock.wait(ctx, pause); err != nil {
				return a, err
			}
		}
		wait, retry := oneAPIRetry(a)
		if goneToken(a) && tokens < oneAPITokens {
			tokens++
			c.token, wait, retry = "", oneAPIWait, true
		}
		if retry && wait > oneAPILongest {
			return a, fmt.Errorf("rate limited for longer than five minutes: %w", failed(a))
		}
		if !retry || try == oneAPITries {
			return a, oneAPIOutcome(a)
		}
		if err := c.Clock.wait(ctx, wait); err != nil {
			return a, err
		}
	}
}

func (c *GoOneAPI) send(ctx context.Context, method, path string, body []byte) (Answer, error) {
	c.Sends++
	gateway := c.Gateway
	if gateway == "" {
		gateway = gatewayHost(c.Account)
	}
	return exchange(ctx, c.HTTP, method, gateway+oneAPIBase+path, header{
		{"Authorization", "Bearer " + c.token}, {"Content-Type", jsonType}, {"User-Agent", oneAPIAgent},
	}, body)
}

// goneToken reports whether a 401 is one of those that the client knows.
func goneToken(a Answer) bool {
	return a.Status == http.StatusUnauthorized &&
		mentions(a, "SESSION_NOT_VALID", "Session already invalidated", "Resource Access Blocked")
}

func oneAPIRetry(a Answer) (time.Duration, bool) {
	switch {
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable:
		for _, name := range []string{"Retry-After", "X-Ratelimit-Reset"} {
			if seconds, err := strconv.Atoi(a.Header.Get(name)); err == nil {
				return time.Duration(seconds) * time.Second, true
			}
		}
		return oneAPIWait, true
	case a.Status == http.StatusConflict, a.Status == http.StatusPreconditionFailed:
		return oneAPIWait, mentions(a, "EDIT_LOCK_NOT_AVAILABLE", "Resource Access Blocked", "Failed during enter Org barrier")
	case a.Status >= 500:
		return oneAPIWait, true
	}
	return 0, false
}

// oneAPISlows says how long the client pauses after an answer that leaves fewer
// than two calls.
func oneAPISlows(a Answer) (time.Duration, bool) {
	left, err := strconv.Atoi(a.Header.Get("X-Ratelimit-Remaining"))
	if err != nil || left >= 2 || a.Status > 299 {
		return 0, false
	}
	seconds, err := strconv.Atoi(a.Header.Get("X-Ratelimit-Reset"))
	return time.Duration(seconds) * time.Second, err == nil
}

// oneAPIOutcome is what the client makes of an answer that it does not try
// again after.
func oneAPIOutcome(a Answer) error {
	var object struct {
		ID json.RawMessage `json:"id"`
	}
	missing := json.Unmarshal([]byte(a.Body), &object) == nil && string(object.ID) == `"resource.not.found"`
	switch {
	case a.Status == http.StatusNotFound || missing:
		return errors.Join(ErrNotFound, failed(a))
	case a.Status > 299:
		return failed(a)
	}
	return nil
}

// Get reads one object.
func (c *GoOneAPI) Get(ctx context.Context, path string, out any) error {
	a, err := c.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// List reads a list to its end.
func (c *GoOneAPI) List(ctx context.Context, path string, out any) error {
	return goPages(path, out, func(path string) (Answer, error) { return c.Do(ctx, http.MethodGet, path, nil) })
}

// Create posts an object. The answer has to have a body, and its type to be
// application/json to the letter (behaviours.md 11.9).
func (c *GoOneAPI) Create(ctx context.Context, path string, in, out any) error {
	body, err := encode(in)
	if err != nil {
		return err
	}
	a, err := c.Do(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	if kind := a.Header.Get("Content-Type"); kind != jsonType || a.Body == "" {
		return fmt.Errorf("the answer to a create has the type %q and %d bytes", kind, len(a.Body))
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// Update puts an object. It crashes where the answer is empty
// (behaviours.md 11.10).
func (c *GoOneAPI) Update(ctx context.Context, path string, in, out any) error {
	body, err := encode(in)
	if err != nil {
		return err
	}
	a, err := c.Do(ctx, http.MethodPut, path, body)
	switch {
	case err != nil:
		return err
	case a.Body == "":
		return ErrPanic
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// Delete deletes an object: 204, or 200 with whatever.
func (c *GoOneAPI) Delete(ctx context.Context, path string) error {
	_, err := c.Do(ctx, http.MethodDelete, path, nil)
	return err
}

// Token is the token that the client has.
func (c *GoOneAPI) Token() string { return c.token }

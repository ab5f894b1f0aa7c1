package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// PyLegacy plays the legacy client of the vendor's Python SDK: clients.md,
// "Python SDK", LegacyZTWClient.
type PyLegacy struct {
	Account
	HTTP  *http.Client
	Clock *Clock
	// Host stands in for https://connector.<cloud>.net.
	Host string

	session string
}

const (
	pyBase  = "/api/v1"
	pyTries = 5
)

// pyHeader is what requests sends with every request.
func pyHeader(more ...[2]string) header {
	return append(header{
		{"User-Agent", "python-requests/2.32.3"}, {"Accept-Encoding", "identity"}, {"Connection", "keep-alive"},
	}, more...)
}

func (c *PyLegacy) host() string {
	if c.Host != "" {
		return c.Host
	}
	return "https://connector." + c.Cloud + ".net"
}

// Open is the constructor, which signs in at once, with a numeric timestamp.
func (c *PyLegacy) Open(ctx context.Context) error {
	a, err := c.signIn(ctx, func(timestamp int64) any { return timestamp })
	if err != nil {
		return err
	}
	if a.Status > 299 {
		return failed(a)
	}
	c.session, err = sessionOf(a)
	return err
}

func (c *PyLegacy) signIn(ctx context.Context, form func(int64) any) (Answer, error) {
	now := c.Clock.Now().UnixMilli()
	key, err := Obfuscate(c.APIKey, strconv.FormatInt(now, 10))
	if err != nil {
		return Answer{}, err
	}
	body, err := json.Marshal(map[string]any{"apiKey": key, "username": c.Login, "password": c.Password, "timestamp": form(now)})
	if err != nil {
		return Answer{}, err
	}
	return exchange(ctx, c.HTTP, http.MethodPost, c.host()+pyBase+"/auth",
		pyHeader([2]string{"Accept", "*/*"}, [2]string{"Content-Type", jsonType}), body)
}

// Do makes a call. An expired session is not renewed; 429 is waited out, five
// times at most.
func (c *PyLegacy) Do(ctx context.Context, method, path string, in any) (Answer, error) {
	body, err := encode(in)
	if err != nil {
		return Answer{}, err
	}
	for try := 1; ; try++ {
		a, err := exchange(ctx, c.HTTP, method, c.host()+pyBase+path, c.header(), body)
		if err != nil {
			return a, err
		}
		if a.Status == http.StatusTooManyRequests && try < pyTries {
			wait, err := pyLegacyPause(a)
			if err == nil {
				err = c.Clock.wait(ctx, wait)
			}
			if err != nil {
				return a, err
			}
			continue
		}
		if a.Status > 299 {
			return a, failed(a)
		}
		return a, nil
	}
}

// header is that of every call: the type of a body also where there is none
// (behaviours.md 1.13), and one cookie.
func (c *PyLegacy) header() header {
	return pyHeader([2]string{"Accept", "*/*"}, [2]string{"Content-Type", jsonType}, [2]string{"Cookie", "JSESSIONID=" + c.session})
}

// pyLegacyPause reads the header alone: an integer, with " seconds" tolerated.
func pyLegacyPause(a Answer) (time.Duration, error) {
	text := a.Header.Get("Retry-After")
	if text == "" {
		return 2 * time.Second, nil
	}
	seconds, err := strconv.Atoi(strings.TrimSuffix(text, " seconds"))
	if err != nil {
		return 0, fmt.Errorf("invalid literal for int(): %q", text)
	}
	return time.Duration(max(seconds, 1)) * time.Second, nil
}

// Call makes a call and decodes the answer. A body is parsed where the type
// says JSON, an empty one too, which raises (behaviours.md 11.11).
func (c *PyLegacy) Call(ctx context.Context, method, path string, in, out any) error {
	a, err := c.Do(ctx, method, path, in)
	if err != nil {
		return err
	}
	return pyDecode(a, out)
}

// pyDecode parses what says that it is JSON, and leaves out alone otherwise.
func pyDecode(a Answer, out any) error {
	if !a.saysJSON() {
		return nil
	}
	var sink any
	if out == nil {
		out = &sink
	}
	if err := json.Unmarshal([]byte(a.Body), out); err != nil {
		return fmt.Errorf("JSONDecodeError: %w", err)
	}
	return nil
}

// Exit is the end of the context: DELETE /auth at the host's root, where the
// base path was forgotten. It tells what it has seen; the client itself
// ignores a failure.
func (c *PyLegacy) Exit(ctx context.Context) (Answer, error) {
	a, err := exchange(ctx, c.HTTP, http.MethodDelete, c.host()+"/auth", c.header(), nil)
	if err == nil && a.Status != http.StatusNoContent {
		err = failed(a)
	}
	return a, err
}

// Session is the session that the client has.
func (c *PyLegacy) Session() string { return c.session }

// Adopt makes the client use a session that somebody else has opened.
func (c *PyLegacy) Adopt(id string) { c.session = id }

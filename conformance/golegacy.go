package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GoLegacy plays the legacy client of the vendor's Go SDK: clients.md, "Go SDK,
// legacy client (ztw package)".
type GoLegacy struct {
	Account
	HTTP  *http.Client
	Clock *Clock
	// Base stands in for https://connector.<cloud>.net/api/v1, as the SDK's
	// exported BaseURL does.
	Base string
	// Tries bounds the tries of one call; 0 is the SDK's 100.
	Tries int

	// Logins counts sign-ins, Sends requests other than sign-ins.
	Logins, Sends int

	session  string
	previous string // the session of the cookies that lag behind
	lives    time.Duration
	since    time.Time
}

// What the Go SDK's legacy client does by itself.
const (
	goTries   = 100
	goRefresh = 25 * time.Minute
	goWait    = 5 * time.Second
	goDrops   = 3 // tries after a connection was dropped under a repeat
)

func (c *GoLegacy) base() string {
	if c.Base != "" {
		return c.Base
	}
	return "https://connector." + c.Cloud + ".net/api/v1"
}

// Login signs in: with the timestamp as a string, and by a body that has to be
// JSON beside a cookie that has to be where it is looked for.
func (c *GoLegacy) Login(ctx context.Context) error {
	c.Logins++
	now := c.Clock.Now()
	timestamp := strconv.FormatInt(now.UnixMilli(), 10)
	key, err := Obfuscate(c.APIKey, timestamp)
	if err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		APIKey    string `json:"apiKey"`
		Username  string `json:"username"`
		Password  string `json:"password"`
		Timestamp string `json:"timestamp"`
	}{key, c.Account.Login, c.Password, timestamp})
	if err != nil {
		return err
	}
	a, err := exchange(ctx, c.HTTP, http.MethodPost, c.base()+"/auth", header{
		{"Content-Type", jsonType}, {"User-Agent", goAgent},
	}, body)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return failed(a)
	}
	var session struct {
		AuthType           string
		ObfuscateAPIKey    bool
		PasswordExpiryTime int
		PasswordExpiryDays int
	}
	if err := json.Unmarshal([]byte(a.Body), &session); err != nil {
		return fmt.Errorf("the sign-in's answer: %w", err)
	}
	id, err := sessionOf(a)
	if err != nil {
		return err
	}
	c.previous, c.session, c.since, c.lives = c.session, id, now, 0
	// quirk: behaviours.md 1.18, a positive expiry is read as the session's
	// length in seconds.
	if session.PasswordExpiryTime > 0 {
		c.lives = time.Duration(session.PasswordExpiryTime) * time.Second
	}
	return nil
}

const goAgent = "(linux amd64) zscaler-sdk-go/3.7.5"

// stale reports whether the client would sign in before its next call.
func (c *GoLegacy) stale() bool {
	age := c.Clock.Now().Sub(c.since)
	return c.session == "" || age >= goRefresh || c.lives > 0 && c.lives <= 300*time.Second
}

// cookies is the Cookie header of a request. Cookies of earlier sign-ins stay,
// and a repeated request carries those of its first try once more
// (behaviours.md 1.17).
func (c *GoLegacy) cookies(repeated bool) string {
	ids := []string{c.session, c.session}
	switch {
	case repeated:
		ids = []string{c.previous, c.previous, c.previous, c.session}
	case c.previous != "":
		ids = []string{c.previous, c.session}
	}
	for i, id := range ids {
		ids[i] = "JSESSIONID=" + id
	}
	return strings.Join(slices.DeleteFunc(ids, func(s string) bool { return s == "JSESSIONID=" }), "; ")
}

// Do makes a call, with all the repeats that the SDK makes of it.
func (c *GoLegacy) Do(ctx context.Context, method, path string, body []byte) (Answer, error) {
	tries := c.Tries
	if tries == 0 {
		tries = goTries
	}
	consumed, again, drops := false, false, 0
	for try := 1; ; try++ {
		if c.stale() {
			if err := c.Login(ctx); err != nil {
				return Answer{}, err
			}
		}
		a, err := c.send(ctx, method, path, body, again, consumed)
		wait, retry := goWait, false
		switch {
		case err != nil && consumed:
			drops++
			retry = drops <= goDrops
		case err != nil:
			retry = ctx.Err() == nil
		case c.sessionGone(a) && !again:
			if err := c.Login(ctx); err != nil {
				return a, err
			}
			again, consumed, retry, wait = true, body != nil, true, 0
		default:
			wait, retry = goLegacyRetry(a)
		}
		if !retry || try == tries {
			if err == nil && (a.Status < 200 || a.Status > 299) {
				err = failed(a)
			}
			return a, err
		}
		if wait > 0 {
			if err := c.Clock.wait(ctx, wait); err != nil {
				return a, err
			}
		}
	}
}

// send is one try. The body of a repeat after a new sign-in was read by the
// first try, so that nothing but its announced length is left of it.
func (c *GoLegacy) send(ctx context.Context, method, path string, body []byte, again, consumed bool) (Answer, error) {
	c.Sends++
	r, err := http.NewRequestWithContext(ctx, method, c.base()+path, nil)
	if err != nil {
		return Answer{}, err
	}
	if body != nil {
		left := string(body)
		if consumed {
			left = ""
		}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(left)), int64(len(body))
	}
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("JSessionID", c.session)
	r.Header.Set("User-Agent", goAgent)
	r.Header.Set("Cookie", c.cookies(again))
	return roundTrip(c.HTTP, r)
}

// sessionGone is what makes the client sign in anew: a 401, and any body that
// has the code in it (behaviours.md 1.9).
func (c *GoLegacy) sessionGone(a Answer) bool {
	return a.Status == http.StatusUnauthorized || strings.Contains(a.Body, "SESSION_NOT_VALID")
}

// goLegacyRetry says whether the answer is one to try again after, and when.
func goLegacyRetry(a Answer) (time.Duration, bool) {
	locked := a.Status == http.StatusConflict || a.Status == http.StatusPreconditionFailed
	switch {
	case a.Status == http.StatusTooManyRequests:
		return goLegacyPause(a), true
	case a.Status >= 500 && a.Status != http.StatusNotImplemented:
		return goWait, true
	case locked && mentions(a, "EDIT_LOCK_NOT_AVAILABLE", "Resource Access Blocked", "Failed during enter Org barrier",
		"Request processing failed, possibly because an expected precondition was not met"):
		return goWait, true
	}
	return 0, false
}

func mentions(a Answer, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(a.Body, text) })
}

// goLegacyPause reads how long to wait: the header as an integer or as a
// duration of Go's, else the first word of the body's, else five seconds.
func goLegacyPause(a Answer) time.Duration {
	text := a.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	var body map[string]string // all values are strings, or nothing is understood (behaviours.md 13.5)
	if json.Unmarshal([]byte(a.Body), &body) == nil {
		word, _, _ := strings.Cut(body["Retry-After"], " ")
		if seconds, err := strconv.Atoi(word); err == nil {
			return time.Duration(seconds) * time.Second
		}
	}
	return goWait
}

// Get reads one object.
func (c *GoLegacy) Get(ctx context.Context, path string, out any) error {
	a, err := c.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// List reads a list to its end.
func (c *GoLegacy) List(ctx context.Context, path string, out any) error {
	return goPages(path, out, func(path string) (Answer, error) { return c.Do(ctx, http.MethodGet, path, nil) })
}

// Create posts an object. The answer needs a body, of whatever 2xx and type.
func (c *GoLegacy) Create(ctx context.Context, path string, in, out any) error {
	body, err := encode(in)
	if err != nil {
		return err
	}
	a, err := c.Do(ctx, http.MethodPost, path, body)
	switch {
	case err != nil:
		return err
	case a.Body == "":
		return errors.New("object returned from api was not the one that was asked for")
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// Update puts an object. The answer has to be JSON.
func (c *GoLegacy) Update(ctx context.Context, path string, in, out any) error {
	body, err := encode(in)
	if err != nil {
		return err
	}
	a, err := c.Do(ctx, http.MethodPut, path, body)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// Delete deletes an object.
func (c *GoLegacy) Delete(ctx context.Context, path string) error {
	_, err := c.Do(ctx, http.MethodDelete, path, nil)
	return err
}

// Logout ends the session; any 2xx will do.
func (c *GoLegacy) Logout(ctx context.Context) error {
	_, err := c.Do(ctx, http.MethodDelete, "/auth", nil)
	c.session = ""
	return err
}

// Session is the session that the client has, "" for none.
func (c *GoLegacy) Session() string { return c.session }

// Adopt makes the client use a session that somebody else has opened.
func (c *GoLegacy) Adopt(id string) { c.session, c.since, c.lives = id, c.Clock.Now(), 0 }

// AdoptOld is Adopt for a client that has signed in twice: the cookies of the
// first session are still sent.
func (c *GoLegacy) AdoptOld(old, id string) {
	c.Adopt(id)
	c.previous = old
}

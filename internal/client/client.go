package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxBody bounds what is read of an answer that is decoded.
const maxBody = 64 << 20

// Config says where the server is and how to reach it. Only BaseURL is needed.
type Config struct {
	BaseURL string // scheme, host and port: http://127.0.0.1:8080
	// HTTP sends the requests; nil means a client with a timeout of a minute
	// and the proxy settings of the environment. Redirects are never followed:
	// the API knows none, and one would carry credentials to another place.
	HTTP      *http.Client
	Wait      func(context.Context, time.Duration) error // between tries; nil waits on a timer
	Now       func() time.Time                           // nil means time.Now
	UserAgent string                                     // empty means "spurline"
}

// Client calls one server, with at most one session. It is safe for concurrent
// use.
type Client struct {
	base      string
	baseErr   error
	http      http.Client
	wait      func(context.Context, time.Duration) error
	now       func() time.Time
	userAgent string

	mu           sync.Mutex
	session      string
	passwordDays int
}

// New returns a client without a session. A BaseURL that is no use is reported
// by the first call.
func New(cfg Config) *Client {
	c := &Client{passwordDays: -1, wait: cfg.Wait, now: cfg.Now, userAgent: cfg.UserAgent}
	c.base, c.baseErr = baseURL(cfg.BaseURL)
	if cfg.HTTP != nil {
		c.http = *cfg.HTTP
	} else {
		c.http.Timeout = time.Minute
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.wait == nil {
		c.wait = sleep
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.userAgent == "" {
		c.userAgent = "spurline"
	}
	return c
}

// baseURL checks and trims the server's address. A password in it is refused
// because addresses end up in logs and error texts.
func baseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", errors.New("the server's address is not a URL")
	}
	switch {
	case u.User != nil:
		return "", errors.New("the server's address is not to hold a user or a password")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", strings.Trim(u.Path, "/") != "", u.RawQuery != "", u.Fragment != "":
		return "", fmt.Errorf("the server's address %q is to be like http://127.0.0.1:8080", s)
	}
	return u.Scheme + "://" + u.Host, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Do calls the API: it sends in as JSON unless it is nil, and decodes the
// answer into out unless that is nil or the answer is empty. path may carry a
// query. It is relative to /api/v1, but for paths that start with /api/,
// /ztw/ or /spurline/, which are relative to the server's root.
//
// An answer outside 2xx is a *wire.Error. A 429 is tried again after the time
// that it names and a 409 of the edit lock after a moment, a few times: in
// both cases the server says that it has done nothing. Any other failure is
// returned at once; above all, a write is never repeated whose outcome is
// unknown.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	a, err := c.call(ctx, request{method: method, path: path, session: c.Session()}, in)
	if err != nil {
		return err
	}
	return a.decode(out)
}

// Raw sends one request as it is and returns the answer as it is, whatever its
// status; nothing is retried. header is added to the client's own and may be
// nil. The caller closes the body.
func (c *Client) Raw(ctx context.Context, method, path string, header http.Header, body io.Reader) (*http.Response, error) {
	return c.send(ctx, request{method: method, path: path, header: header, session: c.Session()}, body)
}

// request is what a try is made from.
type request struct {
	method, path string
	header       http.Header
	session      string // JSESSIONID; empty = none
	token        string // bearer; empty = none
}

// answer is one that has been read to its end.
type answer struct {
	request request
	status  int
	header  http.Header
	body    []byte
}

// call sends in as JSON, again where the API asks for it, and returns the
// answer if it is a success or a 304.
func (c *Client) call(ctx context.Context, r request, in any) (*answer, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.method, r.name(), err)
		}
	}
	for try := 1; ; try++ {
		a, err := c.try(ctx, r, in != nil, body)
		if err != nil {
			return nil, err
		}
		if a.status/100 == 2 || a.status == http.StatusNotModified {
			return a, nil
		}
		refused := a.asError()
		pause, again := retryPause(refused, try)
		if !again {
			return nil, refused
		}
		if err := c.wait(ctx, pause); err != nil {
			return nil, errors.Join(err, refused)
		}
	}
}

func (c *Client) try(ctx context.Context, r request, hasBody bool, body []byte) (*answer, error) {
	var reader io.Reader
	if hasBody {
		reader = bytes.NewReader(body)
	}
	resp, err := c.send(ctx, r, reader)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("%s %s: reading the answer: %w", r.method, r.name(), err)
	}
	if len(data) > maxBody {
		return nil, fmt.Errorf("%s %s: the answer is larger than %d bytes", r.method, r.name(), maxBody)
	}
	return &answer{request: r, status: resp.StatusCode, header: resp.Header, body: data}, nil
}

func (c *Client) send(ctx context.Context, r request, body io.Reader) (*http.Response, error) {
	if c.baseErr != nil {
		return nil, c.baseErr
	}
	path, err := rooted(r.path)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.name(), err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// The cookie is set here and not left to a jar, because a jar keeps a
	// Secure cookie to itself over plain HTTP.
	if r.session != "" {
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: r.session})
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for name, values := range r.header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return c.http.Do(req)
}

// rooted returns the path from the server's root.
func rooted(path string) (string, error) {
	if !strings.HasPrefix(path, "/") {
		return "", fmt.Errorf("the path %q does not start with a slash", path)
	}
	for _, root := range [...]string{"/api/", "/ztw/", "/spurline/"} {
		if strings.HasPrefix(path, root) {
			return path, nil
		}
	}
	return "/api/v1" + path, nil
}

// name is the path as error texts show it, without the query.
func (r request) name() string {
	name, _, _ := strings.Cut(r.path, "?")
	return name
}

func (a *answer) decode(out any) error {
	if out == nil || len(bytes.TrimSpace(a.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not what was expected: %w", a.request.method, a.request.name(), err)
	}
	return nil
}

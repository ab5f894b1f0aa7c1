package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// line is the line to the server: it notes the id that the server gives each
// request and, for --debug, prints what goes over it with secrets masked.
type line struct {
	next  http.RoundTripper
	debug io.Writer // nil = say nothing

	mu   sync.Mutex
	last string
}

// lastRequestID is the id of the last answer.
func (l *line) lastRequestID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// RoundTrip makes line an http.RoundTripper.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.debug != nil {
		r = l.printRequest(r)
	}
	start := time.Now()
	resp, err := l.next.RoundTrip(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = ""
	if err != nil {
		if l.debug != nil {
			fmt.Fprintf(l.debug, "< no answer: %v\n\n", err)
		}
		return nil, err
	}
	for _, name := range []string{"X-Request-Id", "X-Oneapi-Request-Id"} {
		if id := resp.Header.Get(name); id != "" && l.last == "" {
			l.last = id
		}
	}
	if l.debug != nil {
		l.printResponse(resp, time.Since(start))
	}
	return resp, nil
}

// maxShown bounds what is shown of a body.
const maxShown = 4 << 10

func (l *line) printRequest(r *http.Request) *http.Request {
	fmt.Fprintf(l.debug, "> %s %s\n", r.Method, r.URL)
	l.printHeader(">", r.Header)
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	r = r.Clone(r.Context()) // a round tripper leaves the request alone
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	l.printBody(">", r.Header, body)
	return r
}

func (l *line) printResponse(resp *http.Response, took time.Duration) {
	fmt.Fprintf(l.debug, "< %s (%s)\n", resp.Status, took.Round(time.Millisecond))
	l.printHeader("<", resp.Header)
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	l.printBody("<", resp.Header, body)
	fmt.Fprintln(l.debug)
}

// failing ends a body as the one that it stands for ended.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

const masked = "********"

func (l *line) printHeader(sign string, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := strings.Join(h[name], ", ")
		switch name {
		case "Cookie", "Set-Cookie", "Authorization", "Proxy-Authorization":
			value = masked
		}
		fmt.Fprintf(l.debug, "%s %s: %s\n", sign, name, value)
	}
}

// printBody prints a JSON body; of any other, only the size, because what it
// holds is not known and a secret may be among it.
func (l *line) printBody(sign string, h http.Header, body []byte) {
	if len(body) == 0 {
		return
	}
	var v any
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if media != "application/json" || json.Unmarshal(body, &v) != nil {
		fmt.Fprintf(l.debug, "%s (%d bytes of %s)\n", sign, len(body), h.Get("Content-Type"))
		return
	}
	text, err := json.Marshal(mask(v))
	if err != nil {
		return
	}
	if len(text) > maxShown {
		text = append(text[:maxShown:maxShown], fmt.Sprintf("… (%d bytes in all)", len(body))...)
	}
	fmt.Fprintf(l.debug, "%s %s\n", sign, text)
}

// mask hides the values of members that are secrets by their name.
func mask(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if _, flag := member.(bool); secretName(name) && !flag {
				v[name] = masked
			} else {
				v[name] = mask(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = mask(v[i])
		}
	}
	return v
}

// secretName goes by what names end in: apiKey, keyValue, enrolmentKey,
// clientSecret, token.
func secretName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"key", "keyvalue", "password", "secret", "token"}, func(end string) bool {
		return strings.HasSuffix(name, end)
	})
}

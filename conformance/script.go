package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Script plays the vendor's Python sample scripts: clients.md, "Vendor Python
// sample scripts". A cookie jar holds the session, nothing is checked and
// nothing tried again.
type Script struct {
	Account
	HTTP  *http.Client // its jar is replaced
	Clock *Clock
	// Base stands in for https://connector.<cloud>.net/api/v1/, with its slash.
	Base string
	// Slow is how much later than the timestamp the clock is read for the key.
	Slow time.Duration
}

func (s *Script) base() string {
	if s.Base != "" {
		return s.Base
	}
	return "https://connector." + s.Cloud + ".net/api/v1/"
}

// Login signs in with a numeric timestamp. It reads the clock twice.
func (s *Script) Login(ctx context.Context) (Answer, error) {
	s.HTTP.Jar = &jar{}
	now := s.Clock.Now().UnixMilli()
	key, err := Obfuscate(s.APIKey, strconv.FormatInt(now+s.Slow.Milliseconds(), 10))
	if err != nil {
		return Answer{}, err
	}
	return s.Do(ctx, http.MethodPost, "auth", map[string]any{"apiKey": key, "username": s.Account.Login, "password": s.Password, "timestamp": now})
}

// Do makes a call. A JSON content type is sent with every one.
func (s *Script) Do(ctx context.Context, method, path string, in any) (Answer, error) {
	body, err := encode(in)
	if err != nil {
		return Answer{}, err
	}
	return exchange(ctx, s.HTTP, method, s.base()+path, pyHeader([2]string{"Accept", "*/*"}, [2]string{"Content-Type", jsonType}), body)
}

// JSON is r.json(): it raises on what is not JSON, and looks at no status.
func (s *Script) JSON(ctx context.Context, method, path string, in, out any) error {
	a, err := s.Do(ctx, method, path, in)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(a.Body), out)
}

// jar is Python's cookie jar, for one host: it gives a Secure cookie back over
// TLS only. Go's own makes an exception of loopback.
type jar struct{ cookies map[string]*http.Cookie }

// SetCookies keeps the cookies of an answer.
func (j *jar) SetCookies(_ *url.URL, cookies []*http.Cookie) {
	if j.cookies == nil {
		j.cookies = map[string]*http.Cookie{}
	}
	for _, c := range cookies {
		j.cookies[c.Name] = c
	}
}

// Cookies are those to send.
func (j *jar) Cookies(u *url.URL) (out []*http.Cookie) {
	for _, c := range j.cookies {
		if u.Scheme == "https" || !c.Secure {
			out = append(out, c)
		}
	}
	return out
}

package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// jsonType is the one content type of the API.
const jsonType = "application/json"

// Answer is an answer as a client has received it.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// saysJSON reports whether the answer's content type mentions JSON.
func (a Answer) saysJSON() bool {
	return strings.Contains(a.Header.Get("Content-Type"), jsonType)
}

// Failure is an answer that a client takes for an error. Code and Message are
// what the client has understood of it.
type Failure struct {
	Answer
	Code, Message string
}

// Error returns what the client would print.
func (f *Failure) Error() string {
	return fmt.Sprintf("%d %s %s (%s)", f.Status, f.Code, f.Message, f.Body)
}

// FailureOf returns the answer behind an error, nil where there is none.
func FailureOf(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// failed makes a Failure of an answer. Code and message are read only where
// the type says JSON (behaviours.md section 12).
func failed(a Answer) error {
	f := &Failure{Answer: a}
	if a.saysJSON() {
		var body struct{ Code, Message string }
		if json.Unmarshal([]byte(a.Body), &body) == nil {
			f.Code, f.Message = body.Code, body.Message
		}
	}
	return f
}

// header is a request header in the order in which a client sets it.
type header [][2]string

// exchange sends one request and reads the answer to its end. A nil body is
// none at all.
func exchange(ctx context.Context, via *http.Client, method, url string, h header, body []byte) (Answer, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return Answer{}, err
	}
	for _, line := range h {
		r.Header.Add(line[0], line[1])
	}
	return roundTrip(via, r)
}

func roundTrip(via *http.Client, r *http.Request) (Answer, error) {
	resp, err := via.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(read)}, err
}

// encode writes a body, nil for none.
func encode(in any) ([]byte, error) {
	if in == nil {
		return nil, nil
	}
	return json.Marshal(in)
}

// sessionOf finds the session as both SDKs do in a sign-in's answer: they
// look at the first Set-Cookie only, and need the semicolon
// (behaviours.md 1.5).
func sessionOf(a Answer) (string, error) {
	m := regexp.MustCompile(`JSESSIONID=(.*?);`).FindStringSubmatch(a.Header.Get("Set-Cookie"))
	if m == nil {
		return "", errors.New("couldn't find JSESSIONID in the first Set-Cookie")
	}
	return m[1], nil
}

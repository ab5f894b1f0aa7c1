package client

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spurline/spurline/internal/wire"
)

// Bounds of the retries.
const (
	maxTries = 5
	// maxPause is the longest wait that the API may ask for; a longer one is
	// the caller's to decide on.
	maxPause = 300 * time.Second
	// minPause holds when the answer names no time, or none to speak of: the
	// documentation's own example is "0 seconds".
	minPause = time.Second
)

// retryPause says whether the refusal of the given try, counted from 1, asks
// for another one, and after how long.
func retryPause(refused *wire.Error, try int) (time.Duration, bool) {
	if try >= maxTries {
		return 0, false
	}
	switch {
	case refused.Status == http.StatusTooManyRequests:
		pause := max(minPause, time.Duration(refused.RetryAfter)*time.Second)
		return pause, pause <= maxPause
	case refused.Status == http.StatusConflict && refused.Code == wire.CodeEditLock:
		return minPause * time.Duration(try), true
	default:
		return 0, false
	}
}

// asError turns an answer outside 2xx into the error that it describes.
func (a *answer) asError() *wire.Error {
	e := &wire.Error{}
	var body struct {
		RetryAfter string `json:"Retry-After"`
	}
	if json.Unmarshal(a.body, e) == nil {
		// The body of a 429 repeats the header, with a unit. Other errors
		// need not have the member, or may have it in another form.
		_ = json.Unmarshal(a.body, &body)
	}
	e.Status = a.status
	if e.Message == "" {
		e.Message = a.text()
	}
	e.RetryAfter = seconds(a.header.Get("Retry-After"))
	if e.RetryAfter == 0 {
		e.RetryAfter = seconds(body.RetryAfter)
	}
	return e
}

// maxText bounds what is shown of an error that is not in the API's form.
const maxText = 200

// text is what to tell people of an answer without a message: its text if it
// is plain text, or else what its status means.
func (a *answer) text() string {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if media == "text/plain" {
		text := strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, string(a.body[:min(len(a.body), maxText)]))
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	if text := http.StatusText(a.status); text != "" {
		return text
	}
	return "the server answered " + strconv.Itoa(a.status)
}

// seconds reads 7 and "7 seconds"; anything else is 0.
func seconds(s string) int {
	number, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Package exchange owns what the server remembers of the requests it answered:
// the last of them with their bodies, within bounds, and the masking of the
// secrets in them.
package exchange

import (
	"strings"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// MaxBody is how much of a body is kept. Lists are longer, and copying more of
// them would be a good part of what it costs to answer one from memory.
const MaxBody = 8 << 10

// Exchange is one request and its answer, without their bodies.
type Exchange struct {
	Seq       int64 // counts from 1; set by Recent
	ID        string
	At        time.Time
	Took      time.Duration
	Method    string
	Path      string
	Query     string // as sent; masked when shown
	Host      string
	IP        string
	UserAgent string
	Operation string // empty: no operation has this path and method
	Org       int64  // 0 = nobody's
	Login     string
	Status    int
	Code      string   // of the error that was answered
	Tolerated []string // what was taken though it is not as described
	Wait      wire.Wait
	// NoSecrets says that the answer is of a type without secret members, so
	// that looking for some can be left until it is shown.
	NoSecrets bool

	Sent, Answered Message
}

// Message is one direction of an exchange.
type Message struct {
	ContentType string
	Accept      string // what the client asked for
	Credentials string // how the client said who it is, by name only
	RetryAfter  string
	Size        int64 // of the whole body

	kept span
	cut  bool
}

// Bounds of what a client chooses the length of. The header as a whole may be
// 64 KiB, and ten thousand of those are more than is spent on them.
const (
	maxText = 256
	maxLong = 2 << 10 // of the path and the query
)

// bound cuts what a client has made long, so that the memory behind it is let
// go.
func (e *Exchange) bound() {
	e.Method, e.Host, e.UserAgent, e.Login = cut(e.Method, maxText), cut(e.Host, maxText), cut(e.UserAgent, maxText), cut(e.Login, maxText)
	e.Code = cut(e.Code, maxText)
	if len(e.Path)+len(e.Query) > maxLong { // they share the memory of the request line
		e.Path, e.Query = strings.Clone(cut(e.Path, maxLong)), strings.Clone(cut(e.Query, maxLong))
	}
	for _, m := range []*Message{&e.Sent, &e.Answered} {
		m.ContentType, m.Accept, m.Credentials = cut(m.ContentType, maxText), cut(m.Accept, maxText), cut(m.Credentials, maxText)
	}
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.Clone(strings.ToValidUTF8(s[:most], "")) + "…"
}

// wireTime is RFC 3339 with milliseconds.
const wireTime = "2006-01-02T15:04:05.000Z07:00"

// show is the exchange as it is answered. The bodies are nil where they were
// not asked for.
func (e *Exchange) show(sent, answered *body) wire.Exchange {
	out := wire.Exchange{
		Seq: e.Seq, ID: e.ID, At: e.At.UTC().Format(wireTime), Method: e.Method, Path: e.Path, Query: maskForm(e.Query),
		Host: e.Host, IP: e.IP, UserAgent: e.UserAgent, Operation: e.Operation, Org: e.Org, Login: e.Login, Status: e.Status, Code: e.Code,
		DurationMS: float64(e.Took.Microseconds()) / 1000, Tolerated: e.Tolerated,
		Request: e.Sent.show(sent), Response: e.Answered.show(answered),
	}
	if e.Wait.Seconds > 0 {
		wait := e.Wait
		out.Wait = &wait
	}
	return out
}

// body is what was kept of one.
type body struct {
	text []byte
	gone bool // it made room for newer ones
}

func (m *Message) show(b *body) wire.Message {
	out := wire.Message{ContentType: m.ContentType, Accept: m.Accept, Credentials: m.Credentials, RetryAfter: m.RetryAfter, Size: m.Size}
	switch {
	case b == nil || m.Size == 0:
	case b.gone:
		out.Hidden = "it made room for newer ones"
	default:
		if len(b.text) == 0 {
			out.Hidden = "it was not read, or is neither JSON nor a form"
			break
		}
		text, shown := mask(m.ContentType, b.text, m.cut)
		out.Body, out.Truncated = text, m.cut && shown
		if !shown {
			out.Hidden = "it is malformed, and a secret may be in it"
		}
	}
	return out
}

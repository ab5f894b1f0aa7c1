package api

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/exchange"
	"github.com/spurline/spurline/internal/metrics"
	"github.com/spurline/spurline/internal/operation"
)

// note is how the requests of an operation are counted, and what is kept of
// their bodies.
type note struct {
	meter     *metrics.Operation
	noSecrets bool // the answer's type has none
	nothing   bool // the bodies are no JSON, such as a backup
}

func (a *API) noteOf(o *operation.Operation) note {
	binary := reflect.TypeFor[operation.Binary]()
	return note{
		meter:     a.Metrics.Operation(o.ID, o.Method),
		noSecrets: o.Method == http.MethodGet && !exchange.Secretive(o.Out),
		nothing:   o.In == binary || o.Out == binary,
	}
}

// capture keeps the beginning of a body, in a buffer of the pool.
type capture struct {
	pool *sync.Pool
	buf  *[exchange.MaxBody]byte // nil until there is something
	kept int
	size int64 // of the whole
}

func newCaptures() *sync.Pool {
	return &sync.Pool{New: func() any { return new([exchange.MaxBody]byte) }}
}

func (c *capture) add(b []byte) {
	if c.buf == nil && len(b) > 0 {
		c.buf = c.pool.Get().(*[exchange.MaxBody]byte)
	}
	if c.kept < exchange.MaxBody && len(b) > 0 {
		c.kept += copy(c.buf[c.kept:], b)
	}
	c.size += int64(len(b))
}

// text is what was kept, until free.
func (c *capture) text() []byte {
	if c.buf == nil {
		return nil
	}
	return c.buf[:c.kept]
}

func (c *capture) free() {
	if c.buf != nil {
		c.pool.Put(c.buf)
		c.buf = nil
	}
}

// tee keeps the beginning of what is read through it.
type tee struct {
	io.ReadCloser
	to *capture
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.to.add(p[:n])
	return n, err
}

// rest reads on, in a body that nobody wanted: what a refused script has sent
// is what its user asks for. net/http reads it as well at this point, before
// it answers, and like here it leaves alone who waits to be told to send.
func (t *tee) rest(r *http.Request) {
	if r.Header.Get("Expect") != "" || t.to.size >= exchange.MaxBody || t.to.size == r.ContentLength {
		return
	}
	_, _ = io.CopyN(io.Discard, t, exchange.MaxBody-t.to.size) // whatever comes
}

// newVisit notes what a request says of itself.
func (a *API) newVisit(r *http.Request) *visit {
	return &visit{sent: capture{pool: a.captures}, Exchange: exchange.Exchange{
		ID: newRequestID(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Host: r.Host, IP: clientIP(r), UserAgent: r.UserAgent(),
		Sent: exchange.Message{ContentType: r.Header.Get("Content-Type"), Accept: r.Header.Get("Accept"), Credentials: credentials(r)},
	}}
}

// credentials is how a client says who it is: the names of its cookies, the
// scheme of its authorization, and nothing of what is secret.
func credentials(r *http.Request) string {
	if soleCookie(r) {
		return "cookie " + auth.SessionCookie
	}
	var all []string
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if name, _, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && len(all) < maxCredentials {
				all = append(all, "cookie "+name)
			}
		}
	}
	if r.Header.Get(auth.SessionCookie) != "" {
		all = append(all, "header "+auth.SessionCookie)
	}
	if scheme, _, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
		all = append(all, strings.Clone(scheme))
	} else if scheme != "" {
		all = append(all, "Authorization")
	}
	return strings.Join(all, ", ")
}

// soleCookie reports whether all that a request presents is one session's
// cookie, as nearly all requests do. It is found out without reading cookies.
func soleCookie(r *http.Request) bool {
	lines := r.Header["Cookie"]
	return len(lines) == 1 && strings.HasPrefix(lines[0], auth.SessionCookie+"=") && !strings.Contains(lines[0], ";") &&
		len(r.Header["Authorization"]) == 0 && len(r.Header["Jsessionid"]) == 0
}

// maxCredentials is how many cookies are named.
const maxCredentials = 8

//go:build unix

package durability_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
)

// number is a number in an answer that the server chose. Before it was seen
// anything in its range will do; afterwards nothing else will.
type number struct {
	low, high int64
	known     bool
}

func (n *number) is(value int64) { n.low, n.high, n.known = value, value, true }

// pattern is an answer byte for byte, but for the numbers of the server:
// strings and *numbers by turns.
type pattern []any

// match compares, and on success knows the pattern's numbers.
func (p pattern) match(got string) error {
	seen := map[*number]int64{}
	rest := got
	for _, part := range p {
		if text, ok := part.(string); ok {
			if !strings.HasPrefix(rest, text) {
				return fmt.Errorf("at byte %d:\n got %s\nwant %s", len(got)-len(rest), got, p)
			}
			rest = rest[len(text):]
			continue
		}
		n := part.(*number)
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		value, err := strconv.ParseInt(digits, 10, 64)
		if other, twice := seen[n]; err != nil || value < n.low || value > n.high || twice && other != value {
			return fmt.Errorf("at byte %d, a number of %d to %d:\n got %s\nwant %s", len(got)-len(rest), n.low, n.high, got, p)
		}
		seen[n] = value
		rest = rest[len(digits):]
	}
	if rest != "" {
		return fmt.Errorf("there is more than expected:\n got %s\nwant %s", got, p)
	}
	for n, value := range seen {
		if !n.known {
			n.is(value)
		}
	}
	return nil
}

func (p pattern) String() string {
	var b strings.Builder
	for _, part := range p {
		switch part := part.(type) {
		case string:
			b.WriteString(part)
		case *number:
			if part.known {
				fmt.Fprint(&b, part.low)
			} else {
				fmt.Fprintf(&b, "<%d..%d>", part.low, part.high)
			}
		}
	}
	return b.String()
}

// The kinds that are written, and where they live.
type kind int

const (
	template kind = iota // a location template
	provURL              // a provisioning template
	kindCount
)

var paths = [kindCount]string{"/locationTemplate", "/provUrl"}

// state is an object as one write leaves it.
type state struct {
	name string
	head string  // the members up to the description, as sent
	tail string  // those after it that are sent and shown alike
	uses *object // the location template of a provisioning template
	time number  // when the server wrote it
}

// object is one object of a writer. Its state is what was acknowledged last;
// nil while it does not exist.
type object struct {
	kind    kind
	author  *session
	id      number
	state   *state
	changed bool // since it was last checked
}

// body is what a client sends to have the state.
func (s *state) body(k kind) string {
	if k == template {
		return "{" + s.head + `,"template":` + s.tail + "}"
	}
	return fmt.Sprintf(`{%s,"provUrlType":"CLOUD","provUrlData":{"locationTemplate":{"id":%d},%s}}`, s.head, s.uses.id.low, s.tail)
}

// The answers in which an object is seen. Each is derived here from what was
// sent and from the recorded shapes, not from the server's declarations.
type view int

const (
	inGet view = iota // and in lists
	inPost
	inPut
	inEmbed
)

func (o *object) shown(s *state, v view) pattern {
	p := pattern{`{"id":`, &o.id, "," + s.head}
	if o.kind == template {
		editable := strconv.FormatBool(v == inGet || v == inPost)
		p = append(p, `,"template":`+s.tail+`,"editable":`+editable)
	} else {
		p = append(p, s.generated(o.author.org))
		p = append(p, s.uses.shown(s.uses.state, inEmbed)...)
		p = append(p, ","+s.tail+`},"status":"NOT_DEPLOYED"`)
	}
	if v == inGet || v == inEmbed {
		p = append(p, `,"lastModUid":{"id":`, &o.author.id, `,"name":"`+o.author.login+`"},"lastModTime":`, &s.time)
	}
	return append(p, "}")
}

// generated is what the server puts into a provisioning template, up to its
// location template.
func (s *state) generated(o *org) string {
	return fmt.Sprintf(`,"provUrl":"connector.%[1]s/api/v1/provUrl?name=%[2]s","provUrlType":"CLOUD","provUrlData":{`+
		`"zsCloudDomain":"%[1]s","orgId":%[3]d,"configServer":"ecservice.%[1]s","registrationServer":"ecservice.%[1]s",`+
		`"apiServer":"connector.%[1]s","pacServer":"pac.%[1]s","locationTemplate":`, o.cloud, url.QueryEscape(s.name), o.id)
}

// newState makes up a state. Names are the caller's to keep unique.
func newState(r *rand.Rand, k kind, name string, uses *object) *state {
	s := &state{name: name, uses: uses, head: fmt.Sprintf(`"name":"%s","desc":"%s"`, name, prose(r))}
	if k == template {
		s.tail = fmt.Sprintf(`{"templatePrefix":"%s","xffForwardEnabled":%t,"authRequired":%t,"cautionEnabled":false,"aupEnabled":true,`+
			`"aupTimeoutInDays":%d,"ofwEnabled":%t,"ipsControl":%t,"enforceBandwidthControl":true,"upBandwidth":%d,"dnBandwidth":%d,`+
			`"displayTimeUnit":"HOUR","idleTimeInMinutes":%d,"surrogateIPEnforcedForKnownBrowsers":true,`+
			`"surrogateRefreshTimeUnit":"MINUTE","surrogateRefreshTimeInMinutes":%d,"surrogateIP":true}`,
			name, r.IntN(2) == 0, r.IntN(2) == 0, 1+r.IntN(365), r.IntN(2) == 0, r.IntN(2) == 0, 1+r.IntN(99_999), r.IntN(99_999),
			60*(1+r.IntN(24)), 1+r.IntN(600))
		return s
	}
	s.tail = fmt.Sprintf(`"cloudProviderType":"%s","formFactor":"SMALL","cellEdgeDeploy":%t,"autoScaleDetails":{"autoScale":false},`+
		`"releaseChannel":"STABLE","hyperVisors":"%d"`, pick(r, "AWS", "AZURE", "GCP"), r.IntN(2) == 0, r.Uint32())
	return s
}

// prose is a text without quotes, mostly short and now and then longer than a
// page of the database.
func prose(r *rand.Rand) string {
	size := 1 + r.IntN(120)
	if r.IntN(8) == 0 {
		size = 1 + r.IntN(6000)
	}
	letters := []rune("abcdefghijklmnopqrstuvwxyz 0123456789 <&> äöß 東京")
	var b strings.Builder
	for range size {
		b.WriteRune(letters[r.IntN(len(letters))])
	}
	return b.String()
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// What is tolerated beside the bodies' own members.
const (
	bodyOnRead       = "body on a read or a delete"
	bodyOnActivation = "body on an activation"        // quirk: behaviours.md 3.2, junk in some clients
	emptyPair        = "empty pair in the query"      // quirk: behaviours.md 11.3, ?&pageSize=1000
	unknownParameter = "unknown parameter"            // behaviours.md 11.5
	keptPassword     = "replace without the password" // quirk: behaviours.md 4.1
	pageZero         = "page 0"                       // behaviours.md 11.2
	largePage        = "page size above 1000"         // behaviours.md 11.4
	severalSessions  = "several session ids"          // quirk: behaviours.md 1.17
	sessionInHeader  = "session id in a header alone" // behaviours.md 1.16
	doubledPath      = "doubled path"                 // quirk: behaviours.md 6.8
	pathWithoutBase  = "path without the base"        // quirk: behaviours.md 1.11
	tokenAtConnector = "token on the connector host"  // behaviours.md 1.16
	sessionAtGateway = "session behind the gateway"
	plainTimestamp   = "number for a text"                // quirk: behaviours.md 1.3
	farTimestamp     = "timestamp more than an hour off"  // behaviours.md 1.19, read narrowly
	lateKey          = "key computed after the timestamp" // quirk: behaviours.md 1.20
)

// tolerances counts what was tolerated, by operation. In strict mode they are
// refused instead, and counted all the same.
type tolerances struct {
	strict bool

	mu     sync.Mutex
	counts map[tolerated]int64
}

type tolerated struct{ operation, kind string }

// take notes one tolerance; in strict mode it is an error.
func (t *tolerances) take(c *operation.Call, what resource.Tolerance) error {
	noteTolerance(c.Request, what)
	t.mu.Lock()
	if t.counts == nil {
		t.counts = map[tolerated]int64{}
	}
	t.counts[tolerated{c.Op.ID, what.Kind}]++
	t.mu.Unlock()
	if !t.strict {
		return nil
	}
	message := "Strict mode refuses this: " + what.Kind
	if what.Path != "" {
		message += " " + what.Path
	}
	return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: message + "."}
}

// maxNoted is how many tolerances of one request are noted. A list of numbers
// that are all quoted says the same thing each time.
const maxNoted = 8

// noteTolerance says what was tolerated in a request.
func noteTolerance(r *http.Request, what resource.Tolerance) {
	v := visitOf(r.Context())
	if v == nil || len(v.Tolerated) >= maxNoted {
		return
	}
	v.Tolerated = append(v.Tolerated, strings.TrimSuffix(what.Kind+" "+what.Path, " "))
}

// request notes what is tolerated of a request before its body is read as
// anything.
func (t *tolerances) request(c *operation.Call) error {
	for _, what := range slices.Concat(toleratedBody(c), toleratedSession(c), toleratedURL(c)) {
		if err := t.take(c, what); err != nil {
			return err
		}
	}
	return nil
}

func toleratedBody(c *operation.Call) []resource.Tolerance {
	switch {
	case len(c.Body) == 0 || c.Op.In != nil:
		return nil
	case c.Request.Method == http.MethodGet, c.Request.Method == http.MethodDelete:
		return []resource.Tolerance{{Kind: bodyOnRead}}
	case c.Op.Area == resource.Activation:
		return []resource.Tolerance{{Kind: bodyOnActivation}}
	}
	return nil
}

func toleratedSession(c *operation.Call) []resource.Tolerance {
	token := bearer(c.Request) != ""
	switch {
	case c.Op.Sign != operation.BySession || c.Op.Native:
		return nil
	case token && !atGateway(c.Request):
		return []resource.Tolerance{{Kind: tokenAtConnector}}
	case token:
		return nil
	case atGateway(c.Request):
		return []resource.Tolerance{{Kind: sessionAtGateway}}
	case soleCookie(c.Request):
		return nil
	case len(auth.SessionIDs(c.Request)) > 1:
		return []resource.Tolerance{{Kind: severalSessions}}
	case len(c.Request.CookiesNamed(auth.SessionCookie)) == 0 && c.Request.Header.Get(auth.SessionCookie) != "":
		return []resource.Tolerance{{Kind: sessionInHeader}}
	}
	return nil
}

func toleratedURL(c *operation.Call) (out []resource.Tolerance) {
	if strings.Contains(c.Op.Path, "/ztw/") { // the base in the middle
		out = append(out, resource.Tolerance{Kind: doubledPath})
	}
	if c.Op.Root && c.Op.Path == "/auth" {
		out = append(out, resource.Tolerance{Kind: pathWithoutBase})
	}
	text := c.Request.URL.RawQuery
	if text == "" || c.Op.Native {
		return out
	}
	if strings.HasPrefix(text, "&") || strings.Contains(text, "&&") {
		out = append(out, resource.Tolerance{Kind: emptyPair})
	}
	query := c.Query()
	if page, err := strconv.Atoi(query.Get("page")); err == nil && page == 0 {
		out = append(out, resource.Tolerance{Kind: pageZero})
	}
	if size, err := strconv.Atoi(query.Get("pageSize")); err == nil && size > operation.MaxPageSize {
		out = append(out, resource.Tolerance{Kind: largePage})
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		offered := slices.ContainsFunc(c.Op.Query, func(p operation.Param) bool { return p.Name == name })
		if !offered && !slices.Contains(idle()[c.Op.ID], name) {
			out = append(out, resource.Tolerance{Path: name, Kind: unknownParameter})
		}
	}
	return out
}

// idle are parameters that the guide offers and that change nothing here, by
// operation.
func idle() map[string][]string {
	page := []string{"page", "pageSize"}
	return map[string][]string{
		"createAdminUser":             {"associateWithExistingAdmin"},
		"getAccountGroup":             page,
		"getEcGroup":                  page,
		"getPublicCloudAccount":       page,
		"getPublicCloudInfo":          page,
		"listIpDestinationGroupsLite": {"includeURLCategory", "includeZscalerDomains"},
		"listLocationsLite":           {"version"},
		"listNetworkServices":         {"locale"},
	}
}

// signIn notes what is tolerated of a sign-in before anything of it is
// checked, so that it tells nothing of whether the rest is right.
func (t *tolerances) signIn(c *operation.Call, timestamp int64, now time.Time) error {
	var raw struct {
		Timestamp json.RawMessage `json:"timestamp"`
	}
	if json.Unmarshal(c.Body, &raw) == nil && len(raw.Timestamp) > 0 && raw.Timestamp[0] != '"' {
		if err := t.take(c, resource.Tolerance{Path: "timestamp", Kind: plainTimestamp}); err != nil {
			return err
		}
	}
	off := now.Sub(time.UnixMilli(timestamp)).Abs()
	if off > auth.TimestampWindow/2 && off <= auth.TimestampWindow {
		return t.take(c, resource.Tolerance{Kind: farTimestamp})
	}
	return nil
}

// body notes what is tolerated in an object's body.
func (t *tolerances) body(c *operation.Call, s *resource.Spec) error {
	for _, what := range s.Tolerated(c.Body) {
		if err := t.take(c, what); err != nil {
			return err
		}
	}
	return nil
}

// list returns the counts, by operation.
func (t *tolerances) list() []wire.ToleranceCount {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]wire.ToleranceCount, 0, len(t.counts))
	for key, n := range t.counts {
		out = append(out, wire.ToleranceCount{Operation: key.operation, Tolerance: key.kind, Count: n})
	}
	slices.SortFunc(out, func(a, b wire.ToleranceCount) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Tolerance, b.Tolerance))
	})
	return out
}

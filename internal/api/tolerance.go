package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// What is tolerated beside the bodies' own members.
const (
	bodyOnRead = "body on a read or a delete"
	emptyPair  = "empty pair in the query" // quirk: behaviours.md 11.3, ?&pageSize=1000
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
func (t *tolerances) take(o *operation.Operation, what resource.Tolerance) error {
	t.mu.Lock()
	if t.counts == nil {
		t.counts = map[tolerated]int64{}
	}
	t.counts[tolerated{o.ID, what.Kind}]++
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

// request notes what is tolerated of a request before its body is read as
// anything.
func (t *tolerances) request(c *operation.Call) error {
	if len(c.Body) > 0 && c.Op.In == nil && (c.Request.Method == http.MethodGet || c.Request.Method == http.MethodDelete) {
		if err := t.take(c.Op, resource.Tolerance{Kind: bodyOnRead}); err != nil {
			return err
		}
	}
	if q := c.Request.URL.RawQuery; strings.HasPrefix(q, "&") || strings.Contains(q, "&&") {
		return t.take(c.Op, resource.Tolerance{Kind: emptyPair})
	}
	return nil
}

// body notes what is tolerated in an object's body.
func (t *tolerances) body(c *operation.Call, s *resource.Spec) error {
	for _, what := range s.Tolerated(c.Body) {
		if err := t.take(c.Op, what); err != nil {
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

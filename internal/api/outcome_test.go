package api_test

import (
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// outcomes are the ways in which the cases saw operations end.
type outcomes struct {
	mu    sync.Mutex
	seen  map[string]bool // "createGateway 409"
	files int             // that were played to their end
}

// The ways that an operation may end in, of which a case shows one each.
const (
	endsWell       = "success"
	endsBad        = "400"
	endsForbidden  = "403"
	endsMissing    = "404"
	endsInConflict = "409"
	endsFull       = "limit"
)

// tooMuch is how validation says that a documented length or count is exceeded.
var tooMuch = regexp.MustCompile(`cannot (be longer|have more) than \d+|at most \d+|larger than`)

func (s *outcomes) note(o *operation.Operation, a servertest.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how := func(outcome string) { s.seen[o.ID+" "+outcome] = true }
	full := strings.Contains(a.Body, `"`+wire.CodeLimitExceeded+`"`)
	switch {
	case a.Status/100 == 2:
		how(endsWell)
	case full:
		how(endsFull)
	case a.Status == http.StatusForbidden:
		how(endsForbidden)
	case a.Status == http.StatusNotFound:
		how(endsMissing)
	case a.Status == http.StatusConflict:
		how(endsInConflict)
	case a.Status == http.StatusBadRequest && o.In != nil && strings.Contains(o.Path, "{") && strings.Contains(a.Body, "must be an id, a positive"):
		// That is about the path, and says nothing of the body.
	case a.Status == http.StatusBadRequest:
		how(endsBad)
		if tooMuch.MatchString(a.Body) {
			how(endsFull)
		}
	}
}

func (s *outcomes) played() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files++
}

// facts is what the operation table says of every operation and its kind.
type facts struct {
	table []operation.Operation
	kinds *resource.Set
}

// kind is the kind whose objects an operation takes or answers.
func (f facts) kind(o operation.Operation) *resource.Spec {
	if o.Spec != nil {
		return o.Spec
	}
	for _, s := range f.kinds.All() {
		if s.Type == o.In || o.In == nil && s.Path == o.Path {
			return s
		}
	}
	for _, other := range f.table { // of the same path, one takes the kind's objects
		if other.Path == o.Path && other.In != nil && o.In == nil && o.Method != http.MethodPost {
			return f.kind(other)
		}
	}
	return nil
}

// tagged reports whether a struct, or what is in it, has a field whose tag has
// a value that the function likes.
func tagged(t reflect.Type, tag string, likes func(value string, t reflect.Type) bool) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if value, ok := field.Tag.Lookup(tag); ok && likes(value, field.Type) || tagged(field.Type, tag, likes) {
			return true
		}
	}
	return false
}

// referenced reports whether something can be in the way of a deletion.
func (f facts) referenced(kind string) bool {
	for _, s := range f.kinds.All() {
		if s.Parent.Kind == kind && !s.Parent.Owned && s.Name != kind {
			return true
		}
		if tagged(s.Type, "ref", func(v string, _ reflect.Type) bool { to, _, _ := strings.Cut(v, ","); return to == kind }) {
			return true
		}
	}
	return false
}

func typed(p operation.Param) bool { return p.Type != resource.String }

// applies says which failures an operation can end in, as the table has it.
func (f facts) applies(o operation.Operation) (out []string) {
	kind := f.kind(o)
	writes := o.Method == http.MethodPost || o.Method == http.MethodPut
	byID := strings.Contains(o.Path, "{") ||
		kind != nil && (o.Method == http.MethodPut && o.In == kind.Type || o.Method == http.MethodDelete && len(o.Query) > 0)
	if o.In != nil || o.Stream || slices.ContainsFunc(o.Query, typed) || slices.ContainsFunc(o.PathParams(), typed) {
		out = append(out, endsBad)
	}
	if o.Feature != access.AnyAdmin && o.Feature != access.Public {
		out = append(out, endsForbidden)
	}
	if byID {
		out = append(out, endsMissing)
	}
	if kind == nil {
		return out
	}
	if writes && o.In == kind.Type && kind.Unique != resource.NotUnique || o.Method == http.MethodDelete && f.referenced(kind.Name) {
		out = append(out, endsInConflict)
	}
	bounded := tagged(kind.Type, "max", func(_ string, t reflect.Type) bool { return t.Kind() == reflect.String })
	if writes && o.In == kind.Type && (bounded || o.Method == http.MethodPost && kind.Limits.Max > 0) || o.Method == http.MethodPost && o.Path == kind.Path && kind.Limits.Max > 0 {
		out = append(out, endsFull)
	}
	return out
}

// exempt are the outcomes that the table suggests and that cannot happen.
var exempt = map[string]string{
	"createApiKey 400":                       "it takes nothing from its body, and its parameter is about keys that nobody has",
	"deleteFromPublicCloudAccounts 409":      "nothing that the API takes names a public cloud account",
	"updatePublicCloudAccountIdStatus 404":   "there is one object, always",
	"createPublicCloudAccountIdStatus limit": "there is one object, always",
}

// checkOutcomes wants a case of success for every operation and, where they
// apply, one each of 400, 403, 404, 409 and a limit.
func checkOutcomes(t *testing.T, a *api.API, seen *outcomes) {
	f := facts{table: a.Operations(), kinds: a.Engine.Kinds()}
	for _, o := range f.table {
		for _, outcome := range append([]string{endsWell}, f.applies(o)...) {
			key := o.ID + " " + outcome
			if !seen.seen[key] && exempt[key] == "" {
				t.Errorf("%s (%s %s): no case of testdata/api shows %s", o.ID, o.Method, o.Path, outcome)
			}
			if seen.seen[key] && exempt[key] != "" {
				t.Errorf("%s is shown by a case, though it cannot happen: %s", key, exempt[key])
			}
		}
	}
	if t.Failed() {
		return
	}
	for key := range exempt {
		id, outcome, _ := strings.Cut(key, " ")
		i := slices.IndexFunc(f.table, func(o operation.Operation) bool { return o.ID == id })
		if i < 0 || outcome != endsWell && !slices.Contains(f.applies(f.table[i]), outcome) {
			t.Errorf("%s is exempt from nothing", key)
		}
	}
}

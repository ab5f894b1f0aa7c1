package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// Tolerance is something in a body that is taken although the API's
// description does not offer it.
type Tolerance struct {
	Path string // of the member
	Kind string // one of the constants below
}

// What is tolerated in bodies.
const (
	QuotedValue   = "quoted value"     // "7" for 7, "true" for true
	UnknownMember = "unknown member"   // ignored, because scripts send back what they read
	ReadOnly      = "read-only member" // dropped
)

// Tolerated lists what Decode takes out of tolerance in a body that it has
// accepted, in the order of the members' paths.
func (s *Spec) Tolerated(body []byte) []Tolerance {
	var out []Tolerance
	tolerated(s.plan, body, "", func(t Tolerance) { out = append(out, t) })
	slices.SortFunc(out, func(a, b Tolerance) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	return out
}

func tolerated(p *plan, body []byte, path string, note func(Tolerance)) {
	var raw map[string]json.RawMessage
	if json.Unmarshal(body, &raw) != nil {
		return
	}
	for name, value := range raw {
		at, m := path+name, p.byName[name]
		switch {
		case m == nil:
			note(Tolerance{at, UnknownMember})
		case m.sent:
		case m.live != nil && m.live.form != liveOrder || m.readonly || m.stamp != "" && !m.lock || m.assign:
			note(Tolerance{at, ReadOnly})
		case m.ref != nil:
			toleratedIn(value, at, func(element []byte, at string) { toleratedRef(element, at, note) })
		case m.sub != nil:
			toleratedIn(value, at, func(element []byte, at string) { tolerated(m.sub, element, at+".", note) })
		case (m.kind == reflect.Int64 || m.kind == reflect.Bool) && isQuoted(value):
			note(Tolerance{at, QuotedValue})
		}
	}
}

// toleratedIn visits a value, or each element of a list.
func toleratedIn(value []byte, path string, visit func([]byte, string)) {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		visit(value, path)
		return
	}
	for i, element := range list {
		visit(element, fmt.Sprintf("%s[%d]", path, i))
	}
}

func toleratedRef(value []byte, path string, note func(Tolerance)) {
	var ref struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(value, &ref) == nil && isQuoted(ref.ID) {
		note(Tolerance{path + ".id", QuotedValue})
	}
}

func isQuoted(value []byte) bool { return len(value) > 0 && value[0] == '"' }

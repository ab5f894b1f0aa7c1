package resource

import (
	"bytes"
	"strconv"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/wire"
)

// Stored is an object as it lies in storage.
type Stored struct {
	ID   int64
	Body []byte
}

// Joins answers what a view shows besides the stored bytes, from the revision
// being read. Everything is in memory by the time a view is rendered.
type Joins interface {
	Children(kind string, parent int64) []Stored // by ascending id
	Referrers(kind, toKind string, toID int64) []wire.Ref
	ByID(kind string, id int64) ([]byte, bool)
	Place(kind string, id int64) int // among the objects of its kind, from 1; 0 = none
	Access() access.Level            // the caller's, to the kind being read
}

// Render appends the view of a stored object to out.
func (s *Spec) Render(out *Answer, o Stored, v View, j Joins) {
	if s.plan.copies[v] {
		out.Bytes = append(out.Bytes, o.Body...)
		return
	}
	r := renderer{out: out, view: v, joins: j, spec: s, id: o.ID, body: o.Body}
	r.object(s.plan, o.Body)
}

type renderer struct {
	out   *Answer
	view  View
	joins Joins
	spec  *Spec
	id    int64
	body  []byte
}

// object walks the members of a stored object, which is compact and valid
// because the server encoded it.
func (r *renderer) object(p *plan, body []byte) {
	r.out.Bytes = append(r.out.Bytes, '{')
	first := true
	for i := 1; i < len(body) && body[i] != '}'; {
		if body[i] == ',' {
			i++
		}
		nameEnd := skipValue(body, i)
		name, value := body[i+1:nameEnd-1], nameEnd+1
		end := skipValue(body, value)
		mark := len(r.out.Bytes)
		if !first {
			r.out.Bytes = append(r.out.Bytes, ',')
		}
		r.out.Bytes = append(r.out.Bytes, body[i:value]...)
		if r.member(p.byName[string(name)], body[value:end]) {
			first = false
		} else {
			r.out.Bytes = r.out.Bytes[:mark]
		}
		i = end
	}
	r.out.Bytes = append(r.out.Bytes, '}')
}

// member appends a member's value and reports whether the member is shown.
func (r *renderer) member(m *member, value []byte) bool {
	switch {
	case m == nil: // written by an older version that had it
		return false
	case m.actions[r.view] == hide:
		return false
	case m.actions[r.view] == literal:
		r.out.Bytes = append(r.out.Bytes, m.literals[r.view]...)
	case m.actions[r.view] == bare:
		r.elements(value, r.bareRef)
	case m.live != nil:
		return r.live(m.live, value)
	case m.ref != nil && m.ref.embed:
		if _, ok := refID(value); !ok && value[0] != '[' {
			return false
		}
		r.elements(value, func(value []byte) { r.embed(m.ref, value) })
	case m.sub != nil && !m.sub.copies[r.view]:
		r.nested(m.sub, value)
	default:
		r.out.Bytes = append(r.out.Bytes, value...)
	}
	return true
}

func (r *renderer) nested(p *plan, value []byte) {
	r.elements(value, func(value []byte) {
		if value[0] == '{' {
			r.object(p, value)
		} else {
			r.out.Bytes = append(r.out.Bytes, value...)
		}
	})
}

// elements has one append a value, or each element of a list.
func (r *renderer) elements(value []byte, one func([]byte)) {
	if value[0] != '[' {
		one(value)
		return
	}
	r.out.Bytes = append(r.out.Bytes, '[')
	for i := 1; value[i] != ']'; {
		if value[i] == ',' {
			r.out.Bytes = append(r.out.Bytes, ',')
			i++
		}
		end := skipValue(value, i)
		r.elements(value[i:end], one)
		i = end
	}
	r.out.Bytes = append(r.out.Bytes, ']')
}

// bareRef appends the id of a reference, in its object.
func (r *renderer) bareRef(value []byte) {
	id, ok := refID(value)
	if !ok {
		r.out.Bytes = append(r.out.Bytes, value...)
		return
	}
	r.out.Bytes = append(strconv.AppendInt(append(r.out.Bytes, refHead...), id, 10), '}')
}

func (r *renderer) live(l *live, stored []byte) bool {
	switch l.form {
	case liveOrder:
		if place := r.joins.Place(r.spec.Name, r.id); place > 0 {
			stored = strconv.AppendInt(nil, int64(place), 10)
		}
		r.out.Bytes = append(r.out.Bytes, stored...)
	case liveAccess:
		level := r.joins.Access()
		if string(stored) == strconv.Quote(access.ReadOnly.String()) {
			level = min(level, access.ReadOnly)
		}
		r.out.Bytes = strconv.AppendQuote(r.out.Bytes, level.String())
	case liveStatus:
		if r.spec.Holds(r.body, "status", disabled) {
			r.out.Bytes = strconv.AppendQuote(r.out.Bytes, disabled)
			return true
		}
		r.out.Holes = append(r.out.Holes, Hole{At: len(r.out.Bytes), ID: r.id})
	case liveCount:
		r.out.Bytes = strconv.AppendInt(r.out.Bytes, int64(len(r.joins.Children(l.kind, r.id))), 10)
	case liveHas:
		word := l.no
		if len(r.joins.Children(l.kind, r.id)) > 0 {
			word = l.yes
		}
		r.out.Bytes = strconv.AppendQuote(r.out.Bytes, word)
	case liveReferrers:
		refs := r.joins.Referrers(l.kind, r.spec.Name, r.id)
		if len(refs) == 0 {
			return false
		}
		r.out.Bytes = append(r.out.Bytes, mustEncode(refs)...)
	case liveChildren:
		r.out.Bytes = append(r.out.Bytes, '[')
		for i, child := range r.joins.Children(l.kind, r.id) {
			if i > 0 {
				r.out.Bytes = append(r.out.Bytes, ',')
			}
			l.spec.Render(r.out, child, r.view, r.joins)
		}
		r.out.Bytes = append(r.out.Bytes, ']')
	}
	return true
}

// embed appends the referenced object. One that is gone from the revision
// being read shows as the reference that is left of it.
func (r *renderer) embed(ref *reference, value []byte) {
	id, _ := refID(value)
	body, ok := r.joins.ByID(ref.kind, id)
	if !ok {
		r.out.Bytes = append(r.out.Bytes, value...)
		return
	}
	ref.spec.Render(r.out, Stored{ID: id, Body: body}, InEmbed, r.joins)
}

const refHead = `{"id":`

// refID reads the id of a stored reference, whose first member it is.
func refID(value []byte) (int64, bool) {
	if len(value) <= len(refHead) || string(value[:len(refHead)]) != refHead {
		return 0, false
	}
	end := skipValue(value, len(refHead))
	id, err := strconv.ParseInt(string(value[len(refHead):end]), 10, 64)
	return id, err == nil
}

// refIDs appends the ids of a stored reference, or of each in a list.
func refIDs(ids []int64, value []byte) []int64 {
	if len(value) == 0 || value[0] != '[' {
		if id, ok := refID(value); ok {
			ids = append(ids, id)
		}
		return ids
	}
	for i := 1; value[i] != ']'; {
		if value[i] == ',' {
			i++
		}
		end := skipValue(value, i)
		ids = refIDs(ids, value[i:end])
		i = end
	}
	return ids
}

// disabled is the word in a connector's own status that hides its state.
const disabled = "DISABLED"

// IsSet reports whether a stored object's own boolean member is true.
func (s *Spec) IsSet(body []byte, name string) bool {
	return s.plan.byName[name] != nil && string(valueOf(body, name)) == "true"
}

// Counted returns that by which a stored object counts towards the limit of its
// kind; it is the same for all where the kind has one limit.
func (s *Spec) Counted(body []byte) string {
	if s.Limits.Per == "" {
		return ""
	}
	return string(valueOf(body, s.Limits.Per))
}

// Holds reports whether a stored object's own list of words has a word.
func (s *Spec) Holds(body []byte, name, word string) bool {
	return bytes.Contains(valueOf(body, name), strconv.AppendQuote(nil, word))
}

// skipValue returns the end of the value that starts at i in compact, valid
// JSON.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i++
			for b[i] != '"' {
				if b[i] == '\\' {
					i++
				}
				i++
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// Join is one thing that rendering a view needs besides the stored bytes.
type Join struct {
	Form JoinForm
	Kind string
	Spec *Spec
}

// JoinForm tells the joins apart.
type JoinForm int

// The joins.
const (
	JoinChildren  JoinForm = iota // objects of Kind that hang on the rendered ones
	JoinReferrers                 // objects of Kind that name the rendered ones
	JoinEmbeds                    // objects of Kind that the rendered ones name; see EmbedIDs
	JoinOrder                     // the places of the rendered ones
)

// Joins lists what the view of this kind needs. Children may need joins of
// their own.
func (s *Spec) Joins(v View) []Join { return s.joins[v] }

func (p *plan) joins(v View) (out []Join) {
	for _, m := range p.members {
		if m.actions[v] != show {
			continue
		}
		switch {
		case m.live != nil && (m.live.form == liveChildren || m.live.form == liveCount || m.live.form == liveHas):
			out = append(out, Join{JoinChildren, m.live.kind, m.live.spec})
		case m.live != nil && m.live.form == liveReferrers:
			out = append(out, Join{JoinReferrers, m.live.kind, m.live.spec})
		case m.live != nil && m.live.form == liveOrder:
			out = append(out, Join{Form: JoinOrder})
		case m.ref != nil && m.ref.embed:
			out = append(out, Join{JoinEmbeds, m.ref.kind, m.ref.spec})
		case m.sub != nil:
			out = append(out, m.sub.joins(v)...)
		}
	}
	return out
}

// EmbedIDs appends the ids of the objects of kind that a stored object embeds.
func (s *Spec) EmbedIDs(ids []int64, body []byte, kind string) []int64 {
	return embedIDs(ids, s.plan, body, kind)
}

func embedIDs(ids []int64, p *plan, body []byte, kind string) []int64 {
	if len(body) == 0 || body[0] != '{' {
		return ids
	}
	for i := 1; i < len(body) && body[i] != '}'; {
		if body[i] == ',' {
			i++
		}
		nameEnd := skipValue(body, i)
		end := skipValue(body, nameEnd+1)
		m, value := p.byName[string(body[i+1:nameEnd-1])], body[nameEnd+1:end]
		switch {
		case m == nil:
		case m.ref != nil && m.ref.embed && m.ref.kind == kind:
			ids = refIDs(ids, value)
		case m.sub != nil:
			ids = embedIDs(ids, m.sub, value, kind)
		}
		i = end
	}
	return ids
}

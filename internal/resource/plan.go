package resource

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// View is a form in which an object is answered.
type View int

// The views. A list is the object in full; the others say in tags where they
// differ. Lite is the other way round: it holds id, name and what is tagged
// lite:show or lite:zero.
const (
	InList   View = iota // an element of a list
	InGet                // one object
	InLite               // an element of a lite list
	InPost               // the answer to a create
	InPut                // the answer to a replace
	InEmbed              // inside an object that references it with embed
	InBundle             // in a connector's bundle: stored members and embeds only
	views
)

var viewNames = map[string]View{"list": InList, "get": InGet, "lite": InLite, "post": InPost, "put": InPut, "embed": InEmbed}

type action int

const (
	show action = iota
	hide
	literal // write member.literals[view] in place of the value
	bare    // write references as their ids alone
)

// plan is what Define learns about a struct: its members in wire order.
type plan struct {
	typ     reflect.Type
	members []*member
	byName  map[string]*member
	// copies[v] is set where a view of the stored bytes is the stored bytes.
	copies [views]bool
}

type member struct {
	name     string
	index    int
	kind     reflect.Kind // of the value behind pointers and slices
	sub      *plan        // of an object, or of a list's objects
	actions  [views]action
	literals [views]string
	live     *live
	ref      *reference
	isRef    bool // of the type of references, whether or not it is one to a kind
	stamp    string
	lock     bool // a replace that carries an outdated one is refused
	assign   bool
	parent   bool
	scope    bool   // says which location the object lies in
	extends  string // name under which references to the object show the member
	readonly bool
	sent     bool // live, and yet an operation takes it from the body
	required bool
	omitted  bool     // omitempty, omitzero
	orders   []string // views whose lists are in the order of this member
	sorts    []string // values of sortBy that mean this member
	enum     []string
	min, max *int64
}

type reference struct {
	kind  string
	embed bool
	spec  *Spec // of kind, once the set is linked
}

var (
	liveType = reflect.TypeFor[Live]()
	refType  = reflect.TypeFor[wire.Ref]()
	intType  = reflect.TypeFor[wire.Int]()
	boolType = reflect.TypeFor[wire.Bool]()
)

func planOf(t reflect.Type) (*plan, error) {
	p := &plan{typ: t, byName: map[string]*member{}}
	for i := range t.NumField() {
		m, err := memberOf(t.Field(i), i)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.Name(), t.Field(i).Name, err)
		}
		if p.byName[m.name] != nil {
			return nil, fmt.Errorf("%s: member %q is declared twice", t.Name(), m.name)
		}
		p.members = append(p.members, m)
		p.byName[m.name] = m
	}
	return p, nil
}

func memberOf(f reflect.StructField, index int) (*member, error) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" || name == "-" || !f.IsExported() {
		return nil, fmt.Errorf("every field is a member of the wire form and names it")
	}
	m := &member{
		name: name, index: index, omitted: options == "omitempty" || options == "omitzero",
		stamp: f.Tag.Get("stamp"), lock: f.Tag.Get("lock") == "true", sorts: strings.Fields(f.Tag.Get("sort")), assign: f.Tag.Get("assign") == "id", parent: f.Tag.Get("parent") == "id",
		scope: f.Tag.Get("scope") == "true", extends: f.Tag.Get("extends"),
		readonly: f.Tag.Get("readonly") == "true", required: f.Tag.Get("required") == "true", sent: f.Tag.Get("sent") == "true",
		enum: strings.Fields(f.Tag.Get("enum")), orders: strings.Fields(f.Tag.Get("order")),
	}
	for tag, to := range map[string]**int64{"min": &m.min, "max": &m.max} {
		if text := f.Tag.Get(tag); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s:%q is not a number", tag, text)
			}
			*to = &n
		}
	}
	if err := m.setType(f); err != nil {
		return nil, err
	}
	return m, m.setViews(f.Tag.Get("view"))
}

// setType follows pointers and slices to the member's own type.
func (m *member) setType(f reflect.StructField) error {
	t := f.Type
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	m.kind, m.isRef = t.Kind(), t == refType
	tag, isRef := f.Tag.Lookup("ref")
	form, isLive := f.Tag.Lookup("live")
	switch {
	case t == liveType, isLive:
		l, err := parseLive(form)
		if err == nil && !l.form.fits(t) {
			return fmt.Errorf("live:%q does not fit the type", form)
		}
		m.live = l
		return err
	case isRef && t != refType:
		return fmt.Errorf("a reference is a wire.Ref")
	case isRef:
		kind, option, _ := strings.Cut(tag, ",")
		m.ref = &reference{kind: kind, embed: option == "embed"}
	case t == refType, t == intType, t == boolType:
	case t.Kind() == reflect.Struct:
		sub, err := planOf(t)
		m.sub = sub
		return err
	}
	return nil
}

func (m *member) setViews(tag string) error {
	if m.name != "id" && m.name != "name" {
		m.actions[InLite] = hide
	}
	if m.live != nil && m.live.form != liveOrder {
		m.actions[InBundle] = hide
	}
	for _, item := range strings.Fields(tag) {
		name, what, _ := strings.Cut(item, ":")
		v, ok := viewNames[name]
		if !ok {
			return fmt.Errorf("view %q is unknown", name)
		}
		switch what {
		case "show":
			m.actions[v] = show
		case "hide":
			m.actions[v] = hide
		case "id":
			if m.ref == nil && !m.isRef {
				return fmt.Errorf("view %q: only references have an id to show", name)
			}
			m.actions[v] = bare
		case "zero":
			m.actions[v], m.literals[v] = literal, m.zero()
		default:
			if !json.Valid([]byte(what)) {
				return fmt.Errorf("view %q: %q is not show, hide, zero or a JSON value", name, what)
			}
			m.actions[v], m.literals[v] = literal, what
		}
	}
	return nil
}

// zero is the JSON of the member's zero value. An enumeration's zero is NONE.
func (m *member) zero() string {
	switch m.kind {
	case reflect.Bool:
		return "false"
	case reflect.String:
		return `"NONE"`
	case reflect.Int64:
		return "0"
	default:
		return "null"
	}
}

// link resolves the kinds that the plan names and finds out which views are
// plain copies.
func (p *plan) link(find func(string) *Spec) error {
	for _, m := range p.members {
		if m.live != nil && m.live.kind != "" {
			if m.live.spec = find(m.live.kind); m.live.spec == nil {
				return fmt.Errorf("member %q: kind %q is unknown", m.name, m.live.kind)
			}
		}
		if m.ref != nil {
			if m.ref.spec = find(m.ref.kind); m.ref.spec == nil {
				return fmt.Errorf("member %q: kind %q is unknown", m.name, m.ref.kind)
			}
		}
		if m.sub != nil {
			if err := m.sub.link(find); err != nil {
				return err
			}
		}
	}
	for v := range views {
		p.copies[v] = true
		for _, m := range p.members {
			if m.live != nil || m.actions[v] != show || m.ref != nil && m.ref.embed || m.sub != nil && !m.sub.copies[v] {
				p.copies[v] = false
			}
		}
	}
	return nil
}

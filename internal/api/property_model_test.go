package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/kinds"
)

// member is a member of a kind that names objects of another.
type member struct {
	name, to string
	single   bool // one reference, not a list
}

// family is a kind as the property test writes it.
type family struct {
	kind, path string
	rest       string // what a body needs besides the name and the references
	members    []member
	least      int // references that an object has at least
}

const ruleKind = kinds.ForwardingRuleKind

var families = []family{
	{kind: kinds.IPSourceGroupKind, path: "/ipSourceGroups", rest: `,"ipAddresses":["10.0.0.1"]`},
	{kind: kinds.NetworkServiceKind, path: "/networkServices", rest: `,"destTcpPorts":[{"start":443}]`},
	{kind: kinds.NetworkServiceGroupKind, path: "/networkServiceGroups", least: 1, members: []member{{name: "services", to: kinds.NetworkServiceKind}}},
	{kind: kinds.GatewayKind, path: "/gateways", rest: `,"type":"ZIA","primaryType":"AUTO","secondaryType":"AUTO"`},
	{kind: ruleKind, path: "/ecRules/ecRdr", rest: `,"forwardMethod":"DIRECT"`, members: []member{
		{name: "srcIpGroups", to: kinds.IPSourceGroupKind},
		{name: "nwServices", to: kinds.NetworkServiceKind},
		{name: "nwServiceGroups", to: kinds.NetworkServiceGroupKind},
		{name: "proxyGateway", to: kinds.GatewayKind, single: true},
	}},
}

// thing is an object of the model: its references are ids alone, so that the
// model has no copy of a name that could be out of date.
type thing struct {
	name string
	refs map[string][]int64 // by member
}

// body is the thing as a request has it; order is a rule's.
func (th thing) body(f family, order int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"name":%q%s`, th.name, f.rest)
	if f.kind == ruleKind {
		fmt.Fprintf(&b, `,"order":%d`, order)
	}
	for _, m := range f.members {
		var list []string
		for _, id := range th.refs[m.name] {
			list = append(list, fmt.Sprintf(`{"id":%d}`, id))
		}
		switch text := strings.Join(list, ","); {
		case len(list) == 0:
		case m.single:
			fmt.Fprintf(&b, `,%q:%s`, m.name, text)
		default:
			fmt.Fprintf(&b, `,%q:[%s]`, m.name, text)
		}
	}
	return b.String() + "}"
}

// estate is one configuration: all things, and the rules in their order.
type estate struct {
	things map[string]map[int64]thing // by kind
	order  []int64
}

func (e estate) clone() estate {
	out := estate{map[string]map[int64]thing{}, slices.Clone(e.order)}
	for kind, all := range e.things {
		out.things[kind] = maps.Clone(all) // a thing is replaced, never changed
	}
	return out
}

// named is a reference as it is shown.
type named struct {
	ID   int64
	Name string
}

// seen is an object as it is shown, by the model or by the server.
type seen struct {
	Name  string
	Order int
	Refs  map[string][]named
}

// show is what a reader of the estate is to see of a thing.
func (e estate) show(f family, id int64) seen {
	th := e.things[f.kind][id]
	out := seen{Name: th.name, Refs: map[string][]named{}}
	if f.kind == ruleKind {
		out.Order = slices.Index(e.order, id) + 1
	}
	for _, m := range f.members {
		for _, to := range th.refs[m.name] {
			out.Refs[m.name] = append(out.Refs[m.name], named{to, e.things[m.to][to].name})
		}
	}
	return out
}

func (e estate) showAll() map[string]map[int64]seen {
	out := map[string]map[int64]seen{}
	for _, f := range families {
		out[f.kind] = map[int64]seen{}
		for id := range e.things[f.kind] {
			out[f.kind][id] = e.show(f, id)
		}
	}
	return out
}

// read makes a seen of an object that the server shows.
func (f family) read(body []byte) (id int64, out seen, err error) {
	var own struct {
		ID    int64
		Name  string
		Order int
	}
	all := map[string]json.RawMessage{}
	if err = json.Unmarshal(body, &own); err == nil {
		err = json.Unmarshal(body, &all)
	}
	out = seen{Name: own.Name, Order: own.Order, Refs: map[string][]named{}}
	for _, m := range f.members {
		text, ok := all[m.name]
		if !ok || err != nil {
			continue
		}
		if m.single {
			text = slices.Concat([]byte("["), text, []byte("]"))
		}
		var list []named
		if err = json.Unmarshal(text, &list); len(list) > 0 {
			out.Refs[m.name] = list
		}
	}
	return own.ID, out, err
}

// dangling finds a reference to what is not there, or not of that name.
func dangling(all map[string]map[int64]seen) string {
	for _, f := range families {
		for id, o := range all[f.kind] {
			for _, m := range f.members {
				for _, ref := range o.Refs[m.name] {
					if target, ok := all[m.to][ref.ID]; !ok || target.Name != ref.Name {
						return fmt.Sprintf("%s %d names %+v in %s, and there is %+v", f.kind, id, ref, m.name, target)
					}
				}
			}
		}
	}
	return ""
}

// sparse finds an order of rules that is not 1, 2, 3 …
func sparse(all map[string]map[int64]seen) string {
	var have []int
	for _, o := range all[ruleKind] {
		have = append(have, o.Order)
	}
	slices.Sort(have)
	for i, n := range have {
		if n != i+1 {
			return fmt.Sprintf("orders are %v", have)
		}
	}
	return ""
}

// verdict is what the server is to say to a write.
type verdict struct {
	status int
	code   string
}

var (
	fine      = verdict{http.StatusOK, ""}
	deleted   = verdict{http.StatusNoContent, ""}
	absent    = verdict{http.StatusNotFound, "RESOURCE_NOT_FOUND"}
	duplicate = verdict{http.StatusConflict, "DUPLICATE_ITEM"}
	inUse     = verdict{http.StatusConflict, "RESOURCE_IN_USE"}
	invalid   = verdict{http.StatusBadRequest, "INVALID_INPUT_ARGUMENT"}
	forbidden = verdict{http.StatusForbidden, "SCOPE_LIMITED"}
)

// world is the model of an org: what is saved, what is active, and who has
// saved something since the last activation.
type world struct {
	working, active estate
	editing         map[string]bool
}

func newWorld() *world {
	empty := estate{things: map[string]map[int64]thing{}}
	for _, f := range families {
		empty.things[f.kind] = map[int64]thing{}
	}
	return &world{working: empty, active: empty.clone(), editing: map[string]bool{}}
}

// judge says how a create (id 0) or a replace has to end.
func (w *world) judge(f family, id int64, th thing, order int) verdict {
	if _, ok := w.working.things[f.kind][id]; id != 0 && !ok {
		return absent
	}
	for other, have := range w.working.things[f.kind] {
		if other != id && have.name == th.name {
			return duplicate
		}
	}
	for _, m := range f.members {
		for _, to := range th.refs[m.name] {
			if _, ok := w.working.things[m.to][to]; !ok {
				return invalid
			}
		}
	}
	if f.kind == ruleKind && order < 1 {
		return invalid
	}
	return fine
}

// put saves a thing, and a rule at its order or at the end.
func (w *world) put(who string, f family, id int64, th thing, order int) {
	w.editing[who] = true
	w.working.things[f.kind][id] = th
	if f.kind == ruleKind {
		w.leave(id)
		w.working.order = slices.Insert(w.working.order, min(order-1, len(w.working.order)), id)
	}
}

func (w *world) leave(id int64) {
	w.working.order = slices.DeleteFunc(w.working.order, func(other int64) bool { return other == id })
}

// remove deletes a thing that nothing names.
func (w *world) remove(who string, f family, id int64) verdict {
	if _, ok := w.working.things[f.kind][id]; !ok {
		return absent
	}
	for _, user := range families {
		for _, m := range user.members {
			for _, th := range w.working.things[user.kind] {
				if m.to == f.kind && slices.Contains(th.refs[m.name], id) {
					return inUse
				}
			}
		}
	}
	w.editing[who] = true
	delete(w.working.things[f.kind], id)
	w.leave(id)
	return deleted
}

// activate makes what is saved active unless somebody else is editing.
func (w *world) activate(who string, force bool) (queued bool) {
	delete(w.editing, who)
	if len(w.editing) > 0 && !force {
		return true
	}
	clear(w.editing)
	w.active = w.working.clone()
	return false
}

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
)

// tree is an object of the API's with its numbers as they were written.
type tree map[string]any

// UnmarshalJSON reads an object.
func (t *tree) UnmarshalJSON(data []byte) error {
	v, err := valueOf(data)
	if err != nil {
		return err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("it is no object")
	}
	*t = m
	return nil
}

// idOf is an object's id, 0 where it has none.
func (t tree) id() int64 {
	n, err := strconv.ParseInt(fmt.Sprint(t["id"]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// calledBy are the members by which people name objects.
func calledBy() []string { return []string{"name", "loginName"} }

// names are what an object can be called on a command line.
func (t tree) names() (names []string) {
	for _, member := range calledBy() {
		if name, ok := t[member].(string); ok && name != "" {
			names = append(names, name)
		}
	}
	return append(names, fmt.Sprint(t.id()))
}

// pathParam is a parameter of an operation's path, and where a command line
// has it.
type pathParam struct {
	name string
	flag string         // empty = it is the verb's argument
	kind *resource.Spec // of the object that it names; nil = none that is known
}

var pathParamName = regexp.MustCompile(`\{(\w+)\}`)

// pathParams are those of a verb's path, in its order. The argument is the one
// called id, or that the path ends with; the others are what the object hangs
// on, named as its kind says.
func (v *apiVerb) pathParams() (params []pathParam) {
	above := v.ancestors()
	names := pathParamName.FindAllStringSubmatch(v.op.Path, -1)
	for i, m := range names {
		p := pathParam{name: m[1]}
		switch {
		case p.name == "id":
			p.kind = v.noun.kind
		case i == len(names)-1 && strings.HasSuffix(v.op.Path, m[0]):
		default:
			p.flag = kebab(strings.TrimSuffix(p.name, "Id"))
			if i < len(above) {
				p.kind = above[i]
				p.flag = strings.ToLower(strings.ReplaceAll(kindTitle(p.kind), " ", "-"))
			}
		}
		params = append(params, p)
	}
	return params
}

// ancestors are the kinds that the noun's objects hang on, the outermost first.
func (v *apiVerb) ancestors() (above []*resource.Spec) {
	k := v.noun.kind
	if k == nil || !strings.HasPrefix(v.op.Path, k.Path) {
		return nil
	}
	for n := len(pathParamName.FindAllString(k.Path, -1)); n > 0; n-- {
		if k = v.all.kinds.Kind(k.Parent.Kind); k == nil {
			return nil
		}
		above = append(above, k)
	}
	slices.Reverse(above)
	return above
}

// arguments are the parameters that are the verb's arguments, in their order.
func (v *apiVerb) arguments() []pathParam {
	return slices.DeleteFunc(v.pathParams(), func(p pathParam) bool { return p.flag != "" })
}

// address finds the path of a call: names become ids. An argument may hold what
// the object hangs on as well, as in GROUP/VM.
func (v *apiVerb) address(ctx context.Context, s *session, flags func(string) string, args []string) (string, error) {
	params := v.pathParams()
	values := make([]string, len(params))
	for i, p := range params {
		switch {
		case p.flag != "":
			values[i] = flags(p.flag)
		case len(args) > 0:
			values[i], args = args[0], args[1:]
			parts := strings.Split(values[i], "/")
			if i > 0 && i == len(params)-1 && p.kind != nil && len(parts) == len(params) {
				values = parts
			}
		}
	}
	path, rest := "", v.op.Path
	for i, p := range params {
		if values[i] == "" && p.flag == "" {
			return "", usage("the argument %s is empty", v.argumentName(p))
		}
		if values[i] == "" {
			return "", usage("say which %s with --%s", strings.ReplaceAll(p.flag, "-", " "), p.flag)
		}
		fixed, after, _ := strings.Cut(rest, "{"+p.name+"}")
		id, err := v.resolve(ctx, s, path+strings.TrimSuffix(fixed, "/"), p, values[i])
		if err != nil {
			return "", err
		}
		path += fixed + url.PathEscape(id)
		rest = after
	}
	return path + rest, nil
}

// lister is the operation that lists what a parameter is one of: the one at the
// path up to there. nil where there is none.
func (v *apiVerb) lister(p pathParam) *operation.Operation {
	at, _, _ := strings.Cut(v.op.Path, "/{"+p.name+"}")
	o := v.all.operation(http.MethodGet, at)
	if o == nil || o.Out == nil || shapeOf(o.Out).sort != aList {
		return nil
	}
	named := shapeOf(o.Out).element
	if !slices.ContainsFunc(calledBy(), func(member string) bool { return named.slot(member) != nil }) {
		return nil
	}
	return o
}

// resolve finds the id of what a name means among the objects at a path. What
// is a number is an id; where nothing lists the objects, the name is what the
// API wants.
func (v *apiVerb) resolve(ctx context.Context, s *session, at string, p pathParam, name string) (string, error) {
	if _, err := strconv.ParseUint(name, 10, 64); err == nil {
		return name, nil
	}
	o := v.lister(p)
	switch {
	case o == nil && p.kind == nil:
		return name, nil
	case o == nil:
		return v.all.lookUp(ctx, s, at, p.kind, name)
	}
	noun := v.noun
	if p.kind != nil {
		noun = v.all.noun("", p.kind)
	}
	all, err := s.listAll(ctx, o, lowerFirst(o.Summary), at, nil)
	if err != nil {
		return "", err
	}
	return idNamed(noun.one, "spurline "+noun.name+" list", all, name)
}

// lookUp finds the id of the object with a name.
func (c *catalogue) lookUp(ctx context.Context, s *session, at string, kind *resource.Spec, name string) (string, error) {
	all, ok, err := c.objects(ctx, s, at, kind)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", usage("nothing lists the %s here, so %s cannot be looked up; name it by its id", plural(kindTitle(kind)), quote(name))
	}
	noun, lister := c.noun("", kind), " list"
	if c.operation(http.MethodGet, kind.Path) == nil && kind.Parent.Kind != "" {
		lister = " get"
		noun = c.noun("", c.kinds.Kind(kind.Parent.Kind))
	}
	return idNamed(kindTitle(kind), "spurline "+noun.name+lister, all, name)
}

// idNamed is the id of the one of some objects that has a name.
func idNamed(one, lister string, all []entry[tree], name string) (string, error) {
	found, err := choices[entry[tree]]{
		one, lister, all,
		func(e entry[tree]) int64 { return e.object.id() },
		func(e entry[tree]) []string { return e.object.names() },
	}.find(name)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(found.object.id(), 10), nil
}

// objects lists the objects of a kind at a path: by the kind's own list, or as
// what the object that they hang on shows of them. It reports whether there is
// either.
func (c *catalogue) objects(ctx context.Context, s *session, at string, kind *resource.Spec) ([]entry[tree], bool, error) {
	doing := "list the " + plural(kindTitle(kind))
	for _, suffix := range []string{"", "/lite"} {
		if o := c.operation(http.MethodGet, kind.Path+suffix); o != nil {
			all, err := s.listAll(ctx, o, doing, at+suffix, nil)
			return all, true, err
		}
	}
	parent := c.kinds.Kind(kind.Parent.Kind)
	above := at[:max(strings.LastIndex(at, "/"), 0)]
	if parent == nil || c.operation(http.MethodGet, parent.Path+"/{id}") == nil {
		return nil, false, nil
	}
	member := childrenMember(parent, kind)
	if member == "" {
		return nil, false, nil
	}
	e, err := get[tree](ctx, s, "get the "+kindTitle(parent), above)
	if err != nil {
		return nil, false, err
	}
	list, _ := e.object[member].([]any)
	var all []entry[tree]
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			all = append(all, entry[tree]{object: m})
		}
	}
	return all, true, nil
}

// childrenMember is the member of a kind that shows the objects of another one
// that hang on it.
func childrenMember(parent, kind *resource.Spec) string {
	for i := range parent.Type.NumField() {
		f := parent.Type.Field(i)
		if f.Tag.Get("live") == "children "+kind.Name {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return name
		}
	}
	return ""
}

// listAll fetches a list, every page of it where it has pages.
func (s *session) listAll(ctx context.Context, o *operation.Operation, doing, path string, query url.Values) ([]entry[tree], error) {
	path = withQuery(path, query)
	if slices.ContainsFunc(o.Query, func(p operation.Param) bool { return p.Name == "pageSize" }) {
		return list[tree](ctx, s, doing, path)
	}
	var raw json.RawMessage
	if err := s.do(ctx, doing, http.MethodGet, path, nil, &raw); err != nil {
		return nil, err
	}
	all, err := entriesOf(raw)
	if err != nil {
		return nil, fmt.Errorf("cannot %s: the answer is not what was expected: %w", doing, err)
	}
	return all, nil
}

// entriesOf reads a JSON array of objects.
func entriesOf(raw json.RawMessage) ([]entry[tree], error) {
	var raws []json.RawMessage
	if err := json.Unmarshal(raw, &raws); err != nil {
		return nil, err
	}
	all := make([]entry[tree], len(raws))
	for i, raw := range raws {
		var err error
		if all[i], err = entryOf[tree](raw); err != nil {
			return nil, err
		}
	}
	return all, nil
}

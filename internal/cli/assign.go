package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// assignment is what --set says: a member, and what it gets.
type assignment struct {
	path  string // as it was written
	steps []pathStep
	text  string
}

// pathStep leads into a value: to a member, to an element of a list, or to a new
// one after the last.
type pathStep struct {
	member  string
	element bool
	last    bool // after the last element
	index   int
}

// parseAssignment reads name.name[0].name[]=value.
func parseAssignment(arg string) (a assignment, err error) {
	path, text, ok := strings.Cut(arg, "=")
	if !ok || path == "" {
		return a, usage("--set %s: it is member=value", quote(arg))
	}
	a = assignment{path: path, text: text}
	for _, name := range strings.Split(path, ".") {
		name, brackets, listed := strings.Cut(name, "[")
		if name == "" {
			return a, usage("--set %s: a member has a name, and so do those before and after a dot", quote(arg))
		}
		if strings.Contains(name, "]") {
			return a, usage("--set %s: ] is without its [", quote(arg))
		}
		a.steps = append(a.steps, pathStep{member: name})
		if !listed {
			continue
		}
		for _, index := range strings.Split(brackets, "[") {
			index, ok := strings.CutSuffix(index, "]")
			n := uint64(0)
			if index != "" {
				n, err = strconv.ParseUint(index, 10, 31)
			}
			if !ok || err != nil {
				return a, usage("--set %s: in brackets is the number of an element, from 0, or nothing for a new one", quote(arg))
			}
			a.steps = append(a.steps, pathStep{element: true, last: index == "", index: int(n)})
		}
	}
	return a, nil
}

// assigner makes assignments to a body.
type assigner struct {
	allowUnknown bool
	seen         map[string]bool // lists that were assigned to: a second time adds to them
}

// assign makes one assignment and returns the body with it.
func (as *assigner) assign(body any, s *shape, a assignment) (any, error) {
	return as.into(body, s, a, a.steps, "")
}

func (as *assigner) into(v any, s *shape, a assignment, steps []pathStep, path string) (any, error) {
	if len(steps) == 0 {
		return as.leaf(v, s, a)
	}
	if steps[0].element {
		return as.element(v, s, a, steps, path)
	}
	name := steps[0].member
	sub := s.at(name)
	switch {
	case s.sort == aList:
		return nil, usage("--set %s: %s is a list; say which element, as in %s[0].%s", a.path, path, path, name)
	case sub == nil && as.allowUnknown:
		sub = &shape{}
	case sub == nil && s.sort == aReference:
		return nil, unknown("member"+in(path), name, refNames())
	case sub == nil && s.sort != anObject:
		return nil, usage("--set %s: %s is a %s, which has no members", a.path, path, s.sort)
	case sub == nil:
		return nil, unknown("member"+in(path), name, s.names())
	}
	if known := s.slot(name); known != nil && known.kept && name != "id" && !as.allowUnknown {
		return nil, usage("--set %s: %s is the server's to say", a.path, join(path, name))
	}
	m, _ := v.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	if s.sort == aReference && name == "name" {
		delete(m, "id") // that of another
	}
	value, err := as.into(m[name], sub, a, steps[1:], join(path, name))
	if err != nil {
		return nil, err
	}
	m[name] = value
	return m, nil
}

// element assigns to an element of a list, or to a new one.
func (as *assigner) element(v any, s *shape, a assignment, steps []pathStep, path string) (any, error) {
	element := s.element
	switch {
	case s.sort == anything:
		element = s
	case s.sort != aList:
		return nil, usage("--set %s: %s is a %s and no list", a.path, path, s.sort)
	}
	list, _ := v.([]any)
	i := steps[0].index
	if steps[0].last {
		i = len(list)
	}
	if i > len(list) {
		return nil, usage("--set %s: %s has %s", a.path, path, count(len(list), "element", "elements"))
	}
	if i == len(list) {
		list = append(list, nil)
	}
	value, err := as.into(list[i], element, a, steps[1:], fmt.Sprintf("%s[%d]", path, i))
	if err != nil {
		return nil, err
	}
	list[i] = value
	return list, nil
}

// leaf is the value that an assignment's text means in a place of the shape.
func (as *assigner) leaf(old any, s *shape, a assignment) (any, error) {
	if s.leaf().secret {
		return nil, usage("--set %s: it is a secret, and others see a command line; type it with --ask %s, or put it into a file for -f", a.path, a.path)
	}
	value, err := literal(s, a.text)
	if err != nil {
		return nil, usage("--set %s: %v", a.path, err)
	}
	if s.sort == aList {
		if before, ok := old.([]any); ok && as.seen[a.path] {
			value = append(slices.Clone(before), value.([]any)...)
		}
		as.seen[a.path] = true
	}
	return value, nil
}

// literal reads a value as people write it: lists with commas, references by
// id or by name, and whatever has members as JSON.
func literal(s *shape, text string) (any, error) {
	switch s.sort {
	case aText:
		return text, nil
	case aNumber:
		if _, err := strconv.ParseFloat(text, 64); err != nil || !json.Valid([]byte(text)) {
			return nil, fmt.Errorf("%s is no number", quote(text))
		}
		return json.Number(text), nil
	case aBoolean:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%s is neither true nor false", quote(text))
		}
		return b, nil
	case aList:
		return literalList(s, text)
	case aReference:
		return literalRef(text)
	case anObject, aMapping:
		v, err := valueOf([]byte(text))
		if err != nil || !isObject(v) {
			return nil, fmt.Errorf("it has members: set one of them, or all as JSON")
		}
		return v, nil
	default:
		if json.Valid([]byte(text)) {
			return valueOf([]byte(text))
		}
		return text, nil
	}
}

func literalList(s *shape, text string) (any, error) {
	list := []any{}
	if text == "" {
		return list, nil
	}
	if strings.HasPrefix(text, "[") {
		v, err := valueOf([]byte(text))
		if all, ok := v.([]any); ok && err == nil {
			return all, nil
		}
		return nil, fmt.Errorf("it starts like a JSON array and is none")
	}
	parts := strings.Split(text, ",")
	if s.element.sort == anObject || s.element.sort == aMapping || s.element.sort == aReference && strings.HasPrefix(text, "{") {
		parts = []string{text}
	}
	for _, part := range parts {
		v, err := literal(s.element, strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// literalRef is a reference by its id or, for a look-up, by a name alone.
func literalRef(text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	if _, err := strconv.ParseUint(text, 10, 64); err == nil {
		return map[string]any{"id": json.Number(text)}, nil
	}
	if strings.HasPrefix(text, "{") {
		v, err := valueOf([]byte(text))
		if err != nil || !isObject(v) {
			return nil, fmt.Errorf("it starts like a JSON object and is none")
		}
		return v, nil
	}
	return map[string]any{"name": text}, nil
}

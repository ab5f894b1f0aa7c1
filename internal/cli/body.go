package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// readBody reads JSON or YAML from a file, or from standard input where the
// file is called "-".
func readBody(file string, stdin io.Reader) (any, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(stdin)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, &failure{exitUsage, err}
	}
	v, err := decodeBody(data)
	if err != nil {
		return nil, usage("-f %s: %w", quote(file), err)
	}
	return v, nil
}

// decodeBody reads one JSON or YAML value. Numbers stay as they are written.
func decodeBody(data []byte) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("there is nothing in it")
	}
	if json.Valid(data) {
		return valueOf(data)
	}
	var syntax *json.SyntaxError
	var ignored any
	if err := json.Unmarshal(data, &ignored); bytes.TrimSpace(data)[0] == '{' && errors.As(err, &syntax) {
		return nil, fmt.Errorf("line %d: it is no JSON: %w", 1+bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n")), err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("it is neither JSON nor YAML: %w", err)
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("there is nothing in it")
	}
	return fromYAML(doc.Content[0])
}

// fromYAML makes of YAML what the JSON of the same meaning is. What looks like
// a date is text, as there are no dates in JSON.
func fromYAML(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				return nil, fmt.Errorf("line %d: a member has a plain name", key.Line)
			}
			if _, twice := m[key.Value]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
			}
			v, err := fromYAML(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key.Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			v, err := fromYAML(c)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.ScalarNode:
		return fromScalar(n)
	default:
		return nil, fmt.Errorf("line %d: anchors are not read; write the value out", n.Line)
	}
}

func fromScalar(n *yaml.Node) (any, error) {
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		return b, n.Decode(&b)
	case "!!int":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), nil
		}
		var i int64 // 0x1f, 1_000
		err := n.Decode(&i)
		return json.Number(fmt.Sprint(i)), err
	case "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), nil
		}
		return nil, fmt.Errorf("line %d: %s is no number of JSON", n.Line, n.Value)
	default:
		return n.Value, nil
	}
}

// encodeBody writes a value with the members in the order of its shape, and
// what the shape does not know after them.
func encodeBody(s *shape, v any) json.RawMessage {
	var b bytes.Buffer
	encodeInto(&b, s, v)
	return b.Bytes()
}

func encodeInto(b *bytes.Buffer, s *shape, v any) {
	switch v := v.(type) {
	case map[string]any:
		names := slices.DeleteFunc(append(s.names(), refNames()...), func(name string) bool { _, ok := v[name]; return !ok })
		names = append(names, slices.Sorted(maps.Keys(v))...)
		written := map[string]bool{}
		b.WriteByte('{')
		for _, name := range names {
			if written[name] {
				continue
			}
			if len(written) > 0 {
				b.WriteByte(',')
			}
			written[name] = true
			b.Write(encodeScalar(name))
			b.WriteByte(':')
			sub := s.at(name)
			if sub == nil {
				sub = &shape{}
			}
			encodeInto(b, sub, v[name])
		}
		b.WriteByte('}')
	case []any:
		element := s.element
		if element == nil {
			element = &shape{}
		}
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			encodeInto(b, element, e)
		}
		b.WriteByte(']')
	default:
		b.Write(encodeScalar(v))
	}
}

// encodeScalar writes text as it is, without escapes that only HTML needs.
func encodeScalar(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null") // strings, numbers and booleans do encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// sendable is what a client sends back of an object that it has read: without
// what is the server's to say, and with references as what they refer to.
func sendable(s *shape, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			m := s.slot(name)
			if m != nil && m.kept && !m.lock {
				continue
			}
			if s.sort == aReference && s.kind != "" && !slices.Contains(refNames(), name) {
				continue
			}
			sub := s.at(name)
			if sub == nil {
				sub = &shape{}
			}
			out[name] = sendable(sub, value)
		}
		return out
	case []any:
		element := s.element
		if element == nil {
			element = &shape{}
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = sendable(element, v[i])
		}
		return out
	default:
		return v
	}
}

// lookUps finds the ids of references that are given by name.
type lookUps struct {
	all   *catalogue
	s     *session
	found map[string]string // ids, by kind and name
	names map[string]string // of what is referred to already, by kind and id
}

// lookUps are those for a body that is to replace another one. Where a
// reference has the id that it had there and another name, the name is what
// somebody wrote.
func (w *writing) lookUps(s *session, before any) *lookUps {
	l := &lookUps{all: w.all, s: s, found: map[string]string{}, names: map[string]string{}}
	l.know(w.shape, before)
	return l
}

func (l *lookUps) know(s *shape, v any) {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["name"].(string); ok && s.sort == aReference {
			l.names[s.kind+"\x00"+fmt.Sprint(v["id"])] = name
			return
		}
		for name, value := range v {
			if sub := s.at(name); sub != nil {
				l.know(sub, value)
			}
		}
	case []any:
		if s.element == nil {
			return
		}
		for _, e := range v {
			l.know(s.element, e)
		}
	}
}

// refs returns a value with its references as the API takes them.
func (l *lookUps) refs(ctx context.Context, s *shape, v any, path string) (any, error) {
	if s.sort == aReference {
		return l.ref(ctx, s, v, path)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			sub := s.at(name)
			if sub == nil {
				continue
			}
			value, err := l.refs(ctx, sub, v[name], join(path, name))
			if err != nil {
				return nil, err
			}
			v[name] = value
		}
	case []any:
		if s.element == nil {
			return v, nil
		}
		for i := range v {
			value, err := l.refs(ctx, s.element, v[i], fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			v[i] = value
		}
	}
	return v, nil
}

func (l *lookUps) ref(ctx context.Context, s *shape, v any, path string) (any, error) {
	ref, _ := v.(map[string]any)
	switch v := v.(type) {
	case json.Number:
		return map[string]any{"id": v}, nil
	case string:
		ref = map[string]any{"name": v}
	}
	name, _ := ref["name"].(string)
	if ref == nil || name == "" {
		return v, nil
	}
	if ref["id"] != nil {
		if was := l.names[s.kind+"\x00"+fmt.Sprint(ref["id"])]; was == "" || was == name {
			return v, nil
		}
	}
	kind := l.all.kinds.Kind(s.kind)
	if kind == nil {
		return nil, usage("%s: nothing lists what it names, so %s cannot be looked up; give its id", path, quote(name))
	}
	key := s.kind + "\x00" + name
	if l.found[key] == "" {
		id, err := l.all.lookUp(ctx, l.s, kind.Path, kind, name)
		if err != nil {
			return nil, prefixed(path, err)
		}
		l.found[key] = id
	}
	ref["id"] = json.Number(l.found[key])
	return ref, nil
}

// prefixed says which member an error is about, and keeps its exit code.
func prefixed(path string, err error) error {
	var f *failure
	if errors.As(err, &f) && f.err != nil {
		return &failure{f.code, fmt.Errorf("%s: %w", path, f.err)}
	}
	return fmt.Errorf("%s: %w", path, err)
}

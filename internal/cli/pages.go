package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pageSize is the largest page that the API gives.
const pageSize = 1000

// entry is an object of the server's: what a table shows of it, and all of it
// for -o json and yaml.
type entry[T any] struct {
	object T
	raw    json.RawMessage
	// extra are members of ours that are printed before the server's.
	extra []member
}

type member struct {
	name  string
	value any
}

// MarshalJSON writes the server's object whole.
func (e entry[T]) MarshalJSON() ([]byte, error) {
	own := bytes.TrimSpace(e.raw)
	if len(e.extra) == 0 || len(own) < 2 || own[0] != '{' {
		return e.raw, nil
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range e.extra {
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", m.name, value)
	}
	if rest := bytes.TrimSpace(own[1:]); rest[0] != '}' {
		b.WriteByte(',')
	}
	b.Write(own[1:])
	return b.Bytes(), nil
}

// entryOf reads an object.
func entryOf[T any](raw json.RawMessage) (e entry[T], err error) {
	e.raw = raw
	return e, json.Unmarshal(raw, &e.object)
}

// list fetches a list of the API's, every page of it. path may have a query.
func list[T any](ctx context.Context, s *session, doing, path string) ([]entry[T], error) {
	var all []entry[T]
	var last json.RawMessage // the first object of the page before
	and := "?"
	if strings.Contains(path, "?") {
		and = "&"
	}
	for page := 1; ; page++ {
		var raws []json.RawMessage
		err := s.do(ctx, doing, http.MethodGet, fmt.Sprintf("%s%spage=%d&pageSize=%d", path, and, page, pageSize), nil, &raws)
		if err != nil {
			return nil, err
		}
		// A server that ignores page would give the same full page for ever.
		if len(raws) > 0 && last != nil && bytes.Equal(raws[0], last) {
			return all, nil
		}
		for _, raw := range raws {
			e, err := entryOf[T](raw)
			if err != nil {
				return nil, fmt.Errorf("cannot %s: the answer is not what was expected: %w", doing, err)
			}
			all = append(all, e)
		}
		if len(raws) < pageSize {
			return all, nil
		}
		last = raws[0]
	}
}

// get fetches one object.
func get[T any](ctx context.Context, s *session, doing, path string) (entry[T], error) {
	var raw json.RawMessage
	if err := s.do(ctx, doing, http.MethodGet, path, nil, &raw); err != nil {
		return entry[T]{}, err
	}
	e, err := entryOf[T](raw)
	if err != nil {
		return e, fmt.Errorf("cannot %s: the answer is not what was expected: %w", doing, err)
	}
	return e, nil
}

// choices is what an argument can name: things of one sort, each with its id
// and the names it goes by.
type choices[T any] struct {
	noun  string // "group"
	verb  string // lists them: "spurline groups list"
	all   []T
	id    func(T) int64
	names func(T) []string // the first is the usual one
}

// find returns the one that an argument names. An id wins over a name.
func (c choices[T]) find(arg string) (found T, err error) {
	if id, err := strconv.ParseInt(arg, 10, 64); err == nil {
		if i := slices.IndexFunc(c.all, func(v T) bool { return c.id(v) == id }); i >= 0 {
			return c.all[i], nil
		}
	}
	var hits []T
	for _, v := range c.all {
		if slices.Contains(c.names(v), arg) {
			hits = append(hits, v)
		}
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return found, &failure{exitNotFound, fmt.Errorf("there is no %s %s; '%s' lists them", c.noun, quote(arg), c.verb)}
	}
	ids := make([]string, len(hits))
	for i, v := range hits {
		ids[i] = fmt.Sprintf("%d (%s)", c.id(v), c.names(v)[0])
	}
	return found, usage("%s names %d; name one by its id: %s", quote(arg), len(hits), strings.Join(ids, ", "))
}

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// change is a member in which two JSON bodies differ.
type change struct {
	path          string          // "provUrlData.formFactor", "ecVMs[0].status"; empty = the body itself
	before, after json.RawMessage // nil = the member is not there
}

// differences finds what changed between two bodies, in the order in which
// their members stand. An empty body or null is no object, so all members of
// the other are changes. Lists and references are told as a whole where they
// name other things than before: what is at a place in a list says nothing.
func differences(before, after []byte) ([]change, error) {
	var found []change
	for _, body := range [][]byte{before, after} {
		if len(bytes.TrimSpace(body)) > 0 && !json.Valid(body) {
			return nil, fmt.Errorf("a body is not JSON")
		}
	}
	err := compare("", orNothing(before), orNothing(after), &found)
	return found, err
}

// orNothing is a body, and nil for one that holds nothing.
func orNothing(body []byte) json.RawMessage {
	if body = bytes.TrimSpace(body); len(body) == 0 || string(body) == "null" {
		return nil
	}
	return body
}

func compare(path string, before, after json.RawMessage, found *[]change) error {
	was, err := valueOf(before)
	if err != nil {
		return err
	}
	is, err := valueOf(after)
	if err != nil {
		return err
	}
	atTop := path == ""
	switch {
	case (before == nil) == (after == nil) && reflect.DeepEqual(was, is):
		return nil
	case atTop && (isObject(was) || was == nil) && (isObject(is) || is == nil),
		isObject(was) && isObject(is) && sameThing(was, is):
		return compareMembers(path, before, after, found)
	case sameThings(was, is):
		return compareElements(path, before, after, found)
	}
	*found = append(*found, change{path, before, after})
	return nil
}

func compareMembers(path string, before, after json.RawMessage, found *[]change) error {
	was, err := fieldsOf(before)
	if err != nil {
		return err
	}
	is, err := fieldsOf(after)
	if err != nil {
		return err
	}
	if path != "" {
		path += "."
	}
	// Members that are gone are told where they stood: before the first one
	// after them that is still there.
	at := 0
	for _, f := range is {
		if i := slices.IndexFunc(was, f.named); i >= at {
			for ; at < i; at++ {
				if !slices.ContainsFunc(is, was[at].named) {
					*found = append(*found, change{path + was[at].name, was[at].value, nil})
				}
			}
		}
		if err := compare(path+f.name, valueIn(was, f.name), f.value, found); err != nil {
			return err
		}
	}
	for ; at < len(was); at++ {
		if !slices.ContainsFunc(is, was[at].named) {
			*found = append(*found, change{path + was[at].name, was[at].value, nil})
		}
	}
	return nil
}

func compareElements(path string, before, after json.RawMessage, found *[]change) error {
	var was, is []json.RawMessage
	if err := json.Unmarshal(before, &was); err != nil {
		return err
	}
	if err := json.Unmarshal(after, &is); err != nil {
		return err
	}
	for i := range is {
		if err := compare(fmt.Sprintf("%s[%d]", path, i), was[i], is[i], found); err != nil {
			return err
		}
	}
	return nil
}

// field is a member of a JSON object, in its place.
type field struct {
	name  string
	value json.RawMessage
}

func (f field) named(other field) bool { return f.name == other.name }

func valueIn(fields []field, name string) json.RawMessage {
	if i := slices.IndexFunc(fields, field{name: name}.named); i >= 0 {
		return fields[i].value
	}
	return nil
}

// fieldsOf reads an object's members in their order. Of a name that stands
// there twice the last value counts, as for every decoder.
func fieldsOf(body json.RawMessage) (fields []field, err error) {
	if body == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		f := field{name: fmt.Sprint(name)}
		if err := d.Decode(&f.value); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(fields, f.named); i >= 0 {
			fields[i] = f
			continue
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// valueOf decodes a value with its numbers as they are written.
func valueOf(body json.RawMessage) (v any, err error) {
	if body == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return v, d.Decode(&v)
}

func isObject(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// sameThing reports whether two objects can be two states of one thing: their
// ids, where they have some, are the same.
func sameThing(was, is any) bool {
	a, b := was.(map[string]any), is.(map[string]any)
	return reflect.DeepEqual(a["id"], b["id"])
}

// sameThings reports whether two lists hold two states of the same things.
func sameThings(was, is any) bool {
	a, ok := was.([]any)
	b, also := is.([]any)
	if !ok || !also || len(a) != len(b) {
		return false
	}
	for i := range a {
		if !isObject(a[i]) || !isObject(b[i]) || !sameThing(a[i], b[i]) {
			return false
		}
	}
	return true
}

// differences prints changes, a line for each, and one for each element by
// which a list differs.
func (p *printer) differences(w io.Writer, indent string, changes []change) {
	line := func(t tone, sign, text string) { fmt.Fprintln(w, indent+p.paint(t, sign+" "+printable(text))) }
	for _, c := range changes {
		name := c.path
		if name != "" {
			name += ": "
		}
		gone, come := elements(c)
		switch {
		case c.before == nil:
			line(good, "+", name+told(c.after))
		case c.after == nil:
			line(bad, "-", name+told(c.before))
		case len(gone)+len(come) > 0:
			fmt.Fprintln(w, indent+p.paint(warn, "~ "+printable(strings.TrimSuffix(name, " "))))
			for _, v := range gone {
				line(bad, "    -", told(v))
			}
			for _, v := range come {
				line(good, "    +", told(v))
			}
		default:
			fmt.Fprintln(w, indent+p.paint(warn, "~")+" "+printable(name)+p.paint(bad, printable(told(c.before)))+" → "+p.paint(good, printable(told(c.after))))
		}
	}
}

// elements are what left and what joined a list. Both are empty where the
// change is not one of a list's elements, as when only their order differs.
func elements(c change) (gone, come []json.RawMessage) {
	var was, is []json.RawMessage
	if json.Unmarshal(c.before, &was) != nil || json.Unmarshal(c.after, &is) != nil {
		return nil, nil
	}
	count := map[string]int{}
	for _, v := range is {
		count[told(v)]++
	}
	for _, v := range was {
		if count[told(v)]--; count[told(v)] < 0 {
			gone = append(gone, v)
		}
	}
	clear(count)
	for _, v := range was {
		count[told(v)]++
	}
	for _, v := range is {
		if count[told(v)]--; count[told(v)] < 0 {
			come = append(come, v)
		}
	}
	return gone, come
}

// told is a value as people are told of it: a reference by its name, all else
// as JSON.
func told(value json.RawMessage) string {
	var ref struct {
		ID   json.Number
		Name string
	}
	if fields, err := fieldsOf(value); err == nil && len(fields) == 2 && json.Unmarshal(value, &ref) == nil && ref.ID != "" && ref.Name != "" {
		return fmt.Sprintf("%s (%s)", ref.Name, ref.ID)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return string(value)
	}
	return b.String()
}

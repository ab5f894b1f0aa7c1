// Package document reads the OpenAPI document that the binary carries into
// what pages and collections are made of: areas, their operations in order,
// and the schemas that these name. It reads the document's own dialect and no
// other, so that no OpenAPI library is linked for it.
package document

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Document is the document, read.
type Document struct {
	Title        string
	Introduction string // with **bold**, `code` and blank lines between paragraphs
	Areas        []*Area
	// Schemas by name; those that only other schemas use are among them.
	Schemas map[string]*Schema
}

// Area is a part of the API, in the order of the document's tags.
type Area struct {
	Name       string
	Says       string
	Operations []*Operation // by path, and GET POST PUT DELETE on the same one
}

// Operation is one method and path.
type Operation struct {
	ID      string
	Method  string
	Path    string // below a base, or from the root when Native
	Native  bool
	Summary string
	Says    string
	Feature string // of the role; empty where no role is asked for
	Level   string
	Limit   string // calls per time, "1/s 400/h"; empty = none
	// Signs are the names of the ways to sign in, any of which will do.
	Signs   []string
	Params  []Param
	Body    *Content // nil = none
	Answers []Answer // by status
}

// Param is a parameter in the path or the query.
type Param struct {
	Name     string
	In       string // "path" or "query"
	Says     string `json:"description"`
	Required bool
	Schema   *Schema
	Explode  *bool
}

// Answer is what an operation answers with one status.
type Answer struct {
	Status  string
	Says    string
	Content *Content // nil = no body
}

// Content is a body.
type Content struct {
	Type     string // "application/json"
	Schema   *Schema
	Members  []Member  // of the object; nil where the body is none
	Examples []Example // by name
}

// Example is a body that was really sent or answered.
type Example struct {
	Name  string
	Value json.RawMessage
}

// Operation finds an operation by its id; nil when there is none.
func (d *Document) Operation(id string) *Operation {
	for _, a := range d.Areas {
		for _, o := range a.Operations {
			if o.ID == id {
				return o
			}
		}
	}
	return nil
}

// Success is the answer of an operation that did what it is for.
func (o *Operation) Success() Answer {
	for _, a := range o.Answers {
		if strings.HasPrefix(a.Status, "2") {
			return a
		}
	}
	return Answer{}
}

// Read reads a document.
func Read(text string) (*Document, error) {
	var raw struct {
		Info       struct{ Title, Description string }
		Tags       []struct{ Name, Description string }
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]*Schema }
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	d := &Document{Title: raw.Info.Title, Introduction: raw.Info.Description, Schemas: raw.Components.Schemas}
	byName := map[string]*Area{}
	for _, t := range raw.Tags {
		a := &Area{Name: t.Name, Says: t.Description}
		byName[t.Name] = a
		d.Areas = append(d.Areas, a)
	}
	for _, path := range slices.Sorted(maps.Keys(raw.Paths)) {
		item := raw.Paths[path]
		for _, method := range []string{"get", "post", "put", "delete"} {
			if item[method] == nil {
				continue
			}
			o, tag, err := readOperation(item[method])
			if err != nil {
				return nil, fmt.Errorf("document: %s %s: %w", method, path, err)
			}
			o.Method, o.Path, o.Native = strings.ToUpper(method), path, item["servers"] != nil
			area := byName[tag]
			if area == nil {
				return nil, fmt.Errorf("document: %s %s: tag %q is unknown", method, path, tag)
			}
			d.settle(o)
			area.Operations = append(area.Operations, o)
		}
	}
	return d, nil
}

// settle adds what only the whole document tells of an operation's bodies.
func (d *Document) settle(o *Operation) {
	contents := []*Content{o.Body}
	for _, a := range o.Answers {
		contents = append(contents, a.Content)
	}
	for _, c := range contents {
		if c == nil {
			continue
		}
		if whole := d.resolved(c.Schema); whole != nil {
			c.Members = whole.Members()
		}
		for i := range c.Examples {
			c.Examples[i].Value = d.arrange(c.Schema, c.Examples[i].Value)
		}
	}
}

func readOperation(text json.RawMessage) (o *Operation, tag string, err error) {
	var raw struct {
		OperationID, Summary, Description string
		Tags                              []string
		Parameters                        []Param
		RequestBody                       rawBody
		Responses                         map[string]rawBody
		Security                          []map[string]json.RawMessage
		Permission                        struct{ Feature, Level string } `json:"x-permission"`
		Limit                             string                          `json:"x-rate-limit"`
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, "", err
	}
	if len(raw.Tags) != 1 {
		return nil, "", fmt.Errorf("%d tags, want one", len(raw.Tags))
	}
	o = &Operation{
		ID: raw.OperationID, Summary: raw.Summary, Says: raw.Description, Params: raw.Parameters,
		Feature: raw.Permission.Feature, Level: raw.Permission.Level, Limit: raw.Limit, Body: raw.RequestBody.content(),
	}
	for _, way := range raw.Security {
		o.Signs = append(o.Signs, slices.Sorted(maps.Keys(way))...)
	}
	for _, status := range slices.Sorted(maps.Keys(raw.Responses)) {
		body := raw.Responses[status]
		o.Answers = append(o.Answers, Answer{Status: status, Says: body.Description, Content: body.content()})
	}
	return o, raw.Tags[0], nil
}

type rawBody struct {
	Description string
	Content     map[string]struct {
		Schema   *Schema
		Example  json.RawMessage
		Examples map[string]struct{ Value json.RawMessage }
	}
}

// content is the body's one form; the document gives no body two.
func (b rawBody) content() *Content {
	for kind, c := range b.Content {
		out := &Content{Type: kind, Schema: c.Schema}
		if c.Example != nil {
			out.Examples = append(out.Examples, Example{Value: c.Example})
		}
		for name, e := range c.Examples {
			out.Examples = append(out.Examples, Example{name, e.Value})
		}
		slices.SortFunc(out.Examples, func(a, b Example) int { return cmp.Compare(a.Name, b.Name) })
		return out
	}
	return nil
}

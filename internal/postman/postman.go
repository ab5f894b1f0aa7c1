// Package postman owns the Postman collection and environment that are made of
// the OpenAPI document: the vendor's operations, and what a session may read of
// Spurline's own, in an order that can be run from end to end. What one request
// makes, the next ones read, change and delete.
package postman

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/document"
)

// Collection is a collection in version 2.1 of Postman's format.
type Collection struct {
	Info      Info       `json:"info"`
	Events    []Event    `json:"event"`
	Variables []Variable `json:"variable"`
	Folders   []Folder   `json:"item"`
}

// Info names a collection and its format.
type Info struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Schema      string `json:"schema"`
}

// Folder holds the requests of an area.
type Folder struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Items       []Item `json:"item"`
}

// Item is one request, with the answers that were recorded of it.
type Item struct {
	Name      string     `json:"name"`
	Events    []Event    `json:"event"`
	Request   Request    `json:"request"`
	Responses []Response `json:"response"`
}

// Request is what an item sends.
type Request struct {
	Method      string `json:"method"`
	Description string `json:"description"`
	Header      []Pair `json:"header"`
	URL         URL    `json:"url"`
	Body        *Body  `json:"body,omitempty"`
}

// URL is an address in the parts that Postman edits.
type URL struct {
	Raw      string   `json:"raw"`
	Host     []string `json:"host"`
	Path     []string `json:"path"`
	Query    []Pair   `json:"query,omitempty"`
	Variable []Pair   `json:"variable,omitempty"`
}

// Pair is a header, a query parameter or a variable of a path.
type Pair struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Disabled    bool   `json:"disabled,omitempty"`
}

// Body is a request's body, as text.
type Body struct {
	Mode    string      `json:"mode"`
	Raw     string      `json:"raw"`
	Options BodyOptions `json:"options"`
}

// BodyOptions say how the body is shown.
type BodyOptions struct {
	Raw struct {
		Language string `json:"language"`
	} `json:"raw"`
}

// Response is an answer that was recorded.
type Response struct {
	Name    string  `json:"name"`
	Request Request `json:"originalRequest"`
	Code    int     `json:"code"`
	Header  []Pair  `json:"header"`
	Body    string  `json:"body"`
}

// Event is a script and when it runs.
type Event struct {
	Listen string `json:"listen"`
	Script Script `json:"script"`
}

// Script is JavaScript, line by line.
type Script struct {
	Type string   `json:"type"`
	Exec []string `json:"exec"`
}

// Variable is a variable of a collection or an environment.
type Variable struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"` // "secret" hides the value; of environments
	Enabled *bool  `json:"enabled,omitempty"`
}

// format is how Postman knows version 2.1 of its format.
const format = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

// New makes the collection of a document.
func New(d *document.Document) Collection {
	c := Collection{
		Info: Info{
			Name: d.Title, Schema: format,
			Description: d.Introduction + "\n\nThe collection signs in by itself, with what is in its environment: `baseUrl`, `username`, `password` and `apiKey`.",
		},
		Events:    []Event{script("prerequest", signIn)},
		Variables: []Variable{{Key: "baseUrl", Value: "http://127.0.0.1:8777"}},
	}
	for _, a := range d.Areas {
		f := Folder{Name: a.Name, Description: a.Says}
		for _, o := range inOrder(a.Operations) {
			f.Items = append(f.Items, item(o))
		}
		if len(f.Items) > 0 {
			c.Folders = append(c.Folders, f)
		}
	}
	return c
}

// inOrder picks what goes into the collection, and puts deletions last, those
// of children first, so that a run takes down what it has put up.
func inOrder(all []*document.Operation) (out []*document.Operation) {
	var deletions []*document.Operation
	for _, o := range all {
		switch {
		case o.Native && o.Method != "GET", len(o.Signs) > 0 && !slices.Contains(o.Signs, "session"):
		case o.Method == "DELETE":
			deletions = append(deletions, o)
		default:
			out = append(out, o)
		}
	}
	slices.SortStableFunc(deletions, func(a, b *document.Operation) int { return cmp.Compare(b.Path, a.Path) })
	return append(out, deletions...)
}

func item(o *document.Operation) Item {
	r := request(o)
	i := Item{Name: o.Summary, Request: r, Events: []Event{script("test", tests(o))}, Responses: []Response{}}
	for _, a := range o.Answers {
		if a.Content == nil {
			continue
		}
		for _, e := range a.Content.Examples {
			code, _ := json.Number(a.Status).Int64()
			i.Responses = append(i.Responses, Response{
				Name: strings.TrimSpace(a.Status + " " + e.Name), Request: r, Code: int(code),
				Header: []Pair{{Key: "Content-Type", Value: a.Content.Type}}, Body: pretty(e.Value),
			})
		}
	}
	return i
}

var pathParam = regexp.MustCompile(`\{(\w+)\}`)

func request(o *document.Operation) Request {
	path := o.Path
	if !o.Native {
		path = "/api/v1" + path
	}
	path = pathParam.ReplaceAllString(path, ":$1")
	r := Request{
		Method: o.Method, Description: o.Says, Header: []Pair{},
		URL: URL{Raw: "{{baseUrl}}" + path, Host: []string{"{{baseUrl}}"}, Path: strings.Split(strings.TrimPrefix(path, "/"), "/")},
	}
	for _, p := range o.Params {
		if p.In == "path" {
			name := listed(before(o.Path, p.Name))
			if o.Method != "GET" && !strings.Contains(after(o.Path, p.Name), "{") {
				name = made(before(o.Path, p.Name))
			}
			r.URL.Variable = append(r.URL.Variable, Pair{Key: p.Name, Value: "{{" + name + "}}", Description: p.Says})
			continue
		}
		pair := Pair{Key: p.Name, Description: p.Says, Disabled: true}
		if o.Method == "DELETE" && p.Name == "id" {
			pair.Value, pair.Disabled = "{{"+made(o.Path)+"}}", false
		}
		r.URL.Query = append(r.URL.Query, pair)
	}
	if o.Body != nil {
		r.Header = append(r.Header, Pair{Key: "Content-Type", Value: o.Body.Type})
		r.Body = &Body{Mode: "raw", Raw: body(o)}
		r.Body.Options.Raw.Language = "json"
	}
	return r
}

// body is the body that a request begins with: one that was recorded, or the
// sign-in of the environment.
func body(o *document.Operation) string {
	switch {
	case o.Method == "POST" && o.Path == "/auth":
		return `{"apiKey": "{{obfuscatedApiKey}}", "username": "{{username}}", "password": "{{password}}", "timestamp": "{{timestamp}}"}`
	case len(o.Body.Examples) > 0:
		return pretty(alone(o.Body))
	}
	return "{}"
}

// alone is a recorded body without the members that name other objects, where
// they can be left out: those objects are nobody's but the recording's.
func alone(c *document.Content) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(c.Examples[0].Value, &members) != nil {
		return c.Examples[0].Value
	}
	out := []byte{'{'}
	for _, m := range c.Members {
		value, sent := members[m.Name]
		if !sent || m.Schema.Name() == reference && !m.Required {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(strconv.AppendQuote(out, m.Name), ':')
		out = append(out, value...)
	}
	return append(out, '}')
}

// reference is the schema of an object that is named and not told.
const reference = "EntityReference"

// before is the part of a path that comes before one of its parameters, and
// after the part that follows it.
func before(path, param string) string {
	prefix, _, _ := strings.Cut(path, "/{"+param+"}")
	return prefix
}

func after(path, param string) string {
	_, rest, _ := strings.Cut(path, "{"+param+"}")
	return rest
}

// listed names the variable that holds the id of some object of a collection,
// and made the one of the object that the run itself has made there. Only the
// latter is changed or deleted: whoever runs the collection loses nothing.
func listed(path string) string { return last(path) + "Id" }

func made(path string) string { return last(path) + "Made" }

func last(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func pretty(text json.RawMessage) string {
	out, err := json.MarshalIndent(text, "", "  ")
	if err != nil {
		return string(text)
	}
	return string(out)
}

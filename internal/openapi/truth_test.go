package openapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/openapi"
)

// closed is the document of the repository with a closed list of members for
// every object, so that a member that it does not describe is found.
func closed(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Components.Schemas {
		if no := false; len(s.Value.Properties) > 0 {
			s.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
		}
	}
	return doc
}

// operations are those of a document, by their ids.
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	out := map[string]*openapi3.Operation{}
	for _, path := range doc.Paths.Map() {
		for _, o := range path.Operations() {
			out[o.OperationID] = o
		}
	}
	return out
}

// Every answer of every case is as the document says: no member that it does
// not describe, none missing that it requires, no other type or word.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	s, described := source(t), operations(closed(t))
	n := 0
	for _, e := range s.Exchanges {
		o := described[e.Operation]
		if o == nil { // a path or a method that is not served
			continue
		}
		answer := o.Responses.Status(e.Status)
		if answer == nil {
			t.Errorf("%s, %s: the status %d is not described", e.Case, e.Operation, e.Status)
			continue
		}
		if e.Answer == nil {
			continue
		}
		n++
		media := answer.Value.Content.Get("application/json")
		if media == nil {
			t.Errorf("%s, %s: a body with the status %d is not described: %s", e.Case, e.Operation, e.Status, e.Answer)
			continue
		}
		if err := media.Schema.Value.VisitJSON(value(t, e.Answer), openapi3.VisitAsResponse(), openapi3.MultiErrors()); err != nil {
			t.Errorf("%s, %s %s (%s): %s\n%s", e.Case, e.Method, e.Path, e.Operation, short(err), e.Answer)
		}
	}
	if n < 700 {
		t.Errorf("only %d answers have been looked at", n)
	}
	// What is to be found is found.
	schema := described["getIpSourceGroup"].Responses.Status(http.StatusOK).Value.Content.Get("application/json").Schema.Value
	for name, body := range map[string]string{
		"as it is": ``, "an invented member": `,"colour":"red"`, "a word for a number": `,"id":"5"`, "a number for a word": `,"description":1`, "no array": `,"ipAddresses":"10.0.0.1"`,
	} {
		whole := json.RawMessage(`{"id":5,"name":"x","ipAddresses":["10.0.0.1"]` + body + `}`)
		if err := schema.VisitJSON(value(t, whole), openapi3.VisitAsResponse()); (err == nil) != (body == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if schema.VisitJSON(value(t, json.RawMessage(`{"id":5,"name":"x"}`)), openapi3.VisitAsResponse()) == nil {
		t.Error("a missing member is not found")
	}
}

// short is an error without the schema and the value that it is about.
func short(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if strings.Contains(line, "Error at") || strings.Contains(line, "doesn't match") || !strings.HasPrefix(line, " ") && strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

func value(t *testing.T, body json.RawMessage) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Whoever reads about an operation sees what is sent and what comes back, and
// finds no operation without permission, limit and summary.
func TestOperationsAreDescribedWhole(t *testing.T) {
	t.Parallel()
	s := source(t)
	doc, err := openapi.Build(s)
	if err != nil {
		t.Fatal(err)
	}
	described := operations(doc)
	for _, o := range s.Table {
		d := described[o.ID]
		if o.ID == "signOutAtRoot" { // has method and path of signOut, at another base
			continue
		}
		if d == nil {
			t.Errorf("%s is not described", o.ID)
			continue
		}
		if d.Summary == "" || d.Description == "" || d.Extensions["x-rate-limit"] == "" {
			t.Errorf("%s: summary %q, description %q, limit %v", o.ID, d.Summary, d.Description, d.Extensions["x-rate-limit"])
		}
		for _, p := range d.Parameters {
			if p.Value.Description == "" {
				t.Errorf("%s: the parameter %s has no description", o.ID, p.Value.Name)
			}
		}
		if o.ID == "createApiKey" { // every org of a case has its key
			continue
		}
		if d.RequestBody != nil {
			if media := d.RequestBody.Value.Content.Get("application/json"); media != nil && media.Examples == nil {
				t.Errorf("%s shows no example of a request", o.ID)
			}
		}
		if o.Status != http.StatusNoContent {
			if media := d.Responses.Status(o.Status).Value.Content.Get("application/json"); media != nil && media.Examples == nil {
				t.Errorf("%s shows no example of an answer", o.ID)
			}
		}
	}
}

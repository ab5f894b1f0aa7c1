package openapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/openapi"
	"github.com/spurline/spurline/internal/operation"
)

var update = flag.Bool("update", false, "rewrite the documents in docs")

// source is what the documents are made of.
func source(t *testing.T) openapi.Source {
	t.Helper()
	set, err := kinds.All()
	if err != nil {
		t.Fatal(err)
	}
	table := api.Table(set)
	return openapi.Source{Table: table, Kinds: set, Exchanges: exchanges(t, table), Notes: notes(t)}
}

func exchanges(t *testing.T, table []operation.Operation) []openapi.Exchange {
	t.Helper()
	out, err := openapi.ReadExchanges("../../testdata/api", table)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func notes(t *testing.T) openapi.Notes {
	t.Helper()
	out, err := openapi.ReadNotes("../kinds", "../wire", "../api", "../config")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The document in the repository, which the server hands out, is the one that
// follows from the table, the declarations and the cases.
func TestDocument(t *testing.T) {
	t.Parallel()
	doc, err := openapi.Build(source(t))
	if err != nil {
		t.Fatal(err)
	}
	body, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../docs/openapi.json", indented(t, body))
}

// The page of operations is as the table and the cases are, and the README
// counts as the page does.
func TestOperations(t *testing.T) {
	t.Parallel()
	s := source(t)
	golden(t, "../../docs/operations.md", openapi.Coverage(s, api.Refused()))
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	vendors, own := openapi.Count(s.Table)
	count := regexp.MustCompile(`serves \d+ operations of the vendor's API and \d+ of its own`)
	counted := fmt.Sprintf("serves %d operations of the vendor's API and %d of its own", vendors, own)
	if !count.Match(readme) {
		t.Error("README.md does not say how many operations are served")
	}
	golden(t, "../../README.md", count.ReplaceAllLiteralString(string(readme), counted))
}

// indented writes JSON for people to compare, members by name.
func indented(t *testing.T, body []byte) string {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, file, have string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(want), "\n"), strings.Split(have, "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			t.Fatalf("%s is out of date from line %d on; run make docs and look at what has changed:\n%s", file, i+1,
				cmp.Diff(was[i:min(i+9, len(was))], is[i:min(i+9, len(is))]))
		}
	}
	if len(was) != len(is) {
		t.Errorf("%s is out of date: it has %d lines instead of %d; run make docs", file, len(was), len(is))
	}
}

// The document is a valid one, its examples among the rest.
func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

package openapi

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/spurline/spurline/internal/operation"
)

// Exchange is one step of a case: a request, and what it is answered.
type Exchange struct {
	Case            string // the file's name, without its end
	Operation       string // id; empty where no operation is at the path
	Method, Path    string
	Status          int
	Request, Answer json.RawMessage // nil where there is none, or no JSON
}

// ReadExchanges reads the cases in a directory, whose form TestCases of the
// package api describes. What is random there, or an org's own, has made-up
// values here.
func ReadExchanges(dir string, table []operation.Operation) ([]Exchange, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("openapi: no cases in %s (%w)", dir, err)
	}
	var out []Exchange
	find := finder(table)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			return nil, fmt.Errorf("openapi: %w", err)
		}
		parts := map[string]string{}
		for _, f := range archive.Files {
			parts[f.Name] = string(f.Data)
		}
		r := reader{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), parts: parts, vars: madeUp()}
		for n := 1; parts[fmt.Sprintf("%d.request", n)] != ""; n++ {
			e, err := r.step(n)
			if err != nil {
				return nil, fmt.Errorf("openapi: %s, step %d: %w", file, n, err)
			}
			e.Operation = find(e.Method, e.Path)
			out = append(out, e)
		}
	}
	return out, nil
}

// madeUp are the values of the variables that cases begin with.
func madeUp() map[string]string {
	return map[string]string{
		"ORG": "12776418", "ENROLKEY": "EXAMPLE", "CLOUD": "zscloud.net", "NOW": "1764144000", "PASSWORD": "EXAMPLE",
		"SIGNIN": `{"apiKey":"zO4jTc5Pd2bX","username":"admin@example.net","password":"EXAMPLE","timestamp":1764144000000}`,
	}
}

// reader goes through the steps of one case.
type reader struct {
	name  string
	parts map[string]string
	vars  map[string]string
}

func (r *reader) step(n int) (Exchange, error) {
	part := func(what string) string { return r.parts[fmt.Sprintf("%d.%s", n, what)] }
	first, body, _ := strings.Cut(r.expand(part("request")), "\n")
	line := strings.Fields(first)
	if len(line) < 2 {
		return Exchange{}, fmt.Errorf("no request in %q", first)
	}
	status, err := strconv.Atoi(strings.TrimSpace(part("status")))
	if err != nil {
		return Exchange{}, fmt.Errorf("no status: %w", err)
	}
	e := Exchange{Case: r.name, Method: line[0], Path: line[1], Status: status, Request: asJSON(body), Answer: asJSON(r.expand(part("body")))}
	for set := range strings.Lines(part("set")) {
		name, path, ok := strings.Cut(strings.TrimSpace(set), " = ")
		if ok {
			r.vars[name] = pick(e.Answer, path)
		}
	}
	return e, nil
}

var (
	variable = regexp.MustCompile(`\$(\w+)`)
	label    = regexp.MustCompile(`#(\d+)\b`)
	number   = regexp.MustCompile(`:\s*<any>`)
)

// firstID is what the ids of examples count from.
const firstID = 5000100

func (r *reader) expand(text string) string {
	text = variable.ReplaceAllStringFunc(text, func(name string) string {
		if v, ok := r.vars[name[1:]]; ok {
			return v
		}
		return name
	})
	text = label.ReplaceAllStringFunc(text, func(l string) string {
		n, _ := strconv.Atoi(l[1:]) // digits
		return strconv.Itoa(firstID + n)
	})
	return strings.ReplaceAll(number.ReplaceAllString(text, ":12776418"), "<any>", "EXAMPLE")
}

// asJSON returns the text compacted as far as it is JSON, and nil otherwise.
func asJSON(text string) json.RawMessage {
	text = strings.TrimSpace(text)
	if text == "" || !json.Valid([]byte(text)) {
		return nil
	}
	return json.RawMessage(text)
}

// pick returns a part of an answer as text.
func pick(answer json.RawMessage, path string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(string(answer)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return ""
	}
	for _, step := range strings.Split(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(node) {
				return ""
			}
			v = node[i]
		}
	}
	return fmt.Sprint(v)
}

// finder tells which operation a request belongs to: of those whose path fits,
// the one with the fewest parameters.
func finder(table []operation.Operation) func(method, path string) string {
	patterns := make([]*regexp.Regexp, len(table))
	for i, o := range table {
		at := "^"
		if o.Root { // as the cases write it
			at = "^@"
		}
		patterns[i] = regexp.MustCompile(at + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(o.Path), `[^/]+`) + "$")
	}
	return func(method, path string) string {
		path, _, _ = strings.Cut(path, "?")
		id, fewest := "", -1
		for i, o := range table {
			params := strings.Count(o.Path, "{")
			if o.Method == method && patterns[i].MatchString(path) && (fewest < 0 || params < fewest) {
				id, fewest = o.ID, params
			}
		}
		return id
	}
}

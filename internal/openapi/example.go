package openapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/operation"
)

// maxElements is how many elements of an array an example shows.
const maxElements = 2

func code(status int) string { return strconv.Itoa(status) }

// of are an operation's exchanges with that status, those of its kind's own
// case first.
func (b *builder) of(o *operation.Operation, status int) (own []Exchange) {
	var others []Exchange
	for _, e := range b.Exchanges {
		switch {
		case e.Operation != o.ID || e.Status != status:
		case o.Spec != nil && e.Case == kebab(o.Spec.Name):
			own = append(own, e)
		default:
			others = append(others, e)
		}
	}
	return append(own, others...)
}

// kebab spells a name as cases are: ipSourceGroup as ip-source-group.
func kebab(name string) string {
	var out []rune
	for _, r := range name {
		if unicode.IsUpper(r) {
			out = append(out, '-')
		}
		out = append(out, unicode.ToLower(r))
	}
	return string(out)
}

// requestExamples is the first request of a case that was served and is as the
// schema says: cases also try what is tolerated besides.
func (b *builder) requestExamples(o *operation.Operation, schema *openapi3.Schema) openapi3.Examples {
	for _, e := range b.of(o, o.Status) {
		if e.Request == nil {
			continue
		}
		value := writable(decoded(e.Request), schema)
		if schema.VisitJSON(value) == nil {
			return openapi3.Examples{e.Case: example(value)}
		}
	}
	return nil
}

// writable takes out of a value what the schema does not have or nobody can
// write, and the quotes off what may be quoted.
func writable(value any, schema *openapi3.Schema) any {
	switch v := value.(type) {
	case string:
		if schema.Type.Is(openapi3.TypeInteger) || schema.Type.Is(openapi3.TypeBoolean) {
			if bare := decoded(json.RawMessage(v)); bare != nil {
				return bare
			}
		}
		return v
	case []any:
		if schema.Items == nil {
			return v
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = writable(v[i], schema.Items.Value)
		}
		return out
	case map[string]any:
		if len(schema.AllOf) == 1 {
			return writable(v, schema.AllOf[0].Value)
		}
		if schema.Properties == nil {
			return v
		}
		out := map[string]any{}
		for name, of := range v {
			if p := schema.Properties[name]; p != nil {
				out[name] = writable(of, p.Value)
			}
		}
		return out
	}
	return value
}

// answerExamples is the first answer of the cases with that status, and of
// errors the first with each code.
func (b *builder) answerExamples(o *operation.Operation, status int) openapi3.Examples {
	out, codes := openapi3.Examples{}, map[string]bool{}
	for _, e := range b.of(o, status) {
		if e.Answer == nil {
			continue
		}
		value := decoded(e.Answer)
		if status < 400 {
			return openapi3.Examples{e.Case: example(value)}
		}
		body, _ := value.(map[string]any)
		word, _ := body["code"].(string)
		if !codes[word] {
			name := strings.ToLower(word)
			if name == "" {
				name = "error"
			}
			codes[word], out[name] = true, example(value)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func example(value any) *openapi3.ExampleRef {
	if list, ok := value.([]any); ok && len(list) > maxElements {
		value = list[:maxElements]
	}
	return &openapi3.ExampleRef{Value: openapi3.NewExample(value)}
}

// decoded reads JSON with its numbers as they are written.
func decoded(body json.RawMessage) any {
	var v any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

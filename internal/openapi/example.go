package openapi

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/operation"
)

// maxElements is how many elements of an array an example shows.
const maxElements = 2

func code(status int) string { return strconv.Itoa(status) }

// requestExamples is the first request of a case that was served and is as the
// schema says: cases also try what is tolerated besides.
func (b *builder) requestExamples(o *operation.Operation, schema *openapi3.Schema) openapi3.Examples {
	for _, e := range b.Exchanges {
		if e.Operation != o.ID || e.Status != o.Status || e.Request == nil {
			continue
		}
		value := writable(decoded(e.Request), schema)
		if schema.VisitJSON(value, openapi3.EnableJSONSchema2020()) == nil {
			return openapi3.Examples{e.Case: example(value)}
		}
	}
	return nil
}

// writable takes out of a value what the schema does not have or nobody can
// write.
func writable(value any, schema *openapi3.Schema) any {
	switch v := value.(type) {
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
			if p := schema.Properties[name]; p != nil && !p.Value.ReadOnly {
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
	for _, e := range b.Exchanges {
		if e.Operation != o.ID || e.Status != status || e.Answer == nil {
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

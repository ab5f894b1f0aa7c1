package openapi

import (
	"maps"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// answers describes what an operation answers: its success, and the errors
// that it can have.
func (b *builder) answers(o *operation.Operation, doc *openapi3.Operation) {
	doc.Responses.Set(code(o.Status), &openapi3.ResponseRef{Value: b.success(o)})
	if o.Conditional {
		doc.Responses.Set(code(http.StatusNotModified), &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription("The client has the answer already.")})
	}
	for _, status := range slices.Sorted(maps.Keys(b.failures(o))) {
		doc.Responses.Set(code(status), &openapi3.ResponseRef{Value: b.failure(o, status)})
	}
}

func (b *builder) success(o *operation.Operation) *openapi3.Response {
	out := openapi3.NewResponse().WithDescription(statusText(o.Status))
	if o.ID == "signIn" {
		out.Headers = openapi3.Headers{"Set-Cookie": header("The session, as the cookie JSESSIONID.", openapi3.NewStringSchema())}
	}
	if o.Conditional {
		out.Headers = openapi3.Headers{"ETag": header("Changes when the answer does.", openapi3.NewStringSchema())}
	}
	if o.Status == http.StatusNoContent {
		return out
	}
	media, kind := openapi3.NewMediaType(), jsonType
	switch o.Out {
	case nil:
		media.Schema = openapi3.NewSchemaRef("", openapi3.NewObjectSchema())
		media.Schema.Value.Description = "An empty object."
	case binaryType:
		media.Schema, kind = b.typed(o.Out, full), "application/octet-stream"
	default:
		media.Schema = b.typed(o.Out, formOf(o))
	}
	if kind == jsonType {
		media.Examples = b.answerExamples(o, o.Status)
	}
	out.Content = openapi3.Content{kind: media}
	if o.Text != "" {
		text := openapi3.NewMediaType().WithSchema(openapi3.NewStringSchema())
		text.Schema.Value.Description = o.Text
		out.Content["text/plain"] = text
	}
	return out
}

// failures are the statuses of an operation's errors: what follows from its
// entry in the table, and what a case has seen.
func (b *builder) failures(o *operation.Operation) map[int]bool {
	out := map[int]bool{http.StatusInternalServerError: true}
	for _, rule := range []struct {
		applies bool
		status  int
	}{
		{o.In != nil || len(o.Query) > 0 || slices.ContainsFunc(o.PathParams(), isNumber), http.StatusBadRequest},
		{o.Sign != operation.Unsigned, http.StatusUnauthorized},
		{o.Sign == operation.BySession && (o.Feature != access.AnyAdmin || o.Level == access.ReadWrite), http.StatusForbidden},
		// A write may name an object in its body or its query as well.
		{len(o.PathParams()) > 0 || o.Level == access.ReadWrite && o.Sign == operation.BySession && !o.Native && o.Method != http.MethodPost, http.StatusNotFound},
		{o.Sign == operation.BySession && o.Level == access.ReadWrite && !o.Native, http.StatusConflict},
		{o.In != nil && !o.Form, http.StatusRequestEntityTooLarge},
		{o.In != nil && !o.Form && o.In != binaryType, http.StatusUnsupportedMediaType},
		{!o.Limit.Unlimited(), http.StatusTooManyRequests},
	} {
		if rule.applies {
			out[rule.status] = true
		}
	}
	for _, e := range b.Exchanges {
		if e.Operation == o.ID && e.Status >= 400 {
			out[e.Status] = true
		}
	}
	return out
}

func isNumber(p operation.Param) bool { return p.Type == resource.Integer }

func (b *builder) failure(o *operation.Operation, status int) *openapi3.Response {
	out := openapi3.NewResponse().WithDescription(meanings[status])
	if out.Description == nil || *out.Description == "" {
		out.WithDescription(statusText(status))
	}
	if status == http.StatusTooManyRequests {
		out.Headers = openapi3.Headers{"Retry-After": header("When to try again, in seconds.", openapi3.NewIntegerSchema())}
	}
	media := openapi3.NewMediaType()
	media.Schema = openapi3.NewSchemaRef("#/components/schemas/Error", b.doc.Components.Schemas["Error"].Value)
	if status == http.StatusBadRequest && o.Refusal != nil {
		media.Schema = b.typed(o.Refusal, full)
	}
	media.Examples = b.answerExamples(o, status)
	out.Content = openapi3.Content{jsonType: media}
	return out
}

// meanings says what an error is about.
var meanings = map[int]string{
	http.StatusBadRequest:            "The request is wrong; the message names the member or the parameter.",
	http.StatusUnauthorized:          "There is no valid session or token.",
	http.StatusForbidden:             "The caller may not do this, or it would exceed what an org may have.",
	http.StatusNotFound:              "There is no such object.",
	http.StatusConflict:              "Another object has the name, something refers to the object, it has been changed meanwhile, or another write is under way.",
	http.StatusGone:                  "What was meant has been removed.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The content type is not the one that is taken here.",
	http.StatusTooManyRequests:       "The limit of calls is reached.",
	http.StatusInternalServerError:   "The server has failed.",
}

func header(says string, s *openapi3.Schema) *openapi3.HeaderRef {
	return &openapi3.HeaderRef{Value: &openapi3.Header{Parameter: openapi3.Parameter{Description: says, Schema: openapi3.NewSchemaRef("", s)}}}
}

// errorSchema is the schema of errors. Codes are words that clients compare;
// there may be more of them than there are now.
func errorSchema() *openapi3.Schema {
	s := openapi3.NewObjectSchema()
	s.Description = "What went wrong."
	for name, m := range map[string]struct{ says, example string }{
		"code":        {"For programs; absent where the API has none.", wire.CodeInvalidInput},
		"message":     {"For people.", "name cannot be null"},
		"Retry-After": {"When to try again, where the limit of calls is reached.", "1 seconds"},
	} {
		text := openapi3.NewStringSchema()
		text.Description, text.Example = m.says, m.example
		s.WithProperty(name, text)
	}
	return s
}

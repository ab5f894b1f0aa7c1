package openapi

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
)

const jsonType = "application/json"

// add describes one operation. A document cannot tell one at the root of the
// host from one of the API that has the same method and path: the former is
// left out.
func (b *builder) add(o *operation.Operation) {
	if path := b.doc.Paths.Value(o.Path); o.Root && path != nil && path.GetOperation(o.Method) != nil {
		return
	}
	doc := &openapi3.Operation{
		OperationID: o.ID, Summary: o.Summary, Description: describe(o), Tags: []string{string(o.Area)},
		Security: security(o), Responses: openapi3.NewResponsesWithCapacity(0), Extensions: map[string]any{"x-rate-limit": o.Limit.String()},
	}
	if p := permission(o); p != nil {
		doc.Extensions["x-permission"] = p
	}
	for _, p := range o.PathParams() {
		doc.AddParameter(parameter("path", p))
	}
	for _, p := range o.Query {
		doc.AddParameter(parameter("query", p))
	}
	if o.Conditional {
		doc.AddParameter(&openapi3.Parameter{
			Name: "If-None-Match", In: "header", Description: "The ETag of the answer that the client has.", Schema: openapi3.NewSchemaRef("", openapi3.NewStringSchema()),
		})
	}
	if o.In != nil {
		doc.RequestBody = b.requestBody(o)
	}
	b.answers(o, doc)
	b.doc.AddOperation(o.Path, o.Method, doc)
	if o.Native || o.Root {
		b.doc.Paths.Value(o.Path).Servers = openapi3.Servers{{URL: "/"}}
	}
}

// permission is what an operation asks of a role; nil where it asks nothing of
// one.
func permission(o *operation.Operation) map[string]any {
	if o.Sign != operation.BySession {
		return nil
	}
	return map[string]any{"feature": string(o.Feature), "level": o.Level.String()}
}

// describe says in words what the table says of an operation.
func describe(o *operation.Operation) string {
	var says []string
	if s := o.Spec; s != nil {
		if o.Verb == resource.Create && s.Limits.Max > 0 {
			owner := "An org"
			if s.Parent.Kind != "" {
				owner = "What they hang on"
			}
			of := "of them"
			if s.Limits.Per != "" {
				of = "of each " + s.Limits.Per
			}
			says = append(says, fmt.Sprintf("%s has at most %d %s.", owner, s.Limits.Max, of))
		}
		if o.Level == access.ReadWrite && !s.Unstaged {
			says = append(says, "The change is in force after the next activation.")
		}
	}
	switch {
	case o.Sign == operation.Unsigned:
		says = append(says, "Needs no sign-in.")
	case o.Sign == operation.ByOwner:
		says = append(says, "For the owner of the server, whose token is in its data directory.")
	case o.Sign == operation.ByToken:
		says = append(says, "For a connector, with the token that it got when it enrolled.")
	case o.Feature == access.AnyAdmin:
		says = append(says, "Any admin may call it.")
	default:
		says = append(says, fmt.Sprintf("Needs %s on %s.", o.Level, o.Feature))
	}
	if !o.Limit.Unlimited() {
		says = append(says, "At most "+inWords(o.Limit)+".")
	}
	return strings.Join(says, " ")
}

func inWords(r limit.Rate) string {
	var parts []string
	for _, w := range []limit.Window{r.Short, r.Long} {
		if !w.Unlimited() {
			noun := "calls"
			if w.N == 1 {
				noun = "call"
			}
			parts = append(parts, fmt.Sprintf("%d %s per %s", w.N, noun, strings.ToLower(w.Unit())))
		}
	}
	return strings.Join(parts, " and ")
}

func parameter(in string, p operation.Param) *openapi3.Parameter {
	s := openapi3.NewStringSchema()
	switch p.Type {
	case resource.Integer:
		least := float64(p.Min)
		s = openapi3.NewInt64Schema()
		s.Min = &least
	case resource.Boolean:
		s = openapi3.NewBoolSchema()
	}
	for _, word := range p.Enum {
		s.Enum = append(s.Enum, word)
	}
	if p.Default != 0 {
		s.Default = p.Default
	}
	if p.Repeated {
		s = openapi3.NewArraySchema().WithItems(s)
	}
	return &openapi3.Parameter{Name: p.Name, In: in, Description: p.Says, Required: p.Required, Schema: openapi3.NewSchemaRef("", s)}
}

func (b *builder) requestBody(o *operation.Operation) *openapi3.RequestBodyRef {
	schema, media := b.typed(o.In, input), openapi3.NewMediaType()
	media.Schema = schema
	kind := jsonType
	switch {
	case o.In == binaryType:
		kind = "application/octet-stream"
	case o.Form:
		kind = "application/x-www-form-urlencoded"
	default:
		media.Examples = b.requestExamples(o, schema.Value)
	}
	// A body whose members may all be left out may be left out itself.
	must := o.In.Kind() != reflect.Struct || len(schema.Value.Required) > 0
	return &openapi3.RequestBodyRef{Value: &openapi3.RequestBody{Required: must, Content: openapi3.Content{kind: media}}}
}

// formOf is the form in which an operation answers.
func formOf(o *operation.Operation) form {
	if o.Verb == resource.Lite || o.Verb == resource.LiteGet {
		return lite
	}
	return full
}

// security says how a caller signs in. An empty list of requirements means that
// nobody has to.
func security(o *operation.Operation) *openapi3.SecurityRequirements {
	out := openapi3.NewSecurityRequirements()
	switch o.Sign {
	case operation.BySession:
		out.With(openapi3.NewSecurityRequirement().Authenticate(sessionScheme))
		out.With(openapi3.NewSecurityRequirement().Authenticate(oauthScheme))
	case operation.ByToken:
		out.With(openapi3.NewSecurityRequirement().Authenticate(connectorScheme))
	case operation.ByOwner:
		out.With(openapi3.NewSecurityRequirement().Authenticate(ownerScheme))
	}
	if o.OwnerToo {
		out.With(openapi3.NewSecurityRequirement().Authenticate(ownerScheme))
	}
	return out
}

// The names of the ways to sign in.
const (
	sessionScheme   = "session"
	oauthScheme     = "oauth2"
	ownerScheme     = "owner"
	connectorScheme = "connector"
)

func securitySchemes() openapi3.SecuritySchemes {
	scheme := func(s openapi3.SecurityScheme) *openapi3.SecuritySchemeRef {
		return &openapi3.SecuritySchemeRef{Value: &s}
	}
	return openapi3.SecuritySchemes{
		sessionScheme: scheme(openapi3.SecurityScheme{
			Type: "apiKey", In: "cookie", Name: "JSESSIONID", Description: "An admin's session, which `POST /auth` begins and `DELETE /auth` ends.",
		}),
		oauthScheme: scheme(openapi3.SecurityScheme{
			Type: "oauth2", Description: "An API client's access token, as a bearer. It holds for the paths under `/ztw/api/v1`.",
			Flows: &openapi3.OAuthFlows{ClientCredentials: &openapi3.OAuthFlow{TokenURL: "/oauth2/v1/token", Scopes: map[string]string{}}},
		}),
		ownerScheme:     scheme(openapi3.SecurityScheme{Type: "http", Scheme: "bearer", Description: "The token of the installation's owner."}),
		connectorScheme: scheme(openapi3.SecurityScheme{Type: "http", Scheme: "bearer", Description: "A connector's own token."}),
	}
}

func statusText(status int) string { return http.StatusText(status) + "." }

// Package openapi owns the OpenAPI document: it makes it from the operation
// table, the declarations of kinds and the cases that the tests play. The
// document is made ahead of time and lies in docs; a server only hands it out.
package openapi

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
)

// Source is what a document is made of.
type Source struct {
	Table []operation.Operation
	Kinds *resource.Set
	// Exchanges are where examples come from; may be empty.
	Exchanges []Exchange
	// Notes are what the source code says of its types; may be empty.
	Notes Notes
}

// builder makes one document.
type builder struct {
	Source
	doc      *openapi3.T
	answered map[reflect.Type]bool          // as a whole or as a part
	byBody   map[reflect.Type]bool          // replaced by the id in the body
	owners   map[string]component           // of the names of schemas
	schemas  map[string]*openapi3.SchemaRef // by name, also of forms that share one
	titles   map[string]string              // of kinds, by name
	texts    texts
	problems []error
}

// Build makes the document. What it cannot say truthfully is an error.
func Build(s Source) (*openapi3.T, error) {
	b := &builder{
		Source: s,
		doc: &openapi3.T{
			OpenAPI:    "3.1.0",
			Info:       &openapi3.Info{Title: "Cloud & Branch Connector API, as Spurline serves it", Version: "1", Description: introduction},
			Servers:    openapi3.Servers{{URL: "/api/v1", Description: "With an admin's session."}, {URL: "/ztw/api/v1", Description: "With an API client's token; the same operations on the same data."}},
			Paths:      openapi3.NewPaths(),
			Components: &openapi3.Components{Schemas: openapi3.Schemas{}, SecuritySchemes: securitySchemes()},
		},
		answered: map[reflect.Type]bool{},
		byBody:   map[reflect.Type]bool{},
		owners:   map[string]component{},
		schemas:  map[string]*openapi3.SchemaRef{},
		titles:   map[string]string{},
		texts:    readTexts(),
	}
	for _, k := range s.Kinds.All() {
		b.titles[k.Name] = k.Title
	}
	b.note()
	b.doc.Components.Schemas["Error"] = openapi3.NewSchemaRef("", errorSchema())
	for i := range s.Table {
		b.add(&s.Table[i])
	}
	b.tags()
	return b.doc, errors.Join(b.problems...)
}

func (b *builder) fault(format string, args ...any) {
	b.problems = append(b.problems, fmt.Errorf("openapi: "+format, args...))
}

// tags lists the areas in the order in which the table comes to them.
func (b *builder) tags() {
	var seen []resource.Area
	for _, o := range b.Table {
		if !slices.Contains(seen, o.Area) {
			seen = append(seen, o.Area)
			b.doc.Tags = append(b.doc.Tags, &openapi3.Tag{Name: string(o.Area), Description: areas[o.Area]})
		}
	}
}

// areas says what is in an area.
var areas = map[resource.Area]string{
	resource.Activation:          "What is saved and not yet in force, and putting it in force.",
	resource.Administration:      "Admins, what they may do, and their passwords.",
	resource.Authentication:      "Sessions.",
	resource.ConnectorGroups:     "The fleet: groups of connectors, connectors, their interfaces and routes.",
	resource.ForwardingGateways:  "Where forwarded traffic and DNS requests go.",
	resource.LocationManagement:  "Locations, and the templates that connectors make them from.",
	resource.PartnerIntegrations: "Accounts at cloud providers, whose workloads are discovered.",
	resource.PolicyManagement:    "Rules of forwarding, DNS and logs.",
	resource.PolicyResources:     "What rules name: groups of addresses, services, segments and workloads.",
	resource.Provisioning:        "What connectors enrol with, and the API key.",
	resource.Native:              "Spurline's own: what the vendor's API lacks.",
}

// introduction is what a reader needs to know before any operation.
const introduction = `Spurline is unofficial: no part of it comes from the vendor whose API this is.

**Signing in.** An admin's session begins with ` + "`POST /auth`" + `: login name, password and the org's API key, obfuscated with the
time of the request. The answer sets the cookie ` + "`JSESSIONID`" + `, which the other operations take. An API client gets an OAuth 2.0
token from ` + "`POST /oauth2/v1/token`" + ` and sends it as a bearer, with the paths under ` + "`/ztw/api/v1`" + `.

**Saving and activating.** What is written is saved at once and reads back; connectors run it from the next
` + "`PUT /ecAdminActivateStatus/activate`" + ` on.

**Limits.** Each operation has its own limit for each org, named in ` + "`x-rate-limit`" + ` as calls per second (s), minute (min) or hour (h).
A call beyond it answers 429 and says when to try again.

**Permissions.** ` + "`x-permission`" + ` names the feature of the admin's role that an operation asks for, and the level.

**Errors.** Every error is an object with a code, where there is one, and a message that names the member or parameter at fault.

**What is tolerated besides.** Members that are not described here are ignored, and what is sent of read-only ones is dropped, so that an
object can be sent back as it was read. Numbers and booleans of configuration objects may be quoted. Unknown query parameters are ignored.

**Numbers.** Ids are integers. Times are in seconds since 1970, but for the timestamp of a sign-in, which is in milliseconds.
Arrays are never null.`

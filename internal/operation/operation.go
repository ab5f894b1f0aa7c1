// Package operation owns the operation table: one entry per method and path,
// with who may call it, how often, what it takes and answers, and its handler.
// Routes, permission checks, limits, documents and commands all follow from
// the table.
package operation

import (
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/resource"
)

// Sign says how a caller of an operation proves who it is.
type Sign int

// The ways.
const (
	// BySession: an admin's session, with a permission on the feature.
	BySession Sign = iota
	// Unsigned: anybody; the handler checks what the body carries.
	Unsigned
	// ByToken: a connector's own token, as a bearer.
	ByToken
	// ByOwner: the token of the installation's owner, as a bearer.
	ByOwner
)

// Operation is one method and path. Entries are plain data; Handle is bound by
// the package that serves them, so the table can be read without a server.
type Operation struct {
	ID      string // unique, camel case: "listLocationTemplates"
	Method  string
	Path    string // relative to the API's base, or absolute when Native or Root
	Summary string
	// Native operations are Spurline's own, under /spurline/v1.
	Native bool
	// Root operations are at the root of the host: their path is absolute too.
	Root bool
	Sign Sign
	Area resource.Area // of the API's guide
	// OwnerToo lets the owner's token in beside what Sign asks for; Call.Who is
	// nil then.
	OwnerToo bool
	// Quiet operations are asked by machines all the time. They are not among
	// the recent requests, where they would be all there is.
	Quiet bool

	Feature access.Feature
	Level   access.Level
	Limit   limit.Rate // zero = unlimited

	Query []Param
	// InPath declares the parameters of the path that are not ids; see
	// PathParams.
	InPath []Param
	// In and Out are the bodies' types, a slice where an array is answered and
	// Binary where it is no JSON; nil = no body, or an empty object where the
	// status allows one.
	In, Out reflect.Type
	Status  int // of success
	// Refusal is the type of a 400 that is not the API's usual error.
	Refusal reflect.Type
	// Conditional operations answer with an ETag, and 304 to who has the answer
	// already.
	Conditional bool
	// Text says what is answered as text that is no JSON, and to whom; empty =
	// nothing is.
	Text string
	// Stream operations are handed their body unread, and bound it themselves.
	Stream bool
	// Form says that In is sent as a form (application/x-www-form-urlencoded).
	Form bool

	// Spec and Verb are set where the operation was expanded from a kind.
	Spec *resource.Spec
	Verb resource.Op

	Handle func(*Call) error
}

// Binary is the type of a body that is not JSON.
type Binary []byte

// Param is a parameter of the query or of the path.
type Param = resource.Param

// PageParams are the parameters of every list. size is the default one of a
// page; 0 = everything is answered unless a page is asked for.
func PageParams(size int) []Param {
	says := "Objects per page; more than " + strconv.Itoa(MaxPageSize) + " are answered as that many."
	if size == 0 {
		says += " Without page and pageSize everything is answered."
	}
	return []Param{
		{Name: "page", Type: resource.Integer, Says: "Which page, 1 for the first.", Default: 1},
		{Name: "pageSize", Type: resource.Integer, Says: says, Min: 1, Default: int64(size)},
	}
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// PathParams are the parameters of the path: what InPath declares, and ids.
func (o *Operation) PathParams() (out []Param) {
	for _, found := range inPath.FindAllStringSubmatch(o.Path, -1) {
		name := found[1]
		p := Param{Name: name, Type: resource.Integer, Required: true}
		if owner, ok := strings.CutSuffix(name, "Id"); ok {
			p.Says = "The id of the " + owner + "."
		} else if name == "id" && o.Spec != nil {
			p.Says = "The id of the " + o.Spec.Title + "."
		} else if name == "id" {
			p.Says = "The id of the object."
		}
		for _, declared := range o.InPath {
			if declared.Name == name {
				p = declared
				p.Required = true
			}
		}
		out = append(out, p)
	}
	return out
}

// Call is one request on its way through an operation.
type Call struct {
	Op      *Operation
	Writer  http.ResponseWriter
	Request *http.Request
	// Who is the caller; nil where the operation is not BySession, and for the
	// owner.
	Who *access.Principal
	// Rev is the org's revision when the caller was recognised.
	Rev int64
	// IP is the caller's address, for the audit trail.
	IP string
	// Body is the request's body, read within the limit.
	Body []byte

	query url.Values // nil until somebody asks
}

// Package resource owns what a kind of object is: its declaration (Kind), the
// type-erased form that the rest of the program works with (Spec), and the
// views in which stored bytes are answered.
//
// A kind is declared once, as data. Define reads the struct's tags and
// computes every plan that a request needs, so that serving an object never
// reflects and never decodes it.
package resource

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/wire"
)

// Op is a set of generic operations that a kind offers over HTTP.
type Op uint

// The generic operations.
const (
	List    Op = 1 << iota // GET path
	Lite                   // GET path/lite
	LiteGet                // GET path/lite/{id}
	Get                    // GET path/{id}
	Create                 // POST path
	Update                 // PUT path/{id}
	Delete                 // DELETE path/{id}, 204 and no body
	// DeleteAnswered is a Delete that answers 200 with an empty JSON object.
	// quirk: behaviours.md 9.6, the vendor's own deletion script parses it.
	DeleteAnswered
)

// Uniqueness says which objects of a kind may not share a name.
type Uniqueness int

// The rules of uniqueness.
const (
	NotUnique Uniqueness = iota
	UniqueName
	UniqueNameFold // regardless of case
	UniqueInParent
)

// Kind declares a kind of object whose wire form is T. It is plain data with
// plain functions: no hooks before or after anything.
//
// The fields of T carry the rest, as tags:
//
//	json:"name"                    as the API spells it; declaration order is wire order
//	required:"true"                must be sent, and not empty
//	enum:"A B" max:"255" min:"0"   limits of a value; for strings max counts characters
//	readonly:"true"                whatever a client sends is dropped; a replace keeps what was
//	stamp:"by" / stamp:"time"      who wrote the object last, and when
//	assign:"id"                    a nested object's id, from the org's id source
//	parent:"id"                    the id of the object that this one hangs on
//	ref:"kind" / ref:"kind,embed"  a reference, as {id,name} or as the target itself
//	sent:"true"                    on a live member: the kind's writes take it from the body by themselves
//	live:"…"                       spliced at read, never stored; see Live
//	scope:"true"                   on the id or a reference: the location that the object is in
//	extends:"adminRank"            references to the object show the member under that name
//	order:"list lite"              on the name: these lists are in its order, in any case
//	sort:"name"                    values of sortBy that sort the list by the member
//	lock:"true"                    on a stamp: a replace that carries an outdated one is refused
//	view:"post:hide put:false"     what an answer does with the member; see View
type Kind[T any] struct {
	Name     string // storage key and CLI noun: "locationTemplate"
	Title    string // for people: "location template"
	Path     string // "/locationTemplate"; "/ecgroup/{ecgroupId}/vm" for a child
	Parent   Parent
	Ops      Op
	Area     Area           // of the API's guide, under which the kind's operations stand
	Feature  access.Feature // who may; the level follows from the operation
	Limits   Limits
	Audit    Audit
	Unique   Uniqueness
	Filters  []Filter[T]
	Builtin  func(Facts) []T       // predefined objects of a fresh org
	Defaults func(Facts, *T)       // fills what the caller left out, before validation; idempotent
	Validate func(Facts, *T) error // a *wire.Error that names the field
	Unstaged bool                  // consulted by the server itself: acts at commit, is never pending
}

// Parent names the kind that an object hangs on. A kind that is its own parent
// lists the objects at the top only.
type Parent struct {
	Kind string
	// Owned children go with their parent; others forbid its deletion.
	Owned bool
}

// Limits are the vendor's documented ones.
type Limits struct {
	// Rates, as operations.tsv spells them. An empty Delete takes Write.
	Read, Write, Delete string
	// LiteRead is that of the lite list; empty takes Read.
	LiteRead string
	// Default sizes of a page of the list and of the lite list; 0 answers
	// everything.
	Page, LitePage int
	// Max is the number of objects per org, or per parent where there is one;
	// 0 = no limit. Per names the member, a text, whose values are counted each
	// for itself: there may be Max objects of every type.
	Max int
	Per string
}

// Audit is where the trail files changes of a kind.
type Audit struct{ Category, Sub string }

// Facts is what a declaration's functions may know. They are pure but for
// Lookup.
type Facts struct {
	Org    int64
	Cloud  string // the org's cloud domain, "zscloud.net"
	Caller wire.Ref
	Now    time.Time
	Lookup Lookup
	Query  url.Values // of the request; nil where there is none
	// Old is the *T that is being replaced; nil on a create.
	Old any
	// Predefined says that Old came with the org, so that only what the API
	// lets an admin change of it may differ.
	Predefined bool
}

// Lookup reads objects of the working configuration; the answer is the *T of
// the named kind, or nil when there is none.
type Lookup interface {
	ByID(kind string, id int64) (any, error)
	ByName(kind, name string) (any, error)
	// Children answers the objects of kind that hang on parent, and of a kind
	// without a parent all objects when parent is 0.
	Children(kind string, parent int64) ([]any, error)
}

// ParamType is how a query parameter is written.
type ParamType int

// The types of query parameters.
const (
	String ParamType = iota
	Integer
	Boolean
)

// Value is a query parameter's value; the member of the filter's type is set.
type Value struct {
	Text string
	All  []string // of a parameter that is repeated
	Int  int64
	Bool bool
}

// IsInt reports whether a number is one of the values.
func (v Value) IsInt(n int64) bool { return v.Is(strconv.FormatInt(n, 10)) }

// Is reports whether text is one of the values.
func (v Value) Is(text string) bool { return slices.Contains(v.All, text) }

// Param says how a query parameter is written, and what for.
type Param struct {
	Name string
	Type ParamType
	Says string   // for people, a sentence
	Enum []string // the values that mean something; nil = any
	// Repeated parameters may be sent several times, and each value counts.
	Repeated bool
	Required bool
	// Min bounds an integer from below, and Default is what an absent one
	// means, where that is not 0.
	Min, Default int64
}

// Filter narrows a list by a query parameter. NameIs and NameContains are
// answered from the index of names; others see each object.
type Filter[T any] struct {
	Param string
	Type  ParamType
	Says  string   // see Param
	Enum  []string // see Param; other values match nothing
	// Repeated says that any of several values will do.
	Repeated bool
	Name     NameMatch
	Match    func(*T, Value) bool
}

// NameMatch is a filter on the name alone.
type NameMatch int

// The filters on names.
const (
	NoName       NameMatch = iota
	NameIs                 // exactly
	NameContains           // case-insensitive substring, as search does
)

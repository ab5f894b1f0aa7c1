package operation

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/resource"
)

// verb is what a generic operation is, whatever the kind.
type verb struct {
	op      resource.Op
	method  string
	suffix  string
	id      string // of the operation; %s is the kind, capitalised
	summary string // %a is the kind's title with its article, %p its plural
	status  int
	write   bool
}

var verbs = [...]verb{
	{resource.List, "GET", "", "list%p", "List %p", 200, false},
	{resource.Lite, "GET", "/lite", "list%pLite", "List %p by id and name", 200, false},
	{resource.LiteGet, "GET", "/lite/{id}", "get%sLite", "Get the short form of %a", 200, false},
	{resource.Get, "GET", "/{id}", "get%s", "Get %a", 200, false},
	{resource.Create, "POST", "", "create%s", "Create %a", 200, true},
	{resource.Update, "PUT", "/{id}", "update%s", "Replace %a", 200, true},
	{resource.Delete, "DELETE", "/{id}", "delete%s", "Delete %a", 204, true},
	{resource.DeleteAnswered, "DELETE", "/{id}", "delete%s", "Delete %a", 200, true},
}

// Expand returns the generic operations of a kind, without handlers.
func Expand(s *resource.Spec) []Operation {
	var out []Operation
	for _, v := range verbs {
		if s.Ops&v.op == 0 {
			continue
		}
		o := Operation{
			Method: v.method, Path: s.Path + v.suffix, Status: v.status,
			ID:      name(v.id, capital(s.Name)),
			Summary: name(v.summary, s.Title),
			Area:    s.Area, Feature: s.Feature, Level: access.ReadOnly, Limit: s.Read,
			Spec: s, Verb: v.op,
		}
		if v.write {
			o.Level, o.Limit = access.ReadWrite, s.Write
		}
		if v.op == resource.Lite || v.op == resource.LiteGet {
			o.Limit = s.LiteRead
		}
		switch v.op {
		case resource.List, resource.Lite:
			size := s.Limits.Page
			if v.op == resource.Lite {
				size = s.Limits.LitePage
			}
			o.Query = PageParams(size)
			for _, f := range s.Filters {
				o.Query = append(o.Query, f.Param)
			}
			if s.Sortable() && v.op == resource.List {
				o.Query = append(o.Query, s.SortParams()...)
			}
			o.Out = reflect.SliceOf(s.Type)
		case resource.Delete, resource.DeleteAnswered:
			o.Limit = s.Remove
		case resource.Create, resource.Update:
			o.In, o.Out = s.Type, s.Type
		default:
			o.Out = s.Type
		}
		out = append(out, o)
	}
	return out
}

func name(pattern, what string) string {
	return strings.NewReplacer("%s", what, "%a", Article(what), "%p", plural(what)).Replace(pattern)
}

// Article puts a or an before a title, by its sound: titles that begin with a
// capital are initials, which are spelled out.
func Article(title string) string {
	if strings.ContainsAny(title[:1], "aeioAEFHILMNORSX") {
		return "an " + title
	}
	return "a " + title
}

func plural(s string) string {
	if strings.HasSuffix(s, "y") && !strings.HasSuffix(s, "ay") {
		return s[:len(s)-1] + "ies"
	}
	return s + "s"
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Rate parses a limit of a hand-written operation; a wrong one is found when
// the table is checked, because it leaves the operation without a limit.
func Rate(text string) limit.Rate {
	r, err := limit.Parse(text)
	if err != nil {
		return limit.Rate{Short: limit.Window{N: -1}}
	}
	return r
}

// Methods that carry no body of ours; a client may send one all the same.
func bodyless(method string) bool {
	return method == http.MethodGet || method == http.MethodDelete
}

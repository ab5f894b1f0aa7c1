package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// ruleCount is how rules are counted; other kinds answer a bare number
// (behaviours.md section 11).
type ruleCount struct {
	Count int `json:"count"`
}

// ruleOperations count the rules of a family. The family of log rules has no
// such operation.
func (a *API) ruleOperations() []operation.Operation {
	var table []operation.Operation
	for _, family := range []struct{ id, kind string }{{"countForwardingRules", kinds.ForwardingRuleKind}, {"countDNSRules", kinds.DNSRuleKind}} {
		s := a.kinds.Kind(family.kind)
		o := operation.Operation{
			ID: family.id, Method: "GET", Path: s.Path + "/count", Summary: "Count " + s.Title + "s",
			Feature: s.Feature, Level: access.ReadOnly, Limit: s.Read, Out: reflect.TypeFor[ruleCount](), Status: http.StatusOK,
			Query:  []operation.Param{{Name: "predefinedRuleCount", Type: resource.Boolean, Says: "Whether predefined rules are counted too."}},
			Handle: a.countRules(s),
		}
		for _, f := range s.Filters {
			o.Query = append(o.Query, f.Param)
		}
		table = append(table, o)
	}
	return table
}

func (a *API) countRules(s *resource.Spec) func(*operation.Call) error {
	return func(c *operation.Call) error {
		query := c.Query()
		conditions, err := s.Conditions(query)
		if err != nil {
			return err
		}
		q := config.ListQuery{Org: c.Who.Org, Scope: c.Who.Scope, Kind: s, Conditions: conditions}
		if text := query.Get("predefinedRuleCount"); text != "" {
			if q.Predefined, err = strconv.ParseBool(text); err != nil {
				return wire.Invalid("predefinedRuleCount", "must be true or false")
			}
		}
		n, err := a.Engine.CountWhere(c.Request.Context(), q)
		return answered(c, ruleCount{n}, err)
	}
}

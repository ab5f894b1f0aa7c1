package api

import (
	"context"
	"strconv"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// nestedParams are the parameters of the lite list of locations that say which
// of them it holds.
func nestedParams() []operation.Param {
	return []operation.Param{
		{Name: "includeSubLocations", Type: resource.Boolean, Says: "Whether sub-locations are listed; absent means no."},
		{Name: "includeParentLocations", Type: resource.Boolean, Says: "Whether locations that have sub-locations are listed; absent means yes."},
		{Name: "includeDefaultLocation", Type: resource.Boolean, Says: "Whether the platform's own location is listed; absent means yes."},
	}
}

// liteLocations lists locations in short: those at the top unless asked for
// more or less, and among them the platform's own, which the full list lacks.
func (a *API) liteLocations(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		offset, limit, err := c.Page(s.Limits.LitePage)
		if err != nil {
			return err
		}
		query := c.Query()
		conditions, err := s.Conditions(query)
		if err != nil {
			return err
		}
		nested := config.Nested{Above: true, Apart: true}
		for _, p := range []struct {
			param string
			to    *bool
		}{{"includeSubLocations", &nested.Below}, {"includeParentLocations", &nested.Above}, {"includeDefaultLocation", &nested.Apart}} {
			text := query.Get(p.param)
			if text == "" {
				continue
			}
			if *p.to, err = strconv.ParseBool(text); err != nil {
				return wire.Invalid(p.param, "must be true or false")
			}
		}
		answer, err := a.Engine.List(c.Request.Context(), config.ListQuery{
			Org: c.Who.Org, Rev: c.Rev, Scope: c.Who.Scope, Kind: s, View: resource.InLite, Access: c.Who.Role.Features[s.Feature],
			Conditions: conditions, Offset: offset, Limit: limit, Nested: &nested,
		})
		return a.answer(c, answer, err)
	}
}

// inherit brings what sub-locations have from their parent in step with it.
func inherit(ctx context.Context, _ *operation.Call, w *config.Writer, row store.Row) error {
	rows, err := w.Children(ctx, store.Working, row.Kind, []int64{row.ID})
	if err != nil {
		return err
	}
	s := w.Kind(row.Kind)
	for _, sub := range rows {
		if sub.ID == row.ID || s.IsSet(sub.Body, "xffForwardEnabled") == s.IsSet(row.Body, "xffForwardEnabled") {
			continue
		}
		// The declaration fills a sub-location's from its parent.
		if _, err := w.Alter(ctx, s, sub.ID, func(any) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

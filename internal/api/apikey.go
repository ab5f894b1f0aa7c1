package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// keyOperations are not a kind's own, because a key is shown with its value,
// which no object holds: whoever may read the feature may see it.
func (a *API) keyOperations() []operation.Operation {
	s := a.kinds.Kind(kinds.APIKeyKind)
	if s == nil { // a set of kinds of somebody's own
		return nil
	}
	const (
		one   = "/apiKeys/{id}"
		title = "Replace the value of the API key"
	)
	// Nobody has partner keys, so that asking for them changes nothing.
	partner := operation.Param{Name: "includePartnerKey", Type: resource.Boolean, Says: "Whether keys of partners count; nobody has any."}
	table := []operation.Operation{
		{
			ID: "listApiKeys", Method: "GET", Path: s.Path, Summary: "List API keys: at most one",
			Query: append(operation.PageParams(0), partner), Handle: a.listKeys,
		},
		{ID: "createApiKey", Method: "POST", Path: s.Path, Summary: "Create the API key of an org that has none", Query: []operation.Param{partner}, Handle: a.createKey(s)},
		{ID: "getApiKey", Method: "GET", Path: one, Summary: "Get the API key", Handle: a.getKey(s)},
		{ID: "regenerateApiKey", Method: "POST", Path: one + "/regenerate", Summary: title, Query: []operation.Param{partner}, Handle: a.regenerateKey(s)},
		// quirk: behaviours.md 6.8, the vendor's Go client calls this path.
		{ID: "regenerateApiKeyByAlias", Method: "POST", Path: one + "/ztw/api/v1/regenerate", Summary: title + " (as a client spells it)", Query: []operation.Param{partner}, Handle: a.regenerateKey(s)},
	}
	for i := range table {
		o := &table[i]
		o.Feature, o.Level, o.Limit, o.Status, o.Out = s.Feature, access.ReadOnly, s.Read, http.StatusOK, reflect.TypeFor[kinds.APIKey]()
		if o.ID == "listApiKeys" {
			o.Out = reflect.SliceOf(o.Out)
		}
		if o.Method == "POST" {
			o.Level, o.Limit = access.ReadWrite, s.Write
		}
	}
	return table
}

// keys reads the org's key as it is shown: none or one.
func (a *API) keys(ctx context.Context, org int64) (ids []int64, shown [][]byte, err error) {
	err = a.Engine.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		id, value, err := a.Auth.APIKeyIn(ctx, tx, org)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for row, err := range tx.List(ctx, store.Working, kinds.APIKeyKind, store.Query{Parent: -1}) {
			if err != nil {
				return err
			}
			own := value
			if row.ID != id {
				own = ""
			}
			body, err := a.showKey(row, own)
			if err != nil {
				return err
			}
			ids, shown = append(ids, row.ID), append(shown, body)
		}
		return nil
	})
	return ids, shown, err
}

// showKey puts the value into the object, for the answer and nothing else.
func (a *API) showKey(row store.Row, value string) ([]byte, error) {
	o, err := a.Engine.Object(row)
	if err != nil {
		return nil, err
	}
	o.Value().(*kinds.APIKey).KeyValue = value
	return o.Encode()
}

func (a *API) listKeys(c *operation.Call) error {
	offset, limit, err := c.Page(0)
	if err != nil {
		return err
	}
	_, shown, err := a.keys(c.Request.Context(), c.Who.Org)
	if err != nil {
		return err
	}
	out := []byte{'['}
	for i, body := range shown {
		if i < offset || limit > 0 && i >= offset+limit {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, body...)
	}
	c.Bytes(http.StatusOK, append(out, ']'))
	return nil
}

func (a *API) getKey(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		id, err := c.PathID("id")
		if err != nil {
			return err
		}
		ids, shown, err := a.keys(c.Request.Context(), c.Who.Org)
		if err != nil {
			return err
		}
		for i := range ids {
			if ids[i] == id {
				c.Bytes(http.StatusOK, shown[i])
				return nil
			}
		}
		return wire.NotFound(s.Title, id)
	}
}

// createKey takes nothing from the body: a key is random, and an org has one
// (behaviours.md 6.1).
func (a *API) createKey(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		return a.saveKey(c, func(ctx context.Context, w *config.Writer) (int64, error) {
			row, err := w.Create(ctx, s.New(&kinds.APIKey{Enabled: true}), 0)
			return row.ID, err
		})
	}
}

// regenerateKey replaces the value. Sign-ins with the old one fail from now
// on; sessions that began with it go on (behaviours.md 6.5).
func (a *API) regenerateKey(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		id, err := c.PathID("id")
		if err != nil {
			return err
		}
		return a.saveKey(c, func(ctx context.Context, w *config.Writer) (int64, error) {
			return id, w.Change(ctx, s.Name, id, func(v any) error {
				if !v.(*kinds.APIKey).Enabled {
					return wire.Forbidden("", "The API key is disabled.")
				}
				return nil
			})
		})
	}
}

// saveKey runs a write of the key's object, gives the key a new value and
// answers both.
func (a *API) saveKey(c *operation.Call, write func(context.Context, *config.Writer) (id int64, err error)) error {
	var body []byte
	_, err := a.Engine.Save(c.Request.Context(), config.Caller(c.Who, c.IP), resource.InGet, func(ctx context.Context, w *config.Writer) (none store.Row, err error) {
		id, err := write(ctx, w)
		if err != nil {
			return none, err
		}
		_, old, err := a.Auth.APIKeyIn(ctx, w.Tx, w.Org())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return none, err
		}
		value := auth.NewAPIKey()
		for value == old {
			value = auth.NewAPIKey()
		}
		if err := a.Auth.SetAPIKey(ctx, w.Tx, w.Org(), id, value); err != nil {
			return none, err
		}
		row, err := w.Get(ctx, store.Working, kinds.APIKeyKind, id)
		if err != nil {
			return none, err
		}
		body, err = a.showKey(row, value)
		return none, err
	})
	if err != nil {
		return err
	}
	c.Bytes(http.StatusOK, body)
	return nil
}

package api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// generic returns the handler of an operation that was expanded from a kind.
func (a *API) generic(o operation.Operation) func(*operation.Call) error {
	above := parentParams(o.Spec)
	switch o.Verb {
	case resource.List:
		return a.list(o.Spec, resource.InList, o.Spec.Limits.Page, above)
	case resource.Lite:
		return a.list(o.Spec, resource.InLite, o.Spec.Limits.LitePage, above)
	case resource.Get:
		return a.get(o.Spec, resource.InGet, above)
	case resource.LiteGet:
		return a.get(o.Spec, resource.InLite, above)
	case resource.Create:
		return a.create(o.Spec, above, nil)
	case resource.Update:
		return a.replace(o.Spec, above, nil)
	default:
		return a.remove(o.Spec, above, o.Verb == resource.DeleteAnswered)
	}
}

var pathParam = regexp.MustCompile(`\{(\w+)\}`)

// parentParams are the parameters of the kind's own path, which hold the ids
// of what its objects hang on: the parent's first, then what that hangs on.
func parentParams(s *resource.Spec) (names []string) {
	for _, m := range pathParam.FindAllStringSubmatch(s.Path, -1) {
		names = append(names, m[1])
	}
	slices.Reverse(names)
	return names
}

// home is what an object hangs on, as a path says it.
type home struct {
	parent int64   // 0 when the kind's path has no parent
	above  []int64 // what the parent hangs on, nearest first
}

// homeOf reads what the path says that an object hangs on.
func homeOf(c *operation.Call, params []string) (h home, err error) {
	for i, param := range params {
		id, err := c.PathID(param)
		if err != nil {
			return h, err
		}
		switch {
		case id == 0: // 0 would mean any parent
			return h, wire.NotFound("parent", id)
		case i == 0:
			h.parent = id
		default:
			h.above = append(h.above, id)
		}
	}
	return h, nil
}

// target reads the ids of an operation on one object.
func target(c *operation.Call, params []string) (id int64, h home, err error) {
	if h, err = homeOf(c, params); err != nil {
		return 0, h, err
	}
	id, err = c.PathID("id")
	return id, h, err
}

func (a *API) list(s *resource.Spec, v resource.View, size int, params []string) func(*operation.Call) error {
	return func(c *operation.Call) error {
		h, err := homeOf(c, params)
		if err != nil {
			return err
		}
		offset, limit, err := c.Page(size)
		if err != nil {
			return err
		}
		conditions, err := s.Conditions(c.Query())
		if err != nil {
			return err
		}
		sort, err := s.Sort(v, c.Query())
		if err != nil {
			return err
		}
		answer, err := a.Engine.List(c.Request.Context(), config.ListQuery{
			Org: c.Who.Org, Rev: c.Rev, Scope: c.Who.Scope, Kind: s, View: v, Access: c.Who.Role.Features[s.Feature], Sort: sort, Conditions: conditions, Offset: offset, Limit: limit,
			Parent: h.parent, Above: h.above,
		})
		return a.answer(c, answer, err)
	}
}

func (a *API) get(s *resource.Spec, v resource.View, params []string) func(*operation.Call) error {
	return func(c *operation.Call) error {
		id, h, err := target(c, params)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Get(c.Request.Context(), config.GetQuery{
			Org: c.Who.Org, Rev: c.Rev, Scope: c.Who.Scope, Kind: s, View: v, Access: c.Who.Role.Features[s.Feature], ID: id, Parent: h.parent, Above: h.above,
		})
		return a.answer(c, answer, err)
	}
}

// decode reads an object from the body.
func (a *API) decode(c *operation.Call, s *resource.Spec) (resource.Object, error) {
	o, err := s.Decode(c.Body)
	if err != nil {
		return o, err
	}
	return o, a.tolerances.body(c, s)
}

// follow is what a write of an object changes besides it, in the same
// transaction.
type follow func(context.Context, *operation.Call, *config.Writer, store.Row) error

func (f follow) after(ctx context.Context, c *operation.Call, w *config.Writer, row store.Row, err error) (store.Row, error) {
	if err == nil && f != nil {
		err = f(ctx, c, w, row)
	}
	return row, err
}

func (a *API) create(s *resource.Spec, params []string, then follow) func(*operation.Call) error {
	return func(c *operation.Call) error {
		h, err := homeOf(c, params)
		if err != nil {
			return err
		}
		o, err := a.decode(c, s)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Save(c.Request.Context(), config.Caller(c.Who, c.IP), resource.InPost, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			row, err := w.Create(ctx, o, h.parent, h.above...)
			if err != nil {
				return row, err
			}
			return then.after(ctx, c, w, row, widen(ctx, w, c.Who, row))
		})
		return a.answer(c, answer, err)
	}
}

func (a *API) replace(s *resource.Spec, params []string, then follow) func(*operation.Call) error {
	return func(c *operation.Call) error {
		id, h, err := target(c, params)
		if err != nil {
			return err
		}
		o, err := a.decode(c, s)
		if err != nil {
			return err
		}
		by := config.Caller(c.Who, c.IP)
		by.Query = c.Query()
		answer, err := a.Engine.Save(c.Request.Context(), by, resource.InPut, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			row, err := w.Replace(ctx, o, id, h.parent, h.above...)
			return then.after(ctx, c, w, row, err)
		})
		return a.answer(c, answer, err)
	}
}

func (a *API) remove(s *resource.Spec, params []string, answered bool) func(*operation.Call) error {
	return func(c *operation.Call) error {
		id, h, err := target(c, params)
		if err != nil {
			return err
		}
		return a.removed(c, a.Engine.Delete(c.Request.Context(), config.Caller(c.Who, c.IP), s, id, h.parent, h.above...), answered)
	}
}

// removed answers a deletion: 204 and nothing, or 200 and an empty object.
func (a *API) removed(c *operation.Call, err error, answered bool) error {
	switch {
	case err != nil:
		return err
	case answered:
		c.Bytes(http.StatusOK, []byte("{}"))
	default:
		c.Empty()
	}
	return nil
}

// answer writes a rendered answer, with the states of its connectors as they
// are now.
func (a *API) answer(c *operation.Call, answer *resource.Answer, err error) error {
	if err != nil {
		return err
	}
	changes, now := a.Fleet.Changes(), a.Now()
	body := answer.Fill(now, changes, func(id int64) (string, time.Time) { return a.Fleet.StateAt(now, c.Who.Org, id) })
	c.Bytes(c.Op.Status, a.markExpired(c.Op, body))
	return nil
}

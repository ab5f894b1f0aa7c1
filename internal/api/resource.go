package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// generic returns the handler of an operation that was expanded from a kind.
func (a *API) generic(o operation.Operation) func(*operation.Call) error {
	parent := parentParam(o.Spec)
	switch o.Verb {
	case resource.List:
		return a.list(o.Spec, resource.InList, o.Spec.Limits.Page)
	case resource.Lite:
		return a.list(o.Spec, resource.InLite, o.Spec.Limits.LitePage)
	case resource.Get:
		return a.get(o.Spec, resource.InGet, parent)
	case resource.LiteGet:
		return a.get(o.Spec, resource.InLite, parent)
	case resource.Create:
		return a.create(o.Spec, parent)
	case resource.Update:
		return a.replace(o.Spec, parent)
	default:
		return a.remove(o.Spec, parent, o.Verb == resource.DeleteAnswered)
	}
}

// parentParam is the path parameter that holds the parent's id: the last one
// of the kind's own path, "" when the path has none.
func parentParam(s *resource.Spec) string {
	i, j := strings.LastIndexByte(s.Path, '{'), strings.LastIndexByte(s.Path, '}')
	if i < 0 {
		return ""
	}
	return s.Path[i+1 : j]
}

// parentID reads the parent's id, 0 when the kind's path has no parent.
func parentID(c *operation.Call, param string) (int64, error) {
	if param == "" {
		return 0, nil
	}
	id, err := c.PathID(param)
	if err == nil && id == 0 { // 0 would mean any parent
		err = wire.NotFound("parent", id)
	}
	return id, err
}

// target reads the ids of an operation on one object.
func target(c *operation.Call, param string) (id, parent int64, err error) {
	if parent, err = parentID(c, param); err != nil {
		return 0, 0, err
	}
	id, err = c.PathID("id")
	return id, parent, err
}

func (a *API) list(s *resource.Spec, v resource.View, size int) func(*operation.Call) error {
	return func(c *operation.Call) error {
		offset, limit, err := c.Page(size)
		if err != nil {
			return err
		}
		conditions, err := s.Conditions(c.Request.URL.Query())
		if err != nil {
			return err
		}
		answer, err := a.Engine.List(c.Request.Context(), config.ListQuery{
			Org: c.Who.Org, Rev: c.Rev, Kind: s, View: v, Conditions: conditions, Offset: offset, Limit: limit,
		})
		return a.answer(c, answer, err)
	}
}

func (a *API) get(s *resource.Spec, v resource.View, param string) func(*operation.Call) error {
	return func(c *operation.Call) error {
		id, parent, err := target(c, param)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Get(c.Request.Context(), config.GetQuery{
			Org: c.Who.Org, Rev: c.Rev, Kind: s, View: v, ID: id, Parent: parent,
		})
		return a.answer(c, answer, err)
	}
}

func (a *API) create(s *resource.Spec, param string) func(*operation.Call) error {
	return func(c *operation.Call) error {
		parent, err := parentID(c, param)
		if err != nil {
			return err
		}
		o, err := s.Decode(c.Body)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Create(c.Request.Context(), config.Caller(c.Who, c.IP), o, parent)
		return a.answer(c, answer, err)
	}
}

func (a *API) replace(s *resource.Spec, param string) func(*operation.Call) error {
	return func(c *operation.Call) error {
		id, parent, err := target(c, param)
		if err != nil {
			return err
		}
		o, err := s.Decode(c.Body)
		if err != nil {
			return err
		}
		by := config.Caller(c.Who, c.IP)
		by.Query = c.Request.URL.Query()
		answer, err := a.Engine.Replace(c.Request.Context(), by, o, id, parent)
		return a.answer(c, answer, err)
	}
}

func (a *API) remove(s *resource.Spec, param string, answered bool) func(*operation.Call) error {
	return func(c *operation.Call) error {
		id, parent, err := target(c, param)
		if err != nil {
			return err
		}
		return a.removed(c, a.Engine.Delete(c.Request.Context(), config.Caller(c.Who, c.IP), s, id, parent), answered)
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
	c.Bytes(c.Op.Status, body)
	return nil
}

package api

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/exchange"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// requestOperations show what clients have sent and got. They are for the
// owner, who sees everything, and for super admins, who see what was done in
// the name of their org. A request whose caller was not recognised could be
// anybody's, so it is the owner's alone.
func (a *API) requestOperations() []operation.Operation {
	const path = "/spurline/v1/requests"
	table := []operation.Operation{
		{
			ID: "listRequests", Method: "GET", Path: path, Summary: "List what clients sent and got, the newest requests",
			Out: reflect.TypeFor[wire.Exchange](), Handle: a.listRequests,
			Query: []operation.Param{
				{Name: "after", Type: resource.Integer}, {Name: "before", Type: resource.Integer}, {Name: "pageSize", Type: resource.Integer},
				{Name: "operation", Type: resource.String}, {Name: "method", Type: resource.String}, {Name: "path", Type: resource.String},
				{Name: "status", Type: resource.String}, {Name: "login", Type: resource.String},
				{Name: "tolerated", Type: resource.Boolean}, {Name: "waited", Type: resource.Boolean}, {Name: "bodies", Type: resource.Boolean},
			},
		},
		{
			ID: "getRequest", Method: "GET", Path: path + "/{id}", Summary: "Show a request and its answer, by number or request id",
			Out: reflect.TypeFor[wire.Exchange](), Handle: a.getRequest,
		},
	}
	for i := range table {
		o := &table[i]
		o.Native, o.OwnerToo, o.Quiet, o.Status = true, true, true, http.StatusOK
		o.Feature, o.Level = access.AnyAdmin, access.ReadOnly
	}
	return table
}

// reader is whose requests a caller may see: those of one org, or with 0 all.
func reader(c *operation.Call) (org int64, err error) {
	switch {
	case c.Who == nil:
		return 0, nil
	case c.Who.SuperAdmin():
		return c.Who.Org, nil
	default:
		return 0, wire.Forbidden(wire.CodeScopeLimited, "Only super admins can see the requests of others.")
	}
}

// defaultRequests is how many requests are listed unless it is said.
const defaultRequests = 100

func (a *API) listRequests(c *operation.Call) error {
	org, err := reader(c)
	if err != nil {
		return err
	}
	_, limit, err := c.Page(defaultRequests)
	if err != nil {
		return err
	}
	q := exchange.Query{Org: org, Limit: limit}
	query := c.Request.URL.Query()
	for _, n := range []struct {
		name string
		to   *int64
	}{{"after", &q.After}, {"before", &q.Before}} {
		text := query.Get(n.name)
		if text == "" {
			continue
		}
		if *n.to, err = strconv.ParseInt(text, 10, 64); err != nil || *n.to < 0 {
			return wire.Invalid(n.name, "must be the number of a request, its seq")
		}
	}
	q.Oldest = query.Has("after")
	var tolerated, waited bool
	for _, flag := range []struct {
		name string
		to   *bool
	}{{"tolerated", &tolerated}, {"waited", &waited}, {"bodies", &q.Bodies}} {
		text := query.Get(flag.name)
		if text == "" {
			continue
		}
		if *flag.to, err = strconv.ParseBool(text); err != nil {
			return wire.Invalid(flag.name, "must be true or false")
		}
	}
	status, err := statuses(query.Get("status"))
	if err != nil {
		return err
	}
	op, method, path, login := query.Get("operation"), query.Get("method"), query.Get("path"), query.Get("login")
	q.Match = func(e *exchange.Exchange) bool {
		return (op == "" || strings.EqualFold(e.Operation, op)) && (method == "" || strings.EqualFold(e.Method, method)) &&
			strings.Contains(e.Path, path) && (login == "" || strings.EqualFold(e.Login, login)) &&
			(!tolerated || len(e.Tolerated) > 0) && (!waited || e.Wait.Seconds > 0) && status(e.Status)
	}
	return c.JSON(http.StatusOK, a.recent.List(q))
}

// statuses reads a status or a class of them: 404, 4xx.
func statuses(text string) (func(int) bool, error) {
	if text == "" {
		return func(int) bool { return true }, nil
	}
	class := strings.TrimSuffix(strings.ToLower(text), "xx")
	n, err := strconv.Atoi(class)
	switch {
	case err == nil && len(text) == 3 && len(class) == 1 && n >= 1 && n <= 5:
		return func(status int) bool { return status/100 == n }, nil
	case err == nil && len(class) == 3 && n >= 100 && n <= 599:
		return func(status int) bool { return status == n }, nil
	default:
		return nil, wire.Invalid("status", "must be a status such as 404, or a class of them such as 4xx")
	}
}

func (a *API) getRequest(c *operation.Call) error {
	org, err := reader(c)
	if err != nil {
		return err
	}
	found, ok := a.recent.Find(c.Request.PathValue("id"), org)
	if !ok {
		return &wire.Error{Status: http.StatusNotFound, Code: wire.CodeNotFound, Message: "There is no such request among the last that are remembered."}
	}
	return c.JSON(http.StatusOK, found)
}

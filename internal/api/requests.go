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
			Out: reflect.TypeFor[[]wire.Exchange](), Handle: a.listRequests,
			Query: []operation.Param{
				{Name: "after", Type: resource.Integer, Says: "Only requests with a greater seq, and the oldest of them instead of the newest: for following."},
				{Name: "before", Type: resource.Integer, Says: "Only requests with a smaller seq."},
				{Name: "pageSize", Type: resource.Integer, Says: "How many, 1000 at most.", Min: 1, Default: defaultRequests},
				{Name: "operation", Says: "Only requests of an operation, by its id."},
				{Name: "method", Says: "Only requests with a method."},
				{Name: "path", Says: "Only requests whose path contains this."},
				{Name: "status", Says: "Only answers with a status, such as 404, or a class of them, such as 4xx."},
				{Name: "login", Says: "Only requests of an admin or an API client."},
				{Name: "tolerated", Type: resource.Boolean, Says: "Only requests with something that strict mode refuses."},
				{Name: "waited", Type: resource.Boolean, Says: "Only requests that the vendor's rate limits would have held up."},
				{Name: "bodies", Type: resource.Boolean, Says: "With the beginnings of the bodies."},
			},
		},
		{
			ID: "getRequest", Method: "GET", Path: path + "/{id}", Summary: "Show a request and its answer, by number or request id",
			Out: reflect.TypeFor[wire.Exchange](), Handle: a.getRequest,
			InPath: []operation.Param{{Name: "id", Says: "The request's seq, or its id from X-Request-Id."}},
		},
		{
			ID: "getRun", Method: "GET", Path: path + "/summary", Summary: "Tell how long the calls would have taken under the vendor's rate limits",
			Out: reflect.TypeFor[[]wire.Run](), Handle: a.getRun,
		},
		{
			ID: "beginRun", Method: "DELETE", Path: path + "/summary", Summary: "Begin to count calls anew",
			Handle: a.beginRun,
		},
	}
	for i := range table {
		o := &table[i]
		o.Native, o.OwnerToo, o.Quiet, o.Status = true, true, true, http.StatusOK
		o.Feature, o.Level = access.AnyAdmin, access.ReadOnly
		if o.Method != http.MethodGet {
			o.Level, o.Status = access.ReadWrite, http.StatusNoContent
		}
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
	query := c.Query()
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

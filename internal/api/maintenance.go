package api

import (
	"net/http"
	"reflect"
	"sync/atomic"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// maintenance is the read-only mode of a scheduled upgrade: while it is on,
// what admins would change is refused and what they read goes on. It ends with
// the server.
type maintenance struct{ on atomic.Bool }

// check refuses a write while the mode is on (behaviours.md section 12).
func (m *maintenance) check(o *operation.Operation) error {
	if !m.on.Load() || o.Native || o.Level != access.ReadWrite {
		return nil
	}
	return &wire.Error{
		Status: http.StatusForbidden, Code: wire.CodeStateReadOnly,
		Message: "A scheduled upgrade is running and the service is read-only. Try again later.",
		Header:  http.Header{"X-Zscaler-Mode": {"read-only"}},
	}
}

// modeOperations switch the server's modes and show what it tolerated.
func (a *API) modeOperations() []operation.Operation {
	mode := reflect.TypeFor[wire.Maintenance]()
	return []operation.Operation{
		{
			ID: "getMaintenance", Method: "GET", Path: "/spurline/v1/maintenance", Summary: "Tell whether the service is read-only", Native: true, Status: http.StatusOK,
			Feature: access.AnyAdmin, Level: access.ReadOnly, Out: mode,
			Handle: func(c *operation.Call) error {
				return c.JSON(http.StatusOK, wire.Maintenance{ReadOnly: a.maintenance.on.Load()})
			},
		},
		{
			ID: "setMaintenance", Method: "PUT", Path: "/spurline/v1/maintenance", Summary: "Make the service read-only, or end it", Native: true, Status: http.StatusOK,
			Feature: access.AnyAdmin, Level: access.ReadWrite, In: mode, Out: mode, Handle: a.setMaintenance,
		},
		{
			ID: "listTolerances", Method: "GET", Path: "/spurline/v1/tolerances", Summary: "Count what was tolerated, by operation", Native: true, Status: http.StatusOK,
			Feature: access.AnyAdmin, Level: access.ReadOnly, Out: reflect.TypeFor[[]wire.ToleranceCount](),
			Handle: func(c *operation.Call) error { return c.JSON(http.StatusOK, a.tolerances.list()) },
		},
	}
}

func (a *API) setMaintenance(c *operation.Call) error {
	if !c.Who.SuperAdmin() {
		return wire.Forbidden(wire.CodeScopeLimited, "Only super admins can make the service read-only.")
	}
	in, err := decode[wire.Maintenance](c)
	if err != nil {
		return err
	}
	if err := a.Engine.RecordMode(c.Request.Context(), config.Caller(c.Who, c.IP), a.maintenance.on.Load(), in.ReadOnly); err != nil {
		return err
	}
	a.maintenance.on.Store(in.ReadOnly)
	return c.JSON(http.StatusOK, in)
}

package api

import (
	"context"
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

// nativeOperations are what an operator with a session needs and the vendor's
// API lacks.
func (a *API) nativeOperations() []operation.Operation {
	const base = "/spurline/v1/"
	table := []operation.Operation{
		{
			ID: "whoAmI", Method: "GET", Path: base + "whoami", Summary: "Tell who the session belongs to",
			Feature: access.AnyAdmin, Level: access.ReadOnly, Out: reflect.TypeFor[wire.WhoAmI](), Handle: a.whoAmI,
		},
		{
			ID: "listPending", Method: "GET", Path: base + "pending", Summary: "List what is saved and not activated, and by whom",
			Feature: access.AnyAdmin, Level: access.ReadOnly, Out: reflect.TypeFor[wire.Pending](),
			Handle: func(c *operation.Call) error {
				pending, err := a.Engine.Pending(c.Request.Context(), c.Who.Org)
				return answered(c, pending, err)
			},
		},
		{
			ID: "listVmStates", Method: "GET", Path: base + "vms", Summary: "List when connectors were last heard of",
			Feature: access.CloudProvisioning, Level: access.ReadOnly, Out: reflect.TypeFor[[]wire.VMState](), Handle: a.listVMs,
		},
		{
			ID: "listReferences", Method: "GET", Path: base + "references", Summary: "List what names an object",
			Feature: access.AnyAdmin, Level: access.ReadOnly, Out: reflect.TypeFor[[]wire.Reference](),
			Query: []operation.Param{
				{Name: "kind", Says: "The kind of the object, such as locationTemplate.", Required: true},
				{Name: "id", Type: resource.Integer, Says: "The id of the object.", Required: true},
			},
			Handle: a.listReferences,
		},
		{
			ID: "getEnrolmentKey", Method: "GET", Path: base + "fleet/key", Summary: "Show the key that connectors enrol with",
			Feature: access.AnyAdmin, Level: access.ReadOnly, Out: reflect.TypeFor[wire.EnrolmentKey](), Handle: a.enrolmentKey,
		},
		{
			ID: "rotateEnrolmentKey", Method: "POST", Path: base + "fleet/key/rotate", Summary: "Replace the key that connectors enrol with",
			Feature: access.AnyAdmin, Level: access.ReadWrite, Out: reflect.TypeFor[wire.EnrolmentKey](), Handle: a.rotateEnrolmentKey,
		},
	}
	for i := range table {
		table[i].Native, table[i].Status = true, http.StatusOK
	}
	return table
}

// answered writes a value, unless there was an error in getting it.
func answered(c *operation.Call, v any, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(c.Op.Status, v)
}

func (a *API) whoAmI(c *operation.Call) error {
	ctx, who := c.Request.Context(), c.Who
	out := wire.WhoAmI{
		Org: who.Org, Login: who.Login, Role: who.Role.Name, Rank: who.Role.Rank,
		Permissions: map[string]string{}, Sandbox: true,
	}
	for feature, level := range who.Role.Features {
		out.Permissions[string(feature)] = level.String()
	}
	var err error
	if out.OrgName, err = a.Engine.OrgName(ctx, who.Org); err != nil {
		return err
	}
	out.Cloud, err = a.Engine.Cloud(ctx, who.Org)
	return answered(c, out, err)
}

func (a *API) listVMs(c *operation.Call) error {
	rows, err := a.Engine.Connectors(c.Request.Context(), c.Who, kinds.ECVMKind)
	if err != nil {
		return err
	}
	out := make([]wire.VMState, 0, len(rows))
	for _, row := range rows {
		out = append(out, a.vmState(c.Who.Org, row))
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) vmState(org int64, row store.Row) wire.VMState {
	s := wire.VMState{ID: row.ID, GroupID: row.Parent, Name: row.Name, NativeID: row.Key, Status: a.Fleet.Status(org, row.ID)}
	if a.kinds.Kind(kinds.ECVMKind).Holds(row.Body, "status", kinds.Disabled) {
		s.Status = kinds.Disabled
	}
	if at := a.Fleet.LastSeen(org, row.ID); !at.IsZero() {
		s.LastSeen = wire.At(at)
	}
	return s
}

func (a *API) listReferences(c *operation.Call) error {
	query := c.Query()
	id, err := operation.ID("id", query.Get("id"))
	if err != nil {
		return err
	}
	refs, err := a.Engine.References(c.Request.Context(), c.Who, query.Get("kind"), id)
	return answered(c, refs, err)
}

// The enrolment key lets anything join the fleet, so it is the super admins'.
func superOnly(c *operation.Call) error {
	if c.Who.SuperAdmin() {
		return nil
	}
	return wire.Forbidden(wire.CodeScopeLimited, "Only super admins can see or replace the enrolment key.")
}

func (a *API) enrolmentKey(c *operation.Call) error {
	if err := superOnly(c); err != nil {
		return err
	}
	key, err := a.Auth.EnrolmentKey(c.Request.Context(), c.Who.Org)
	return answered(c, wire.EnrolmentKey{Key: key}, err)
}

// rotateEnrolmentKey takes effect for the next enrolment; connectors that are
// enrolled keep their tokens.
func (a *API) rotateEnrolmentKey(c *operation.Call) error {
	if err := superOnly(c); err != nil {
		return err
	}
	key := auth.NewEnrolmentKey()
	err := a.Engine.ReplaceSecret(c.Request.Context(), config.Caller(c.Who, c.IP), "enrolment key", func(ctx context.Context, tx *store.Tx) error {
		return a.Auth.SetEnrolmentKey(ctx, tx, c.Who.Org, key)
	})
	if err == nil && a.KeyRotated != nil {
		err = a.KeyRotated(c.Who.Org, key)
	}
	return answered(c, wire.EnrolmentKey{Key: key}, err)
}

package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// connectorOperations find a connector by what its provider calls it.
func (a *API) connectorOperations() []operation.Operation {
	vm := a.kinds.Kind(kinds.ECVMKind)
	if vm == nil { // a set of kinds of somebody's own
		return nil
	}
	const path = "/ecVm/uuid/{vmInstanceId}"
	instance := []operation.Param{{Name: "vmInstanceId", Says: "The instance id that the cloud knows the connector by, or its UUID."}}
	return []operation.Operation{
		{
			ID: "getEcVmByInstance", Method: "GET", Path: path, InPath: instance, Summary: "Get a connector VM by the cloud's own instance id",
			Feature: access.CloudProvisioning, Level: access.ReadOnly, Limit: vm.Read, Out: reflect.TypeFor[kinds.ECVM](), Status: http.StatusOK,
			Handle: func(c *operation.Call) error {
				ctx := c.Request.Context()
				id, err := a.findVM(ctx, c.Who.Org, vm, c.Request.PathValue("vmInstanceId"))
				if err != nil {
					return err
				}
				answer, err := a.Engine.Get(ctx, config.GetQuery{Org: c.Who.Org, Rev: c.Rev, Scope: c.Who.Scope, Kind: vm, View: resource.InGet, ID: id})
				return a.answer(c, answer, err)
			},
		},
		{
			ID: "deleteEcVmByInstance", Method: "DELETE", Path: path, InPath: instance, Summary: "Delete a connector VM by the cloud's own instance id",
			Feature: access.CloudProvisioning, Level: access.ReadWrite, Limit: vm.Remove, Status: http.StatusOK,
			Handle: func(c *operation.Call) error {
				ctx := c.Request.Context()
				id, err := a.findVM(ctx, c.Who.Org, vm, c.Request.PathValue("vmInstanceId"))
				if err != nil {
					return err
				}
				return a.removed(c, a.Engine.Delete(ctx, config.Caller(c.Who, c.IP), vm, id, 0), true)
			},
		},
	}
}

// findVM returns the id of the connector whose native id or uuid is given
// (behaviours.md 9.9). A uuid of ours says which VM it belongs to.
func (a *API) findVM(ctx context.Context, org int64, vm *resource.Spec, instance string) (int64, error) {
	id, err := a.Engine.ByKey(ctx, org, vm, instance)
	if !wire.HasCode(err, wire.CodeNotFound) {
		return id, err
	}
	named, ok := fleet.IDFromUUID(instance)
	if !ok {
		return 0, err
	}
	found, lookupErr := a.Engine.Value(ctx, org, vm, named)
	if lookupErr != nil {
		return 0, lookupErr
	}
	if found == nil || found.(*kinds.ECVM).MetaConfig.UUID != instance {
		return 0, err
	}
	return named, nil
}

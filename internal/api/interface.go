package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"reflect"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// vmOperations are what a connector VM has besides the generic ones.
func (a *API) vmOperations() []operation.Operation {
	vm, route := a.kinds.Kind(kinds.ECVMKind), a.kinds.Kind(kinds.ECRouteKind)
	if vm == nil || route == nil { // a set of kinds of somebody's own
		return nil
	}
	read := operation.Operation{Method: "GET", Feature: access.CloudProvisioning, Level: access.ReadOnly, Limit: vm.Read, Status: http.StatusOK}
	lite, health := read, read
	lite.ID, lite.Path, lite.Summary = "listEcVmsLite", "/ecVm/lite", "List connector VMs by id and name"
	lite.Query, lite.Out, lite.Handle = operation.PageParams(0), reflect.TypeFor[[]wire.Ref](), a.listVMRefs
	health.ID, health.Path, health.Summary = "getEcVmHealth", "/ecVm/health/{vmId}", "Get the health of a connector VM"
	health.Out, health.Handle = reflect.TypeFor[vmHealth](), a.vmHealth
	return []operation.Operation{lite, health, {
		ID: "deleteEcRoutes", Method: "DELETE", Path: route.Path, Summary: "Delete all routes of a connector VM",
		Feature: access.CloudProvisioning, Level: access.ReadWrite, Limit: route.Remove, Status: http.StatusNoContent,
		Handle: a.deleteRoutes(route),
	}}
}

// deleteRoutes removes what routes a connector has, be it none.
func (a *API) deleteRoutes(route *resource.Spec) handler {
	params := parentParams(route)
	return func(c *operation.Call) error {
		h, err := homeOf(c, params)
		if err != nil {
			return err
		}
		err = a.Engine.DeleteUnder(c.Request.Context(), config.Caller(c.Who, c.IP), route, h.parent, h.above...)
		return a.removed(c, err, false)
	}
}

// listVMRefs answers the connectors as references.
func (a *API) listVMRefs(c *operation.Call) error {
	offset, size, err := c.Page(0)
	if err != nil {
		return err
	}
	rows, err := a.Engine.Connectors(c.Request.Context(), c.Who, kinds.ECVMKind)
	if err != nil {
		return err
	}
	rows = rows[min(offset, len(rows)):]
	if size > 0 {
		rows = rows[:min(size, len(rows))]
	}
	out := make([]wire.Ref, 0, len(rows))
	for _, row := range rows {
		out = append(out, wire.Ref{ID: wire.Int(row.ID), Name: row.Name})
	}
	return c.JSON(http.StatusOK, out)
}

// vmHealth is the answer of GET /ecVm/health/{vmId}. What its status numbers
// mean is not published; ours are 1 for ACTIVE and 0 for anything else.
type vmHealth struct {
	ECID             wire.Int  `json:"ecId"`
	ErrorCodes       []string  `json:"errorCodes"`
	LastModifiedTime wire.Time `json:"lastModifiedTime"`
	Status           wire.Int  `json:"status"`
}

func (a *API) vmHealth(c *operation.Call) error {
	id, err := c.PathID("vmId")
	if err != nil {
		return err
	}
	vm := a.kinds.Kind(kinds.ECVMKind)
	v, err := a.Engine.Value(c.Request.Context(), c.Who.Org, vm, id)
	if err != nil {
		return err
	}
	if v == nil {
		return wire.NotFound(vm.Title, id)
	}
	out := vmHealth{ECID: wire.Int(id), ErrorCodes: []string{}}
	if at := a.Fleet.LastSeen(c.Who.Org, id); !at.IsZero() {
		out.LastModifiedTime = wire.At(at)
	}
	if v.(*kinds.ECVM).Enabled() && a.Fleet.Status(c.Who.Org, id) == "ACTIVE" {
		out.Status = 1
	}
	return c.JSON(http.StatusOK, out)
}

// createVM announces a connector. Once that is activated, a connector with its
// native id becomes this one when it enrols.
func (a *API) createVM(c *operation.Call) error {
	in, err := decode[kinds.ReservedVM](c)
	if err != nil {
		return err
	}
	vm := a.kinds.Kind(kinds.ECVMKind)
	switch native := in.MetaConfig.NativeID; {
	case in.ECGroup == nil || in.ECGroup.ID == 0:
		return wire.Invalid("ecGroup", "cannot be null")
	case native == "":
		return wire.Invalid("metaConfig.nativeId", "cannot be null")
	case len(native) > 128 || strings.ContainsFunc(native, func(r rune) bool { return r <= ' ' || r == '|' || r > '~' }):
		return wire.Invalid("metaConfig.nativeId", "must be a provider's id of an instance")
	}
	answer, err := a.Engine.Save(c.Request.Context(), config.Caller(c.Who, c.IP), resource.InPost, func(ctx context.Context, w *config.Writer) (store.Row, error) {
		group, err := w.Facts.Lookup.ByID(kinds.ECGroupKind, int64(in.ECGroup.ID))
		if err != nil {
			return store.Row{}, err
		}
		if group == nil {
			return store.Row{}, wire.Invalid("ecGroup", "names the connector group %d, which does not exist", in.ECGroup.ID)
		}
		if _, err := w.ByKey(ctx, store.Working, kinds.ECVMKind, in.MetaConfig.NativeID); err == nil {
			return store.Row{}, wire.Conflict(wire.CodeDuplicate, "metaConfig.nativeId %q is already used by another connector VM.", in.MetaConfig.NativeID)
		}
		reserved, err := reserve(&in, group.(*kinds.ECGroup))
		if err != nil {
			return store.Row{}, err
		}
		id := w.NextID()
		reserved.MetaConfig.UUID = fleet.NewUUID(id, rand.Reader)
		return w.Add(ctx, vm.New(reserved), config.Place{
			ID: id, Parent: int64(in.ECGroup.ID), Key: in.MetaConfig.NativeID, Mode: store.Staged,
		})
	})
	return a.answer(c, answer, err)
}

// reserve makes a connector VM that nobody has enrolled as yet.
func reserve(in *kinds.ReservedVM, group *kinds.ECGroup) (*kinds.ECVM, error) {
	vm := &kinds.ECVM{
		Name: in.Name, Status: []string{}, ProvTemplate: group.ProvTemplate, FormFactor: in.FormFactor,
		ManagementNw: kinds.NetworkOf(wire.Interface{}), BuildVersion: "0", HAStatus: "DISABLED",
		UpgradeStartTime: in.UpgradeStartTime, UpgradeEndTime: in.UpgradeEndTime, UpgradeDayOfWeek: in.UpgradeDayOfWeek,
		MetaConfig: kinds.MetaConfig{HostName: in.MetaConfig.HostName, NativeID: in.MetaConfig.NativeID},
	}
	if vm.FormFactor == "" {
		vm.FormFactor = "SMALL"
	}
	if vm.Name == "" {
		suffix, err := fleet.RandomSuffix(rand.Reader)
		if err != nil {
			return nil, err
		}
		vm.Name = fleet.VMName(group.Name, suffix)
	}
	return vm, nil
}

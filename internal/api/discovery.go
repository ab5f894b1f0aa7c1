package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// discoveryOperations are the trusted side of workload discovery, and the
// switches of what session logs show, of which an org has one set each.
func (a *API) discoveryOperations() []operation.Operation {
	info, status := a.kinds.Kind(kinds.PublicCloudInfoKind), a.kinds.Kind(kinds.PublicCloudAccountIDStatusKind)
	if info == nil || status == nil { // a set of kinds of somebody's own
		return nil
	}
	table := []operation.Operation{
		{
			ID: "getWorkloadDiscoverySettings", Method: "GET", Path: "/discoveryService/workloadDiscoverySettings",
			Summary: "Get the account and role that discovered accounts must trust", Feature: access.PublicCloud, Level: access.ReadOnly,
			Limit: operation.Rate("2/s 1000/h"), Status: http.StatusOK, Out: reflect.TypeFor[kinds.DiscoverySettings](),
			Handle: func(c *operation.Call) error {
				return c.JSON(http.StatusOK, kinds.DiscoverySettings{TrustedAccountID: kinds.TrustedAccountID, TrustedRoleName: kinds.TrustedRole})
			},
		},
		{
			ID: "verifyDiscoveryPermissions", Method: "PUT", Path: "/discoveryService/{id}/permissions",
			Summary: "Verify that an AWS account can be entered", Feature: access.PublicCloud, Level: access.ReadWrite,
			Limit: info.Write, Status: http.StatusOK, In: reflect.TypeFor[kinds.DiscoveryPermissions](), Out: reflect.TypeFor[kinds.DiscoveryPermissions](),
			Handle: a.verifyPermissions(info),
		},
	}
	entry := operation.Operation{
		Path: status.Path, Area: status.Area, Feature: status.Feature, Level: access.ReadWrite, Limit: status.Write, Status: http.StatusOK,
		In: status.Type, Out: status.Type, Handle: a.setIDStatus(status),
	}
	get, put, post, reset := entry, entry, entry, entry
	get.ID, get.Method, get.Summary = "getPublicCloudAccountIdStatus", "GET", "Get which account ids session logs show"
	get.Level, get.Limit, get.In, get.Handle = access.ReadOnly, status.Read, nil, a.getIDStatus(status)
	put.ID, put.Method, put.Summary = "updatePublicCloudAccountIdStatus", "PUT", "Set which account ids session logs show"
	post.ID, post.Method, post.Summary = "createPublicCloudAccountIdStatus", "POST", "Set which account ids session logs show, as a replace does"
	reset.ID, reset.Method, reset.Summary = "deletePublicCloudAccountIdStatus", "DELETE", "Show no account ids in session logs"
	reset.Status, reset.In, reset.Out, reset.Handle = http.StatusNoContent, nil, nil, a.resetIDStatus(status)
	return append(table, get, put, post, reset)
}

// verifyPermissions checks a role and an external id against an account, and
// records in the account what came of it.
func (a *API) verifyPermissions(info *resource.Spec) handler {
	return func(c *operation.Call) error {
		id, err := c.PathID("id")
		if err != nil {
			return err
		}
		in, err := decode[kinds.DiscoveryPermissions](c)
		switch {
		case err != nil:
			return err
		case in.DiscoveryRole == "":
			return wire.Invalid("discoveryRole", "cannot be null")
		case in.ExternalID == "":
			return wire.Invalid("externalId", "cannot be null")
		}
		_, err = a.Engine.Save(c.Request.Context(), config.Caller(c.Who, c.IP), resource.InPut, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			return w.Alter(ctx, info, id, func(v any) error {
				account := v.(*kinds.PublicCloudInfo)
				account.PermissionStatus = account.AccountDetails.Verify(in)
				return nil
			})
		})
		return answered(c, in, err)
	}
}

func (a *API) getIDStatus(status *resource.Spec) handler {
	return func(c *operation.Call) error {
		answer, err := a.Engine.Get(c.Request.Context(), config.GetQuery{
			Org: c.Who.Org, Rev: c.Rev, Kind: status, View: resource.InGet, ID: kinds.PublicCloudAccountIDStatusID,
		})
		return a.answer(c, answer, err)
	}
}

func (a *API) setIDStatus(status *resource.Spec) handler {
	return func(c *operation.Call) error {
		o, err := a.decode(c, status)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Replace(c.Request.Context(), config.Caller(c.Who, c.IP), o, kinds.PublicCloudAccountIDStatusID, 0)
		return a.answer(c, answer, err)
	}
}

func (a *API) resetIDStatus(status *resource.Spec) handler {
	return func(c *operation.Call) error {
		o := status.New(&kinds.PublicCloudAccountIDStatus{})
		_, err := a.Engine.Replace(c.Request.Context(), config.Caller(c.Who, c.IP), o, kinds.PublicCloudAccountIDStatusID, 0)
		return a.removed(c, err, false)
	}
}

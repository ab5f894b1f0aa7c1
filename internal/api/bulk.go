package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// top is the path at which all objects of a kind are found, wherever they
// hang, and written by the ids in bodies and queries.
type top struct {
	kind, path, plural string
	list               bool // else the generic list is at this path already
	post, put, remove  limit.Rate
}

// topOperations are the paths that the rate table alone names. They list all
// objects of a kind, replace the one whose id is in the body, and delete those
// whose ids are in the query.
func (a *API) topOperations() (table []operation.Operation) {
	usual, fast, none := operation.Rate("1/s 400/h"), operation.Rate("5/s 3000/h"), limit.Rate{}
	for _, t := range []top{
		{kinds.ECVMKind, "/ecVm", "EcVms", true, usual, usual, usual},
		{kinds.ECInterfaceKind, "/intf", "EcInterfaces", true, fast, fast, fast},
		{kinds.ECRouteKind, "/route", "EcRoutes", true, fast, fast, fast},
		{kinds.ECGroupKind, "/ecgroup", "EcGroups", false, fast, usual, none},
		{kinds.PublicCloudAccountKind, "/publicCloudAccountDetails", "PublicCloudAccounts", false, none, usual, usual},
	} {
		s := a.kinds.Kind(t.kind)
		if s == nil { // a set of kinds of somebody's own
			continue
		}
		entry := operation.Operation{Path: t.path, Area: s.Area, Feature: s.Feature, Level: access.ReadWrite, Status: http.StatusOK}
		if t.list {
			o := entry
			o.ID, o.Method, o.Summary = "listAll"+t.plural, "GET", "List the "+s.Title+"s of the org"
			o.Level, o.Limit, o.Query, o.Out = access.ReadOnly, s.Read, operation.PageParams(0), reflect.SliceOf(s.Type)
			o.Handle = a.list(s, resource.InList, 0, nil)
			table = append(table, o)
		}
		if !t.post.Unlimited() {
			o := entry
			o.ID, o.Method, o.Summary = "addTo"+t.plural, "POST", "Create "+operation.Article(s.Title)+" where its body says"
			o.Limit, o.In, o.Out, o.Handle = t.post, s.Type, s.Type, a.createAnywhere(s)
			if s.Name == kinds.ECVMKind {
				o.In = reflect.TypeFor[kinds.ReservedVM]()
			}
			table = append(table, o)
		}
		put := entry
		put.ID, put.Method, put.Summary = "replaceIn"+t.plural, "PUT", "Replace the "+s.Title+" whose id is in the body"
		put.Limit, put.In, put.Out, put.Handle = t.put, s.Type, s.Type, a.replaceByBody(s)
		table = append(table, put)
		if !t.remove.Unlimited() {
			o := entry
			o.ID, o.Method, o.Summary = "deleteFrom"+t.plural, "DELETE", "Delete the "+s.Title+"s whose ids are in the query"
			o.Limit, o.Status, o.Query = t.remove, http.StatusNoContent, []operation.Param{{Name: "id", Type: resource.Integer, Says: "The objects to delete: all of them, or none.", Repeated: true, Required: true}}
			o.Handle = a.removeByQuery(s)
			table = append(table, o)
		}
	}
	return table
}

// createAnywhere creates an object on what its own body names.
func (a *API) createAnywhere(s *resource.Spec) handler {
	if s.Name == kinds.ECVMKind {
		return a.createVM
	}
	return a.create(s, nil, nil)
}

// bodyID reads the id that a body names its object by.
func bodyID(body []byte) (int64, error) {
	var named struct {
		ID wire.Int `json:"id"`
	}
	if err := json.Unmarshal(body, &named); err != nil || named.ID <= 0 {
		return 0, wire.Invalid("id", "must be an id, a positive integer")
	}
	return int64(named.ID), nil
}

func (a *API) replaceByBody(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		o, err := s.Decode(c.Body)
		if err != nil {
			return err
		}
		for _, what := range s.Tolerated(c.Body) {
			if what.Path == "id" { // asked for here
				continue
			}
			if err := a.tolerances.take(c, what); err != nil {
				return err
			}
		}
		id, err := bodyID(c.Body)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Replace(c.Request.Context(), config.Caller(c.Who, c.IP), o, id, 0)
		return a.answer(c, answer, err)
	}
}

// removeByQuery deletes all objects named, or none of them. Without an id it
// deletes nothing: a forgotten parameter must not empty a fleet.
func (a *API) removeByQuery(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		var ids []int64
		for _, text := range strings.Split(strings.Join(c.Query()["id"], ","), ",") {
			id, err := operation.ID("id", text)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		_, err := a.Engine.Save(c.Request.Context(), config.Caller(c.Who, c.IP), resource.InGet, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			for _, id := range ids {
				if err := w.Delete(ctx, s, id, 0); err != nil {
					return store.Row{}, err
				}
			}
			return store.Row{}, nil
		})
		return a.removed(c, err, false)
	}
}

// count answers how many objects of a kind the org has, as a bare number.
func (a *API) count(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		n, err := a.Engine.Count(c.Request.Context(), c.Who, s)
		return answered(c, n, err)
	}
}

func countOperation(id, path string, s *resource.Spec, handle handler) operation.Operation {
	return operation.Operation{
		ID: id, Method: "GET", Path: path, Summary: "Count the " + s.Title + "s", Feature: s.Feature, Level: access.ReadOnly,
		Limit: s.Read, Out: reflect.TypeFor[int](), Status: http.StatusOK, Handle: handle,
	}
}

// selection names connectors, by their own ids and by their groups'.
type selection struct {
	VMGroupIDs []wire.Int `json:"vmGroupIds"`
	VMIDs      []wire.Int `json:"vmIds"`
}

// bulkStatus is the body of PUT /ecgroup/vmStatus.
type bulkStatus struct {
	Status string `json:"status" required:"true" enum:"ENABLE DISABLE"`
	selection
}

// bulkChannel is the body of PUT /ecgroup/releaseChannel.
type bulkChannel struct {
	ReleaseChannel string `json:"releaseChannel" required:"true" enum:"STABLE LATEST BETA"`
	selection
}

// bulkAnswer says which connectors were not changed, and why.
type bulkAnswer struct {
	FailedVMs map[string]string `json:"failedVms"`
}

// bulkOperations change many connectors at once. Only the contract names them,
// so their limits are the usual ones.
func (a *API) bulkOperations() []operation.Operation {
	vm, group := a.kinds.Kind(kinds.ECVMKind), a.kinds.Kind(kinds.ECGroupKind)
	if vm == nil || group == nil { // a set of kinds of somebody's own
		return nil
	}
	entry := operation.Operation{
		Method: "PUT", Feature: access.CloudProvisioning, Level: access.ReadWrite, Limit: vm.Write,
		Out: reflect.TypeFor[bulkAnswer](), Status: http.StatusOK,
	}
	status, channel := entry, entry
	status.ID, status.Path, status.Summary = "setVmStatus", "/ecgroup/vmStatus", "Enable or disable connector VMs"
	status.In, status.Handle = reflect.TypeFor[bulkStatus](), a.setVMStatus
	channel.ID, channel.Path, channel.Summary = "setReleaseChannel", "/ecgroup/releaseChannel", "Set the release channel of connector VMs"
	channel.In, channel.Handle = reflect.TypeFor[bulkChannel](), a.setReleaseChannel
	return []operation.Operation{status, channel, countOperation("countEcGroups", "/ecgroup/count", group, a.count(group))}
}

func (a *API) setVMStatus(c *operation.Call) error {
	in, err := decode[bulkStatus](c)
	if err != nil {
		return err
	}
	if in.Status != "ENABLE" && in.Status != "DISABLE" {
		return wire.Invalid("status", "must be one of ENABLE, DISABLE")
	}
	return a.changeVMs(c, in.selection, func(vm *kinds.ECVM) { vm.Enable(in.Status == "ENABLE") })
}

func (a *API) setReleaseChannel(c *operation.Call) error {
	in, err := decode[bulkChannel](c)
	if err != nil {
		return err
	}
	switch in.ReleaseChannel {
	case "STABLE", "LATEST", "BETA":
	default:
		return wire.Invalid("releaseChannel", "must be one of STABLE, LATEST, BETA")
	}
	return a.changeVMs(c, in.selection, func(vm *kinds.ECVM) { vm.ReleaseChannel = in.ReleaseChannel })
}

// changeVMs changes the connectors that exist, and says which do not.
func (a *API) changeVMs(c *operation.Call, chosen selection, change func(*kinds.ECVM)) error {
	if len(chosen.VMIDs) == 0 && len(chosen.VMGroupIDs) == 0 {
		return wire.Invalid("vmIds", "or vmGroupIds must be set")
	}
	vm := a.kinds.Kind(kinds.ECVMKind)
	var out bulkAnswer
	_, err := a.Engine.Save(c.Request.Context(), config.Caller(c.Who, c.IP), resource.InGet, func(ctx context.Context, w *config.Writer) (store.Row, error) {
		out.FailedVMs = map[string]string{} // a write may run twice
		ids, err := membersOf(ctx, w, chosen)
		if err != nil {
			return store.Row{}, err
		}
		for _, id := range ids {
			_, err := w.Alter(ctx, vm, id, func(v any) error {
				change(v.(*kinds.ECVM))
				return nil
			})
			var failed *wire.Error
			if errors.As(err, &failed) && failed.Code == wire.CodeNotFound {
				out.FailedVMs[strconv.FormatInt(id, 10)] = failed.Message
				continue
			}
			if err != nil {
				return store.Row{}, err
			}
		}
		return store.Row{}, nil
	})
	return answered(c, out, err)
}

// membersOf lists the chosen connectors, each once. A group that does not
// exist is an error: it has no connector to report it by.
func membersOf(ctx context.Context, w *config.Writer, chosen selection) (ids []int64, err error) {
	seen := map[int64]bool{}
	add := func(id int64) {
		if !seen[id] {
			ids = append(ids, id)
		}
		seen[id] = true
	}
	for _, g := range chosen.VMGroupIDs {
		if _, err := w.Get(ctx, store.Working, kinds.ECGroupKind, int64(g)); err != nil {
			return nil, wire.NotFound("connector group", g)
		}
		rows, err := w.Children(ctx, store.Working, kinds.ECVMKind, []int64{int64(g)})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			add(row.ID)
		}
	}
	for _, id := range chosen.VMIDs {
		add(int64(id))
	}
	return ids, nil
}

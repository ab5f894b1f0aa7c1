package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/resource"
)

// The two fleets have groups of the same size.
const (
	fewGroups  = 10
	manyGroups = 1000
	perGroup   = 4
	few        = fewGroups * perGroup
)

// slack is how much a request may cost more in a fleet a hundred times as
// large, or of an object with a hundred versions: nothing, but for the depth
// of the database's trees and what the processor's caches hold.
const slack = 1.3

// growth holds what a request costs in a large fleet against what it costs in
// a small one, and with history against without.
func (b *bench) growth(ctx context.Context) (err error) {
	small, err := b.fleetOf(ctx, "small", fewGroups)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, small.close()) }()
	large, err := b.fleetOf(ctx, "large", manyGroups)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, large.close()) }()
	callers := newCallers(readers)
	defer hangUp(callers)
	changed, err := small.template(ctx, "changed", versions)
	if err != nil {
		return err
	}
	calm, err := small.template(ctx, "calm", 0)
	if err != nil {
		return err
	}
	vm := func(w *world, i int) object {
		c := w.fleet[i%len(w.fleet)]
		return object{kinds.ECVMKind, fmt.Sprintf("/api/v1/ecgroup/%d/vm/%d", c.GroupID, c.VMID), c.VMID}
	}
	first := func(w *world) object { return vm(w, len(w.fleet)/2) }
	for _, c := range []contest{
		{id: "heartbeat", what: "heartbeat, 4,000 connectors to 40", base: small.beats(callers), subject: large.beats(callers)},
		{id: "heartbeat-first", what: "first heartbeat after an activation, same", base: small.firstBeats(callers), subject: large.firstBeats(callers)},
		{id: "get-fleet", what: "get of a VM, same", base: small.reads(callers, first(small)), subject: large.reads(callers, first(large))},
		{
			id: "get-fleet-db", what: "get of VMs that no cache holds, same",
			base:    small.uncached(func(i int) object { return vm(small, i*7) }),
			subject: large.uncached(func(i int) object { return vm(large, i*7) }),
		},
		{id: "get-history", what: "get of an object, 100 versions to none", base: small.reads(callers, calm), subject: small.reads(callers, changed)},
		{
			id: "get-history-db", what: "get of an object that no cache holds, same",
			base:    small.uncached(func(int) object { return calm }),
			subject: small.uncached(func(int) object { return changed }),
		},
	} {
		c.target = atMost(slack)
		if err := b.compete(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// object is one that is read.
type object struct {
	kind, path string
	id         int64
}

// fleetOf starts a server with a fleet.
func (b *bench) fleetOf(ctx context.Context, name string, groups int) (*world, error) {
	w, err := openWorld(ctx, b.folder(name))
	if err != nil {
		return nil, err
	}
	if err := w.enrolAll(ctx, groups, perGroup); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// template makes a location template and changes and activates it so often.
func (w *world) template(ctx context.Context, name string, changes int) (object, error) {
	var made struct {
		ID int64 `json:"id"`
	}
	in := map[string]any{"name": name, "template": map[string]any{"ofwEnabled": true}}
	if err := w.admin.Do(ctx, http.MethodPost, "/locationTemplate", in, &made); err != nil {
		return object{}, err
	}
	o := object{kinds.LocationTemplateKind, fmt.Sprintf("/api/v1/locationTemplate/%d", made.ID), made.ID}
	if err := w.activate(ctx); err != nil {
		return o, err
	}
	for v := range changes {
		in["desc"] = fmt.Sprintf("Version %d.", v)
		if err := w.admin.Do(ctx, http.MethodPut, o.path, in, nil); err != nil {
			return o, err
		}
		if err := w.activate(ctx); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (w *world) activate(ctx context.Context) error {
	return w.admin.Do(ctx, http.MethodPut, "/ecAdminActivateStatus/activate", nil, nil)
}

// reads is the load of one get.
func (w *world) reads(callers []*caller, o object) side { return same(callers, w.get(o.path)) }

// uncached reads objects with a revision that no cached answer has.
func (w *world) uncached(pick func(i int) object) side {
	engine := w.API().Engine
	return repeat(func(ctx context.Context, i int) error {
		o := pick(i)
		_, err := engine.Get(ctx, config.GetQuery{Org: w.org, Rev: -1, Kind: engine.Kinds().Kind(o.kind), View: resource.InGet, ID: o.id})
		return err
	})
}

// beats is the load of heartbeats. A half has those of as many connectors as
// the small fleet has, so that the reports that are written each second are
// as many on both sides; the next half has those of others.
func (w *world) beats(callers []*caller) side {
	halves := 0
	return func(ctx context.Context, d time.Duration) (cost, error) {
		halves++
		some := w.some(halves)
		return load(callers, func(client, n int) *call { return &some[(client+n*len(callers))%few].beat })(ctx, d)
	}
}

// some answers as many connectors as the small fleet has, from all over the
// fleet.
func (w *world) some(turn int) []*connector {
	out := make([]*connector, few)
	for i := range out {
		out[i] = &w.fleet[(i*len(w.fleet)/few+turn)%len(w.fleet)]
	}
	return out
}

// firstBeats is the load of heartbeats for which the server makes the
// connector's bundle, because an activation may have changed it. The
// activations are not measured.
func (w *world) firstBeats(callers []*caller) side {
	turn := 0
	return func(ctx context.Context, d time.Duration) (c cost, err error) {
		for began := time.Now(); time.Since(began) < d; {
			turn++
			if err := w.activate(ctx); err != nil {
				return c, err
			}
			some := w.some(turn)
			err := c.measure(func() (int, error) {
				return few, together(len(callers), func(i int) error {
					for n := i; n < few; n += len(callers) {
						if err := callers[i].do(ctx, &some[n].beat); err != nil {
							return err
						}
					}
					return nil
				})
			})
			if err != nil {
				return c, err
			}
		}
		return c, nil
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spurline/spurline/internal/kinds"
)

// The two fleets have groups of the same size.
const (
	fewGroups  = 10
	manyGroups = 1000
	perGroup   = 4
	few        = fewGroups * perGroup
)

// slack is how much more a request may cost in a fleet a hundred times as
// large, or for an object with a hundred versions. It should be nothing, but
// for the depth of the database's trees and what the processor's caches hold.
const slack = 1.3

// growth holds what a request costs in a large fleet against what it costs in
// a small one.
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
	} {
		c.target = atMost(slack)
		if err := b.compete(ctx, c); err != nil {
			return err
		}
	}
	return nil
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

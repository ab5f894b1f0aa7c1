package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/resource"
)

// reads compares a list and a get with bare net/http.
func (b *bench) reads(ctx context.Context) (err error) {
	const groups, each = 250, 4
	dir := b.folder("fleet")
	w, err := openWorld(ctx, dir)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, w.close())
		b.data = dir
	}()
	if err := w.enrolAll(ctx, groups, each); err != nil {
		return err
	}
	callers := newCallers(readers)
	defer hangUp(callers)
	vm := w.fleet[groups/2]
	for _, c := range []struct {
		contest
		path string
	}{
		{contest{id: "list", what: "list of 250 groups of 4 VMs, cached, of bare net/http", target: atLeast(0.7)}, "/api/v1/ecgroup?pageSize=250"},
		{contest{id: "get", what: "get of one VM, of bare net/http", target: atLeast(0.35)}, fmt.Sprintf("/api/v1/ecgroup/%d/vm/%d", vm.GroupID, vm.VMID)},
	} {
		if c.base, c.subject, err = w.versus(ctx, callers, c.path); err != nil {
			return err
		}
		if err := b.compete(ctx, c.contest); err != nil {
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

// readAll reads a successful answer to its end.
func readAll(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Request.URL.Path, resp.Status)
	}
	return body, err
}

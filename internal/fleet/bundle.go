package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
)

// errNoVM says that the active view has no such VM.
var errNoVM = errors.New("fleet: the VM is not in the active view")

// version is a state of an org's active view: its revision, and the imports
// that are in force at once.
type version struct{ active, imports int64 }

// running says which bundle a connector is to run, and when that was true: at
// a version, after an enrolment. Nothing else changes what a bundle is made of:
// edits are staged until an activation, and only imports and the connector's
// own enrolment write to rows that are active.
type running struct {
	version
	enrolled int64
	etag     string // with its quotes, as in the HTTP header; empty = not known
}

// current returns the ETag of what the connector is to run; errNoVM when it is
// gone.
func (f *Fleet) current(ctx context.Context, c *connector, enrolled int64) (string, error) {
	head, err := f.db.Head(ctx, c.org)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	runs := c.runs
	c.mu.Unlock()
	if runs.etag != "" && runs.version == (version{head.Active, f.engine.Imports(c.org)}) && runs.enrolled == enrolled {
		return runs.etag, nil
	}
	_, etag, err := f.render(ctx, c, enrolled)
	return etag, err
}

// render makes a connector's bundle and remembers it.
func (f *Fleet) render(ctx context.Context, c *connector, enrolled int64) (body []byte, etag string, err error) {
	now := running{enrolled: enrolled}
	now.imports = f.engine.Imports(c.org) // before the snapshot, which may have more
	err = f.engine.View(ctx, c.org, func(ctx context.Context, tx *store.Tx) error {
		now.active = int64(tx.Active())
		body, err = f.bundle(ctx, tx, c.vm, now.version)
		return err
	})
	if errors.Is(err, errNoVM) {
		return nil, "", err
	}
	if err != nil {
		return nil, "", fmt.Errorf("bundle of the VM %d: %w", c.vm, err)
	}
	now.etag = etagOf(body)
	c.mu.Lock()
	c.runs = now
	c.mu.Unlock()
	f.bodies.put(now.etag, body)
	return body, now.etag, nil
}

// bundle is what one VM runs: itself and what it hangs on, the rules that
// concern it and what they name, as the active view has them. There is nothing in it that changes while its content does not,
// because its ETag is made of its bytes.
func (f *Fleet) bundle(ctx context.Context, tx *store.Tx, id int64, at version) ([]byte, error) {
	row, vm, err := active[kinds.ECVM](ctx, f, tx, kinds.ECVMKind, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoVM
	}
	if err != nil {
		return nil, err
	}
	_, group, err := active[kinds.ECGroup](ctx, f, tx, kinds.ECGroupKind, row.Parent)
	if err != nil {
		return nil, err
	}
	view := f.engine.Active(tx)
	parts := []struct {
		member, kind string
		id           int64
	}{
		{`{"vm":`, kinds.ECVMKind, id},
		{`,"group":`, kinds.ECGroupKind, row.Parent},
		{`,"location":`, kinds.LocationKind, int64(group.Location.ID)},
		{`,"provisioningTemplate":`, kinds.ProvURLKind, int64(vm.ProvTemplate.ID)},
	}
	var b bytes.Buffer
	for i, part := range parts {
		body, err := view.Get(ctx, part.kind, part.id)
		if err != nil {
			return nil, fmt.Errorf("active %s %d: %w", part.kind, part.id, err)
		}
		b.WriteString(part.member)
		b.Write(body)
		if i == 0 {
			if err := owned(ctx, view, &b, id); err != nil {
				return nil, err
			}
		}
	}
	p, err := f.policy(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	site, err := f.site(ctx, tx, row.Parent, int64(group.Location.ID))
	if err != nil {
		return nil, err
	}
	p.write(&b, site)
	b.WriteByte('}')
	return b.Bytes(), nil
}

// site is where the connectors of a group stand.
func (f *Fleet) site(ctx context.Context, tx *store.Tx, group, location int64) (kinds.Site, error) {
	_, place, err := active[kinds.Location](ctx, f, tx, kinds.LocationKind, location)
	if err != nil {
		return kinds.Site{}, err
	}
	below, err := tx.Children(ctx, tx.Active(), kinds.LocationKind, []int64{location})
	if err != nil {
		return kinds.Site{}, err
	}
	site := kinds.Site{Group: group, Locations: []int64{location}, Workloads: place.InGroup(kinds.WorkloadGroupID)}
	for _, sub := range below {
		site.Locations = append(site.Locations, sub.ID)
	}
	return site, nil
}

// owned writes what hangs on a VM.
func owned(ctx context.Context, view config.ActiveView, b *bytes.Buffer, vm int64) error {
	for _, part := range []struct{ member, kind string }{
		{`,"instances":[`, kinds.ECInstanceKind}, {`,"interfaces":[`, kinds.ECInterfaceKind}, {`,"routes":[`, kinds.ECRouteKind},
	} {
		bodies, err := view.Children(ctx, part.kind, vm)
		if err != nil {
			return err
		}
		b.WriteString(part.member)
		b.Write(bytes.Join(bodies, []byte{','}))
		b.WriteByte(']')
	}
	return nil
}

// active reads an object of the active view, as a row and as the struct of its
// kind.
func active[T any](ctx context.Context, f *Fleet, tx *store.Tx, kind string, id int64) (store.Row, *T, error) {
	row, err := tx.Get(ctx, tx.Active(), kind, id)
	if err != nil {
		return row, nil, fmt.Errorf("active %s %d: %w", kind, id, err)
	}
	o, err := f.engine.Object(row)
	if err != nil {
		return row, nil, err
	}
	return row, o.Value().(*T), nil
}

// etagOf is the strong validator of a bundle.
func etagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

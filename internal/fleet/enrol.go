package fleet

import (
	"context"
	"errors"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// enrolled is what an enrolment has committed.
type enrolled struct {
	vm       store.Row
	uuid     string
	replaced []int64 // VMs whose tokens it took away
	rev      int64
}

// enrolling is one run of an enrolment's write. It changes nothing but the
// database, because a write may run twice.
type enrolling struct {
	*config.Writer
	engine   *config.Engine
	in       *wire.Enrolment
	ip       string
	template *kinds.ProvURL // the active version
}

// Enrol makes a connector of org, or finds the one that it was before, and
// gives it a token. Whatever inventory it needs and lacks is made in the same
// write, in force at once.
func (f *Fleet) Enrol(ctx context.Context, org int64, e wire.Enrolment, ip string) (wire.Enrolled, error) {
	if err := CheckEnrolment(&e); err != nil {
		return wire.Enrolled{}, err
	}
	token, hash := newToken()
	var done enrolled
	err := f.engine.Update(ctx, config.By{Org: org, IP: ip}, func(ctx context.Context, w *config.Writer) (err error) {
		n := &enrolling{Writer: w, engine: f.engine, in: &e, ip: ip}
		done, err = n.run(ctx, hash)
		return err
	})
	if err != nil {
		return wire.Enrolled{}, err
	}
	f.admit(org, hash, done)
	f.log.Info("a connector has enrolled", "org", org, "vm", done.vm.ID, "name", done.vm.Name, "nativeId", e.NativeID)
	return wire.Enrolled{
		Token: token, GroupID: done.vm.Parent, VMID: done.vm.ID, VMName: done.vm.Name, UUID: done.uuid,
		HeartbeatSeconds: f.seconds(),
	}, nil
}

// run is the write: the instance is the VM that it was before, unless that one
// is deleted, activated or not.
func (n *enrolling) run(ctx context.Context, hash tokenHash) (out enrolled, err error) {
	if err := n.findTemplate(ctx); err != nil {
		return out, err
	}
	out.vm, err = n.ByKey(ctx, store.Working, kinds.ECVMKind, n.in.NativeID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if out.vm, out.uuid, err = n.makeVM(ctx); err == nil {
			err = n.markDeployed(ctx)
		}
	case err == nil:
		out.uuid, err = n.refresh(ctx, out.vm)
	}
	if err != nil {
		return out, err
	}
	out.rev = n.Head().Rev
	out.replaced, err = n.replaceTokens(ctx, out.vm.ID, hash)
	return out, err
}

// findTemplate finds the template in the active view, because that is what
// connectors run, and has it live in working, because references to it are
// made there.
func (n *enrolling) findTemplate(ctx context.Context) error {
	name := n.in.Template
	row, err := n.ByName(ctx, n.Active(), kinds.ProvURLKind, -1, name)
	if errors.Is(err, store.ErrNotFound) {
		return n.noTemplate(ctx)
	}
	if err != nil {
		return err
	}
	_, err = n.Get(ctx, store.Working, kinds.ProvURLKind, row.ID)
	if errors.Is(err, store.ErrNotFound) {
		return wire.Invalid("template", "%q has been deleted", name)
	}
	if err != nil {
		return err
	}
	n.template, err = decoded[kinds.ProvURL](n, row)
	if err != nil {
		return err
	}
	data := n.template.Data
	if n.template.Type != "CLOUD" || data == nil || data.LocationTemplate == nil {
		return wire.Invalid("template", "%q is not for connectors in a cloud", name)
	}
	if data.CloudProviderType != n.in.Cloud {
		return wire.Invalid("cloud", "is %s, but the template %q is for %s", n.in.Cloud, name, data.CloudProviderType)
	}
	return nil
}

// markDeployed notes the first enrolment with the template.
func (n *enrolling) markDeployed(ctx context.Context) error {
	marks, err := n.Children(ctx, store.Working, kinds.DeploymentKind, []int64{int64(n.template.ID)})
	if err != nil || len(marks) > 0 {
		return err
	}
	_, err = n.Insert(ctx, n.New(kinds.DeploymentKind, &kinds.Deployment{}), config.Place{Parent: int64(n.template.ID), Mode: store.Immediate})
	return err
}

// noTemplate says why the active view has no template of the name.
func (n *enrolling) noTemplate(ctx context.Context) error {
	_, err := n.ByName(ctx, store.Working, kinds.ProvURLKind, -1, n.in.Template)
	if errors.Is(err, store.ErrNotFound) {
		return wire.Invalid("template", "%q does not exist", n.in.Template)
	}
	if err != nil {
		return err
	}
	return wire.Invalid("template", "%q is saved but not activated", n.in.Template)
}

// decoded reads a row as the struct of its kind.
func decoded[T any](n *enrolling, row store.Row) (*T, error) {
	o, err := n.engine.Object(row)
	if err != nil {
		return nil, err
	}
	return o.Value().(*T), nil
}

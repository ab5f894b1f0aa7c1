package fleet

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// refresh writes what a connector reports at another start into the VM that it
// is and into its instances. The VM stays in its group, wherever the connector
// says it is now.
func (n *enrolling) refresh(ctx context.Context, row store.Row) (uuid string, err error) {
	vm, err := amend(ctx, n, row, n.report)
	if err != nil {
		return "", err
	}
	rows, err := n.Children(ctx, store.Working, kinds.ECInstanceKind, []int64{row.ID})
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		_, err := amend(ctx, n, r, func(i *kinds.ECInstance) {
			i.NatIP, i.ServiceNw = vm.NatIP, readdressed(i.ServiceNw, n.in.Service)
		})
		if err != nil {
			return "", err
		}
	}
	return vm.MetaConfig.UUID, n.makeInstances(ctx, vm, len(rows))
}

// report writes into a VM what its connector says of itself; what it does not
// say stays as it was.
func (n *enrolling) report(vm *kinds.ECVM) {
	in := n.in
	if !slices.Contains(vm.Status, registered) {
		n.register(vm)
	}
	if in.FormFactor != "" {
		vm.FormFactor = in.FormFactor
	}
	if in.Build != "" && in.Build != vm.BuildVersion {
		vm.BuildVersion, vm.LastUpgradeTime = in.Build, wire.At(n.Facts.Now)
	}
	if in.NatIP != "" {
		vm.NatIP = in.NatIP
	}
	vm.ManagementNw = readdressed(vm.ManagementNw, in.Management)
	vm.MetaConfig.HostName = in.Name
}

// registered is the word in a VM's status that its enrolment leaves there.
const registered = "REGISTERED"

// register writes into a VM what it has from its first enrolment on. One that
// an admin announced, or disabled before that, was without.
func (n *enrolling) register(vm *kinds.ECVM) {
	in := n.in
	vm.Status = append(slices.Clone(vm.Status), registered, "PKG_REPO_REGISTERED")
	vm.NatIP = address("198.51.100.", in.NativeID, 1, 254)
	vm.ZIAGateway, vm.ZPABroker = address("203.0.113.", in.Region, 1, 127), address("203.0.113.", in.Region, 128, 254)
	vm.LastUpgradeTime = wire.At(n.Facts.Now)
	if r, ok := LookupRegion(in.Cloud, in.Region); ok {
		vm.CityGeoID = wire.Int(r.CityGeoID)
	}
}

// readdressed returns a network with the address that is reported for it, if
// there is one, and the ids that it has.
func readdressed(old kinds.ECNetwork, i wire.Interface) kinds.ECNetwork {
	if i.IP == "" && i.Netmask == "" && i.Gateway == "" && len(i.DNS) == 0 {
		return old
	}
	now := kinds.NetworkOf(i)
	now.ID, now.DNS.ID = old.ID, old.DNS.ID
	return now
}

// amend changes an object in place, in the working and in the active view, and
// returns the working one. Where the views have different rows, each keeps
// what makes it different: a pending edit stays pending.
func amend[T any](ctx context.Context, n *enrolling, row store.Row, change func(*T)) (*T, error) {
	v, body, err := changed(n, row, change)
	if err != nil {
		return nil, err
	}
	active, err := n.Get(ctx, n.Active(), row.Kind, row.ID)
	same := bytes.Equal(body, row.Body)
	row.Body = body
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && active.From == row.From:
		if same {
			return v, nil
		}
		return v, n.Amend(ctx, row)
	case err != nil:
		return nil, err
	}
	if _, active.Body, err = changed(n, active, change); err != nil {
		return nil, err
	}
	if err := n.Amend(ctx, active); err != nil { // of both rows
		return nil, err
	}
	return v, n.AmendWorking(ctx, row)
}

// changed decodes a row, changes it and encodes it.
func changed[T any](n *enrolling, row store.Row, change func(*T)) (*T, []byte, error) {
	o, err := n.engine.Object(row)
	if err != nil {
		return nil, nil, err
	}
	v := o.Value().(*T)
	change(v)
	body, err := o.Encode()
	return v, body, err
}

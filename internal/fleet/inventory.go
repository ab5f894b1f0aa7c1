package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"hash/fnv"
	"strconv"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// maxNumbered bounds the search for a name that is free.
const maxNumbered = 100

// inBoth finds inventory by key. What is deleted in working, and what the
// active view does not have yet, count as missing.
func (n *enrolling) inBoth(ctx context.Context, kind, key string) (store.Row, error) {
	row, err := n.ByKey(ctx, store.Working, kind, key)
	if err != nil {
		return store.Row{}, err
	}
	if _, err := n.Get(ctx, n.Active(), kind, row.ID); err != nil {
		return store.Row{}, err
	}
	return row, nil
}

// free returns the name, or the first numbered form of it, that no working
// object of the kind has. When none is free, the name is returned as it is and
// refused where it is used.
func (n *enrolling) free(ctx context.Context, kind, name string) (string, error) {
	try := name
	for i := 2; i <= maxNumbered; i++ {
		_, err := n.ByName(ctx, store.Working, kind, -1, try)
		if errors.Is(err, store.ErrNotFound) {
			return try, nil
		}
		if err != nil {
			return "", err
		}
		try = NumberedName(name, i)
	}
	return name, nil
}

// location returns the location of the connector's network.
func (n *enrolling) location(ctx context.Context) (store.Row, error) {
	in, templateID := n.in, int64(n.template.ID)
	key := LocationKey(in.Cloud, in.Region, in.Network, templateID)
	row, err := n.inBoth(ctx, kinds.LocationKind, key)
	if !errors.Is(err, store.ErrNotFound) {
		return row, err
	}
	row, err = n.Get(ctx, n.Active(), kinds.LocationTemplateKind, int64(n.template.Data.LocationTemplate.ID))
	if err != nil {
		return store.Row{}, err
	}
	template, err := decoded[kinds.LocationTemplate](n, row)
	if err != nil {
		return store.Row{}, err
	}
	name, err := n.free(ctx, kinds.LocationKind, LocationName(template.Template.TemplatePrefix, in.Region, in.Network))
	if err != nil {
		return store.Row{}, err
	}
	l := kinds.NewLocation(name)
	l.Apply(&template.Template)
	l.Country, l.TZ = CountryNone, TZNone
	if r, ok := LookupRegion(in.Cloud, in.Region); ok {
		l.Country, l.State, l.TZ = r.Country, r.State, r.TZ
	}
	l.ECLocation, l.CCLocation, l.Profile = true, true, "WORKLOAD"
	l.DynamicGroups = []wire.Ref{{ID: kinds.WorkloadGroupID, Name: kinds.WorkloadGroupName}}
	l.Description = "created on registration"
	l.VPCInfo = &kinds.VPCInfo{CloudProvider: in.Cloud, CloudMeta: kinds.CloudMeta{Name: in.Network, ID: 1}}
	return n.made(ctx, kinds.LocationKind, l, 0, key)
}

// group returns the group of the connector's zone. One that exists has its
// location; the location is made with the group otherwise.
func (n *enrolling) group(ctx context.Context) (store.Row, error) {
	in := n.in
	key := GroupKey(in.Cloud, in.Region, in.Network, in.Zone, int64(n.template.ID))
	row, err := n.inBoth(ctx, kinds.ECGroupKind, key)
	if !errors.Is(err, store.ErrNotFound) {
		return row, err
	}
	location, err := n.location(ctx)
	if err != nil {
		return store.Row{}, err
	}
	name, err := n.free(ctx, kinds.ECGroupKind, GroupName(in.Cloud, in.Region, in.Network, in.Zone))
	if err != nil {
		return store.Row{}, err
	}
	g := &kinds.ECGroup{
		Name: name, Desc: GroupDesc(in.Image, in.NativeID),
		DeployType: "CLOUD", Status: []string{"CLOUD"}, Platform: in.Cloud, TunnelMode: "UNENCRYPTED",
		Location: &wire.Ref{ID: wire.Int(location.ID)}, ProvTemplate: &wire.Ref{ID: n.template.ID},
	}
	switch in.Cloud {
	case AWS:
		g.AWSAvailabilityZone, _ = AWSZone(in.Zone)
	case Azure:
		g.AzureAvailabilityZone, _ = AzureZone(in.Region, in.Zone)
		g.AzureRegion = AzureRegion(in.Region)
	}
	return n.made(ctx, kinds.ECGroupKind, g, 0, key)
}

// makeVM makes a VM with its instances, in the group of its zone.
func (n *enrolling) makeVM(ctx context.Context) (row store.Row, uuid string, err error) {
	group, err := n.group(ctx)
	if err != nil {
		return row, "", err
	}
	suffix, err := RandomSuffix(rand.Reader)
	if err != nil {
		return row, "", err
	}
	vm := n.newVM(VMName(group.Name, suffix))
	row, err = n.Enrolled(ctx, kinds.ECVMKind, vm, group.ID, n.in.NativeID)
	if err != nil {
		return row, "", err
	}
	// The UUID holds the id, which storing the VM gave it.
	vm.MetaConfig.UUID = NewUUID(row.ID, rand.Reader)
	if row.Body, err = n.New(kinds.ECVMKind, vm).Encode(); err != nil {
		return row, "", err
	}
	if err := n.Amend(ctx, row); err != nil {
		return row, "", err
	}
	if err := n.record(ctx, row); err != nil {
		return row, "", err
	}
	return row, vm.MetaConfig.UUID, n.makeInstances(ctx, vm, 0)
}

// newVM returns a VM as it is before it has ids.
func (n *enrolling) newVM(name string) *kinds.ECVM {
	in := n.in
	vm := &kinds.ECVM{
		Name: name, ProvTemplate: &wire.Ref{ID: n.template.ID}, FormFactor: n.template.Data.FormFactor,
		ManagementNw: kinds.NetworkOf(wire.Interface{}), BuildVersion: "0",
		UpgradeEndTime: 7200, UpgradeDayOfWeek: 1, HAStatus: "DISABLED",
		MetaConfig: kinds.MetaConfig{NativeID: in.NativeID},
	}
	n.report(vm)
	return vm
}

// makeInstances makes what a VM lacks of the instances of its size, of which
// it has so many.
func (n *enrolling) makeInstances(ctx context.Context, vm *kinds.ECVM, has int) error {
	for i := has + 1; i <= instancesOf(vm.FormFactor); i++ {
		suffix, err := RandomSuffix(rand.Reader)
		if err != nil {
			return err
		}
		_, err = n.Enrolled(ctx, kinds.ECInstanceKind, &kinds.ECInstance{
			Name: InstanceName(vm.Name, i, suffix), Flags: "REGISTERED", InstanceType: "SME",
			RegisterTime: wire.At(n.Facts.Now), NatIP: vm.NatIP,
			ServiceNw: kinds.NetworkOf(n.in.Service), VirtualNw: kinds.NetworkOf(wire.Interface{}),
		}, int64(vm.ID), "")
		if err != nil {
			return err
		}
	}
	return nil
}

// instancesOf is how many instances a VM of that size runs.
func instancesOf(formFactor string) int {
	switch formFactor {
	case "LARGE":
		return 3
	case "MEDIUM":
		return 2
	default:
		return 1
	}
}

// address makes up an address of a range for documentation: the same for the
// same seed.
func address(prefix, seed string, first, last uint32) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(seed)) // a hash takes everything
	return prefix + strconv.Itoa(int(first+h.Sum32()%(last-first+1)))
}

// made stores new inventory and puts it on record.
func (n *enrolling) made(ctx context.Context, kind string, value any, parent int64, key string) (store.Row, error) {
	row, err := n.Enrolled(ctx, kind, value, parent, key)
	if err != nil {
		return row, err
	}
	return row, n.record(ctx, row)
}

// record notes in the audit trail what the enrolment has made. Nobody signed
// in did it, so the row names no admin.
func (n *enrolling) record(ctx context.Context, row store.Row) error {
	filed := n.engine.Kinds().Kind(row.Kind).Audit
	return audit.Write(ctx, n.Tx, audit.Entry{
		Org: n.Org(), At: n.Facts.Now, Action: audit.ActionCreate, Category: filed.Category, SubCategory: filed.Sub,
		Resource: row.Name, Kind: row.Kind, Object: row.ID, IP: n.ip,
		Interface: audit.InterfaceAPI, Result: audit.ResultSuccess, Rev: n.Head().Rev, After: row.Body,
	})
}

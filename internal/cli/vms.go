package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

func newVMs() *cobra.Command {
	cmd := shown{
		name: "vms", short: "List the connector VMs", getShort: "Show a connector VM, by GROUP/VM, name, id or native id",
		example: "  spurline vms list --watch\n  spurline vms list --group my-group --inactive\n  spurline vms get my-group/my-vm -o yaml\n" +
			"  spurline vms list --query \"[?operationalStatus=='INACTIVE'].[group.name, name]\"",
		get: getVM,
		names: func(ctx context.Context, s *session) ([]string, error) {
			inv, err := s.inventory(ctx)
			if err != nil {
				return nil, err
			}
			return inv.vmNames(), nil
		},
	}
	var only vmFilter
	cmd.list = func(ctx context.Context, s *session, _ []string) error { return listVMs(ctx, s, only) }
	c := cmd.command()
	for _, of := range append(c.Commands(), c) {
		if of == c || of.Name() == "list" {
			of.Flags().StringVar(&only.group, "group", "", "only those of a group, by name or id")
			of.Flags().BoolVar(&only.inactive, "inactive", false, "only those that do not report")
			_ = of.RegisterFlagCompletionFunc("group", completing(groupNames))
		}
	}
	return c
}

// vmNames are the names that tell VMs apart, for completion.
func (inv *inventory) vmNames() []string {
	var names []string
	for _, vm := range inv.vms {
		names = append(names, vm.object.group.Name+"/"+vm.object.Name+"\t"+vm.object.OperationalStatus)
	}
	return names
}

func groupNames(ctx context.Context, s *session) ([]string, error) {
	groups, err := list[fleetGroup](ctx, s, "list the groups", "/ecgroup")
	var names []string
	for _, g := range groups {
		names = append(names, g.object.Name+"\t"+activeOf(g))
	}
	return names, err
}

type vmFilter struct {
	group    string
	inactive bool
}

func listVMs(ctx context.Context, s *session, only vmFilter) error {
	inv, err := s.inventory(ctx)
	if err != nil {
		return err
	}
	var group wire.Int
	if only.group != "" {
		g, err := inv.group(only.group)
		if err != nil {
			return err
		}
		group = g.object.ID
	}
	var vms []entry[fleetVM]
	for _, vm := range inv.vms {
		if (group == 0 || vm.object.group.ID == group) && (!only.inactive || vm.object.OperationalStatus != statusActive) {
			vms = append(vms, vm)
		}
	}
	return show(s.printer, vmNoun(), vms)
}

func vmNoun() noun[entry[fleetVM]] {
	type row = entry[fleetVM]
	return noun[row]{one: "VM", many: "VMs", columns: []column[row]{
		{head: "ID", text: func(v row) string { return fmt.Sprint(v.object.ID) }, tone: always[row](faint)},
		{head: "GROUP", text: func(v row) string { return v.object.group.Name }, spare: true},
		{head: "NAME", text: func(v row) string { return v.object.Name }, tone: always[row](strong)},
		{head: "STATUS", text: func(v row) string { return dash(v.object.OperationalStatus) }, tone: vmTone},
		{head: "LAST SEEN", when: func(v row) wire.Time { return v.object.lastSeen }, unknown: func(v row) bool { return !v.object.seen }},
		{head: "VERSION", text: func(v row) string { return dash(v.object.BuildVersion) }, spare: true},
		{head: "LOCATION", text: func(v row) string { return nameOf(v.object.group.Location) }, spare: true},
		{head: "NATIVE ID", text: func(v row) string { return dash(v.object.MetaConfig.NativeID) }, spare: true},
		{head: "UUID", text: func(v row) string { return dash(v.object.MetaConfig.UUID) }, detail: true},
		{head: "ADMIN STATUS", text: func(v row) string { return dash(strings.Join(v.object.Status, " ")) }, detail: true},
		{head: "HA", text: func(v row) string { return dash(v.object.HAStatus) }, detail: true},
		{head: "PLATFORM", text: func(v row) string { return dash(v.object.group.Platform) }, detail: true},
		{head: "ZONE", text: func(v row) string { return v.object.group.zone() }, detail: true},
		{head: "TEMPLATE", text: func(v row) string { return nameOf(v.object.ProvTemplate) }, detail: true},
		{head: "SIZE", text: func(v row) string { return dash(v.object.FormFactor) }, detail: true},
		{head: "MANAGEMENT IP", text: func(v row) string { return dash(v.object.ManagementNw.IPStart) }, detail: true},
		{head: "NAT IP", text: func(v row) string { return dash(v.object.NatIP) }, detail: true},
		{head: "LAST UPGRADE", when: func(v row) wire.Time { return v.object.LastUpgradeTime }, detail: true},
	}}
}

func vmTone(v entry[fleetVM]) tone {
	if v.object.OperationalStatus == statusActive {
		return good
	}
	return bad
}

func getVM(ctx context.Context, s *session, args []string) error {
	inv, err := s.inventory(ctx)
	if err != nil {
		return err
	}
	found, err := inv.vm(args[0])
	if err != nil {
		return err
	}
	o := found.object
	vm, err := get[fleetVM](ctx, s, "get the VM "+o.Name, fmt.Sprintf("/ecgroup/%d/vm/%d", o.group.ID, o.ID))
	if err != nil {
		return err
	}
	vm.extra, vm.object.group, vm.object.lastSeen, vm.object.seen = found.extra, o.group, o.lastSeen, o.seen
	return showOne(s.printer, vmNoun(), vm)
}

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newGroups() *cobra.Command {
	return shown{
		name: "groups", short: "List the connector groups", getShort: "Show a connector group and its VMs, by name or id",
		example: "  spurline groups list\n  spurline groups get my-group\n  spurline groups list -o json --query '[].{name: name, vms: length(ecVMs)}'",
		list: func(ctx context.Context, s *session, _ []string) error {
			groups, err := list[fleetGroup](ctx, s, "list the groups", "/ecgroup")
			if err != nil {
				return err
			}
			return show(s.printer, groupNoun(), groups)
		},
		get:   getGroup,
		names: groupNames,
	}.command()
}

func groupNoun() noun[entry[fleetGroup]] {
	type row = entry[fleetGroup]
	return noun[row]{one: "group", many: "groups", columns: []column[row]{
		{head: "ID", text: func(g row) string { return fmt.Sprint(g.object.ID) }, tone: always[row](faint)},
		{head: "NAME", text: func(g row) string { return g.object.Name }, tone: always[row](strong)},
		{head: "PLATFORM", text: func(g row) string { return dash(g.object.Platform) }, spare: true},
		{head: "ZONE", text: func(g row) string { return g.object.zone() }, spare: true},
		{head: "LOCATION", text: func(g row) string { return nameOf(g.object.Location) }, spare: true},
		{head: "TEMPLATE", text: func(g row) string { return nameOf(g.object.ProvTemplate) }, spare: true},
		{head: "VMS", text: func(g row) string { return fmt.Sprint(len(g.object.ECVMs)) }},
		{head: "ACTIVE", text: func(g row) string { return fmt.Sprint(g.object.active()) }, tone: groupTone},
		{head: "STATUS", text: func(g row) string { return dash(strings.Join(g.object.Status, " ")) }, detail: true},
		{head: "DEPLOYMENT", text: func(g row) string { return dash(g.object.DeployType) }, detail: true},
		{head: "TUNNEL", text: func(g row) string { return dash(g.object.TunnelMode) }, detail: true},
		{head: "DESCRIPTION", text: func(g row) string { return dash(g.object.Desc) }, detail: true},
	}}
}

func always[T any](t tone) func(T) tone { return func(T) tone { return t } }

func groupTone(g entry[fleetGroup]) tone {
	switch g.object.active() {
	case len(g.object.ECVMs):
		return good
	case 0:
		return bad
	default:
		return warn
	}
}

func activeOf(g entry[fleetGroup]) string {
	return fmt.Sprintf("%d of %s active", g.object.active(), count(len(g.object.ECVMs), "VM", "VMs"))
}

func getGroup(ctx context.Context, s *session, args []string) error {
	inv, err := s.inventory(ctx)
	if err != nil {
		return err
	}
	found, err := inv.group(args[0])
	if err != nil {
		return err
	}
	g, err := get[fleetGroup](ctx, s, "get the group "+found.object.Name, fmt.Sprintf("/ecgroup/%d", found.object.ID))
	if err != nil {
		return err
	}
	if err := showOne(s.printer, groupNoun(), g); err != nil || s.printer.format != "table" {
		return err
	}
	var vms []entry[fleetVM]
	for _, vm := range inv.vms {
		if vm.object.group.ID == g.object.ID {
			vms = append(vms, vm)
		}
	}
	fmt.Fprintln(s.printer.out)
	return show(s.printer, vmNoun(), vms)
}

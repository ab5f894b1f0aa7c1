package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// connectorVM is what a deletion reads of a VM.
type connectorVM struct {
	ID                wire.Int `json:"id"`
	Name              string   `json:"name"`
	Status            []string `json:"status"`
	OperationalStatus string   `json:"operationalStatus"`
	MetaConfig        struct {
		NativeID string `json:"nativeId"`
		UUID     string `json:"uuid"`
	} `json:"metaConfig"`
}

// active reports whether the VM still reports.
func (v *connectorVM) active() bool { return v.OperationalStatus == "ACTIVE" }

// connectorGroup is what a deletion reads of a group.
type connectorGroup struct {
	ID                    wire.Int      `json:"id"`
	Name                  string        `json:"name"`
	DeployType            string        `json:"deployType"`
	Platform              string        `json:"platform"`
	AWSAvailabilityZone   string        `json:"awsAvailabilityZone"`
	AzureAvailabilityZone string        `json:"azureAvailabilityZone"`
	AzureRegion           string        `json:"azureRegion"`
	Location              *wire.Ref     `json:"location"`
	ECVMs                 []connectorVM `json:"ecVMs"`
}

// target is what the command line names: GROUP/VM, each by name or id, or the
// provider's id of the instance.
type target struct {
	path     string
	nativeID string
}

// String is the target as the command line spells it.
func (t target) String() string {
	if t.nativeID != "" {
		return "--native-id " + quote(t.nativeID)
	}
	return quote(t.path)
}

// found is a VM with its group.
type found struct {
	group connectorGroup
	vm    connectorVM
}

func (f found) path() string { return vmPath(int64(f.group.ID), int64(f.vm.ID)) }

func vmPath(group, vm int64) string { return fmt.Sprintf("/ecgroup/%d/vm/%d", group, vm) }

// find looks the target up.
func (r *remote) find(ctx context.Context, t target) (found, error) {
	if t.nativeID != "" {
		return r.findNative(ctx, t.nativeID)
	}
	groups, err := r.groups(ctx)
	if err != nil {
		return found{}, err
	}
	return choose(groups, t)
}

// groups lists all groups with their VMs, page by page.
func (r *remote) groups(ctx context.Context) ([]connectorGroup, error) {
	const size = 1000
	var all []connectorGroup
	for page := 1; ; page++ {
		var some []connectorGroup
		if err := r.get(ctx, "list the groups", fmt.Sprintf("/ecgroup?page=%d&pageSize=%d", page, size), &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < size {
			return all, nil
		}
	}
}

// findNative finds a VM by its provider's id. A server without the operation
// for that says the same by listing its groups.
func (r *remote) findNative(ctx context.Context, id string) (found, error) {
	var vm connectorVM
	err := r.get(ctx, "find the instance "+id, "/ecVm/uuid/"+url.PathEscape(id), &vm)
	if err != nil && !absent(err) {
		return found{}, err
	}
	groups, listErr := r.groups(ctx)
	if listErr != nil {
		return found{}, listErr
	}
	var all []found
	for _, g := range groups {
		for _, v := range g.ECVMs {
			if err == nil && v.ID == vm.ID || err != nil && (v.MetaConfig.NativeID == id || v.MetaConfig.UUID == id) {
				all = append(all, found{g, v})
			}
		}
	}
	return only(all, target{nativeID: id}, "no connector runs on the instance "+id)
}

// choose picks the one VM that the target names. A name may hold slashes, so
// every one of the target's may be the one between group and VM.
func choose(groups []connectorGroup, t target) (found, error) {
	var all []found
	missing := fmt.Sprintf("there is no group and VM %s; 'spurline vms list' lists them", t)
	for i, c := range t.path {
		if c != '/' {
			continue
		}
		group, vm := t.path[:i], t.path[i+1:]
		for _, g := range groups {
			if !named(group, g.Name, g.ID) {
				continue
			}
			missing = fmt.Sprintf("the group %s (id %d) has no VM %s; %s", g.Name, g.ID, vm, members(g))
			for _, v := range g.ECVMs {
				if named(vm, v.Name, v.ID) {
					all = append(all, found{g, v})
				}
			}
		}
	}
	return only(all, t, missing)
}

func named(text, name string, id wire.Int) bool {
	return text == name || text == strconv.FormatInt(int64(id), 10)
}

// members says which VMs a group has.
func members(g connectorGroup) string {
	if len(g.ECVMs) == 0 {
		return "it is empty"
	}
	var names []string
	for _, v := range g.ECVMs {
		names = append(names, fmt.Sprintf("%s (id %d)", v.Name, v.ID))
	}
	return "it has " + strings.Join(names, ", ")
}

// only returns the one that was found. The candidates of an ambiguous target
// are listed the way they are told apart.
func only(all []found, t target, missing string) (found, error) {
	switch len(all) {
	case 0:
		return found{}, &failure{exitNotFound, errors.New(missing)}
	case 1:
		return all[0], nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s names %d connectors; name one by its ids:", t, len(all))
	for _, f := range all {
		fmt.Fprintf(&b, "\n  %d/%d  %s/%s", f.group.ID, f.vm.ID, f.group.Name, f.vm.Name)
	}
	return found{}, &failure{exitUsage, errors.New(b.String())}
}

package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// fleetGroup is what is shown of a connector group.
type fleetGroup struct {
	ID                    wire.Int  `json:"id"`
	Name                  string    `json:"name"`
	Desc                  string    `json:"desc"`
	DeployType            string    `json:"deployType"`
	Status                []string  `json:"status"`
	Platform              string    `json:"platform"`
	AWSAvailabilityZone   string    `json:"awsAvailabilityZone"`
	AzureAvailabilityZone string    `json:"azureAvailabilityZone"`
	AzureRegion           string    `json:"azureRegion"`
	Location              *wire.Ref `json:"location"`
	ProvTemplate          *wire.Ref `json:"provTemplate"`
	TunnelMode            string    `json:"tunnelMode"`
	ECVMs                 []keptVM  `json:"ecVMs"`
}

// fleetVM is what is shown of a VM. Group, location and last seen are not in
// the vendor's object.
type fleetVM struct {
	ID                wire.Int  `json:"id"`
	Name              string    `json:"name"`
	Status            []string  `json:"status"`
	OperationalStatus string    `json:"operationalStatus"`
	ProvTemplate      *wire.Ref `json:"provTemplate"`
	FormFactor        string    `json:"formFactor"`
	NatIP             string    `json:"natIp"`
	BuildVersion      string    `json:"buildVersion"`
	LastUpgradeTime   wire.Time `json:"lastUpgradeTime"`
	HAStatus          string    `json:"haStatus"`
	ManagementNw      struct {
		IPStart string `json:"ipStart"`
	} `json:"managementNw"`
	MetaConfig struct {
		HostName string `json:"hostName"`
		NativeID string `json:"nativeId"`
		UUID     string `json:"uuid"`
	} `json:"metaConfig"`

	group    *fleetGroup
	lastSeen wire.Time
	seen     bool // the server tells when it was last seen
}

// keptVM decodes a VM and keeps its bytes.
type keptVM struct{ entry[fleetVM] }

// UnmarshalJSON reads a VM.
func (k *keptVM) UnmarshalJSON(data []byte) (err error) {
	k.entry, err = entryOf[fleetVM](append([]byte(nil), data...))
	return err
}

func (g *fleetGroup) zone() string {
	return cmp.Or(g.AWSAvailabilityZone, strings.Trim(g.AzureRegion+" "+g.AzureAvailabilityZone, " "), "-")
}

func (g *fleetGroup) active() int {
	n := 0
	for _, vm := range g.ECVMs {
		if vm.object.OperationalStatus == statusActive {
			n++
		}
	}
	return n
}

const statusActive = "ACTIVE"

// inventory is the fleet as the server shows it.
type inventory struct {
	groups []entry[fleetGroup]
	vms    []entry[fleetVM]
}

// inventory reads the fleet.
func (s *session) inventory(ctx context.Context) (*inventory, error) {
	groups, err := list[fleetGroup](ctx, s, "list the groups", "/ecgroup")
	if err != nil {
		return nil, err
	}
	seen, err := s.lastSeen(ctx)
	if err != nil {
		return nil, err
	}
	inv := &inventory{groups: groups}
	for i := range groups {
		for _, vm := range groups[i].object.ECVMs {
			inv.vms = append(inv.vms, placed(vm.entry, &groups[i].object, seen))
		}
	}
	return inv, nil
}

// placed completes a VM with what is not in the vendor's object.
func placed(vm entry[fleetVM], g *fleetGroup, seen map[int64]wire.Time) entry[fleetVM] {
	vm.object.group = g
	vm.extra = []member{{"group", wire.Ref{ID: g.ID, Name: g.Name}}, {"location", g.Location}}
	if seen != nil {
		vm.object.lastSeen, vm.object.seen = seen[int64(vm.object.ID)], true
		vm.extra = append(vm.extra, member{"lastSeen", vm.object.lastSeen})
	}
	return vm
}

// lastSeen reads when VMs were last heard of; nil where the server does not
// tell, as the vendor's cloud does not.
func (s *session) lastSeen(ctx context.Context) (map[int64]wire.Time, error) {
	if !s.sandbox {
		return nil, nil
	}
	var states []wire.VMState
	if err := s.do(ctx, "see when connectors were last heard of", http.MethodGet, "/spurline/v1/vms", nil, &states); err != nil {
		return nil, err
	}
	seen := map[int64]wire.Time{}
	for _, v := range states {
		seen[v.ID] = v.LastSeen
	}
	return seen, nil
}

func (inv *inventory) group(arg string) (entry[fleetGroup], error) {
	return choices[entry[fleetGroup]]{
		"group", "spurline groups list", inv.groups,
		func(g entry[fleetGroup]) int64 { return int64(g.object.ID) },
		func(g entry[fleetGroup]) []string { return []string{g.object.Name} },
	}.find(arg)
}

// vm finds a VM by its name, its host's, its id, the provider's id of its
// instance, its UUID, or GROUP/VM with either by name or id.
func (inv *inventory) vm(arg string) (entry[fleetVM], error) {
	return choices[entry[fleetVM]]{
		"VM", "spurline vms list", inv.vms,
		func(v entry[fleetVM]) int64 { return int64(v.object.ID) },
		func(v entry[fleetVM]) []string {
			o := v.object
			names := []string{o.Name, o.MetaConfig.HostName, o.MetaConfig.NativeID, o.MetaConfig.UUID}
			for _, group := range []string{o.group.Name, fmt.Sprint(o.group.ID)} {
				names = append(names, group+"/"+o.Name, fmt.Sprintf("%s/%d", group, o.ID))
			}
			return names
		},
	}.find(arg)
}

func nameOf(r *wire.Ref) string {
	switch {
	case r == nil:
		return "-"
	case r.Name == "":
		return fmt.Sprint(r.ID)
	default:
		return r.Name
	}
}

func dash(s string) string { return cmp.Or(s, "-") }

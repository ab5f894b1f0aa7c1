package kinds

import (
	"slices"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// ECGroup is a group of connectors at one place. Source: resources/ec-group.md,
// order of the published example; it is made by enrolment, never by a create.
type ECGroup struct {
	ID                    wire.Int      `json:"id" readonly:"true"`
	Name                  string        `json:"name" required:"true" max:"255"`
	Desc                  string        `json:"desc,omitempty" max:"10240" view:"lite:show"`
	DeployType            string        `json:"deployType" enum:"ONPREM CLOUD DISABLED MON_DELETED DELETING DELETING_LAST DELETED" view:"lite:show"`
	Status                []string      `json:"status" view:"lite:show"`
	Platform              string        `json:"platform,omitempty" enum:"AWS AZURE GCP CENTOS REDHAT_LINUX VMWARE_ESXI" view:"lite:show"`
	AWSAvailabilityZone   string        `json:"awsAvailabilityZone,omitempty" max:"64" view:"lite:show"`
	AzureAvailabilityZone string        `json:"azureAvailabilityZone,omitempty" max:"64" view:"lite:show"`
	AzureRegion           string        `json:"azureRegion,omitempty" max:"64"`
	Location              *wire.Ref     `json:"location" ref:"location" scope:"true" view:"lite:show"`
	MaxECCount            wire.Int      `json:"maxEcCount" min:"0" max:"16" view:"lite:show"`
	ProvTemplate          *wire.Ref     `json:"provTemplate" ref:"provUrl"`
	TunnelMode            string        `json:"tunnelMode" enum:"UNENCRYPTED DTLS" view:"lite:show"`
	ECVMs                 resource.Live `json:"ecVMs" live:"children ecVm" view:"lite:show"`
}

// MaxVMsPerGroup is the documented limit.
const MaxVMsPerGroup = 16

func ecGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ECGroup]{
		Name: ECGroupKind, Title: "connector group", Path: "/ecgroup",
		Ops:  resource.List | resource.Lite | resource.LiteGet | resource.Get | resource.Update | resource.Delete,
		Area: resource.ConnectorGroups, Feature: access.CloudProvisioning,
		// Max: 1,000 cloud and 1,000 branch groups (behaviours.md section 15).
		Limits:   resource.Limits{Read: fastRead, Write: usualWrite, Page: 250, LitePage: 20, Max: 1000, Per: "deployType"},
		Audit:    resource.Audit{Category: "Cloud Management", Sub: "Cloud & Branch Connector Group"},
		Unique:   resource.UniqueName,
		Filters:  []resource.Filter[ECGroup]{{Param: "name", Says: "A part of the name, in any case.", Name: resource.NameContains}},
		Defaults: fillGroup,
		Validate: func(_ resource.Facts, g *ECGroup) error {
			switch {
			case g.Location == nil:
				return wire.Invalid("location", "cannot be null")
			case g.ProvTemplate == nil:
				return wire.Invalid("provTemplate", "cannot be null")
			}
			return nil
		},
	})
}

// fillGroup keeps what a group is: where it lies, what its connectors run on
// and what they enrol with. An admin changes the rest.
func fillGroup(f resource.Facts, g *ECGroup) {
	g.TunnelMode = or(g.TunnelMode, "UNENCRYPTED")
	if old, ok := f.Old.(*ECGroup); ok {
		kept := *old
		kept.Name, kept.Desc, kept.MaxECCount, kept.TunnelMode = g.Name, g.Desc, g.MaxECCount, g.TunnelMode
		*g = kept
		return
	}
	g.DeployType = or(g.DeployType, "CLOUD")
	g.Status = []string{g.DeployType}
	if g.Platform == "" && g.ProvTemplate != nil {
		if t, err := f.Lookup.ByID(ProvURLKind, int64(g.ProvTemplate.ID)); err == nil && t != nil {
			g.Platform = t.(*ProvURL).Data.CloudProviderType
		}
	}
}

// ECVM is one connector. Source: resources/ec-vm.md, order of its example.
type ECVM struct {
	ID                wire.Int      `json:"id" readonly:"true"`
	Name              string        `json:"name" readonly:"true"`
	Status            []string      `json:"status" readonly:"true"`
	OperationalStatus resource.Live `json:"operationalStatus" live:"status"`
	ProvTemplate      *wire.Ref     `json:"provTemplate" readonly:"true" ref:"provUrl"`
	FormFactor        string        `json:"formFactor" readonly:"true" enum:"SMALL MEDIUM LARGE"`
	ManagementNw      ECNetwork     `json:"managementNw" readonly:"true"`
	ECInstances       resource.Live `json:"ecInstances" live:"children ecInstance"`
	CityGeoID         wire.Int      `json:"cityGeoId" readonly:"true"`
	NatIP             string        `json:"natIp,omitempty" readonly:"true"`
	ZIAGateway        string        `json:"ziaGateway,omitempty" readonly:"true"`
	ZPABroker         string        `json:"zpaBroker,omitempty" readonly:"true"`
	BuildVersion      string        `json:"buildVersion" readonly:"true"`
	LastUpgradeTime   wire.Time     `json:"lastUpgradeTime" readonly:"true"`
	UpgradeStatus     wire.Int      `json:"upgradeStatus" readonly:"true" view:"lite:show"`
	UpgradeStartTime  wire.Int      `json:"upgradeStartTime" min:"0" max:"86400" view:"lite:show"`
	UpgradeEndTime    wire.Int      `json:"upgradeEndTime" min:"0" max:"86400" view:"lite:show"`
	UpgradeDayOfWeek  wire.Int      `json:"upgradeDayOfWeek" min:"1" max:"7"`
	HAStatus          string        `json:"haStatus" readonly:"true" enum:"INIT ACTIVE STANDBY DISABLED"`
	MetaConfig        MetaConfig    `json:"metaConfig" readonly:"true"`
	ReleaseChannel    string        `json:"releaseChannel,omitempty" readonly:"true" enum:"STABLE LATEST BETA"`
}

// MetaConfig says what the connector is at its provider. An object is found
// by either of the last two (behaviours.md 9.9).
type MetaConfig struct {
	HostName string `json:"hostName"`
	NativeID string `json:"nativeId"`
	RepoTag  string `json:"repoTag,omitempty"`
	UUID     string `json:"uuid"`
}

// ECNetwork is an interface's address; unset addresses are 0.0.0.0. Source:
// resources/common.md.
type ECNetwork struct {
	ID             wire.Int `json:"id" assign:"id"`
	IPStart        string   `json:"ipStart"`
	IPEnd          string   `json:"ipEnd"`
	Netmask        string   `json:"netmask"`
	DefaultGateway string   `json:"defaultGateway"`
	NWType         string   `json:"nwType" enum:"AUTOMATIC MANUAL DELETING SHUTDOWN_ON PORT_STATUS_UP DELETED"`
	DNS            ECDNS    `json:"dns"`
}

// ECDNS is the resolvers of an interface.
type ECDNS struct {
	ID      wire.Int `json:"id" assign:"id"`
	IPs     []string `json:"ips"`
	DNSType string   `json:"dnsType" enum:"AUTOMATIC MANUAL DELETING DELETED"`
}

const unset = "0.0.0.0"

// NetworkOf returns the stored form of a reported interface.
func NetworkOf(i wire.Interface) ECNetwork {
	n := ECNetwork{
		IPStart: or(i.IP, unset), IPEnd: unset, Netmask: or(i.Netmask, unset), DefaultGateway: or(i.Gateway, unset),
		NWType: "AUTOMATIC", DNS: ECDNS{IPs: i.DNS, DNSType: "AUTOMATIC"},
	}
	if len(n.DNS.IPs) == 0 {
		n.DNS.IPs = []string{unset}
	}
	return n
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func ecVM() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ECVM]{
		Name: ECVMKind, Title: "connector VM", Path: "/ecgroup/{ecgroupId}/vm",
		Parent: resource.Parent{Kind: ECGroupKind},
		Ops:    resource.Get | resource.Update | resource.DeleteAnswered,
		Area:   resource.ConnectorGroups, Feature: access.CloudProvisioning,
		Limits: resource.Limits{Read: fastRead, Write: usualWrite, Max: MaxVMsPerGroup},
		Audit:  resource.Audit{Category: "Cloud Management", Sub: "Cloud & Branch Connector Group"},
		Defaults: func(_ resource.Facts, v *ECVM) {
			if v.UpgradeEndTime == 0 {
				v.UpgradeEndTime = 7200
			}
			if v.UpgradeDayOfWeek == 0 {
				v.UpgradeDayOfWeek = 1 // Sunday
			}
		},
		Validate: func(_ resource.Facts, v *ECVM) error {
			if v.UpgradeStartTime >= v.UpgradeEndTime {
				return wire.Invalid("upgradeEndTime", "must be later than upgradeStartTime")
			}
			return nil
		},
	})
}

// ReservedVM is how an admin announces a connector before it enrols: the group
// it is to be in, and the provider's id that it will call itself by.
type ReservedVM struct {
	Name       string     `json:"name"`
	ECGroup    *wire.Ref  `json:"ecGroup" required:"true"`
	FormFactor string     `json:"formFactor" enum:"SMALL MEDIUM LARGE"`
	MetaConfig MetaConfig `json:"metaConfig"`

	UpgradeStartTime wire.Int `json:"upgradeStartTime"`
	UpgradeEndTime   wire.Int `json:"upgradeEndTime"`
	UpgradeDayOfWeek wire.Int `json:"upgradeDayOfWeek"`
}

// The states of a connector that an admin switches between: Disabled is one
// more word in its status, whatever else is there.
const Disabled = "DISABLED"

// Enabled reports whether a connector is switched on.
func (v *ECVM) Enabled() bool { return !slices.Contains(v.Status, Disabled) }

// Enable switches a connector on or off.
func (v *ECVM) Enable(on bool) {
	status := slices.DeleteFunc(slices.Clone(v.Status), func(s string) bool { return s == Disabled })
	if !on {
		status = append([]string{Disabled}, status...)
	}
	v.Status = status
}

// ECInstance is a forwarding process of a connector. Source:
// resources/ec-instance.md, order of its example.
type ECInstance struct {
	ID           wire.Int  `json:"id" readonly:"true"`
	Name         string    `json:"name"`
	Flags        string    `json:"flags" enum:"DISABLED MON_DELETED REGISTERED ACTIVE DELETING DELETED"`
	InstanceType string    `json:"ecInstanceType"`
	RegisterTime wire.Time `json:"registerTime"`
	NatIP        string    `json:"natIp,omitempty"`
	ServiceNw    ECNetwork `json:"serviceNw"`
	VirtualNw    ECNetwork `json:"virtualNw"`
}

func ecInstance() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ECInstance]{
		Name: ECInstanceKind, Title: "connector instance", Path: "/ecInstance",
		Parent: resource.Parent{Kind: ECVMKind, Owned: true},
		Ops:    resource.Lite,
		Area:   resource.ConnectorGroups, Feature: access.CloudProvisioning,
		Limits: resource.Limits{Read: lightRead},
	})
}

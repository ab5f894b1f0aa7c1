package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// ECGroup is a group of connectors at one place. Source: resources/ec-group.md,
// order of the published example; it is made by enrolment, never by a create.
type ECGroup struct {
	ID                    wire.Int      `json:"id" readonly:"true"`
	Name                  string        `json:"name" max:"255"`
	Desc                  string        `json:"desc,omitempty" view:"lite:show"`
	DeployType            string        `json:"deployType" enum:"ONPREM CLOUD DISABLED MON_DELETED DELETING DELETING_LAST DELETED" view:"lite:show"`
	Status                []string      `json:"status" view:"lite:show"`
	Platform              string        `json:"platform,omitempty" view:"lite:show"`
	AWSAvailabilityZone   string        `json:"awsAvailabilityZone,omitempty" view:"lite:show"`
	AzureAvailabilityZone string        `json:"azureAvailabilityZone,omitempty" view:"lite:show"`
	AzureRegion           string        `json:"azureRegion,omitempty"`
	Location              *wire.Ref     `json:"location" ref:"location" view:"lite:show"`
	MaxECCount            wire.Int      `json:"maxEcCount" view:"lite:show"`
	ProvTemplate          *wire.Ref     `json:"provTemplate" ref:"provUrl"`
	TunnelMode            string        `json:"tunnelMode" enum:"UNENCRYPTED DTLS" view:"lite:show"`
	ECVMs                 resource.Live `json:"ecVMs" live:"children ecVm" view:"lite:show"`
}

// MaxVMsPerGroup is the documented limit.
const MaxVMsPerGroup = 16

func ecGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ECGroup]{
		Name: ECGroupKind, Title: "connector group", Path: "/ecgroup",
		Ops:     resource.List | resource.Lite | resource.LiteGet | resource.Get | resource.Delete,
		Feature: access.CloudProvisioning,
		// Max: 1,000 cloud and 1,000 branch groups (behaviours.md section 15).
		Limits:  resource.Limits{Read: fastRead, Write: usualWrite, Page: 250, LitePage: 20, Max: 2000},
		Audit:   resource.Audit{Category: "Cloud Management", Sub: "Cloud & Branch Connector Group"},
		Unique:  resource.UniqueName,
		Filters: []resource.Filter[ECGroup]{{Param: "name", Name: resource.NameContains}},
	})
}

// ECVM is one connector. Source: resources/ec-vm.md, order of its example.
type ECVM struct {
	ID                wire.Int      `json:"id" readonly:"true"`
	Name              string        `json:"name"`
	Status            []string      `json:"status"`
	OperationalStatus resource.Live `json:"operationalStatus" live:"status"`
	ProvTemplate      *wire.Ref     `json:"provTemplate" ref:"provUrl"`
	FormFactor        string        `json:"formFactor" enum:"SMALL MEDIUM LARGE"`
	ManagementNw      ECNetwork     `json:"managementNw"`
	ECInstances       resource.Live `json:"ecInstances" live:"children ecInstance"`
	CityGeoID         wire.Int      `json:"cityGeoId"`
	NatIP             string        `json:"natIp,omitempty"`
	ZIAGateway        string        `json:"ziaGateway,omitempty"`
	ZPABroker         string        `json:"zpaBroker,omitempty"`
	BuildVersion      string        `json:"buildVersion"`
	LastUpgradeTime   wire.Time     `json:"lastUpgradeTime"`
	UpgradeStatus     wire.Int      `json:"upgradeStatus" view:"lite:show"`
	UpgradeStartTime  wire.Int      `json:"upgradeStartTime" view:"lite:show"`
	UpgradeEndTime    wire.Int      `json:"upgradeEndTime" view:"lite:show"`
	UpgradeDayOfWeek  wire.Int      `json:"upgradeDayOfWeek"`
	HAStatus          string        `json:"haStatus" enum:"INIT ACTIVE STANDBY DISABLED"`
	MetaConfig        MetaConfig    `json:"metaConfig"`
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
		Parent:  resource.Parent{Kind: ECGroupKind},
		Ops:     resource.Get | resource.DeleteAnswered,
		Feature: access.CloudProvisioning,
		Limits:  resource.Limits{Read: fastRead, Write: usualWrite, Max: MaxVMsPerGroup},
		Audit:   resource.Audit{Category: "Cloud Management", Sub: "Cloud & Branch Connector Group"},
	})
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
		Parent:  resource.Parent{Kind: ECVMKind, Owned: true},
		Ops:     resource.Lite,
		Feature: access.CloudProvisioning,
		Limits:  resource.Limits{Read: lightRead},
	})
}

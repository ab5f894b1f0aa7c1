package wire

import "encoding/json"

// The messages of /spurline/v1/fleet, the enrolment plane. It is Spurline's
// own protocol: what a connector says to the vendor's cloud is not published.

// Paths of the enrolment plane, relative to the server's root.
const (
	FleetEnrolPath     = "/spurline/v1/fleet/enrol"
	FleetHeartbeatPath = "/spurline/v1/fleet/heartbeat"
	FleetBundlePath    = "/spurline/v1/fleet/bundle"
)

// Enrolment is what a connector says when it starts. A start always enrols;
// (org, NativeID) is the connector's identity.
type Enrolment struct {
	Key      string `json:"key" required:"true"`      // the org's enrolment key
	Template string `json:"template" required:"true"` // name of the provisioning template (provUrl)
	Name     string `json:"name" required:"true"`     // the connector's own name, which survives re-enrolment

	Cloud      string `json:"cloud" required:"true" enum:"AWS AZURE GCP"` // AWS, AZURE or GCP
	Region     string `json:"region" required:"true"`                     // the provider's spelling: us-west-2, eastus2, us-central1
	Zone       string `json:"zone" required:"true"`                       // us-west-2a; 1, 2 or 3 on Azure; us-central1-b
	Network    string `json:"network" required:"true"`                    // VPC or VNet id or name
	NativeID   string `json:"nativeId" required:"true"`                   // the provider's id of the instance
	Image      string `json:"image"`                                      // image the instance was started from
	FormFactor string `json:"formFactor"`                                 // SMALL, MEDIUM, LARGE; empty takes the template's
	Build      string `json:"build"`                                      // digits

	Management Interface `json:"management"`
	Service    Interface `json:"service"`
	NatIP      string    `json:"natIp"`
}

// Interface is an address that a connector reports.
type Interface struct {
	IP      string   `json:"ip"`
	Netmask string   `json:"netmask"`
	Gateway string   `json:"gateway"`
	DNS     []string `json:"dns"`
}

// Enrolled answers an Enrolment. Token is shown here and nowhere else.
type Enrolled struct {
	Token   string `json:"token"`
	GroupID int64  `json:"groupId"`
	VMID    int64  `json:"vmId"`
	VMName  string `json:"vmName"`
	UUID    string `json:"uuid"`
	// HeartbeatSeconds is how often the server wants to hear from the
	// connector; three missed ones make it INACTIVE.
	HeartbeatSeconds int `json:"heartbeatSeconds"`
}

// The states that a connector reports of itself.
const (
	ReportRunning  = "RUNNING"
	ReportStopping = "STOPPING" // a graceful stop: INACTIVE at once
)

// Heartbeat is what a running connector says at every interval, with its token
// as a bearer. Answers: 200, 401 for an unknown token (enrol again), 410 for
// one that is gone or replaced (stop).
type Heartbeat struct {
	State  string `json:"state" required:"true" enum:"RUNNING STOPPING"`
	Bundle string `json:"bundle"` // ETag of the bundle it runs; empty before the first
	Build  string `json:"build"`
}

// HeartbeatAnswer tells a connector which bundle it should be running.
type HeartbeatAnswer struct {
	Bundle           string `json:"bundle"` // ETag
	HeartbeatSeconds int    `json:"heartbeatSeconds"`
}

// Bundle is what a connector runs: objects of the active configuration as they
// are stored, without what is joined to them when they are read.
type Bundle struct {
	VM                   json.RawMessage   `json:"vm"`
	Instances            []json.RawMessage `json:"instances"`
	Interfaces           []json.RawMessage `json:"interfaces"`
	Routes               []json.RawMessage `json:"routes"`
	Group                json.RawMessage   `json:"group"`
	Location             json.RawMessage   `json:"location"`
	ProvisioningTemplate json.RawMessage   `json:"provisioningTemplate"`
	// The rules that concern the connector, and what they name.
	ForwardingRules      []json.RawMessage `json:"forwardingRules"`
	DNSRules             []json.RawMessage `json:"dnsRules"`
	LogRules             []json.RawMessage `json:"logRules"`
	Gateways             []json.RawMessage `json:"gateways"`
	DNSGateways          []json.RawMessage `json:"dnsGateways"`
	IPSourceGroups       []json.RawMessage `json:"ipSourceGroups"`
	IPDestinationGroups  []json.RawMessage `json:"ipDestinationGroups"`
	IPGroups             []json.RawMessage `json:"ipGroups"`
	NetworkServices      []json.RawMessage `json:"networkServices"`
	NetworkServiceGroups []json.RawMessage `json:"networkServiceGroups"`
	WorkloadGroups       []json.RawMessage `json:"workloadGroups"`
}

// SimulatedConnector is one connector of the server's own simulator, as
// GET /spurline/v1/fleet/connectors lists them. POST
// /spurline/v1/fleet/connectors/{name}/start and …/stop switch it on and off
// and answer it.
type SimulatedConnector struct {
	Name     string `json:"name"`
	NativeID string `json:"nativeId"`
	VMID     int64  `json:"vmId,omitempty"`
	Running  bool   `json:"running"`
	// Stopped says why it is not running: "asked", "told gone", or an error.
	Stopped string `json:"stopped,omitempty"`
	Health  string `json:"health,omitempty"` // URL of its health page while it runs
}

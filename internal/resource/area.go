package resource

// Area is a part of the API as its guide divides it; documents and commands
// are grouped by it.
type Area string

// The areas (operations.tsv), and Native for what the vendor's API lacks.
const (
	Activation          Area = "activation"
	Administration      Area = "admin-and-role-management"
	Authentication      Area = "authentication"
	ConnectorGroups     Area = "cloud-branch-connector-groups"
	ForwardingGateways  Area = "forwarding-gateways"
	LocationManagement  Area = "location-management"
	PartnerIntegrations Area = "partner-integrations"
	PolicyManagement    Area = "policy-management"
	PolicyResources     Area = "policy-resources"
	Provisioning        Area = "provisioning"
	Native              Area = "spurline"
)

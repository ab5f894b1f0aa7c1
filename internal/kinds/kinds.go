// Package kinds declares every kind of object of the API, one file per area:
// its wire structs in the vendor's order, its predefined objects and its
// validation. A declaration is all there is to a kind.
package kinds

import "github.com/spurline/spurline/internal/resource"

// All defines and links every kind.
func All() (*resource.Set, error) {
	var specs []*resource.Spec
	for _, define := range []func() (*resource.Spec, error){
		adminRole, adminUser, apiKey, apiClient,
		locationTemplate, provURL, deployment, location,
		ecGroup, ecVM, ecInstance, ecInterface, ecRoute,
		ipSourceGroup, ipGroup, ipDestinationGroup,
		networkService, networkServiceGroup,
		gateway, dnsGateway,
		zpaSegment, zpaSegmentGroup, workloadGroup,
		forwardingRule, dnsRule, logRule,
		publicCloudInfo, accountGroup, publicCloudAccount, publicCloudAccountIDStatus,
	} {
		s, err := define()
		if err != nil {
			return nil, err
		}
		specs = append(specs, s)
	}
	return resource.NewSet(specs...)
}

// The names of kinds, as storage and references spell them.
const (
	AdminRoleKind        = "adminRole"
	AdminUserKind        = "adminUser"
	APIKeyKind           = "apiKey"
	APIClientKind        = "apiClient"
	LocationTemplateKind = "locationTemplate"
	ProvURLKind          = "provUrl"
	DeploymentKind       = "deployment"
	LocationKind         = "location"
	ECGroupKind          = "ecGroup"
	ECVMKind             = "ecVm"
	ECInstanceKind       = "ecInstance"
	ECInterfaceKind      = "ecInterface"
	ECRouteKind          = "ecRoute"

	PublicCloudInfoKind            = "publicCloudInfo"
	AccountGroupKind               = "accountGroup"
	PublicCloudAccountKind         = "publicCloudAccount"
	PublicCloudAccountIDStatusKind = "publicCloudAccountIdStatus"

	IPSourceGroupKind       = "ipSourceGroup"
	IPGroupKind             = "ipGroup"
	IPDestinationGroupKind  = "ipDestinationGroup"
	NetworkServiceKind      = "networkService"
	NetworkServiceGroupKind = "networkServiceGroup"
	GatewayKind             = "gateway"
	DNSGatewayKind          = "dnsGateway"

	ZPASegmentKind      = "zpaApplicationSegment"
	ZPASegmentGroupKind = "zpaApplicationSegmentGroup"
	WorkloadGroupKind   = "workloadGroup"
	ForwardingRuleKind  = "forwardingRule"
	DNSRuleKind         = "dnsRule"
	LogRuleKind         = "logRule"
)

// The vendor's usual rates (behaviours.md 13.2), as operations.tsv spells them.
const (
	lightRead  = "2/s 1000/h"
	fastRead   = "5/s 3000/h"
	usualWrite = "1/s 400/h"
)

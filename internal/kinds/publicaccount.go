package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// PublicCloudAccount is an account of a cloud provider that connectors run in:
// an AWS account, an Azure subscription, a GCP project. Source:
// resources/public-cloud-account.md.
type PublicCloudAccount struct {
	ID         wire.Int `json:"id" readonly:"true"`
	AccountID  string   `json:"accountId" required:"true" max:"255" view:"lite:show"`
	PlatformID string   `json:"platformId" required:"true" enum:"AWS AZURE GCP CENTOS REDHAT_LINUX VMWARE_ESXI" view:"lite:show"`
}

// The limits of what appliances read and write in bulk.
const applianceRead = "20/s 10000/h"

func publicCloudAccount() (*resource.Spec, error) {
	return resource.Define(resource.Kind[PublicCloudAccount]{
		Name: PublicCloudAccountKind, Title: "public cloud account", Path: "/publicCloudAccountDetails",
		Ops:  resource.List | resource.Lite | resource.Get | resource.Create,
		Area: resource.Provisioning, Feature: access.CloudProvisioning,
		Limits: resource.Limits{Read: applianceRead, Write: usualWrite, Page: 250, LitePage: 250},
		Audit:  resource.Audit{Category: "Cloud Management", Sub: "Cloud Management"},
		Validate: func(f resource.Facts, p *PublicCloudAccount) error {
			others, err := f.Lookup.Children(PublicCloudAccountKind, 0)
			if err != nil {
				return err
			}
			for _, o := range others {
				if o := o.(*PublicCloudAccount); o.ID != p.ID && o.AccountID == p.AccountID && o.PlatformID == p.PlatformID {
					return wire.Conflict(wire.CodeDuplicate, "accountId %q is already used by another public cloud account of %s.", p.AccountID, p.PlatformID)
				}
			}
			return nil
		},
	})
}

// PublicCloudAccountIDStatus says which accounts' ids session logs carry. An
// org has one, which has no id on the wire. Source:
// resources/public-cloud-account.md.
type PublicCloudAccountIDStatus struct {
	ID               wire.Int  `json:"id" readonly:"true" view:"list:hide get:hide post:hide put:hide lite:hide"`
	AccountIDEnabled wire.Bool `json:"accountIdEnabled"`
	SubIDEnabled     wire.Bool `json:"subIdEnabled"`
	ProjectIDEnabled wire.Bool `json:"projectIdEnabled"`
}

// PublicCloudAccountIDStatusID is the id of every org's one.
const PublicCloudAccountIDStatusID = 1

// publicCloudAccountIDStatus has no generic operations: there is one object,
// and no path names its id.
func publicCloudAccountIDStatus() (*resource.Spec, error) {
	return resource.Define(resource.Kind[PublicCloudAccountIDStatus]{
		Name: PublicCloudAccountIDStatusKind, Title: "public cloud account id status", Path: "/publicCloudAccountIdStatus",
		Area: resource.Provisioning, Feature: access.CloudProvisioning,
		Limits: resource.Limits{Read: applianceRead, Write: usualWrite, Max: 1},
		Audit:  resource.Audit{Category: "Cloud Management", Sub: "Cloud Management"},
		Builtin: func(resource.Facts) []PublicCloudAccountIDStatus {
			return []PublicCloudAccountIDStatus{{ID: PublicCloudAccountIDStatusID}}
		},
	})
}

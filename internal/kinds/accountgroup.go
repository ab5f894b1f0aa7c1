package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// AccountGroup ties AWS accounts to the connector groups that learn the tags
// of their workloads. Source: resources/account-group.md.
type AccountGroup struct {
	ID                   wire.Int   `json:"id" readonly:"true"`
	Name                 string     `json:"name" required:"true" max:"128"`
	Description          string     `json:"description,omitempty" max:"512"`
	CloudType            string     `json:"cloudType" enum:"AWS AZURE GCP"`
	PublicCloudAccounts  []wire.Ref `json:"publicCloudAccounts,omitempty" ref:"publicCloudInfo"`
	CloudConnectorGroups []wire.Ref `json:"cloudConnectorGroups,omitempty" ref:"ecGroup"`
}

const (
	maxAccountsPerGroup        = 96
	maxConnectorGroupsPerGroup = 64
)

func accountGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[AccountGroup]{
		Name: AccountGroupKind, Title: "account group", Path: "/accountGroups",
		Ops:  resource.List | resource.Lite | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area: resource.PartnerIntegrations, Feature: access.PublicCloud,
		Limits:   resource.Limits{Read: fastRead, Write: usualWrite, Max: 128},
		Audit:    resource.Audit{Category: "Cloud Management", Sub: "Cloud Management"},
		Unique:   resource.UniqueName,
		Defaults: func(_ resource.Facts, g *AccountGroup) { g.CloudType = or(g.CloudType, "AWS") },
		Validate: func(_ resource.Facts, g *AccountGroup) error {
			if err := checkRefs("publicCloudAccounts", g.PublicCloudAccounts, maxAccountsPerGroup); err != nil {
				return err
			}
			return checkRefs("cloudConnectorGroups", g.CloudConnectorGroups, maxConnectorGroupsPerGroup)
		},
	})
}

// checkRefs holds a list of references to its documented length, and each to
// be there once.
func checkRefs(field string, refs []wire.Ref, most int) error {
	if len(refs) > most {
		return wire.Forbidden(wire.CodeLimitExceeded, "Maximum %d entries of %s are allowed. Limit has exceeded.", most, field)
	}
	seen := map[wire.Int]bool{}
	for _, r := range refs {
		if seen[r.ID] {
			return wire.Invalid(field, "names %d twice", r.ID)
		}
		seen[r.ID] = true
	}
	return nil
}

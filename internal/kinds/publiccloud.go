package kinds

import (
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// PublicCloudInfo is an AWS account whose workloads are discovered by their
// tags. Source: resources/public-cloud-info.md.
type PublicCloudInfo struct {
	ID               wire.Int            `json:"id" readonly:"true"`
	Name             string              `json:"name" required:"true" max:"128"`
	AccountID        string              `json:"accountId" readonly:"true" view:"list:hide get:hide post:hide put:hide embed:hide lite:show"`
	CloudType        string              `json:"cloudType" enum:"AWS AZURE GCP" view:"lite:show"`
	ExternalID       string              `json:"externalId" required:"true" max:"1224"`
	LastMod          wire.Time           `json:"lastModTime" stamp:"time" view:"post:hide"`
	LastSyncTime     wire.Time           `json:"lastSyncTime" readonly:"true"`
	AccountGroups    resource.Live       `json:"accountGroups" live:"referrers accountGroup" sent:"true"`
	LastModUser      *wire.Ref           `json:"lastModUser,omitempty" stamp:"by" view:"post:hide"`
	RegionStatus     []RegionStatus      `json:"regionStatus,omitempty" readonly:"true"`
	SupportedRegions []SupportedRegion   `json:"supportedRegions"`
	PermissionStatus string              `json:"permissionStatus,omitempty" readonly:"true"`
	AccountDetails   *PublicCloudDetails `json:"accountDetails" required:"true"`
}

// RegionStatus says whether a region of an account is being discovered.
type RegionStatus struct {
	ID        wire.Int  `json:"id"`
	Name      string    `json:"name"`
	CloudType string    `json:"cloudType"`
	Status    wire.Bool `json:"status"`
}

// PublicCloudDetails says how an account is entered. Trusted account and role
// are the platform's own.
type PublicCloudDetails struct {
	Name               string    `json:"name,omitempty" max:"128"`
	AWSAccountID       string    `json:"awsAccountId" required:"true"`
	AWSRoleName        string    `json:"awsRoleName" required:"true" max:"64"`
	CloudWatchGroupARN string    `json:"cloudWatchGroupArn" max:"2048"`
	EventBusName       string    `json:"eventBusName" max:"256"`
	ExternalID         string    `json:"externalId" required:"true" max:"1224"`
	LogInfoType        string    `json:"logInfoType" enum:"INFO ERROR"`
	TroubleShooting    wire.Bool `json:"troubleShootingLogging"`
	TrustedAccountID   string    `json:"trustedAccountId" readonly:"true"`
	TrustedRole        string    `json:"trustedRole" readonly:"true"`
}

const maxRegionsPerAccount = 32

func publicCloudInfo() (*resource.Spec, error) {
	return resource.Define(resource.Kind[PublicCloudInfo]{
		Name: PublicCloudInfoKind, Title: "AWS account", Path: "/publicCloudInfo",
		Ops:  resource.List | resource.Lite | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area: resource.PartnerIntegrations, Feature: access.PublicCloud,
		Limits: resource.Limits{Read: fastRead, Write: usualWrite, Max: 512},
		Audit:  resource.Audit{Category: "Cloud Management", Sub: "Cloud Management"},
		Unique: resource.UniqueName,
		Filters: []resource.Filter[PublicCloudInfo]{
			{Param: "search", Says: "A part of the name, in any case.", Name: resource.NameContains},
			{Param: "cloudType", Says: "The provider, in any case.", Enum: []string{"AWS", "AZURE", "GCP"}, Match: func(p *PublicCloudInfo, v resource.Value) bool { return strings.EqualFold(p.CloudType, v.Text) }},
		},
		Defaults: fillPublicCloudInfo,
		Validate: checkPublicCloudInfo,
	})
}

// fillPublicCloudInfo sets what is left out, and what the platform says: the
// names of the regions and that each is being discovered, unless discovery is
// switched off.
func fillPublicCloudInfo(f resource.Facts, p *PublicCloudInfo) {
	p.CloudType = or(p.CloudType, "AWS")
	old, _ := f.Old.(*PublicCloudInfo)
	if d := p.AccountDetails; d != nil {
		p.AccountID = d.AWSAccountID
		d.CloudWatchGroupARN = or(d.CloudWatchGroupARN, "DISABLED")
		d.EventBusName = or(d.EventBusName, eventBus(f))
		d.LogInfoType = or(d.LogInfoType, "INFO")
		d.TrustedAccountID, d.TrustedRole = TrustedAccountID, TrustedRole
		if old != nil { // a replace may name the external id once
			p.ExternalID = or(p.ExternalID, d.ExternalID)
			if was := old.AccountDetails; was.AWSRoleName != d.AWSRoleName || was.ExternalID != d.ExternalID {
				p.PermissionStatus = "" // of another role
			}
		}
	}
	running, off := map[wire.Int]bool{}, len(p.RegionStatus) > 0
	for _, r := range p.RegionStatus {
		running[r.ID] = bool(r.Status)
		off = off && !bool(r.Status)
	}
	p.RegionStatus = nil
	for i := range p.SupportedRegions {
		r := &p.SupportedRegions[i]
		if known, ok := regionByID(r.ID); ok {
			*r = known
		}
		on, was := running[r.ID]
		p.RegionStatus = append(p.RegionStatus, RegionStatus{ID: r.ID, Name: r.Name, CloudType: r.CloudType, Status: wire.Bool(on || !was && !off)})
	}
	if p.SupportedRegions == nil {
		p.SupportedRegions = []SupportedRegion{}
	}
}

// Switch sets the discovery of all regions of the account.
func (p *PublicCloudInfo) Switch(on bool) {
	for i := range p.RegionStatus {
		p.RegionStatus[i].Status = wire.Bool(on)
	}
}

func checkPublicCloudInfo(f resource.Facts, p *PublicCloudInfo) error {
	d := p.AccountDetails
	switch {
	case !IsAWSAccount(d.AWSAccountID):
		return wire.Invalid("accountDetails.awsAccountId", "must have 12 digits")
	case p.ExternalID != d.ExternalID:
		return wire.Invalid("accountDetails.externalId", "must be equal to externalId")
	case d.CloudWatchGroupARN != "DISABLED" && !strings.HasPrefix(d.CloudWatchGroupARN, "arn:"):
		return wire.Invalid("accountDetails.cloudWatchGroupArn", "must be an ARN or DISABLED")
	case f.Old == nil && len(p.SupportedRegions) == 0:
		return wire.Invalid("supportedRegions", "cannot be null")
	case len(p.SupportedRegions) > maxRegionsPerAccount:
		return wire.Forbidden(wire.CodeLimitExceeded, "Maximum %d entries of supportedRegions are allowed. Limit has exceeded.", maxRegionsPerAccount)
	}
	seen := map[wire.Int]bool{}
	for _, r := range p.SupportedRegions {
		if _, ok := regionByID(r.ID); !ok {
			return wire.Invalid("supportedRegions", "names the region %d, which does not exist", r.ID)
		}
		if seen[r.ID] {
			return wire.Invalid("supportedRegions", "names the region %d twice", r.ID)
		}
		seen[r.ID] = true
	}
	others, err := f.Lookup.Children(PublicCloudInfoKind, 0)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o := o.(*PublicCloudInfo); o.ID != p.ID && o.AccountID == p.AccountID {
			return wire.Conflict(wire.CodeDuplicate, "awsAccountId %q is already used by another public cloud account info.", p.AccountID)
		}
	}
	return nil
}

// IsAWSAccount reports whether text is the number of an AWS account.
func IsAWSAccount(text string) bool { return len(text) == 12 && strings.Trim(text, "0123456789") == "" }

// eventBus is the name of the event bus that a customer's account sends the
// changes of its workloads through.
func eventBus(f resource.Facts) string {
	return "zscaler-bus-" + strconv.FormatInt(f.Org, 10) + "-" + f.Cloud
}

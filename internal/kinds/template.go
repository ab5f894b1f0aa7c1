package kinds

import (
	"net/url"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// LocationTemplate holds the defaults that are copied onto the locations that
// connectors create. Source: resources/location-template.md, recorded order.
//
// quirk: behaviours.md 10.9, editable reads true in a list and after a create,
// false after a replace and inside a provisioning template.
type LocationTemplate struct {
	ID         wire.Int         `json:"id" readonly:"true"`
	Name       string           `json:"name" required:"true" max:"255"`
	Desc       string           `json:"desc,omitempty" max:"10240"`
	Template   LocationDefaults `json:"template"`
	Editable   wire.Bool        `json:"editable" readonly:"true" view:"put:false embed:false"`
	LastModUID *wire.Ref        `json:"lastModUid,omitempty" stamp:"by" view:"post:hide put:hide"`
	LastMod    wire.Time        `json:"lastModTime" stamp:"time" view:"post:hide put:hide"`
}

// LocationDefaults is the inner template. Bandwidths are in Kbps by our
// reading (the sources disagree) and stored uninterpreted.
type LocationDefaults struct {
	TemplatePrefix                      string    `json:"templatePrefix,omitempty" max:"255"`
	XFFForwardEnabled                   wire.Bool `json:"xffForwardEnabled"`
	AuthRequired                        wire.Bool `json:"authRequired"`
	CautionEnabled                      wire.Bool `json:"cautionEnabled"`
	AUPEnabled                          wire.Bool `json:"aupEnabled"`
	AUPTimeoutInDays                    wire.Int  `json:"aupTimeoutInDays" min:"0" max:"2147483647"`
	OFWEnabled                          wire.Bool `json:"ofwEnabled"`
	IPSControl                          wire.Bool `json:"ipsControl"`
	EnforceBandwidthControl             wire.Bool `json:"enforceBandwidthControl"`
	UpBandwidth                         wire.Int  `json:"upBandwidth" min:"0" max:"99999999"`
	DnBandwidth                         wire.Int  `json:"dnBandwidth" min:"0" max:"99999999"`
	DisplayTimeUnit                     string    `json:"displayTimeUnit,omitempty" enum:"MINUTE HOUR DAY"`
	IdleTimeInMinutes                   wire.Int  `json:"idleTimeInMinutes" min:"0" max:"2147483647"`
	SurrogateIPEnforcedForKnownBrowsers wire.Bool `json:"surrogateIPEnforcedForKnownBrowsers"`
	SurrogateRefreshTimeUnit            string    `json:"surrogateRefreshTimeUnit,omitempty" enum:"MINUTE HOUR DAY"`
	SurrogateRefreshTimeInMinutes       wire.Int  `json:"surrogateRefreshTimeInMinutes" min:"0" max:"2147483647"`
	SurrogateIP                         wire.Bool `json:"surrogateIP"`
}

// DefaultLocationTemplate is the name of the template that every org is born
// with.
const DefaultLocationTemplate = "Default Location Template"

func locationTemplate() (*resource.Spec, error) {
	return resource.Define(resource.Kind[LocationTemplate]{
		Name: LocationTemplateKind, Title: "location template", Path: "/locationTemplate",
		Ops:  resource.List | resource.Lite | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area: resource.LocationManagement, Feature: access.Template,
		Limits: resource.Limits{Read: lightRead, Write: usualWrite, Page: 250, LitePage: 100, Max: 500},
		Audit:  resource.Audit{Category: "Provisioning Management", Sub: "Location Template"},
		Unique: resource.UniqueName,
		Builtin: func(f resource.Facts) []LocationTemplate {
			return []LocationTemplate{{
				Name: DefaultLocationTemplate, Desc: "Made with the org.", Editable: true, LastMod: wire.At(f.Now),
				Template: LocationDefaults{OFWEnabled: true, IPSControl: true},
			}}
		},
		Defaults: func(_ resource.Facts, t *LocationTemplate) { t.Editable = true },
		Validate: func(_ resource.Facts, t *LocationTemplate) error { return t.Template.check() },
	})
}

// check holds the dependent switches together, as the vendor's Terraform
// provider demands of what it sends (behaviours.md 10.10).
func (d *LocationDefaults) check() error {
	switch {
	case bool(d.AuthRequired && d.CautionEnabled):
		return wire.Invalid("template.cautionEnabled", "cannot be combined with authRequired")
	case bool(d.CautionEnabled && d.AUPEnabled):
		return wire.Invalid("template.cautionEnabled", "cannot be combined with aupEnabled")
	case bool(d.AUPEnabled) && d.AUPTimeoutInDays == 0:
		return wire.Invalid("template.aupTimeoutInDays", "must be set when aupEnabled is true")
	case bool(d.EnforceBandwidthControl) && d.UpBandwidth == 0 && d.DnBandwidth == 0:
		return wire.Invalid("template.upBandwidth", "or dnBandwidth must be set when enforceBandwidthControl is true")
	case bool(d.SurrogateIP) && d.IdleTimeInMinutes == 0:
		return wire.Invalid("template.idleTimeInMinutes", "must be set when surrogateIP is true")
	case d.DisplayTimeUnit != "" && d.IdleTimeInMinutes == 0:
		return wire.Invalid("template.idleTimeInMinutes", "must be set when displayTimeUnit is")
	case d.SurrogateRefreshTimeUnit != "" && d.SurrogateRefreshTimeInMinutes == 0:
		return wire.Invalid("template.surrogateRefreshTimeInMinutes", "must be set when surrogateRefreshTimeUnit is")
	case bool(d.SurrogateIPEnforcedForKnownBrowsers) && !(bool(d.SurrogateIP) && d.SurrogateRefreshTimeInMinutes > 0):
		return wire.Invalid("template.surrogateIPEnforcedForKnownBrowsers", "needs surrogateIP and surrogateRefreshTimeInMinutes")
	}
	return nil
}

// ProvURL is a provisioning template: what a connector enrols with. Source:
// resources/prov-url.md, recorded order; the position of usedInEcGroups is
// ours.
type ProvURL struct {
	ID             wire.Int      `json:"id" readonly:"true"`
	Name           string        `json:"name" required:"true" max:"255"`
	Desc           string        `json:"desc,omitempty" max:"10240"`
	URL            string        `json:"provUrl" readonly:"true"`
	Type           string        `json:"provUrlType" required:"true" enum:"ONPREM CLOUD DISABLED MON_DELETED DELETING DELETING_LAST DELETED"`
	Data           *ProvURLData  `json:"provUrlData" required:"true"`
	UsedInEcGroups resource.Live `json:"usedInEcGroups" live:"referrers ecGroup"`
	Status         resource.Live `json:"status" live:"has deployment DEPLOYED NOT_DEPLOYED"`
	LastModUID     *wire.Ref     `json:"lastModUid,omitempty" stamp:"by" view:"post:hide put:hide"`
	LastMod        wire.Time     `json:"lastModTime" stamp:"time" view:"post:hide put:hide"`
}

// ProvURLData is what a connector is told of its org. Hosts carry no scheme.
type ProvURLData struct {
	CloudDomain        string            `json:"zsCloudDomain" readonly:"true"`
	OrgID              wire.Int          `json:"orgId" readonly:"true"`
	ConfigServer       string            `json:"configServer" readonly:"true"`
	RegistrationServer string            `json:"registrationServer" readonly:"true"`
	APIServer          string            `json:"apiServer" readonly:"true"`
	PACServer          string            `json:"pacServer" readonly:"true"`
	LocationTemplate   *wire.Ref         `json:"locationTemplate" required:"true" ref:"locationTemplate,embed"`
	CloudProviderType  string            `json:"cloudProviderType,omitempty" enum:"AWS AZURE GCP"`
	FormFactor         string            `json:"formFactor,omitempty" enum:"SMALL MEDIUM LARGE"`
	CellEdgeDeploy     wire.Bool         `json:"cellEdgeDeploy"`
	AutoScaleDetails   *AutoScaleDetails `json:"autoScaleDetails,omitempty"`
	ReleaseChannel     string            `json:"releaseChannel,omitempty" enum:"LATEST STABLE BETA"`
	HyperVisors        string            `json:"hyperVisors,omitempty" max:"255"`
}

// AutoScaleDetails marks a template for an auto-scaling deployment.
type AutoScaleDetails struct {
	AutoScale wire.Bool `json:"autoScale"`
}

func provURL() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ProvURL]{
		Name: ProvURLKind, Title: "provisioning template", Path: "/provUrl",
		Ops:  resource.List | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area: resource.Provisioning, Feature: access.Template,
		// Max: 1,000 cloud and 1,000 branch templates (behaviours.md section 15).
		Limits:   resource.Limits{Read: fastRead, Write: usualWrite, Page: 250, Max: 1000, Per: "provUrlType"},
		Audit:    resource.Audit{Category: "Provisioning Management", Sub: "Provisioning Template"},
		Unique:   resource.UniqueName,
		Filters:  []resource.Filter[ProvURL]{{Param: "name", Says: "The whole name.", Name: resource.NameIs}},
		Defaults: fillProvURL,
		Validate: checkProvURL,
	})
}

// Deployment marks a provisioning template that a connector has enrolled with,
// which stays DEPLOYED when its groups are gone (recorded). It has no
// operations; it goes with its template.
type Deployment struct {
	ID wire.Int `json:"id"`
}

func deployment() (*resource.Spec, error) {
	return resource.Define(resource.Kind[Deployment]{
		Name: DeploymentKind, Title: "deployment", Parent: resource.Parent{Kind: ProvURLKind, Owned: true}, Unstaged: true,
	})
}

// fillProvURL sets what the server generates and what a minimal create (the
// vendor's Terraform provider) leaves out.
func fillProvURL(f resource.Facts, p *ProvURL) {
	p.URL = "connector." + f.Cloud + "/api/v1/provUrl?name=" + url.QueryEscape(p.Name)
	if p.Type == "" {
		p.Type = "CLOUD"
	}
	d := p.Data
	if d == nil {
		return
	}
	d.CloudDomain, d.OrgID = f.Cloud, wire.Int(f.Org)
	d.ConfigServer, d.RegistrationServer = "ecservice."+f.Cloud, "ecservice."+f.Cloud
	d.APIServer, d.PACServer = "connector."+f.Cloud, "pac."+f.Cloud
	if d.FormFactor == "" && p.Type == "CLOUD" {
		d.FormFactor = "SMALL"
	}
	if d.LocationTemplate == nil || d.LocationTemplate.ID == 0 {
		d.LocationTemplate = nil
		if t, err := f.Lookup.ByName(LocationTemplateKind, DefaultLocationTemplate); err == nil && t != nil {
			d.LocationTemplate = &wire.Ref{ID: t.(*LocationTemplate).ID}
		}
	}
}

func checkProvURL(_ resource.Facts, p *ProvURL) error {
	d, auto := p.Data, p.Data.AutoScaleDetails != nil && bool(p.Data.AutoScaleDetails.AutoScale)
	switch {
	case p.Type == "CLOUD" && d.CloudProviderType == "":
		return wire.Invalid("provUrlData.cloudProviderType", "cannot be null")
	case d.FormFactor != "SMALL" && (d.CloudProviderType == "AZURE" || d.CloudProviderType == "GCP"):
		return wire.Invalid("provUrlData.formFactor", "must be SMALL on %s", d.CloudProviderType)
	case auto && d.CloudProviderType == "GCP":
		return wire.Invalid("provUrlData.autoScaleDetails.autoScale", "is offered on AWS and AZURE only")
	case auto && d.FormFactor != "SMALL":
		return wire.Invalid("provUrlData.formFactor", "must be SMALL with auto scaling")
	}
	return nil
}

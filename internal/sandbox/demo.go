package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/spurline/spurline/internal/client"
)

// Site is a place where connectors of the demo org run: one provisioning
// template and, from the first enrolment on, one group.
type Site struct {
	Template string // name of the provisioning template
	Cloud    string
	Region   string
	Zone     string
	Network  string
}

// DemoSites are the three places of the demo org, one at each provider.
func DemoSites() []Site {
	return []Site{
		{Template: "demo-aws", Cloud: cloudAWS, Region: "us-west-2", Zone: "us-west-2a", Network: "vpc-0d5e3a7c91b24f608"},
		{Template: "demo-azure", Cloud: cloudAzure, Region: "eastus2", Zone: "1", Network: "demo-vnet"},
		{Template: "demo-gcp", Cloud: cloudGCP, Region: "us-central1", Zone: "us-central1-a", Network: "demo-network"},
	}
}

// connectorsPerSite is how many connectors of the demo fleet run at each site.
const connectorsPerSite = 2

// DemoConnectors are the connectors of the demo fleet, cc-1 and on, site after
// site. Their key, where their server is and where they keep their state is the
// simulator's to say.
func DemoConnectors() []ConnectorConfig {
	var fleet []ConnectorConfig
	for _, site := range DemoSites() {
		for range connectorsPerSite {
			fleet = append(fleet, ConnectorConfig{
				Name:     fmt.Sprintf("cc-%d", len(fleet)+1),
				Template: site.Template, Cloud: site.Cloud, Region: site.Region, Zone: site.Zone, Network: site.Network,
			})
		}
	}
	return fleet
}

// demoLocations is the name of the demo org's location template.
const demoLocations = "demo-locations"

// What Demo sends and reads of the API's objects.
type (
	named struct {
		ID   int64  `json:"id,omitempty"`
		Name string `json:"name,omitempty"`
	}
	locationTemplate struct {
		Name     string `json:"name"`
		Desc     string `json:"desc"`
		Template struct {
			TemplatePrefix string `json:"templatePrefix"`
			OFWEnabled     bool   `json:"ofwEnabled"`
			IPSControl     bool   `json:"ipsControl"`
		} `json:"template"`
	}
	provisioningTemplate struct {
		Name string           `json:"name"`
		Desc string           `json:"desc"`
		Type string           `json:"provUrlType"`
		Data provisioningData `json:"provUrlData"`
	}
	provisioningData struct {
		LocationTemplate  named  `json:"locationTemplate"`
		CloudProviderType string `json:"cloudProviderType"`
		FormFactor        string `json:"formFactor"`
	}
)

// Demo makes what the demo fleet enrols with, where it is missing, and
// activates it. The client is signed in as a super admin. It reports whether
// it has activated anything: where it has not, whatever the admin had saved
// before is still pending, and a sign-out would activate that too.
func Demo(ctx context.Context, c *client.Client) (activated bool, err error) {
	made, err := makeTemplates(ctx, c)
	if err != nil {
		return false, err
	}
	if !made {
		if made, err = neverActivated(ctx, c); err != nil || !made {
			return false, err
		}
	}
	// Forced, because a plain activation queues behind other admins' edits,
	// and connectors enrol with active templates only.
	if err := c.Do(ctx, http.MethodPut, "/ecAdminActivateStatus/forcedActivate", nil, nil); err != nil {
		return false, fmt.Errorf("activate the demo org's templates: %w", err)
	}
	return true, nil
}

// makeTemplates creates the templates that are missing.
func makeTemplates(ctx context.Context, c *client.Client) (made bool, err error) {
	var locations, templates []named
	if err := c.Do(ctx, http.MethodGet, "/locationTemplate?pageSize=1000", nil, &locations); err != nil {
		return false, fmt.Errorf("list location templates: %w", err)
	}
	if err := c.Do(ctx, http.MethodGet, "/provUrl?pageSize=1000", nil, &templates); err != nil {
		return false, fmt.Errorf("list provisioning templates: %w", err)
	}
	for _, site := range DemoSites() {
		if byName(templates, site.Template) >= 0 {
			continue
		}
		made = true
		i := byName(locations, demoLocations)
		if i < 0 {
			location, err := makeLocationTemplate(ctx, c)
			if err != nil {
				return made, err
			}
			i, locations = len(locations), append(locations, location)
		}
		in := provisioningTemplate{
			Name: site.Template, Desc: "Simulated connectors of the demo org.", Type: "CLOUD",
			Data: provisioningData{LocationTemplate: named{ID: locations[i].ID}, CloudProviderType: site.Cloud, FormFactor: "SMALL"},
		}
		if err := c.Do(ctx, http.MethodPost, "/provUrl", in, nil); err != nil {
			return made, fmt.Errorf("create the provisioning template %s: %w", site.Template, err)
		}
	}
	return made, nil
}

func makeLocationTemplate(ctx context.Context, c *client.Client) (out named, err error) {
	in := locationTemplate{Name: demoLocations, Desc: "Locations of the demo org."}
	in.Template.TemplatePrefix, in.Template.OFWEnabled, in.Template.IPSControl = "DEMO", true, true
	if err := c.Do(ctx, http.MethodPost, "/locationTemplate", in, &out); err != nil {
		return out, fmt.Errorf("create the location template %s: %w", demoLocations, err)
	}
	return out, nil
}

// neverActivated reports whether an earlier start made the templates and ended
// before it activated them: there are edits of this admin, and no connector
// has ever come by. With a fleet in place they are edits of somebody's own, to
// be left as they are.
func neverActivated(ctx context.Context, c *client.Client) (bool, error) {
	var status struct {
		AdminActivateStatus string `json:"adminActivateStatus"`
	}
	if err := c.Do(ctx, http.MethodGet, "/ecAdminActivateStatus", nil, &status); err != nil {
		return false, fmt.Errorf("get the activation status: %w", err)
	}
	if status.AdminActivateStatus != "ADM_EDITING" && status.AdminActivateStatus != "ADM_ACTV_QUEUED" {
		return false, nil
	}
	var groups []named
	if err := c.Do(ctx, http.MethodGet, "/ecgroup/lite?page=1&pageSize=1", nil, &groups); err != nil {
		return false, fmt.Errorf("list connector groups: %w", err)
	}
	return len(groups) == 0, nil
}

func byName(list []named, name string) int {
	return slices.IndexFunc(list, func(n named) bool { return n.Name == name })
}

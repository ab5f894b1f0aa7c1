package cli

import (
	"cmp"
	"regexp"
	"strings"
)

// appliance is what is left at the provider when a connector is deleted.
type appliance struct {
	Platform string `json:"platform"`
	NativeID string `json:"nativeId"`
	Region   string `json:"region,omitempty"`
	Zone     string `json:"zone,omitempty"`
	Location string `json:"location,omitempty"` // the org's own word for the place
}

// applianceOf reads from group and VM where the instance runs.
func applianceOf(f found) appliance {
	g := f.group
	a := appliance{Platform: cmp.Or(g.Platform, g.DeployType), NativeID: cmp.Or(f.vm.MetaConfig.NativeID, f.vm.MetaConfig.UUID)}
	if g.Location != nil {
		a.Location = g.Location.Name
	}
	switch a.Platform {
	case "AWS":
		// The API writes us-west-2a as US_WEST_2A.
		a.Zone = strings.ToLower(strings.ReplaceAll(g.AWSAvailabilityZone, "_", "-"))
		a.Region = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-\d+`).FindString(a.Zone)
	case "AZURE":
		a.Region = strings.ToLower(g.AzureRegion)
		_, a.Zone, _ = strings.Cut(strings.ToLower(g.AzureAvailabilityZone), a.Region+"_")
	case "GCP":
		// The API has no member for it; the group's name ends in the zone.
		if m := regexp.MustCompile(`(?:^|-)(([a-z]+-[a-z]+\d+)-[a-z])$`).FindStringSubmatch(g.Name); m != nil {
			a.Zone, a.Region = m[1], m[2]
		}
	}
	return a
}

// place is where the appliance runs, for people: "AWS us-west-2a".
func (a appliance) place() string {
	place := cmp.Or(a.Platform, "the provider")
	switch {
	case a.Zone == "" && a.Region == "":
		if a.Location != "" {
			place += ", location " + a.Location
		}
	case a.Region != "" && !strings.HasPrefix(a.Zone, a.Region): // Azure numbers its zones
		place += " " + a.Region
		if a.Zone != "" {
			place += " zone " + a.Zone
		}
	default:
		place += " " + a.Zone
	}
	return place
}

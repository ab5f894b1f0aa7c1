package kinds

import "github.com/spurline/spurline/internal/wire"

// What customers must trust so that their accounts can be read. The account
// number is made up, as the platform's own is not published.
const (
	TrustedAccountID = "210987654321"
	TrustedRole      = "zscaler-tag-discovery"
)

// DiscoverySettings is what the API says of the trusted side. Source:
// resources/discovery-settings.md.
type DiscoverySettings struct {
	TrustedAccountID string `json:"trustedAccountId"`
	TrustedRoleName  string `json:"trustedRoleName"`
}

// DiscoveryPermissions asks whether a role of a customer's account can be
// assumed, and is its own answer.
type DiscoveryPermissions struct {
	DiscoveryRole string `json:"discoveryRole" required:"true"`
	ExternalID    string `json:"externalId" required:"true"`
}

// Verify says whether the account can be entered as p asks for. There is no
// cloud to ask, so the account's own record decides.
func (d *PublicCloudDetails) Verify(p DiscoveryPermissions) string {
	if p.DiscoveryRole == d.AWSRoleName && p.ExternalID == d.ExternalID {
		return "ALLOWED"
	}
	return "DENIED"
}

// SupportedRegion is a region in which workloads can be discovered.
type SupportedRegion struct {
	ID        wire.Int `json:"id"`
	Name      string   `json:"name"`
	CloudType string   `json:"cloudType"`
}

// firstRegionID is the only region's id that any source shows; the others
// follow it.
const firstRegionID = 1178341

// SupportedRegions lists the regions in the order of the published table.
func SupportedRegions() (out []SupportedRegion) {
	for i, name := range []string{
		"US_EAST_1", "US_EAST_2", "US_WEST_1", "US_WEST_2", "EU_CENTRAL_1", "EU_WEST_1", "EU_WEST_2",
		"AP_SOUTHEAST_1", "AP_SOUTH_1", "AP_SOUTHEAST_2",
	} {
		out = append(out, SupportedRegion{ID: firstRegionID + wire.Int(i), Name: name, CloudType: "AWS"})
	}
	return out
}

func regionByID(id wire.Int) (SupportedRegion, bool) {
	for _, r := range SupportedRegions() {
		if r.ID == id {
			return r, true
		}
	}
	return SupportedRegion{}, false
}

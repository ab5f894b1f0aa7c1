package fleet

import (
	_ "embed"
	"strings"
)

// zoneTable has a line for each AWS region of the API's availability zone
// enumeration: the region, a tab, and the letters of its zones. The
// enumeration leaves letters out, and lags behind the provider.
//
//go:embed zones.tsv
var zoneTable string

// AWSZone returns the API's spelling of an AWS availability zone, US_WEST_2A
// for us-west-2a. A zone that the API's enumeration lacks has no spelling:
// clients with a closed enumeration could not read it, so the member is left
// out.
func AWSZone(zone string) (string, bool) {
	zone = strings.ToLower(zone)
	for line := range strings.Lines(zoneTable) {
		region, letters, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		letter, found := strings.CutPrefix(zone, region)
		if found && len(letter) == 1 && strings.Contains(letters, letter) {
			return enumSpelling(zone), true
		}
	}
	return "", false
}

// AzureZone returns the API's spelling of an Azure availability zone, which is
// the region's with the zone's number: EASTUS2_1. Zone 0 is a region without
// zones, or an instance outside of them.
func AzureZone(region, zone string) (string, bool) {
	if region == "" || len(zone) != 1 || zone[0] < '0' || zone[0] > '3' {
		return "", false
	}
	return AzureRegion(region) + "_" + zone, true
}

// AzureRegion returns the API's spelling of an Azure region: EASTUS2.
func AzureRegion(region string) string { return enumSpelling(region) }

// enumSpelling writes a provider's name as the API's enumerations do.
func enumSpelling(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

package fleet

import (
	"strings"
	"testing"
)

func TestAWSZone(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{
		"us-west-2a":      "US_WEST_2A",
		"us-west-2d":      "US_WEST_2D",
		"US-East-1F":      "US_EAST_1F",
		"us-gov-east-1b":  "US_GOV_EAST_1B",
		"cn-northwest-1c": "CN_NORTHWEST_1C",
		"ca-central-1d":   "CA_CENTRAL_1D",

		"ca-central-1c":    "", // left out by the enumeration
		"ap-northeast-1b":  "",
		"us-west-2e":       "",
		"us-west-2":        "",
		"us-west-2ab":      "",
		"us-west-2-lax-1a": "",
		"eu-central-2a":    "",
		"":                 "",
	} {
		if got, ok := AWSZone(zone); got != want || ok != (want != "") {
			t.Errorf("AWSZone(%q) = %q, %t, want %q", zone, got, ok, want)
		}
	}
}

func TestZoneTable(t *testing.T) {
	t.Parallel()
	count := 0
	for line := range strings.Lines(zoneTable) {
		region, letters, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if _, known := LookupRegion(AWS, region); !ok || !known {
			t.Errorf("%q is not a line of a known region", line)
		}
		for _, letter := range letters {
			count++
			want := strings.ToUpper(strings.ReplaceAll(region, "-", "_") + string(letter))
			if got, _ := AWSZone(region + string(letter)); got != want {
				t.Errorf("AWSZone(%s%c) = %q, want %q", region, letter, got, want)
			}
		}
	}
	if count != 83 {
		t.Errorf("%d zones, want the 83 of the API's enumeration", count)
	}
}

func TestAzureZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ region, zone, want string }{
		{"eastus2", "1", "EASTUS2_1"},
		{"EastUS2", "0", "EASTUS2_0"},
		{"asia", "3", "ASIA_3"},
		{"eastus2", "4", ""},
		{"eastus2", "", ""},
		{"eastus2", "eastus2-1", ""},
		{"", "1", ""},
	} {
		if got, ok := AzureZone(c.region, c.zone); got != c.want || ok != (c.want != "") {
			t.Errorf("AzureZone(%q, %q) = %q, %t, want %q", c.region, c.zone, got, ok, c.want)
		}
	}
	if got := AzureRegion("eastus2"); got != "EASTUS2" {
		t.Errorf("AzureRegion = %q", got)
	}
}

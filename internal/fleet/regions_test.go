package fleet

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones must exist wherever the test runs

	"github.com/google/go-cmp/cmp"
)

// awsRegionsFile is the list of the API's own spellings, where the checkout
// has it beside it.
const awsRegionsFile = "../../../shared/api/aws-regions.json"

func TestLookupRegion(t *testing.T) {
	t.Parallel()
	want := Region{
		Cloud: AWS, Name: "us-west-2", Country: "UNITED_STATES", State: "Oregon",
		TZ: "UNITED_STATES_AMERICA_LOS_ANGELES", CityGeoID: 5746545,
	}
	for _, name := range []string{"us-west-2", "US-West-2"} {
		got, ok := LookupRegion(AWS, name)
		if !ok {
			t.Fatalf("LookupRegion(AWS, %q) found nothing", name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("LookupRegion(AWS, %q) (-want +got):\n%s", name, diff)
		}
	}
	for _, q := range [][2]string{
		{AWS, "us-west-9"},
		{Azure, "us-west-2"},
		{"", ""},
		{AWS, ""},
		{AWS, "us-west-2\tUNITED_STATES"},
		{"AWS\tus-west-2", "UNITED_STATES"},
		{AWS, "us-west"},
	} {
		if r, ok := LookupRegion(q[0], q[1]); ok {
			t.Errorf("LookupRegion(%q, %q) = %+v, want nothing", q[0], q[1], r)
		}
	}
}

func TestRegionTable(t *testing.T) {
	t.Parallel()
	countryForm := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	nameForm := regexp.MustCompile(`^[a-z]+(-?[a-z]+)*-?[0-9]*[a-z]*$`)
	count := map[string]int{}
	seen := map[string]bool{}
	for line := range strings.Lines(regionTable) {
		r, err := parseRegion(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		key := r.Cloud + " " + r.Name
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		count[r.Cloud]++
		if got, ok := LookupRegion(r.Cloud, r.Name); !ok || got != r {
			t.Errorf("LookupRegion finds %+v for %s", got, key)
		}
		if !nameForm.MatchString(r.Name) || !countryForm.MatchString(r.Country) {
			t.Errorf("%s in %q is not spelled as it should be", key, r.Country)
		}
		if zone, ok := olson(r.Country, r.TZ); !ok {
			t.Errorf("%s: tz %q does not begin with %s", key, r.TZ, r.Country)
		} else if _, err := time.LoadLocation(zone); err != nil {
			t.Errorf("%s: tz %q: %v", key, r.TZ, err)
		}
		if r.CityGeoID < 0 || strings.TrimSpace(r.State) != r.State {
			t.Errorf("%s: city %d, state %q", key, r.CityGeoID, r.State)
		}
	}
	if count[AWS] < 38 || count[Azure] < 45 || count[GCP] < 35 || len(count) != 3 {
		t.Errorf("regions of each cloud: %v", count)
	}
}

// olson undoes the API's spelling of a timezone.
func olson(country, tz string) (string, bool) {
	rest, ok := strings.CutPrefix(tz, country+"_")
	if !ok {
		return "", false
	}
	if country == "AUSTRALIA" {
		rest = country + "_" + rest
	}
	area, city, ok := strings.Cut(rest, "_")
	words := strings.Split(city, "_")
	for i, w := range words {
		words[i] = title(w)
	}
	return title(area) + "/" + strings.Join(words, "_"), ok
}

func title(s string) string {
	if s == "" {
		return s
	}
	return s[:1] + strings.ToLower(s[1:])
}

func TestRegionsOfTheAPI(t *testing.T) {
	t.Parallel()
	type named struct {
		AWSRegion string `json:"awsRegion"`
	}
	var file struct {
		Discovery []named  `json:"workloadDiscoveryRegions"`
		Gateways  []named  `json:"zeroTrustGatewayRegions"`
		ByRegion  []named  `json:"awsAvailabilityZonesByRegion"`
		Zones     []string `json:"awsAvailabilityZones"`
	}
	data, err := os.ReadFile(awsRegionsFile)
	if err != nil {
		t.Skip("the list of the API's spellings is not here:", err)
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, r := range append(append(file.Discovery, file.Gateways...), file.ByRegion...) {
		if _, ok := LookupRegion(AWS, r.AWSRegion); !ok {
			t.Errorf("region %s is missing", r.AWSRegion)
		}
	}
	for _, want := range file.Zones {
		zone := strings.ToLower(strings.ReplaceAll(want, "_", "-"))
		if got, ok := AWSZone(zone); got != want || !ok {
			t.Errorf("AWSZone(%q) = %q, %t, want %q", zone, got, ok, want)
		}
	}
}

package fleet

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// The cloud providers that a connector can report.
const (
	AWS   = "AWS"
	Azure = "AZURE"
	GCP   = "GCP"
)

// What a location says of a place that the region table does not know.
const (
	CountryNone = "NONE"
	TZNone      = "GMT"
)

// Region is what is known of the place behind a provider's region.
type Region struct {
	Cloud   string // AWS, AZURE or GCP
	Name    string // the provider's spelling
	Country string // the API's country enumeration
	State   string // area, as free text; may be empty
	// TZ is the API's timezone enumeration: the country and the Olson zone,
	// except that Australia is not written twice (AUSTRALIA_SYDNEY).
	TZ string
	// CityGeoID is the geonames id of the city a region is named after or
	// nearest to; 0 where none is known.
	CityGeoID int64
}

// regionTable has a line for each region: cloud, region, country, area, tz and
// geonames id, separated by tabs.
//
//go:embed regions.tsv
var regionTable string

// LookupRegion returns what is known of a region, in whichever case it is
// written. A region that is not known is no error for an enrolment: providers
// open new ones faster than this table learns of them, so the second result
// tells the caller to fall back on CountryNone and TZNone.
//
// It scans the table, which only enrolments read, instead of keeping an index.
func LookupRegion(cloud, region string) (Region, bool) {
	for line := range strings.Lines(regionTable) {
		name, rest, _ := strings.Cut(line, "\t")
		if name != cloud {
			continue
		}
		if name, _, _ := strings.Cut(rest, "\t"); !strings.EqualFold(name, region) {
			continue
		}
		r, err := parseRegion(line)
		return r, err == nil
	}
	return Region{}, false
}

// parseRegion reads one line of the table.
func parseRegion(line string) (Region, error) {
	f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
	if len(f) != 6 {
		return Region{}, fmt.Errorf("a region has 6 fields, not %d: %q", len(f), line)
	}
	geo, err := strconv.ParseInt(f[5], 10, 64)
	if err != nil {
		return Region{}, fmt.Errorf("geonames id of %s: %w", f[1], err)
	}
	return Region{Cloud: f[0], Name: f[1], Country: f[2], State: f[3], TZ: f[4], CityGeoID: geo}, nil
}

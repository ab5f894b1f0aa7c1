package kinds

import (
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// Location is a site whose traffic a connector forwards. Source:
// resources/location.md, recorded order.
//
// quirk: location.md, the surrogate refresh members are answered in lists only
// and most members of the lite form are zero whatever the object holds.
type Location struct {
	ID                   wire.Int      `json:"id" readonly:"true" scope:"true"`
	Name                 string        `json:"name" required:"true" max:"255" order:"lite"`
	NonEditable          wire.Bool     `json:"nonEditable" readonly:"true" view:"lite:zero"`
	ParentID             wire.Int      `json:"parentId" parent:"id" view:"lite:show"`
	UpBandwidth          wire.Int      `json:"upBandwidth" min:"0" view:"lite:zero"`
	DnBandwidth          wire.Int      `json:"dnBandwidth" min:"0" view:"lite:zero"`
	Country              string        `json:"country" view:"lite:zero"`
	State                string        `json:"state,omitempty"`
	Language             string        `json:"language" view:"lite:zero"`
	TZ                   string        `json:"tz" view:"lite:show"`
	GeoOverride          wire.Bool     `json:"geoOverride" view:"lite:zero"`
	Latitude             *float64      `json:"latitude,omitempty"`
	Longitude            *float64      `json:"longitude,omitempty"`
	IPAddresses          []string      `json:"ipAddresses,omitempty"`
	AuthRequired         wire.Bool     `json:"authRequired" view:"lite:zero"`
	SSLScanEnabled       wire.Bool     `json:"sslScanEnabled" view:"lite:zero"`
	ZappSSLScanEnabled   wire.Bool     `json:"zappSslScanEnabled" view:"lite:show"`
	XFFForwardEnabled    wire.Bool     `json:"xffForwardEnabled" view:"lite:show"`
	OtherSubLocation     wire.Bool     `json:"otherSubLocation" readonly:"true" view:"lite:show"`
	ECLocation           wire.Bool     `json:"ecLocation" readonly:"true" view:"lite:show"`
	BCLocation           wire.Bool     `json:"bcLocation" readonly:"true" view:"lite:show"`
	CCLocation           wire.Bool     `json:"ccLocation" readonly:"true" view:"lite:show"`
	SurrogateIP          wire.Bool     `json:"surrogateIP" view:"lite:show"`
	CookiesAndProxy      wire.Bool     `json:"cookiesAndProxy" view:"lite:zero"`
	IdleTimeInMinutes    wire.Int      `json:"idleTimeInMinutes" view:"lite:zero"`
	DisplayTimeUnit      string        `json:"displayTimeUnit,omitempty" enum:"MINUTE HOUR DAY"`
	SurrogateIPEnforced  wire.Bool     `json:"surrogateIPEnforcedForKnownBrowsers" view:"lite:show"`
	SurrogateRefreshTime wire.Int      `json:"surrogateRefreshTimeInMinutes" view:"get:hide"`
	SurrogateRefreshUnit string        `json:"surrogateRefreshTimeUnit,omitempty" enum:"MINUTE HOUR DAY" view:"get:hide"`
	KerberosAuth         wire.Bool     `json:"kerberosAuth" view:"lite:show"`
	JWTAuth              wire.Bool     `json:"jwtAuth" view:"lite:zero"`
	DigestAuthEnabled    wire.Bool     `json:"digestAuthEnabled" view:"lite:show"`
	OFWEnabled           wire.Bool     `json:"ofwEnabled" view:"lite:show"`
	IPSControl           wire.Bool     `json:"ipsControl" view:"lite:show"`
	AUPEnabled           wire.Bool     `json:"aupEnabled" view:"lite:show"`
	CautionEnabled       wire.Bool     `json:"cautionEnabled" view:"lite:show"`
	AUPBlockInternet     wire.Bool     `json:"aupBlockInternetUntilAccepted" view:"lite:show"`
	AUPForceSSL          wire.Bool     `json:"aupForceSslInspection" view:"lite:show"`
	IOTDiscoveryEnabled  wire.Bool     `json:"iotDiscoveryEnabled" view:"lite:zero"`
	IOTEnforcePolicySet  wire.Bool     `json:"iotEnforcePolicySet" view:"lite:zero"`
	AUPTimeoutInDays     wire.Int      `json:"aupTimeoutInDays" view:"lite:show"`
	ChildCount           resource.Live `json:"childCount" live:"count location" view:"lite:0"`
	MatchInChild         wire.Bool     `json:"matchInChild" readonly:"true" view:"lite:zero"`
	StaticGroups         []wire.Ref    `json:"staticLocationGroups"`
	DynamicGroups        []wire.Ref    `json:"dynamiclocationGroups" readonly:"true"`
	ExcludeFromDynamic   wire.Bool     `json:"excludeFromDynamicGroups" view:"lite:zero"`
	ExcludeFromManual    wire.Bool     `json:"excludeFromManualGroups" view:"lite:zero"`
	DefaultExtranetPool  wire.Bool     `json:"defaultExtranetTsPool" view:"lite:zero"`
	DefaultExtranetDNS   wire.Bool     `json:"defaultExtranetDns" view:"lite:zero"`
	Profile              string        `json:"profile" enum:"NONE CORPORATE SERVER GUESTWIFI IOT WORKLOAD" view:"lite:zero"`
	Description          string        `json:"description,omitempty" max:"10240"`
	SubLocScopeEnabled   wire.Bool     `json:"subLocScopeEnabled,omitempty" readonly:"true" view:"get:hide"`
	IPv6Enabled          wire.Bool     `json:"ipv6Enabled,omitempty"`
	VPCInfo              *VPCInfo      `json:"vpcInfo,omitempty" readonly:"true"`
	PublicCloudAccount   *wire.Ref     `json:"publicCloudAccountId,omitempty" readonly:"true" ref:"publicCloudAccount"`
}

// VPCInfo says in which network of which provider a location lies.
type VPCInfo struct {
	CloudProvider string    `json:"cloudProvider"`
	CloudMeta     CloudMeta `json:"cloudMeta"`
}

// CloudMeta names the network; its id is 1 wherever one was recorded.
type CloudMeta struct {
	Name string   `json:"name"`
	ID   wire.Int `json:"id"`
}

// The dynamic group that connector locations fall into. Location groups have
// no operations in this API, so their ids are fixed.
const (
	WorkloadGroupID   = 70012
	WorkloadGroupName = "Workload Traffic Group"
)

// dynamicGroup returns the platform's own location group that a profile puts a
// location into.
func dynamicGroup(profile string) wire.Ref {
	switch profile {
	case "CORPORATE":
		return wire.Ref{ID: 70008, Name: "Corporate User Traffic Group"}
	case "SERVER":
		return wire.Ref{ID: 70009, Name: "Server Traffic Group"}
	case "GUESTWIFI":
		return wire.Ref{ID: 70010, Name: "Guest Wifi Group"}
	case "IOT":
		return wire.Ref{ID: 70011, Name: "IoT Traffic Group"}
	case "WORKLOAD":
		return wire.Ref{ID: WorkloadGroupID, Name: WorkloadGroupName}
	default:
		return wire.Ref{ID: 70007, Name: "Unassigned Locations"}
	}
}

// The platform's own location. It hangs on nothing and is in the lite list
// only.
const (
	CloudBrowserID   = 256000110
	CloudBrowserName = "Cloud Browser"
)

// NewLocation returns a location with the values that the API answers where
// nothing was set.
func NewLocation(name string) *Location {
	return &Location{
		Name: name, Country: "NONE", Language: "NONE", TZ: "GMT", Profile: "NONE",
		StaticGroups: []wire.Ref{}, DynamicGroups: []wire.Ref{},
	}
}

// Apply copies a location template's defaults onto the location.
func (l *Location) Apply(d *LocationDefaults) {
	l.XFFForwardEnabled, l.AuthRequired, l.CautionEnabled = d.XFFForwardEnabled, d.AuthRequired, d.CautionEnabled
	l.AUPEnabled, l.AUPTimeoutInDays = d.AUPEnabled, d.AUPTimeoutInDays
	l.OFWEnabled, l.IPSControl = d.OFWEnabled, d.IPSControl
	if d.EnforceBandwidthControl {
		l.UpBandwidth, l.DnBandwidth = d.UpBandwidth, d.DnBandwidth
	}
	l.SurrogateIP, l.IdleTimeInMinutes, l.DisplayTimeUnit = d.SurrogateIP, d.IdleTimeInMinutes, d.DisplayTimeUnit
	l.SurrogateIPEnforced = d.SurrogateIPEnforcedForKnownBrowsers
	l.SurrogateRefreshTime, l.SurrogateRefreshUnit = d.SurrogateRefreshTimeInMinutes, d.SurrogateRefreshTimeUnit
}

// InGroup reports whether the location is in a group of locations.
func (l *Location) InGroup(id int64) bool {
	return slices.ContainsFunc(l.DynamicGroups, func(g wire.Ref) bool { return int64(g.ID) == id })
}

func location() (*resource.Spec, error) {
	return resource.Define(resource.Kind[Location]{
		Name: LocationKind, Title: "location", Path: "/location",
		Ops:  resource.List | resource.Lite | resource.LiteGet | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area: resource.LocationManagement, Feature: access.LocationManagement,
		Parent: resource.Parent{Kind: LocationKind},
		Limits: resource.Limits{Read: fastRead, Write: usualWrite, Page: 100, LitePage: 100, Max: 1000},
		Audit:  resource.Audit{Category: "Location Management", Sub: "Location"},
		Unique: resource.UniqueInParent,
		Builtin: func(resource.Facts) []Location {
			l := NewLocation(CloudBrowserName)
			l.ID, l.NonEditable, l.ExcludeFromDynamic = CloudBrowserID, true, true
			return []Location{*l}
		},
		Defaults: fillLocation,
		Validate: checkLocation,
		Filters: []resource.Filter[Location]{
			{Param: "search", Says: "A part of the name, in any case.", Name: resource.NameContains},
			{Param: "name", Says: "A part of the name, as search.", Name: resource.NameContains},
			{Param: "state", Says: "The state or province, in any case.", Match: func(l *Location, v resource.Value) bool { return strings.EqualFold(l.State, v.Text) }},
			{Param: "groupId", Type: resource.Integer, Says: "The id of a location group that they are in.", Match: inGroup},
			boolFilter("sslScanEnabled", "Whether TLS inspection is on.", func(l *Location) bool { return bool(l.SSLScanEnabled) }),
			boolFilter("xffEnabled", "Whether X-Forwarded-For is taken from clients.", func(l *Location) bool { return bool(l.XFFForwardEnabled) }),
			boolFilter("authRequired", "Whether users must authenticate.", func(l *Location) bool { return bool(l.AuthRequired) }),
			boolFilter("bwEnforced", "Whether a bandwidth is set.", func(l *Location) bool { return l.UpBandwidth > 0 || l.DnBandwidth > 0 }),
			boolFilter("enforceAup", "Whether users must accept a policy of acceptable use.", func(l *Location) bool { return bool(l.AUPEnabled) }),
			boolFilter("enableFirewall", "Whether the firewall is on.", func(l *Location) bool { return bool(l.OFWEnabled) }),
			{Param: "locationType", Says: "The profile, in any case.", Enum: []string{"NONE", "CORPORATE", "SERVER", "GUESTWIFI", "IOT", "WORKLOAD"}, Match: func(l *Location, v resource.Value) bool { return strings.EqualFold(l.Profile, v.Text) }},
			// No location has a partner: partner integrations of this kind belong to the sibling product.
			{Param: "partnerId", Type: resource.Integer, Says: "The id of a partner; no location has any.", Match: func(*Location, resource.Value) bool { return false }},
		},
	})
}

// fillLocation sets what follows from other members.
func fillLocation(f resource.Facts, l *Location) {
	l.Country, l.Language, l.TZ, l.Profile = or(l.Country, "NONE"), or(l.Language, "NONE"), or(l.TZ, "GMT"), or(l.Profile, "NONE")
	if l.StaticGroups == nil {
		l.StaticGroups = []wire.Ref{}
	}
	l.DynamicGroups = []wire.Ref{}
	if !l.ExcludeFromDynamic {
		l.DynamicGroups = append(l.DynamicGroups, dynamicGroup(l.Profile))
	}
	// A read of one location leaves the refresh time out, and scripts send back
	// what they read.
	if old, ok := f.Old.(*Location); ok && bool(l.SurrogateIPEnforced) && l.SurrogateRefreshTime == 0 {
		l.SurrogateRefreshTime, l.SurrogateRefreshUnit = old.SurrogateRefreshTime, old.SurrogateRefreshUnit
	}
	if l.ParentID == 0 {
		return
	}
	// A sub-location inherits what says whose addresses its traffic carries.
	if p, err := f.Lookup.ByID(LocationKind, int64(l.ParentID)); err == nil && p != nil {
		l.XFFForwardEnabled = p.(*Location).XFFForwardEnabled
	}
}

func checkLocation(f resource.Facts, l *Location) error {
	if f.Predefined {
		return wire.Forbidden(wire.CodeInvalidOperation, "The location %q belongs to the platform and cannot be changed.", f.Old.(*Location).Name)
	}
	if l.ParentID != 0 {
		p, err := f.Lookup.ByID(LocationKind, int64(l.ParentID))
		switch {
		case err != nil:
			return err
		case p != nil && (p.(*Location).ParentID != 0 || p.(*Location).ID == CloudBrowserID):
			return wire.Invalid("parentId", "names a location that cannot have sub-locations")
		case len(l.IPAddresses) == 0:
			return wire.Invalid("ipAddresses", "cannot be null on a sub-location")
		}
	}
	switch {
	case !isConstant(l.Country):
		return wire.Invalid("country", "must be spelled as in UNITED_STATES")
	case !isConstant(l.TZ):
		return wire.Invalid("tz", "must be spelled as in UNITED_STATES_AMERICA_LOS_ANGELES")
	case outside(l.Latitude, 90):
		return wire.Invalid("latitude", "must be from -90 to 90")
	case outside(l.Longitude, 180):
		return wire.Invalid("longitude", "must be from -180 to 180")
	case len(l.StaticGroups) > 0:
		return wire.Invalid("staticLocationGroups[0]", "names the location group %d, which does not exist", l.StaticGroups[0].ID)
	case bool(l.SurrogateIP) && l.IdleTimeInMinutes == 0:
		return wire.Invalid("idleTimeInMinutes", "must be set when surrogateIP is true")
	case bool(l.SurrogateIPEnforced) && !bool(l.SurrogateIP):
		return wire.Invalid("surrogateIPEnforcedForKnownBrowsers", "needs surrogateIP")
	case bool(l.CautionEnabled && l.AUPEnabled):
		return wire.Invalid("cautionEnabled", "cannot be combined with aupEnabled")
	case bool(l.AUPEnabled) && l.AUPTimeoutInDays == 0:
		return wire.Invalid("aupTimeoutInDays", "must be set when aupEnabled is true")
	}
	return checkAddresses("ipAddresses", l.IPAddresses)
}

// isConstant reports whether text is spelled as the API's constants are.
func isConstant(text string) bool {
	return len(text) <= 255 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

func outside(degrees *float64, most float64) bool {
	return degrees != nil && (*degrees < -most || *degrees > most)
}

func boolFilter(param, says string, get func(*Location) bool) resource.Filter[Location] {
	return resource.Filter[Location]{Param: param, Type: resource.Boolean, Says: says, Match: func(l *Location, v resource.Value) bool {
		return get(l) == v.Bool
	}}
}

func inGroup(l *Location, v resource.Value) bool {
	for _, groups := range [][]wire.Ref{l.StaticGroups, l.DynamicGroups} {
		for _, g := range groups {
			if int64(g.ID) == v.Int {
				return true
			}
		}
	}
	return false
}

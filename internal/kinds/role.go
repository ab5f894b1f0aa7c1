package kinds

import (
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// AdminRole is a permission set. Source: resources/admin-role.md, recorded
// order. The server consults it at every request, so it is not staged.
type AdminRole struct {
	ID                    wire.Int          `json:"id" readonly:"true"`
	Rank                  wire.Int          `json:"rank" min:"0" max:"7" extends:"adminRank"`
	Name                  string            `json:"name" required:"true" max:"255"`
	PolicyAccess          access.Level      `json:"policyAccess"`
	AlertingAccess        access.Level      `json:"alertingAccess"`
	DashboardAccess       access.Level      `json:"dashboardAccess"`
	ReportAccess          access.Level      `json:"reportAccess"`
	AnalysisAccess        access.Level      `json:"analysisAccess"`
	UsernameAccess        access.Level      `json:"usernameAccess"`
	DeviceInfoAccess      access.Level      `json:"deviceInfoAccess"`
	AdminAcctAccess       access.Level      `json:"adminAcctAccess"`
	FeaturePermissions    Permissions       `json:"featurePermissions"`
	ExtFeaturePermissions map[string]string `json:"extFeaturePermissions"`
	IsAuditor             wire.Bool         `json:"isAuditor,omitempty"`
	IsNonEditable         wire.Bool         `json:"isNonEditable,omitempty" readonly:"true"`
	LogsLimit             string            `json:"logsLimit" enum:"UNRESTRICTED MONTH_1 MONTH_2 MONTH_3 MONTH_4 MONTH_5 MONTH_6"`
	RoleType              string            `json:"roleType" enum:"EDGE_CONNECTOR_ADMIN ANY ORG_ADMIN SDWAN MSFT_VIRTUAL_WAN PUBLIC_API EXEC_INSIGHT EXEC_INSIGHT_AND_ORG_ADMIN ZDX_ADMIN CSPM_ADMIN ZSCALER_DECEPTION_ADMIN ZSCALER_DECEPTION_SUPER_ADMIN" extends:"roleType"`
	ReportTimeDuration    wire.Int          `json:"reportTimeDuration"`
	// The role itself does not show this; references to it do.
	IsNameL10nTag wire.Bool `json:"isNameL10nTag,omitempty" readonly:"true" view:"list:hide get:hide post:hide put:hide"`
}

// The roles that an org is born with; ReadOnlyAdmin and SuperAdmin are the
// vendor's (recorded), Editor is the demo org's own.
const (
	SuperAdmin    = "Super Admin"
	ReadOnlyAdmin = "Read-only Admin"
	Editor        = "Editor"
)

// The values of a role that says nothing of them.
const (
	lowestRank    = 7
	ecAdmin       = "EDGE_CONNECTOR_ADMIN"
	allLogs       = "UNRESTRICTED"
	noReportLimit = -1
)

func adminRole() (*resource.Spec, error) {
	return resource.Define(resource.Kind[AdminRole]{
		Name: AdminRoleKind, Title: "admin role", Path: "/adminRoles",
		Ops:  resource.List | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area: resource.Administration, Feature: access.AdminManagement, Unique: resource.UniqueName, Unstaged: true,
		Limits: resource.Limits{Read: lightRead, Write: usualWrite, Max: 64},
		Audit:  resource.Audit{Category: "Role Management", Sub: "Role Management"},
		Filters: []resource.Filter[AdminRole]{
			{Param: "id", Type: resource.Integer, Says: "The id.", Repeated: true, Match: func(r *AdminRole, v resource.Value) bool { return v.IsInt(int64(r.ID)) }},
			without("includeAuditorRole", "auditors", func(r *AdminRole) bool { return bool(r.IsAuditor) }),
			without("includePartnerRole", "partners", func(r *AdminRole) bool { return r.RoleType == "SDWAN" || r.RoleType == "MSFT_VIRTUAL_WAN" }),
			without("includeApiRole", "API clients", isAPIRole), without("includeApiRoles", "API clients", isAPIRole),
		},
		Builtin: func(resource.Facts) []AdminRole {
			super := builtinRole(SuperAdmin, 0, access.ReadWrite)
			super.AlertingAccess, super.AdminAcctAccess, super.IsNonEditable = access.ReadWrite, access.ReadWrite, true
			super.FeaturePermissions[access.NSS] = access.ReadWrite
			reader := builtinRole(ReadOnlyAdmin, lowestRank, access.ReadOnly)
			super.IsNameL10nTag, reader.IsNameL10nTag = true, true
			return []AdminRole{super, reader}
		},
		Defaults: fillRole,
		Validate: func(f resource.Facts, r *AdminRole) error {
			if old, ok := f.Old.(*AdminRole); ok && f.Predefined && old.Name != r.Name {
				return wire.Forbidden(wire.CodeInvalidOperation, "The admin role %q came with the org and keeps its name.", old.Name)
			}
			return nil
		},
	})
}

func isAPIRole(r *AdminRole) bool { return r.RoleType == "PUBLIC_API" }

// without is a parameter that leaves roles of a sort out when it says false.
//
// quirk: behaviours.md 5.5, clients put other text there, which means true.
func without(param, whose string, sort func(*AdminRole) bool) resource.Filter[AdminRole] {
	return resource.Filter[AdminRole]{Param: param, Says: "Whether roles of " + whose + " are listed; anything but false means yes.", Match: func(r *AdminRole, v resource.Value) bool {
		return !strings.EqualFold(v.Text, "false") || !sort(r)
	}}
}

// fillRole sets what clients leave out although the guide requires it
// (behaviours.md 5.2); levels are NONE by themselves. A rank of 0 is the super
// admins', so whoever clones that role gets the lowest rank.
func fillRole(_ resource.Facts, r *AdminRole) {
	if r.Rank == 0 && !bool(r.IsNonEditable) {
		r.Rank = lowestRank
	}
	if r.FeaturePermissions == nil {
		r.FeaturePermissions = Permissions{}
	}
	if r.ExtFeaturePermissions == nil {
		r.ExtFeaturePermissions = map[string]string{}
	}
	r.LogsLimit, r.RoleType = or(r.LogsLimit, allLogs), or(r.RoleType, ecAdmin)
	if r.ReportTimeDuration == 0 {
		r.ReportTimeDuration = noReportLimit
	}
}

func builtinRole(name string, rank wire.Int, level access.Level) AdminRole {
	r := NewRole(name, rank)
	r.DeviceInfoAccess, r.AdminAcctAccess = access.ReadOnly, access.ReadOnly
	for _, f := range []access.Feature{
		access.PublicCloud, access.Template, access.RemoteAssistance, access.CloudProvisioning,
		access.APIKeyManagement, access.LocationManagement, access.AdminManagement, access.Forwarding,
	} {
		r.FeaturePermissions[f] = level
	}
	r.FeaturePermissions[access.Dashboard] = access.ReadOnly
	return r
}

// NewRole returns a role without permissions.
func NewRole(name string, rank wire.Int) AdminRole {
	return AdminRole{
		Name: name, Rank: rank, FeaturePermissions: Permissions{}, ExtFeaturePermissions: map[string]string{},
		LogsLimit: allLogs, RoleType: ecAdmin, ReportTimeDuration: noReportLimit,
	}
}

// EditorRole may change the configuration but neither admins nor the API key.
func EditorRole() AdminRole {
	r := builtinRole(Editor, 5, access.ReadWrite)
	r.AdminAcctAccess = access.None
	r.FeaturePermissions[access.AdminManagement] = access.ReadOnly
	r.FeaturePermissions[access.APIKeyManagement] = access.ReadOnly
	return r
}

package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// AdminRole is a permission set. Source: resources/admin-role.md, recorded
// order. The server consults it at every request, so it is not staged.
type AdminRole struct {
	ID                    wire.Int                        `json:"id" readonly:"true"`
	Rank                  wire.Int                        `json:"rank" min:"0" max:"7"`
	Name                  string                          `json:"name" required:"true" max:"255"`
	PolicyAccess          access.Level                    `json:"policyAccess"`
	AlertingAccess        access.Level                    `json:"alertingAccess"`
	DashboardAccess       access.Level                    `json:"dashboardAccess"`
	ReportAccess          access.Level                    `json:"reportAccess"`
	AnalysisAccess        access.Level                    `json:"analysisAccess"`
	UsernameAccess        access.Level                    `json:"usernameAccess"`
	DeviceInfoAccess      access.Level                    `json:"deviceInfoAccess"`
	AdminAcctAccess       access.Level                    `json:"adminAcctAccess"`
	FeaturePermissions    map[access.Feature]access.Level `json:"featurePermissions"`
	ExtFeaturePermissions map[string]string               `json:"extFeaturePermissions"`
	IsNonEditable         wire.Bool                       `json:"isNonEditable,omitempty" readonly:"true"`
	LogsLimit             string                          `json:"logsLimit" enum:"UNRESTRICTED MONTH_1 MONTH_2 MONTH_3 MONTH_4 MONTH_5 MONTH_6"`
	RoleType              string                          `json:"roleType"`
	ReportTimeDuration    wire.Int                        `json:"reportTimeDuration"`
}

// The roles that an org is born with; ReadOnlyAdmin and SuperAdmin are the
// vendor's (recorded), Editor is the demo org's own.
const (
	SuperAdmin    = "Super Admin"
	ReadOnlyAdmin = "Read-only Admin"
	Editor        = "Editor"
)

func adminRole() (*resource.Spec, error) {
	return resource.Define(resource.Kind[AdminRole]{
		Name: AdminRoleKind, Title: "admin role", Unique: resource.UniqueName, Unstaged: true,
		Limits: resource.Limits{Max: 64}, Audit: resource.Audit{Category: "Role Management", Sub: "Role Management"},
		Builtin: func(resource.Facts) []AdminRole {
			super := builtinRole(SuperAdmin, 0, access.ReadWrite)
			super.AlertingAccess, super.AdminAcctAccess, super.IsNonEditable = access.ReadWrite, access.ReadWrite, true
			super.FeaturePermissions[access.NSS] = access.ReadWrite
			return []AdminRole{super, builtinRole(ReadOnlyAdmin, 7, access.ReadOnly)}
		},
	})
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
		Name: name, Rank: rank, FeaturePermissions: map[access.Feature]access.Level{}, ExtFeaturePermissions: map[string]string{},
		LogsLimit: "UNRESTRICTED", RoleType: "EDGE_CONNECTOR_ADMIN", ReportTimeDuration: -1,
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

// AdminUser is an administrator. Source: resources/admin-user.md. The password
// lives elsewhere, in the table of credentials.
type AdminUser struct {
	ID                wire.Int   `json:"id" readonly:"true"`
	LoginName         string     `json:"loginName" required:"true" max:"128"`
	UserName          string     `json:"userName" required:"true" max:"256"`
	Email             string     `json:"email" required:"true" max:"254"`
	Role              *wire.Ref  `json:"role" required:"true" ref:"adminRole"`
	Comments          string     `json:"comments,omitempty" max:"10240"`
	ScopeGroupMembers []wire.Ref `json:"adminScopescopeGroupMemberEntities"`
	ScopeType         string     `json:"adminScopeType" enum:"ORGANIZATION LOCATION DEPARTMENT LOCATION_GROUP NONE"`
	ScopeEntities     []wire.Ref `json:"adminScopeScopeEntities"`
	Disabled          wire.Bool  `json:"disabled"`
	IsDefaultAdmin    wire.Bool  `json:"isDefaultAdmin,omitempty" readonly:"true"`
	PasswordModified  wire.Time  `json:"pwdLastModifiedTime" readonly:"true"`
	IsNonEditable     wire.Bool  `json:"isNonEditable,omitempty" readonly:"true"`
	Name              string     `json:"name" readonly:"true"`
}

func adminUser() (*resource.Spec, error) {
	return resource.Define(resource.Kind[AdminUser]{
		Name: AdminUserKind, Title: "admin", Unstaged: true,
		Limits: resource.Limits{Max: 10_000}, Audit: resource.Audit{Category: "Administrator Management", Sub: "Administrator"},
		Defaults: func(_ resource.Facts, a *AdminUser) {
			a.Name = a.UserName
			if a.ScopeType == "" {
				a.ScopeType = "ORGANIZATION"
			}
			if a.ScopeGroupMembers == nil {
				a.ScopeGroupMembers = []wire.Ref{}
			}
			if a.ScopeEntities == nil {
				a.ScopeEntities = []wire.Ref{}
			}
		},
	})
}

package kinds

import (
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// AdminUser is an administrator. Source: resources/admin-user.md. The password
// is on its way through; it lives in the table of credentials.
type AdminUser struct {
	ID                     wire.Int    `json:"id" readonly:"true"`
	LoginName              string      `json:"loginName" required:"true" max:"128"`
	UserName               string      `json:"userName" required:"true" max:"256"`
	Email                  string      `json:"email" required:"true" max:"254"`
	Role                   *wire.Ref   `json:"role" required:"true" ref:"adminRole"`
	Comments               string      `json:"comments,omitempty" max:"10240"`
	ScopeGroupMembers      []wire.Ref  `json:"adminScopescopeGroupMemberEntities" readonly:"true"`
	ScopeType              string      `json:"adminScopeType" enum:"ORGANIZATION LOCATION"`
	ScopeEntities          []wire.Ref  `json:"adminScopeScopeEntities" ref:"location"`
	Disabled               wire.Bool   `json:"disabled"`
	IsDefaultAdmin         wire.Bool   `json:"isDefaultAdmin,omitempty" readonly:"true"`
	IsAuditor              wire.Bool   `json:"isAuditor,omitempty"`
	Password               wire.Secret `json:"password,omitzero"`
	IsPasswordLoginAllowed *wire.Bool  `json:"isPasswordLoginAllowed,omitempty" view:"list:hide"`
	SecurityReports        wire.Bool   `json:"isSecurityReportCommEnabled,omitempty"`
	ServiceUpdates         wire.Bool   `json:"isServiceUpdateCommEnabled,omitempty"`
	ProductUpdates         wire.Bool   `json:"isProductUpdateCommEnabled,omitempty"`
	PasswordModified       wire.Time   `json:"pwdLastModifiedTime" readonly:"true"`
	IsPasswordExpired      wire.Bool   `json:"isPasswordExpired,omitempty" readonly:"true"` // put into answers, as it comes with time
	IsNonEditable          wire.Bool   `json:"isNonEditable,omitempty" readonly:"true"`
	IsExecMobileAppEnabled wire.Bool   `json:"isExecMobileAppEnabled,omitempty"`
	NewLocationAllowed     wire.Bool   `json:"newLocationCreateAllowed,omitempty"`
	Name                   string      `json:"name" readonly:"true"`
}

// The scopes of an admin. The vendor's model knows departments and groups of
// locations besides, of which this product has none to choose.
const (
	ScopeOrganization = "ORGANIZATION"
	ScopeLocation     = "LOCATION"
)

func adminUser() (*resource.Spec, error) {
	return resource.Define(resource.Kind[AdminUser]{
		Name: AdminUserKind, Title: "admin", Path: "/adminUsers",
		Ops:  resource.List | resource.Get | resource.Create | resource.Update | resource.Delete,
		Area: resource.Administration, Feature: access.AdminManagement, Unstaged: true,
		Limits: resource.Limits{Read: lightRead, Write: usualWrite, Page: 100, Max: 10_000},
		Audit:  resource.Audit{Category: "Administrator Management", Sub: "Administrator"},
		Filters: []resource.Filter[AdminUser]{
			{Param: "includeAuditorUsers", Type: resource.Boolean, Says: "Whether auditors are listed; absent means yes.", Match: func(a *AdminUser, v resource.Value) bool { return v.Bool || !bool(a.IsAuditor) }},
			{Param: "includeAdminUsers", Type: resource.Boolean, Says: "Whether admins who are not auditors are listed; absent means yes.", Match: func(a *AdminUser, v resource.Value) bool { return v.Bool || bool(a.IsAuditor) }},
			{Param: "partnerType", Says: "The type of the admin's role, or ANY.", Match: func(a *AdminUser, v resource.Value) bool {
				return v.Text == "ANY" || a.Role.Extensions["roleType"] == v.Text
			}},
			{Param: "search", Says: "A part of the login name or of the name, in any case.", Match: func(a *AdminUser, v resource.Value) bool {
				return containsFold(a.LoginName, v.Text) || containsFold(a.UserName, v.Text)
			}},
			{Param: "version", Type: resource.Integer, Says: "Taken, and without effect.", Match: func(*AdminUser, resource.Value) bool { return true }},
		},
		Defaults: fillAdmin,
		Validate: checkAdmin,
	})
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func fillAdmin(f resource.Facts, a *AdminUser) {
	a.Name = a.UserName
	a.ScopeType = or(a.ScopeType, ScopeOrganization)
	a.ScopeGroupMembers = []wire.Ref{}
	if a.ScopeType != ScopeLocation || a.ScopeEntities == nil {
		a.ScopeEntities = []wire.Ref{}
	}
	if a.IsPasswordLoginAllowed == nil {
		yes := wire.Bool(true)
		a.IsPasswordLoginAllowed = &yes
	}
	if a.Password != "" {
		a.PasswordModified = wire.At(f.Now)
	}
}

func checkAdmin(_ resource.Facts, a *AdminUser) error {
	if !mailLike(a.LoginName) {
		return wire.Invalid("loginName", "must look like a mail address")
	}
	if !mailLike(a.Email) {
		return wire.Invalid("email", "must look like a mail address")
	}
	if len(a.Comments) > 10_240 {
		return wire.Invalid("comments", "cannot be longer than 10240 bytes")
	}
	if a.ScopeType == ScopeLocation && len(a.ScopeEntities) == 0 {
		return wire.Invalid("adminScopeScopeEntities", "cannot be empty where adminScopeType is LOCATION")
	}
	return nil
}

// mailLike takes what has a name and a domain. Which domains are the org's is
// not known here.
func mailLike(text string) bool {
	name, domain, ok := strings.Cut(text, "@")
	return ok && name != "" && domain != "" && !strings.ContainsAny(text, " \t\r\n") && !strings.Contains(domain, "@")
}

// Scope is the part of the org that the admin sees.
func (a *AdminUser) Scope() *access.Scope {
	if a.ScopeType != ScopeLocation {
		return nil
	}
	var ids []int64
	for _, location := range a.ScopeEntities {
		ids = append(ids, int64(location.ID))
	}
	return access.NewScope(ids, bool(a.NewLocationAllowed))
}

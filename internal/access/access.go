// Package access owns who may do what: features, the levels a role holds on
// them, the scope of an admin, and the principal of a request.
package access

import "fmt"

// Feature is a key of a role's featurePermissions, spelled as on the wire
// (behaviours.md section 5).
type Feature string

// The features that govern operations. AnyAdmin and Nobody are Spurline's own:
// operations of every signed-in admin, and those that need no sign-in.
const (
	AnyAdmin           Feature = "(any admin)"
	Public             Feature = "(none)"
	AdminManagement    Feature = "EDGE_CONNECTOR_ADMIN_MANAGEMENT"
	APIKeyManagement   Feature = "APIKEY_MANAGEMENT"
	CloudProvisioning  Feature = "EDGE_CONNECTOR_CLOUD_PROVISIONING"
	Template           Feature = "EDGE_CONNECTOR_TEMPLATE"
	LocationManagement Feature = "EDGE_CONNECTOR_LOCATION_MANAGEMENT"
	Forwarding         Feature = "EDGE_CONNECTOR_FORWARDING"
	PublicCloud        Feature = "EDGE_CONNECTOR_PUBLIC_CLOUD_CONFIG_MANAGEMENT"
	Dashboard          Feature = "EDGE_CONNECTOR_DASHBOARD"
	NSS                Feature = "EDGE_CONNECTOR_NSS_CONFIGURATION"
	RemoteAssistance   Feature = "REMOTE_ASSISTANCE_MANAGEMENT"
)

// Level is how much of a feature a role has.
type Level int

// The levels, in rising order.
const (
	None Level = iota
	ReadOnly
	ReadWrite
)

var levelNames = [...]string{"NONE", "READ_ONLY", "READ_WRITE"}

// String returns the wire spelling.
func (l Level) String() string { return levelNames[l] }

// MarshalText writes the wire spelling.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the wire spelling.
//
// quirk: behaviours.md 5.2, clients do not say every level; the vendor's Go
// client sends an empty one for dashboardAccess.
func (l *Level) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*l = None
		return nil
	}
	for i, name := range levelNames {
		if name == string(text) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not one of NONE, READ_ONLY, READ_WRITE", text)
}

// Role is what an admin may do, as far as a permission check needs it. A
// feature that is absent is NONE.
type Role struct {
	ID       int64
	Name     string
	Rank     int // 0 is the super admin
	Features map[Feature]Level
}

// Principal is the authenticated caller of a request.
type Principal struct {
	Org   int64
	ID    int64  // the admin's object id, or the API client's
	Login string // login name, or a client's name; what adminStatusMap and stamps show
	Role  Role
	Scope *Scope // nil = the whole org
	// PasswordSet is when the password was, in epoch seconds.
	PasswordSet int64
	// Client says that this is an API client, which has tokens and no password.
	Client bool
}

// SuperAdmin reports whether the principal holds the super admin role.
func (p *Principal) SuperAdmin() bool { return p.Role.Rank == 0 }

// Allows reports whether the principal holds at least need on f. Every
// principal may do what AnyAdmin and Public ask for.
func (p *Principal) Allows(f Feature, need Level) bool {
	if f == AnyAdmin || f == Public {
		return true
	}
	return p.Role.Features[f] >= need
}

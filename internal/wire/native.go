package wire

// The messages of Spurline's own operations under /spurline/v1: what an
// operator needs and the vendor's API lacks.

// WhoAmI says who a session belongs to, and that this is not the vendor's
// cloud.
type WhoAmI struct {
	Org         int64             `json:"org"`
	OrgName     string            `json:"orgName"`
	Cloud       string            `json:"cloud"`
	Login       string            `json:"login"`
	Role        string            `json:"role"`
	Rank        int               `json:"rank"` // 0 = super admin
	Permissions map[string]string `json:"permissions"`
	Sandbox     bool              `json:"sandbox"` // true on every Spurline server
}

// The ways in which an object can differ from its active form.
const (
	ChangeCreated = "created"
	ChangeUpdated = "updated"
	ChangeDeleted = "deleted"
)

// Pending is what has been saved and not activated.
type Pending struct {
	Active   int64           `json:"active"`   // revision that connectors run
	Revision int64           `json:"revision"` // last saved one
	Changes  []PendingChange `json:"changes"`
}

// PendingChange is one object that waits for an activation.
type PendingChange struct {
	Kind   string `json:"kind"`
	Title  string `json:"title"` // the kind, for people
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Change string `json:"change"` // ChangeCreated, ChangeUpdated, ChangeDeleted
	By     string `json:"by"`     // login of the last admin who saved it
	At     Time   `json:"at"`     // when they did
}

// VMState is what the server has heard of a connector, beside what the
// vendor's API shows.
type VMState struct {
	ID       int64  `json:"id"`
	GroupID  int64  `json:"groupId"`
	Name     string `json:"name"`
	NativeID string `json:"nativeId"`
	Status   string `json:"status"`   // ACTIVE or INACTIVE
	LastSeen Time   `json:"lastSeen"` // 0 = never
}

// Reference is an object that names another.
type Reference struct {
	Kind  string `json:"kind"`
	Title string `json:"title"`
	ID    int64  `json:"id"`
	Name  string `json:"name"`
}

// EnrolmentKey is the secret that an org's connectors enrol with. The two
// operations on it answer it, and nothing else does.
type EnrolmentKey struct {
	Key string `json:"key"`
}

// FleetPlan asks for simulated connectors: so many groups with so many
// connectors each.
type FleetPlan struct {
	Groups   int `json:"groups" required:"true" min:"1"`
	PerGroup int `json:"perGroup" required:"true" min:"1" max:"16"`
}

// Org is an org of the installation, as its owner sees it.
type Org struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Cloud  string `json:"cloud"`
	Vanity string `json:"vanityDomain"` // its login host is <vanity>.zslogin.net
	Admins int    `json:"admins"`
}

// OrgPlan is an org to be made.
type OrgPlan struct {
	Name   string      `json:"name" required:"true"`
	Cloud  string      `json:"cloud" required:"true"`  // domain that its host names end in: "zscloud.net"
	Vanity string      `json:"vanityDomain,omitempty"` // empty = one is made of the name
	Admins []AdminPlan `json:"admins" required:"true"`
	Client string      `json:"client,omitempty"` // name of an API client to be a super admin; empty = none
}

// AdminPlan is an admin to be made. The first of an org is its default admin.
type AdminPlan struct {
	Login    string `json:"login" required:"true"`
	Name     string `json:"name"`
	Role     string `json:"role"`               // by name
	Password string `json:"password,omitempty"` // empty = one is made up
}

// Credentials are the secrets of an org as they were made.
type Credentials struct {
	Org          int64              `json:"org"`
	Cloud        string             `json:"cloud"`
	VanityDomain string             `json:"vanityDomain"`
	APIKey       string             `json:"apiKey"`
	EnrolmentKey string             `json:"enrolmentKey"`
	ClientID     string             `json:"clientId,omitempty"`
	ClientSecret string             `json:"clientSecret,omitempty"`
	Admins       []AdminCredentials `json:"admins"`
}

// AdminCredentials are how one admin signs in.
type AdminCredentials struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Role     string `json:"role"`
}

// NewPassword is the body of setting an admin's password as the owner.
type NewPassword struct {
	Password string `json:"password,omitempty"` // empty = one is made up
}

// KeyState is whether an org's API key may be used.
type KeyState struct {
	Enabled *bool `json:"enabled"`
}

// Maintenance is whether the service is read-only.
type Maintenance struct {
	ReadOnly bool `json:"readOnly" required:"true"`
}

// ToleranceCount says how often an operation took what the API's description
// does not offer.
type ToleranceCount struct {
	Operation string `json:"operation"`
	Tolerance string `json:"tolerance"`
	Count     int64  `json:"count"`
}

// SecretPlan is a secret of an API client to be made.
type SecretPlan struct {
	Days Int `json:"days"` // that it lives, 30 to 365; 0 = it does not end
}

// ShownSecret is a new secret of an API client. The operation that makes it
// answers it, and nothing else does.
type ShownSecret struct {
	ID           int64  `json:"id"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	Created      Time   `json:"created"`
	Expires      Time   `json:"expires"` // 0 = never
}

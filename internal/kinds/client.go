package kinds

import (
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// APIClient is a program that calls the API with tokens. The vendor's API has
// no operation on it, so its form is ours; what it can do is the vendor's
// (behaviours.md 2.3 and 2.7). Its secrets and public keys lie in the table of
// credentials, and here stands what may be told of them.
type APIClient struct {
	ID           wire.Int       `json:"id" readonly:"true"`
	ClientID     string         `json:"clientId" readonly:"true"`
	Name         string         `json:"name" required:"true" max:"128"`
	Role         *wire.Ref      `json:"role" required:"true" ref:"adminRole"`
	TokenLife    wire.Int       `json:"tokenLife" min:"60" max:"86400"` // in seconds
	Disabled     wire.Bool      `json:"disabled"`
	Secrets      []ClientSecret `json:"secrets" readonly:"true"`
	Keys         []ClientKey    `json:"keys" readonly:"true"`
	LastModified wire.Time      `json:"lastModifiedTime" stamp:"time"`
	By           *wire.Ref      `json:"lastModifiedBy,omitempty" stamp:"by"`
}

// ClientSecret is one of a client's secrets, without its value.
type ClientSecret struct {
	ID      wire.Int  `json:"id"`
	Created wire.Time `json:"created"`
	Expires wire.Time `json:"expires"` // 0 = never
}

// ClientKey is a public key that checks what a client signs.
type ClientKey struct {
	ID         wire.Int  `json:"id"`
	KeyID      string    `json:"kid,omitempty"`
	Algorithm  string    `json:"alg"`        // RS256 or ES256
	Thumbprint string    `json:"thumbprint"` // RFC 7638, SHA-256
	Created    wire.Time `json:"created"`
}

// Limits of a client (behaviours.md 2.7; that of keys is ours).
const (
	MaxSecrets       = 2
	MaxKeys          = 10
	DefaultTokenLife = 3600
	// MinSecretDays and MaxSecretDays bound the life of a secret that ends.
	MinSecretDays, MaxSecretDays = 30, 365
)

func apiClient() (*resource.Spec, error) {
	return resource.Define(resource.Kind[APIClient]{
		Name: APIClientKind, Title: "API client", Path: "/spurline/v1/clients", Feature: access.AdminManagement, Unique: resource.UniqueNameFold, Unstaged: true,
		Limits: resource.Limits{Max: 1000},
		Audit:  resource.Audit{Category: "Administrator Management", Sub: "Administrator"},
		Defaults: func(_ resource.Facts, c *APIClient) {
			if c.TokenLife == 0 {
				c.TokenLife = DefaultTokenLife
			}
			if c.Secrets == nil {
				c.Secrets = []ClientSecret{}
			}
			if c.Keys == nil {
				c.Keys = []ClientKey{}
			}
		},
		Validate: func(_ resource.Facts, c *APIClient) error {
			// The statuses of an activation list clients and admins by name.
			if strings.Contains(c.Name, "@") {
				return wire.Invalid("name", "cannot have an @, by which the names of admins are known")
			}
			return nil
		},
	})
}

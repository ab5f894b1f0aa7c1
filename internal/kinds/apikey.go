package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// APIKey is the org's key for password sign-ins. Source: resources/api-key.md.
// The object says who replaced the key and when; the key itself is sealed in
// the table of credentials, and put into an answer for who may see it.
type APIKey struct {
	ID           wire.Int  `json:"id" readonly:"true"`
	KeyValue     string    `json:"keyValue,omitempty" readonly:"true"`
	Permissions  []string  `json:"permissions" readonly:"true"`
	Enabled      wire.Bool `json:"enabled" readonly:"true"`
	LastModified wire.Time `json:"lastModifiedTime" stamp:"time"`
	By           *wire.Ref `json:"lastModifiedBy,omitempty" stamp:"by"`
}

func apiKey() (*resource.Spec, error) {
	return resource.Define(resource.Kind[APIKey]{
		Name: APIKeyKind, Title: "API key", Path: "/apiKeys", Area: resource.Provisioning, Feature: access.APIKeyManagement, Unstaged: true,
		Limits:   resource.Limits{Read: lightRead, Write: usualWrite, Max: 1},
		Audit:    resource.Audit{Category: "API Key", Sub: "API Key"},
		Defaults: func(_ resource.Facts, k *APIKey) { k.KeyValue, k.Permissions = "", []string{} },
	})
}

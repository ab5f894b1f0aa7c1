package auth

import (
	"context"
	"crypto/sha256"
	"strings"

	"github.com/spurline/spurline/internal/store"
)

// Further kinds of rows in the table credential. A row of kind client says
// whose a client id is; it has the client's own id and no secret. Those of a
// client's secrets and keys have ids of their own, which the client lists.
const (
	credentialClient       = "client"
	credentialClientSecret = "clientSecret" // SHA-256
	credentialClientKey    = "clientKey"    // a public key, as PKIX
)

// clientIDLength is the length of a client's id.
const clientIDLength = 24

// NewClientID returns a random client id.
func NewClientID() string { return randomText(lowers+digits, clientIDLength) }

// clientLookup returns what a client id is found by. Texts that no client has
// as its id yield "", which is found by nothing.
func clientLookup(id string) string {
	if len(id) != clientIDLength || strings.Trim(id, lowers+digits) != "" {
		return ""
	}
	return id
}

// NewClientSecret returns a random client secret of 43 characters, 256 bits.
func NewClientSecret() string { return randomText(uppers+lowers+digits, 43) }

// SetClient makes clientID, from NewClientID, that of a new client.
func (a *Auth) SetClient(ctx context.Context, tx *store.Tx, org, client int64, clientID string) error {
	return a.putCredential(ctx, tx, org, credentialClient, client, clientID, []byte{})
}

// SetClientSecret keeps a secret, from NewClientSecret, under an id that its
// client lists. It is random and long, so a plain hash will do.
func (a *Auth) SetClientSecret(ctx context.Context, tx *store.Tx, org, id int64, secret string) error {
	sum := sha256.Sum256([]byte(secret))
	return a.putCredential(ctx, tx, org, credentialClientSecret, id, "", sum[:])
}

// SetClientKey keeps a public key, as PKIX, under an id that its client lists.
func (a *Auth) SetClientKey(ctx context.Context, tx *store.Tx, org, id int64, pkix []byte) error {
	return a.putCredential(ctx, tx, org, credentialClientKey, id, "", pkix)
}

// DropClient removes a deleted client's id.
func (a *Auth) DropClient(ctx context.Context, tx *store.Tx, org, client int64) error {
	return dropCredential(ctx, tx, org, credentialClient, client)
}

// DropClientSecret removes a secret. The tokens that were got by it are
// EndTokens'.
func (a *Auth) DropClientSecret(ctx context.Context, tx *store.Tx, org, id int64) error {
	return dropCredential(ctx, tx, org, credentialClientSecret, id)
}

// DropClientKey removes a public key, as DropClientSecret does a secret.
func (a *Auth) DropClientKey(ctx context.Context, tx *store.Tx, org, id int64) error {
	return dropCredential(ctx, tx, org, credentialClientKey, id)
}

package auth

import (
	"context"
	"crypto/sha256"

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

// NewClientID returns a random client id.
func NewClientID() string { return randomText(lowers+digits, 24) }

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

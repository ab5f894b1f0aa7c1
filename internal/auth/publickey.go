package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"

	"github.com/go-jose/go-jose/v4"

	"github.com/spurline/spurline/internal/wire"
)

// PublicKey is a key that checks what a client signs.
type PublicKey struct {
	KeyID      string // that it came with; may be empty
	Algorithm  string // RS256 or ES256
	Thumbprint string // RFC 7638, with SHA-256
	PKIX       []byte
}

// Bounds of RSA keys: a short one can be broken, a long one takes long to
// check with.
const (
	minRSA = 2048
	maxRSA = 8192
)

// maxKeyID bounds the id that a key comes with.
const maxKeyID = 255

// ParsePEM reads a public key, or the one of a certificate.
func ParsePEM(text string) (PublicKey, error) {
	bad := wire.Invalid("pem", "must hold one public key or one certificate")
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return PublicKey{}, bad
	}
	if next, _ := pem.Decode(rest); next != nil {
		return PublicKey{}, bad
	}
	var (
		key any
		err error
	)
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return PublicKey{}, wire.Invalid("pem", "holds a private key, which belongs to nobody but the client; send the public one")
	default:
		return PublicKey{}, bad
	}
	if err != nil {
		return PublicKey{}, bad
	}
	return publicKey("pem", jose.JSONWebKey{Key: key})
}

// ParseJWKS reads a JSON Web Key, or a set of them. Keys of a set that are for
// encryption are passed over.
func ParseJWKS(text []byte) ([]PublicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
		Type string            `json:"kty"`
	}
	if err := json.Unmarshal(text, &set); err != nil || (set.Keys == nil) == (set.Type == "") {
		return nil, wire.Invalid("keys", "must be the array of a JSON Web Key Set; a single key, with kty, and a key as pem are taken as well")
	}
	if set.Keys == nil {
		set.Keys = []json.RawMessage{text}
	}
	var out []PublicKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(raw); err != nil {
			return nil, wire.Invalid("keys", "holds a key that cannot be read")
		}
		if key.Use == "enc" {
			continue
		}
		public, err := publicKey("keys", key)
		if err != nil {
			return nil, err
		}
		out = append(out, public)
	}
	if len(out) == 0 {
		return nil, wire.Invalid("keys", "holds no key to sign with")
	}
	return out, nil
}

func publicKey(member string, key jose.JSONWebKey) (PublicKey, error) {
	out := PublicKey{KeyID: key.KeyID}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSA || bits > maxRSA {
			return out, wire.Invalid(member, "holds an RSA key of %d bits, where %d to %d are wanted", bits, minRSA, maxRSA)
		}
		out.Algorithm = string(jose.RS256)
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return out, wire.Invalid(member, "holds an elliptic key that is not on the curve P-256")
		}
		out.Algorithm = string(jose.ES256)
	case *rsa.PrivateKey, *ecdsa.PrivateKey:
		return out, wire.Invalid(member, "holds a private key, which belongs to nobody but the client; send the public one")
	default:
		return out, wire.Invalid(member, "holds a key that is neither an RSA nor a P-256 one")
	}
	if key.Algorithm != "" && key.Algorithm != out.Algorithm {
		return out, wire.Invalid(member, "holds a key for %.40s, where RS256 and ES256 are taken", key.Algorithm)
	}
	if len(key.KeyID) > maxKeyID {
		return out, wire.Invalid(member, "holds a key whose kid is longer than %d characters", maxKeyID)
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return out, wire.Invalid(member, "holds a key that cannot be read")
	}
	out.Thumbprint = base64.RawURLEncoding.EncodeToString(sum)
	out.PKIX, err = x509.MarshalPKIXPublicKey(key.Key)
	return out, err
}

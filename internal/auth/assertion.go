package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/spurline/spurline/internal/wire"
)

// audiences of the API's own gateways. An assertion may also be meant for the
// login host of the client's org (behaviours.md 2.3).
var audiences = [...]string{"https://api.zscaler.com", "https://api.zscalergov.net", "https://api.zscalergov.us"}

// assertionLife bounds how far ahead an assertion may end. Clients say ten
// minutes; one that never ends would be a secret that cannot be taken back.
const assertionLife = 24 * time.Hour

// maxAssertion bounds an assertion, in bytes.
const maxAssertion = 16 << 10

// assertion is a JWT with which a client says who it is. Nothing in it is to
// be believed before its signature is checked.
type assertion struct {
	token   *jwt.JSONWebToken
	subject string
}

// parseAssertion takes what is signed in one of the two ways that clients
// sign: an assertion can choose neither to be unsigned nor to be checked with
// a public key as if that were a shared secret.
func parseAssertion(text string) (*assertion, error) {
	bad := &ClientError{"The client assertion is not a JWT that is signed with RS256 or ES256."}
	if len(text) > maxAssertion {
		return nil, bad
	}
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return nil, bad
	}
	var claims jwt.Claims
	if token.UnsafeClaimsWithoutVerification(&claims) != nil {
		return nil, bad
	}
	return &assertion{token: token, subject: claims.Subject}, nil
}

// signedBy returns the key of the client's that an assertion is signed with.
// Only who has signed it learns what else is wrong with it.
//
// An assertion may be used again until it ends: clients repeat a request whose
// answer they have not got, and theirs have no id to tell a repetition by.
func (a *Auth) signedBy(ctx context.Context, acc clientAccount, as *assertion, now time.Time) (*clientCredential, error) {
	refusal := &ClientError{wrongClient}
	key, claims := acc.verify(as)
	if key == nil {
		return nil, refusal
	}
	switch err := claims.Validate(jwt.Expected{Time: now}); {
	case claims.Issuer != acc.clientID || claims.Subject != acc.clientID:
		return nil, &ClientError{"The client assertion's iss and sub must both be the client id."}
	case claims.Expiry == nil:
		return nil, &ClientError{"The client assertion has no exp."}
	case claims.Expiry.Time().After(now.Add(assertionLife)):
		return nil, &ClientError{"The client assertion's exp is more than a day ahead."}
	case errors.Is(err, jwt.ErrExpired):
		return nil, &ClientError{"The client assertion has expired."}
	case err != nil:
		return nil, &ClientError{"The client assertion is not valid yet: look at its nbf and iat, and at this machine's clock."}
	}
	for _, audience := range claims.Audience {
		ok, err := a.isAudience(ctx, acc.org, audience)
		if err != nil {
			return nil, err
		}
		if ok {
			return key, refusal
		}
	}
	return nil, &ClientError{"The client assertion's aud must be " + audiences[0] + " or the org's own login host."}
}

// verify finds the key that an assertion is signed with: by the id that it
// names, or, where it names none that is known, among all.
func (acc *clientAccount) verify(as *assertion) (*clientCredential, jwt.Claims) {
	var claims jwt.Claims
	header := as.token.Headers[0]
	named := func(k clientCredential) bool { return header.KeyID != "" && k.kid == header.KeyID }
	some := slices.ContainsFunc(acc.keys, named)
	for i, key := range acc.keys {
		if key.alg != header.Algorithm || some && !named(key) {
			continue
		}
		public, err := x509.ParsePKIXPublicKey(key.stored)
		if err == nil && as.token.Claims(public, &claims) == nil {
			return &acc.keys[i], claims
		}
	}
	return nil, jwt.Claims{}
}

// isAudience reports whether an assertion with that aud is meant for this
// server: the API, or the org's login host, with or without a path.
func (a *Auth) isAudience(ctx context.Context, org int64, audience string) (bool, error) {
	if slices.Contains(audiences[:], strings.TrimSuffix(audience, "/")) {
		return true, nil
	}
	u, err := url.Parse(audience)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false, nil
	}
	vanity, ok := wire.LoginHost(strings.ToLower(u.Host))
	if !ok || u.Path != "" && u.Path != "/" && u.Path != TokenPath {
		return false, nil
	}
	holder, err := a.orgOf(ctx, vanity)
	return holder == org, err
}

// TokenPath is where tokens are got.
const TokenPath = "/oauth2/v1/token"

package api_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkix(t *testing.T, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// signed makes an assertion.
func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// askSigned asks for a token with an assertion.
func askSigned(t *testing.T, s *servertest.Server, assertion string, with ...string) servertest.Answer {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "audience": {"https://api.zscaler.com"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	for i := 0; i < len(with); i += 2 {
		form.Set(with[i], with[i+1])
	}
	return askToken(t, s, form, nil)
}

// behaviours.md 2.3: an assertion of either algorithm and with either audience
// gets a token, and one that anything is wrong with does not.
func TestAssertions(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	c := newClient(t, super, "nightly", "Editor", "")
	other := newClient(t, super, "other", "Editor", "")
	rsa1, ec, stranger := rsaKey(t, 2048), ecKey(t, elliptic.P256()), rsaKey(t, 2048)
	public := pkix(t, &rsa1.PublicKey)
	for _, key := range []string{
		inJSON(t, map[string]string{"pem": string(public)}),
		inJSON(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &ec.PublicKey, KeyID: "ec-1", Use: "sig"}}}),
	} {
		super.Must(t, "POST", fmt.Sprintf("%s/%d/keys", clients, c.ID), key)
	}
	now := s.Clock.Now().Unix()
	claims := func(with ...any) map[string]any {
		m := map[string]any{"iss": c.ClientID, "sub": c.ClientID, "aud": "https://api.zscaler.com", "exp": now + 600}
		for i := 0; i < len(with); i += 2 {
			if name := with[i].(string); with[i+1] == nil {
				delete(m, name)
			} else {
				m[name] = with[i+1]
			}
		}
		return m
	}
	sign := func(with ...any) string { return signed(t, jose.RS256, rsa1, claims(with...)) }
	named := func(key any, kid string) any { return jose.JSONWebKey{Key: key, KeyID: kid} }
	for name, good := range map[string]string{
		"RS256":                       sign(),
		"ES256":                       signed(t, jose.ES256, ec, claims()),
		"ES256, with its kid":         signed(t, jose.ES256, named(ec, "ec-1"), claims()),
		"a kid that nobody knows":     signed(t, jose.RS256, named(rsa1, "what"), claims()),
		"the audience with a slash":   sign("aud", "https://api.zscaler.com/"),
		"the login host":              sign("aud", "https://example.zslogin.net"),
		"the login host of a cloud":   sign("aud", "https://example.zsloginbeta.net"),
		"the token endpoint":          sign("aud", "https://example.zslogin.net/oauth2/v1/token"),
		"several audiences":           sign("aud", []string{"https://elsewhere.example", "https://api.zscaler.com"}),
		"all the times":               sign("iat", now, "nbf", now, "jti", "1"),
		"a clock half a minute ahead": sign("iat", now+30, "nbf", now+30),
		"half a minute late":          sign("exp", now-30),
		"a day ahead":                 sign("exp", now+24*3600),
	} {
		if a := askSigned(t, s, good); a.Status != 200 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	again := sign()
	for range 2 {
		if a := askSigned(t, s, again, "client_id", c.ClientID); a.Status != 200 {
			t.Errorf("with its client id: %d %s", a.Status, a.Body)
		}
	}
	encode := func(v any) string { return base64.RawURLEncoding.EncodeToString([]byte(inJSON(t, v))) }
	body := encode(claims())
	good := strings.Split(sign(), ".")
	for name, bad := range map[string]string{
		"another audience":            sign("aud", "https://elsewhere.example"),
		"another org's login host":    sign("aud", "https://nobody.zslogin.net"),
		"an audience over http":       sign("aud", "http://example.zslogin.net"),
		"an audience with a query":    sign("aud", "https://example.zslogin.net?x=1"),
		"an audience like the API's":  sign("aud", "https://api.zscaler.com.elsewhere.example"),
		"no audience":                 sign("aud", nil),
		"another issuer":              sign("iss", other.ClientID),
		"no issuer":                   sign("iss", nil),
		"another subject":             sign("sub", other.ClientID, "iss", other.ClientID),
		"an unknown subject":          sign("sub", "nobody"),
		"no subject":                  sign("sub", nil),
		"expired":                     sign("exp", now-61),
		"no expiry":                   sign("exp", nil),
		"an expiry far ahead":         sign("exp", now+24*3600+1),
		"an expiry that is a text":    sign("exp", "tomorrow"),
		"not yet valid":               sign("nbf", now+61),
		"issued in the future":        sign("iat", now+61),
		"signed by a stranger":        signed(t, jose.RS256, stranger, claims()),
		"a stranger with a known kid": signed(t, jose.RS256, named(stranger, "ec-1"), claims()),
		"the wrong key for the kid":   signed(t, jose.RS256, named(rsa1, "ec-1"), claims()),
		"another algorithm":           signed(t, jose.RS512, rsa1, claims()),
		"another one":                 signed(t, jose.PS256, rsa1, claims()),
		"the public key as a secret":  signed(t, jose.HS256, public, claims()),
		"unsigned":                    encode(map[string]string{"alg": "none", "typ": "JWT"}) + "." + body + ".",
		"the claims of another":       good[0] + "." + encode(claims("aud", "https://api.zscaler.com/")) + "." + good[2],
		"no signature":                good[0] + "." + good[1] + ".",
		"two parts":                   good[0] + "." + good[1],
		"nothing of it":               "x",
		"too long":                    sign("pad", strings.Repeat("x", 20<<10)),
	} {
		if a := askSigned(t, s, bad); a.Status != 400 || !strings.Contains(a.Body, `"invalid_client"`) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if a := askSigned(t, s, sign(), "client_id", other.ClientID); a.Status != 400 {
		t.Errorf("for another client: %d %s", a.Status, a.Body)
	}
	// Who has not signed it learns nothing of what else is wrong with it.
	a, b := askSigned(t, s, signed(t, jose.RS256, stranger, claims("exp", now-61))), askSigned(t, s, signed(t, jose.RS256, stranger, claims("sub", "nobody")))
	if a.Body != b.Body {
		t.Errorf("a stranger is told %s and %s", a.Body, b.Body)
	}
}

// A key is given as PEM, as a certificate's, or as a JSON Web Key; what is no
// public key to sign with is refused.
func TestClientKeys(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	c := newClient(t, super, "nightly", "Editor", "")
	path := fmt.Sprintf("%s/%d", clients, c.ID)
	key, ec := rsaKey(t, 2048), ecKey(t, elliptic.P256())
	block := func(kind string, der []byte) string {
		return inJSON(t, map[string]string{"pem": string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))})
	}
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &ec.PublicKey, ec)
	if err != nil {
		t.Fatal(err)
	}
	jwk := func(k jose.JSONWebKey) string { return inJSON(t, k) }
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"nothing":             "",
		"an empty object":     "{}",
		"no PEM":              `{"pem":"key"}`,
		"a private key":       block("PRIVATE KEY", private),
		"a private JWK":       jwk(jose.JSONWebKey{Key: key}),
		"a secret as a JWK":   jwk(jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef")}),
		"a short RSA key":     inJSON(t, map[string]string{"pem": string(pkix(t, &rsaKey(t, 1024).PublicKey))}),
		"another curve":       inJSON(t, map[string]string{"pem": string(pkix(t, &ecKey(t, elliptic.P384()).PublicKey))}),
		"another algorithm":   jwk(jose.JSONWebKey{Key: &key.PublicKey, Algorithm: "RS512"}),
		"a key to encrypt":    inJSON(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, Use: "enc"}}}),
		"an empty set":        `{"keys":[]}`,
		"half a certificate":  block("CERTIFICATE", cert[:len(cert)/2]),
		"two keys in one PEM": inJSON(t, map[string]string{"pem": string(pkix(t, &key.PublicKey)) + string(pkix(t, &ec.PublicKey))}),
	} {
		if a := super.Do(t, "POST", path+"/keys", body); a.Status != 400 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	super.Must(t, "POST", path+"/keys", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey)))
	super.Must(t, "POST", path+"/keys", block("CERTIFICATE", cert))
	got := servertest.Decode[apiClient](t, super.Must(t, "GET", path, ""))
	if len(got.Keys) != 2 || got.Keys[0].Alg != "RS256" || got.Keys[1].Alg != "ES256" || got.Keys[0].Thumbprint == "" {
		t.Fatalf("keys %+v", got.Keys)
	}
	if a := super.Do(t, "POST", path+"/keys", jwk(jose.JSONWebKey{Key: &ec.PublicKey, KeyID: "again"})); a.Status != 409 {
		t.Errorf("a key that is there: %d", a.Status)
	}
	claims := map[string]any{"iss": c.ClientID, "sub": c.ClientID, "aud": "https://api.zscaler.com", "exp": s.Clock.Now().Unix() + 600}
	bearer := func(assertion string) *servertest.Admin {
		a := askSigned(t, s, assertion)
		return s.Gateway(servertest.Decode[struct {
			Token string `json:"access_token"`
		}](t, a.Body).Token)
	}
	byRSA, byEC := bearer(signed(t, jose.RS256, key, claims)), bearer(signed(t, jose.ES256, ec, claims))
	super.Must(t, "DELETE", fmt.Sprintf("%s/keys/%d", path, got.Keys[0].ID), "")
	if alive(t, byRSA) || !alive(t, byEC) || askSigned(t, s, signed(t, jose.RS256, key, maps.Clone(claims))).Status != 400 {
		t.Error("after the end of the RSA key")
	}
	var many []jose.JSONWebKey
	for range 10 {
		many = append(many, jose.JSONWebKey{Key: &ecKey(t, elliptic.P256()).PublicKey})
	}
	if a := super.Do(t, "POST", path+"/keys", inJSON(t, jose.JSONWebKeySet{Keys: many})); a.Status != 403 || !strings.Contains(a.Body, "LIMIT_EXCEEDED") {
		t.Errorf("an eleventh key: %d %s", a.Status, a.Body)
	}
	if got := servertest.Decode[apiClient](t, super.Must(t, "GET", path, "")); len(got.Keys) != 1 {
		t.Errorf("a set that is refused leaves %d keys", len(got.Keys))
	}
}

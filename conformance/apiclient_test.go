package conformance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/spurline/spurline/conformance"
)

// The facts of section 2 that are about what an API client signs with, and how
// long it lives.

// signer makes the assertions of a client, as the Go SDK does: ten minutes
// long, with the client's id for issuer and subject.
func signer(key crypto.Signer, audience string) func(string, time.Time) (string, error) {
	return func(id string, now time.Time) (string, error) {
		alg := "RS256"
		if _, ok := key.(*ecdsa.PrivateKey); ok {
			alg = "ES256"
		}
		head, err := json.Marshal(map[string]string{"alg": alg, "typ": "JWT"})
		if err != nil {
			return "", err
		}
		claims, err := json.Marshal(map[string]any{
			"iss": id, "sub": id, "aud": audience, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
		})
		if err != nil {
			return "", err
		}
		text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
		signature, err := signed(key, sha256.Sum256([]byte(text)))
		return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
	}
}

func signed(key crypto.Signer, digest [sha256.Size]byte) ([]byte, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey: // two numbers of 32 bytes each
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return nil, err
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), nil
	}
	return nil, errors.New("no such key")
}

// pemOf is a public key as it is uploaded.
func pemOf(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// native calls the server's own API as a client with a token.
func native(t *testing.T, s *server, g *conformance.GoOneAPI, method, path string, in, out any) int {
	t.Helper()
	text := ""
	if in != nil {
		data, err := json.Marshal(in)
		must(t, err)
		text = string(data)
	}
	a := answerOf(t, s, method, s.url+"/spurline/v1"+path, text, "Authorization", "Bearer "+g.Token())
	if out != nil {
		if err := json.Unmarshal([]byte(a.Body), out); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
		}
	}
	return a.Status
}

func TestFact2_03_ASignedAssertionInPlaceOfTheSecret(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	admin := goOneAPI(t, s, a)
	must(t, admin.Authenticate(t.Context()))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	var clients []struct{ ID int }
	native(t, s, admin, http.MethodGet, "/clients", nil, &clients)
	path := fmt.Sprintf("/clients/%d/keys", clients[0].ID)
	for _, key := range []crypto.Signer{rsaKey, ecKey} {
		same(t, native(t, s, admin, http.MethodPost, path, map[string]string{"pem": pemOf(t, key)}, nil), http.StatusOK)
	}
	for _, c := range []struct {
		key      crypto.Signer
		audience string
		want     bool
	}{
		{rsaKey, "https://api.zscaler.com", true},
		{ecKey, "https://api.zscaler.com", true},
		{rsaKey, "https://" + a.Vanity + ".zslogin.net", true},
		{ecKey, "https://" + a.Vanity + ".zslogin.net", true},
		{ecKey, "https://example.com", false},
		{stranger, "https://api.zscaler.com", false},
	} {
		g := goOneAPI(t, s, a)
		g.ClientSecret, g.Assertion = "", signer(c.key, c.audience)
		err := g.Get(t.Context(), "/ecAdminActivateStatus", &activation{})
		if (err == nil) != c.want {
			t.Errorf("%T for %s: %v, want %t", c.key, c.audience, err, c.want)
		}
	}
	late := goOneAPI(t, s, a)
	late.ClientSecret, late.Assertion = "", signer(ecKey, "https://api.zscaler.com")
	late.Clock.Pass(-20 * time.Minute)
	refused(t, late.Authenticate(t.Context()), http.StatusBadRequest, "")
}

func TestFact2_07_TokensAndSecretsOfAClient(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	admin := goOneAPI(t, s, a)
	must(t, admin.Authenticate(t.Context()))
	var roles []item
	must(t, admin.Get(t.Context(), "/adminRoles", &roles))
	plan := func(life int) map[string]any {
		return map[string]any{"name": fmt.Sprint("lives ", life), "role": map[string]any{"id": roles[0].ID}, "tokenLife": life}
	}
	for life, want := range map[int]int{59: 400, 60: 200, 86400: 200, 86401: 400} {
		var made struct {
			ID       int
			ClientID string
		}
		same(t, native(t, s, admin, http.MethodPost, "/clients", plan(life), &made), want)
		if want != http.StatusOK {
			continue
		}
		secrets := fmt.Sprintf("/clients/%d/secrets", made.ID)
		for days, want := range map[int]int{29: 400, 366: 400} {
			same(t, native(t, s, admin, http.MethodPost, secrets, map[string]int{"days": days}, nil), want)
		}
		b := a
		b.ClientID = made.ClientID
		for _, days := range []int{30, 365} {
			var secret struct{ ClientSecret string }
			same(t, native(t, s, admin, http.MethodPost, secrets, map[string]int{"days": days}, &secret), http.StatusOK)
			b.ClientSecret = secret.ClientSecret
			var grant struct {
				Expires int `json:"expires_in"`
			}
			got := askToken(t, s, a.Vanity+".zslogin.net", form(b))
			must(t, json.Unmarshal([]byte(got.Body), &grant))
			same(t, grant.Expires, life)
		}
		if status := native(t, s, admin, http.MethodPost, secrets, map[string]int{"days": 30}, nil); status < 400 {
			t.Errorf("a third secret: %d", status)
		}
	}
}

//go:build unix

package durability_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store/pgtest"
	"github.com/spurline/spurline/internal/wire"
)

// An API client that was acknowledged, its secret and its tokens, old and new,
// are there after a kill; what was ended stays ended.
func TestKillKeepsClients(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		keepsClients(t, "sqlite:"+t.TempDir()+"/spurline.db")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		keepsClients(t, pgtest.DSN(t))
	})
}

func keepsClients(t *testing.T, db string) {
	config := childConfig{DataDir: t.TempDir(), DB: db}
	first := config
	first.Orgs = []wire.OrgPlan{{
		Name: "org", Cloud: "zs0.example", Client: "born", Admins: []wire.AdminPlan{{Login: "admin@zs0.example", Role: kinds.SuperAdmin}},
	}}
	p := start(t, first)
	org := p.Orgs[0]
	born := p.token(t, org.ClientID, org.ClientSecret)

	const path = "/spurline/v1/clients"
	var all []kinds.APIClient
	decode(t, p.bearer(t, born, "GET", path, ""), &all)
	var made kinds.APIClient
	decode(t, p.bearer(t, born, "POST", path, fmt.Sprintf(`{"name":"made","role":{"id":%d}}`, all[0].Role.ID)), &made)
	var kept, ended wire.ShownSecret
	secrets := fmt.Sprintf("%s/%d/secrets", path, made.ID)
	decode(t, p.bearer(t, born, "POST", secrets, ""), &kept)
	decode(t, p.bearer(t, born, "POST", secrets, ""), &ended)
	byKept, byEnded := p.token(t, made.ClientID, kept.ClientSecret), p.token(t, made.ClientID, ended.ClientSecret)
	p.bearer(t, born, "DELETE", fmt.Sprintf("%s/%d", secrets, ended.ID), "")

	p.kill()
	if err := p.buried(); err != nil {
		t.Fatal(err)
	}
	p = start(t, config)
	for what, token := range map[string]string{
		"the first client's token": born, "the second one's": byKept,
		"a new one": p.token(t, made.ClientID, kept.ClientSecret),
	} {
		if a := p.bearer(t, token, "GET", "/api/v1/locationTemplate", ""); !a.good() {
			t.Errorf("%s: %s", what, a)
		}
	}
	if a := p.bearer(t, byEnded, "GET", "/api/v1/locationTemplate", ""); a.status != http.StatusUnauthorized {
		t.Errorf("a token that was ended: %s", a)
	}
	if a := p.grant(t, made.ClientID, ended.ClientSecret); a.good() {
		t.Error("a secret that was ended gets a token")
	}
}

// grant asks for a token.
func (p *process) grant(t *testing.T, id, secret string) answer {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	return p.send(t, "POST", "/oauth2/v1/token", form.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func (p *process) token(t *testing.T, id, secret string) string {
	t.Helper()
	var got struct {
		Token string `json:"access_token"`
	}
	decode(t, p.grant(t, id, secret), &got)
	return got.Token
}

func (p *process) bearer(t *testing.T, token, method, path, body string) answer {
	t.Helper()
	return p.send(t, method, path, body, map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token})
}

func (p *process) send(t *testing.T, method, path, body string, header map[string]string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, string(text), err}
}

func decode(t *testing.T, a answer, v any) {
	t.Helper()
	if !a.good() {
		t.Fatal(a)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatal(err)
	}
}

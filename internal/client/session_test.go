package client_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/wire"
)

const signedIn = `{"authType":"ADMIN_LOGIN","obfuscateApiKey":true,"passwordExpiryTime":-1,"passwordExpiryDays":-1}`

func cookie(value string) map[string]string {
	return map[string]string{"Set-Cookie": "JSESSIONID=" + value + "; Path=/; Secure; HttpOnly"}
}

func TestSession(t *testing.T) {
	t.Parallel()
	f := serve(t,
		step{status: 200, body: signedIn, header: cookie("0A1B")},
		step{status: 200, body: `{}`},
		step{status: 200, body: `{}`},
		step{status: 401, body: `{"code":"SESSION_NOT_VALID","message":"m"}`})
	c := f.client()
	if err := c.SignIn(t.Context(), "ann@x.example", "pw", "A1b2C3d4E5f6"); err != nil {
		t.Fatal(err)
	}
	if c.Session() != "0A1B" {
		t.Errorf("the session is %q", c.Session())
	}
	if err := c.Do(t.Context(), "GET", "/ecgroup", nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.SignOut(t.Context()); err != nil || c.Session() != "" {
		t.Errorf("after signing out: %v, session %q", err, c.Session())
	}
	if err := c.SignOut(t.Context()); err != nil {
		t.Errorf("signing out twice: %v", err)
	}
	_ = c.Do(t.Context(), "GET", "/ecgroup", nil, nil)
	want := []string{
		`POST /api/v1/auth {"apiKey":"1b2C3dbE25Cf","username":"ann@x.example","password":"pw","timestamp":"1700000123456"}`,
		"GET /api/v1/ecgroup", "DELETE /api/v1/auth", "GET /api/v1/ecgroup",
	}
	if diff := cmp.Diff(want, f.requests()); diff != "" {
		t.Error(diff)
	}
	var cookies []string
	for _, e := range f.seen {
		cookies = append(cookies, e.header.Get("Cookie"))
	}
	if diff := cmp.Diff([]string{"", "JSESSIONID=0A1B", "JSESSIONID=0A1B", ""}, cookies); diff != "" {
		t.Error(diff)
	}
}

func TestSignInFails(t *testing.T) {
	t.Parallel()
	f := serve(t, step{status: 400, body: `{"code":"INVALID_USERNAME_OR_PASSWORD","message":"Invalid email or password"}`}, step{status: 200, body: signedIn})
	c := f.client()
	c.UseSession("OLD")
	if err := c.SignIn(t.Context(), "ann", "s3cret", "A1b2C3d4E5f6"); !wire.HasCode(err, wire.CodeBadLogin) {
		t.Errorf("a bad login: %v", err)
	}
	if err := c.SignIn(t.Context(), "ann", "s3cret", "A1b2C3d4E5f6"); err == nil || !strings.Contains(err.Error(), "no session") {
		t.Errorf("an answer without a cookie: %v", err)
	}
	if err := c.SignIn(t.Context(), "ann", "s3cret", "short"); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("a key of the wrong length: %v", err)
	}
	if len(f.requests()) != 2 || c.Session() != "OLD" {
		t.Errorf("%d requests, session %q", len(f.requests()), c.Session())
	}
}

func TestSignOutFails(t *testing.T) {
	t.Parallel()
	f := serve(t, step{status: 500}, step{status: 401, body: `{"code":"SESSION_NOT_VALID","message":"m"}`})
	c := f.client()
	c.UseSession("S")
	if err := c.SignOut(t.Context()); wire.Status(err) != 500 || c.Session() != "S" {
		t.Errorf("a failure is to leave the session: %v, %q", err, c.Session())
	}
	if err := c.SignOut(t.Context()); !wire.HasCode(err, wire.CodeSessionNotValid) || c.Session() != "" {
		t.Errorf("a session that is over is forgotten: %v, %q", err, c.Session())
	}
}

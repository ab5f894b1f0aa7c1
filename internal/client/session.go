package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/spurline/spurline/internal/wire"
)

const (
	sessionCookie = "JSESSIONID"
	authPath      = "/api/v1/auth"
)

// SignIn opens a session with a login name, a password and the org's API key,
// and keeps it for the calls that follow. The key itself does not travel, but
// its obfuscated form.
func (c *Client) SignIn(ctx context.Context, login, password, apiKey string) error {
	timestamp := c.now().UnixMilli()
	key, err := wire.ObfuscateKey(apiKey, timestamp)
	if err != nil {
		return err
	}
	in := struct {
		APIKey    string `json:"apiKey"`
		Username  string `json:"username"`
		Password  string `json:"password"`
		Timestamp string `json:"timestamp"`
	}{key, login, password, strconv.FormatInt(timestamp, 10)}
	a, err := c.call(ctx, request{method: http.MethodPost, path: authPath}, in)
	if err != nil {
		return err
	}
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		if cookie.Name == sessionCookie && cookie.Value != "" {
			c.UseSession(cookie.Value)
			c.notePassword(a.body)
			return nil
		}
	}
	return errors.New("the server accepted the sign-in but gave no session")
}

// notePassword keeps what the answer to a sign-in says of the password's age.
func (c *Client) notePassword(answer []byte) {
	days := struct {
		Left int `json:"passwordExpiryDays"`
	}{-1}
	if json.Unmarshal(answer, &days) != nil {
		days.Left = -1 // nothing that is understood
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passwordDays = days.Left
}

// PasswordDays returns in how many days the password expires that the client
// signed in with; -1 = it does not, as far as is known.
func (c *Client) PasswordDays() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passwordDays
}

// SignOut ends the session, if there is one. The API takes it as an
// activation of what the admin has saved (behaviours.md 1.12). The client
// forgets the session once the server has said that it is over.
func (c *Client) SignOut(ctx context.Context) error {
	session := c.Session()
	if session == "" {
		return nil
	}
	_, err := c.call(ctx, request{method: http.MethodDelete, path: authPath, session: session}, nil)
	if err != nil && wire.Status(err) != http.StatusUnauthorized {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == session {
		c.session = ""
	}
	return err
}

// Session returns the id of the session, or "". It is a secret.
func (c *Client) Session() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// UseSession makes the calls that follow use a session that was opened
// earlier, such as by another process.
func (c *Client) UseSession(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = id
}

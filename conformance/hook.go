package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Hook plays the autoscaling hook that runs in customers' accounts when an
// instance is taken away: clients.md, "AWS autoscaling hook". TLS is verified.
type Hook struct {
	Account
	HTTP  *http.Client
	Clock *Clock
	// Host is https:// and the authority of the provisioning URL.
	Host string

	session string
}

// hookStep is one call of the hook.
type hookStep struct{ method, path string }

// ScaleIn removes a connector: look, delete, look at the activation, activate,
// sign out. A failed step ends it, with the session open.
func (h *Hook) ScaleIn(ctx context.Context, group, vm int64) error {
	if err := h.login(ctx); err != nil {
		return err
	}
	one := fmt.Sprintf("/ecgroup/%d/vm/%d", group, vm)
	for _, step := range []hookStep{
		{http.MethodGet, one},
		{http.MethodDelete, one},
		{http.MethodGet, "/ecAdminActivateStatus"},
		{http.MethodPut, "/ecAdminActivateStatus/activate"},
		{http.MethodDelete, "/auth"},
	} {
		if _, err := h.Do(ctx, step.method, step.path, nil); err != nil {
			return fmt.Errorf("%s %s: %w", step.method, step.path, err)
		}
	}
	return nil
}

func (h *Hook) login(ctx context.Context) error {
	now := h.Clock.Now().UnixMilli()
	key, err := Obfuscate(h.APIKey, strconv.FormatInt(now, 10))
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"apiKey": key, "username": h.Login, "password": h.Password, "timestamp": now})
	if err != nil {
		return err
	}
	a, err := h.Do(ctx, http.MethodPost, "/auth", body)
	if err != nil {
		return err
	}
	for _, cookie := range (&http.Response{Header: a.Header}).Cookies() {
		if cookie.Name == "JSESSIONID" {
			h.session = cookie.Value
			return nil
		}
	}
	return errors.New("no JSESSIONID in the cookie jar")
}

// Do makes a call, three times at most; a conflict is not one to try again
// after.
func (h *Hook) Do(ctx context.Context, method, path string, body []byte) (Answer, error) {
	for try, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		a, err := h.Once(ctx, h.session, method, path, body)
		switch {
		case err != nil:
			return a, err
		case a.Status >= 200 && a.Status < 300:
			return a, nil
		case try == 2 || !hookRetries(a.Status):
			return a, failed(a)
		}
		if err := h.Clock.wait(ctx, pause); err != nil {
			return a, err
		}
	}
	return Answer{}, errors.New("no try was made")
}

// Once makes one try of a call with a session, "" for none.
func (h *Hook) Once(ctx context.Context, session, method, path string, body []byte) (Answer, error) {
	sent := header{{"Content-Type", jsonType}, {"Accept", jsonType}, {"User-Agent", "Python-urllib/3.12"}}
	if session != "" {
		sent = append(sent, [2]string{"Cookie", "JSESSIONID=" + session})
	}
	return exchange(ctx, h.HTTP, method, h.Host+"/api/v1"+path, sent, body)
}

func hookRetries(status int) bool {
	switch status {
	case 408, 429, 500, 502, 503, 504:
		return true
	}
	return false
}

// Session is the session that the hook has, "" for none.
func (h *Hook) Session() string { return h.session }

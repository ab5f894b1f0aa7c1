package cli_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server"
)

// cutOff is a transport on which nobody gets through to an operation.
type cutOff struct {
	http.RoundTripper
	operation string
}

var errCutOff = errors.New("cut off")

func (c cutOff) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, c.operation) {
		return nil, errCutOff
	}
	return c.RoundTripper.RoundTrip(r)
}

// A start that ends between two steps of making the demo org is made good by
// the next one; after that, Demo leaves everything alone.
func TestDemoIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serve := start(t, "serve", "--listen", ":0", "--data-dir", dir, "--rate-limits", "off", "--log-level", "error")
	url := serve.line(`^Spurline answers at (\S+)`)[1]
	serve.line(`^A new org was made`)
	creds, err := server.ReadCredentials(dir)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	signIn := func(through http.RoundTripper) *client.Client {
		c := client.New(client.Config{BaseURL: url, HTTP: &http.Client{Transport: through}})
		if err := c.SignIn(t.Context(), creds.Admins[0].Login, creds.Admins[0].Password, creds.APIKey); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, operation := range []string{"/provUrl", "/forcedActivate"} {
		if _, err := sandbox.Demo(t.Context(), signIn(cutOff{transport, operation})); !errors.Is(err, errCutOff) {
			t.Fatalf("without %s: %v, want %v", operation, err, errCutOff)
		}
	}
	c := signIn(transport)
	for _, want := range []bool{true, false} {
		activated, err := sandbox.Demo(t.Context(), c)
		if err != nil || activated != want {
			t.Errorf("Demo: %t, %v, want %t", activated, err, want)
		}
	}

	connector := start(t, "connector", "run", "--name", "cc-1", "--data-dir", dir)
	connector.line(`^cc-1 enrolled as VM`)
	connector.stop()
	connector.line(`^cc-1 stopped$`)
	if code := connector.wait(); code != 0 {
		t.Errorf("the connector ended with %d: %s", code, connector.stderr.String())
	}
	in := map[string]string{"name": "mine"}
	if err := c.Do(t.Context(), http.MethodPost, "/locationTemplate", in, nil); err != nil {
		t.Fatal(err)
	}
	if activated, err := sandbox.Demo(t.Context(), c); err != nil || activated {
		t.Errorf("Demo with a fleet and edits: %t, %v, want false", activated, err)
	}
	serve.stop()
	if code := serve.wait(); code != 0 || serve.stderr.String() != "" {
		t.Errorf("serve ended with %d and\n%s", code, serve.stderr.String())
	}
}

package cli_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asVendor serves a sandbox as the vendor's cloud would be: by TLS, and
// without what is Spurline's own. It returns the profiles' file for it.
func asVendor(t *testing.T, d *demo) (config, host string) {
	t.Helper()
	target, err := url.Parse(d.url())
	if err != nil {
		t.Fatal(err)
	}
	through := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/spurline/") {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<html>HTTP Status 404</html>"))
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	dir := t.TempDir()
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "root.pem"), root, 0o600); err != nil {
		t.Fatal(err)
	}
	admin := d.creds.Admins[0]
	body, err := json.Marshal(map[string]any{"default": "prod", "profiles": []map[string]string{{
		"name": "prod", "kind": "cloud", "url": front.URL, "login": admin.Login, "caFile": filepath.Join(dir, "root.pem"),
		"password": admin.Password, "apiKey": d.creds.APIKey,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(dir, "profiles.json")
	if err := os.WriteFile(config, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return config, strings.TrimPrefix(front.URL, "https://")
}

// Everything that the vendor's cloud can answer is there without Spurline's
// own operations, nothing is marked as a sandbox, and what is the sandbox's
// alone is refused as such.
func TestWithoutNativeOperations(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	config, host := asVendor(t, d)
	for _, c := range []struct {
		args []string
		code int
		out  string // a part of what it prints
	}{
		{[]string{"whoami"}, 0, "sandbox      no"},
		{[]string{"groups"}, 0, "[" + host + "] 3 groups"},
		{[]string{"vms"}, 0, "[" + host + "] 6 VMs"},
		{[]string{"vms", "--query", "[?lastSeen].id | length(@)"}, 0, "0\n"},
		{[]string{"templates"}, 0, "5 templates"},
		{[]string{"locations"}, 0, "3 locations"},
		{[]string{"status"}, 0, "[" + host + "] nothing waits for activation"},
		{[]string{"connectors", "list"}, 2, ""},
		{[]string{"fleet", "up"}, 2, ""},
		{[]string{"fleet", "key", "show"}, 2, ""},
		{[]string{"ip-source-groups", "create", "--set", "name=hq", "--set", "ipAddresses=10.0.0.1"}, 0, "[" + host + "] IP source group"},
		{[]string{"rules", "list", "--filter", "type=EC_RDR"}, 0, "[" + host + "] 6 forwarding rules"},
		{[]string{"ip-source-groups", "update", "hq", "--set", "description=x", "--dry-run", "--query", "[body.id > `0`, body.creatorContext]"}, 0, "[\n  true,\n  \"EC\"\n]\n"},
		{[]string{"ip-source-groups", "update", "hq", "--set", "description=x", "--activate"}, 0, "[" + host + "] activated"},
		{[]string{"ip-source-groups", "delete", "hq", "--yes", "--activate"}, 0, "[" + host + "] activated"},
		{[]string{"api", "get", "/ecgroup", "--all", "--query", "length(@)"}, 0, "3\n"},
		{[]string{"api", "get", "/spurline/v1/whoami"}, 2, ""},
		{[]string{"maintenance", "get"}, 2, ""},
		{[]string{"maintenance", "set", "--set", "readOnly=true"}, 2, ""},
		{[]string{"references", "list", "--kind", "location", "--id", "5"}, 2, ""},
	} {
		out, errs, code := spurline(t, config, c.args...)
		if code != c.code || !strings.Contains(out, c.out) || strings.Contains(out+errs, "[sandbox]") {
			t.Errorf("%v ended with %d, want %d and %q; it printed\n%s%s", c.args, code, c.code, c.out, out, errs)
		}
	}

	d.do(http.MethodPost, "/spurline/v1/fleet/connectors/cc-1/stop", nil)
	if err := d.admin.Do(t.Context(), http.MethodPost, "/locationTemplate", map[string]string{"name": "mine"}, nil); err != nil {
		t.Fatal(err)
	}
	out, _, _ := spurline(t, config, "status")
	for _, want := range []string{"saved changes wait for activation; this server does not tell which", d.creds.Admins[0].Login + " (you) is editing"} {
		if !strings.Contains(out, want) {
			t.Errorf("status has no %q:\n%s", want, out)
		}
	}
	if _, _, code := spurline(t, config, "status", "-o", "csv"); code != 2 {
		t.Errorf("status -o csv ended with %d, want 2", code)
	}
	if out, errs, code := spurline(t, config, "activate"); code != 0 || out != "["+host+"] activated\n" {
		t.Errorf("activate ended with %d and\n%s%s", code, out, errs)
	}
}

// spurline runs a command line with the given profiles and nobody to ask.
func spurline(t *testing.T, config string, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "spurline", args...)
	cmd.Env = append(os.Environ(), "SPURLINE_CONFIG="+config)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

package sandbox

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// curl runs the real client, with the proxy and the CA that `spurline env`
// would set, and returns what it printed and whether it succeeded.
func (rig *proxyRig) curl(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		t.Fatalf("this test needs curl, which .ci installs: %v", err)
	}
	args = append([]string{"--silent", "--show-error", "--max-time", "20"}, args...)
	cmd := exec.CommandContext(t.Context(), path, args...)
	bundle, err := rig.ca.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "https_proxy=" + rig.front.URL, "http_proxy=" + rig.front.URL, "CURL_CA_BUNDLE=" + bundle}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func TestCurl(t *testing.T) {
	t.Parallel()
	far := httptest.NewServer(http.HandlerFunc(echoHandler))
	t.Cleanup(far.Close)
	rig := newProxyRig(t, ProxyConfig{Allow: []string{"example.com"}, Dial: dialTo(far.Listener.Addr().String(), "example.com:80")})
	big := strings.Repeat("x", 2000) // curl asks with Expect: 100-continue from 1 MB on, or when told
	tests := []struct {
		name string
		args []string
		ok   bool
		want string
	}{
		{"a served host", []string{"https://connector.zscaler.net/api/v1/auth"}, true, `"Path":"/api/v1/auth"`},
		{"with the settings as flags", []string{"--proxy", rig.front.URL, "--cacert", rig.ca.Path(), "https://connector.zscaler.net/api/v1/auth"}, true, `"TLS":true`},
		{"two requests on one connection", []string{"-w", "%{num_connects}", "https://connector.zscaler.net/api/v1/a", "https://connector.zscaler.net/api/v1/b"}, true, "}\n0"},
		{"a body after 100", []string{"-H", "Expect: 100-continue", "-d", big, "https://connector.zscloud.net/api/v1/x"}, true, big},
		{"http", []string{"http://connector.zscaler.net/api/v1/x"}, true, `"TLS":false`},
		{"HTTP/2", []string{"--http2", "-w", "%{http_version}", "https://connector.zscaler.net/api/v1/x"}, true, "}\n2"},
		{"HTTP/1.1", []string{"--http1.1", "-w", "%{http_version}", "https://connector.zscaler.net/api/v1/x"}, true, "}\n1.1"},
		{"a token host", []string{"-d", "grant_type=client_credentials", "https://acme.zslogin.net/oauth2/v1/token"}, true, `"Host":"acme.zslogin.net"`},
		{"the host of OneAPI", []string{"https://api.zsapi.net/ztw/api/v1/ecgroup"}, true, `"Path":"/ztw/api/v1/ecgroup"`},
		{"another service of OneAPI", []string{"https://api.zsapi.net/zia/api/v1/status"}, true, "serves /ztw there"},
		{"an allowed host", []string{"http://example.com/y"}, true, `"Host":"example.com"`},
		{"the vendor's other hosts", []string{"-w", "%{http_connect}", "https://admin.zscaler.net/"}, false, "403"},
		{"any other host", []string{"-w", "%{http_connect}", "https://example.org/"}, false, "403"},
		{"any other host, http", []string{"http://example.org/"}, true, "--allow example.org"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if out, ok := rig.curl(t, tt.args...); ok != tt.ok || !strings.Contains(out, tt.want) {
				t.Errorf("success %v, printed:\n%s", ok, out)
			}
		})
	}
}

package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/wire"
)

// Every family of hosts is served under a certificate of its own, over HTTP/2
// and HTTP/1.1, with the paths of its service and no others.
func TestHostFamilies(t *testing.T) {
	t.Parallel()
	rig := newProxyRig(t, ProxyConfig{})
	paths := map[service]map[string]int{
		connectorAPI: {"/api/v1/ecgroup": 200, "/api/v1": 200, "/wapi/v1/ecgroup": 200, "/auth": 200, "/spurline/v1/whoami": 200},
		loginService: {"/oauth2/v1/token": 200},
		oneAPI:       {"/ztw/api/v1/ecgroup": 200},
	}
	for host, s := range map[string]service{
		"connector.zscaler.net": connectorAPI, "connector.zscalerone.net": connectorAPI, "connector.zscalertwo.net": connectorAPI,
		"connector.zscalerthree.net": connectorAPI, "connector.zscloud.net": connectorAPI, "connector.zscalerbeta.net": connectorAPI,
		"connector.zscalergov.net": connectorAPI, "connector.zscalerten.net": connectorAPI, "connector.zspreview.net": connectorAPI,
		"demo.zslogin.net": loginService, "other.zslogin.net": loginService, "demo.zsloginbeta.net": loginService,
		"demo.zidentitygov.net": loginService, "demo.zidentitygov.us": loginService,
		"api.zsapi.net": oneAPI, "api.beta.zsapi.net": oneAPI, "api.zscalergov.net": oneAPI, "api.zscalergov.us": oneAPI,
	} {
		for _, version := range []string{"HTTP/2.0", "HTTP/1.1"} {
			c := rig.client(t)
			c.Transport.(*http.Transport).ForceAttemptHTTP2 = version == "HTTP/2.0"
			for _, of := range paths {
				for path := range of {
					resp, err := c.Do(request(t, "GET", "https://"+host+path, ""))
					if err != nil {
						t.Fatalf("%s%s: %v", host, path, err)
					}
					body, err := io.ReadAll(resp.Body)
					if err != nil {
						t.Fatal(err)
					}
					want, ok := paths[s][path]
					if !ok {
						want = http.StatusNotFound
						var e wire.Error
						if err := json.Unmarshal(body, &e); err != nil || e.Code != wire.CodeNotFound || !strings.Contains(e.Message, host) || resp.Header.Get(wire.MarkHeader) != wire.Mark {
							t.Errorf("%s%s: %s, %v", host, path, body, err)
						}
					}
					if resp.StatusCode != want || resp.Proto != version {
						t.Errorf("%s %s%s: %s %d, want %d", version, host, path, resp.Proto, resp.StatusCode, want)
					}
				}
			}
			c.CloseIdleConnections()
		}
	}
	for _, target := range []string{
		"https://connector.zscloud.net/", "https://connector.zscloud.net/spurline", "https://connector.zscloud.net/api/v10",
		"https://api.zsapi.net/spurline/v1/whoami", "https://api.zsapi.net/zia/api/v1/status", "https://demo.zslogin.net/admin/api/v1/users",
		"http://connector.zscloud.net/ztw/api/v1/ecgroup",
	} {
		resp, err := rig.client(t).Do(request(t, "GET", target, ""))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404: what is not the vendor's is not on the vendor's hosts", target, resp.StatusCode)
		}
	}
}

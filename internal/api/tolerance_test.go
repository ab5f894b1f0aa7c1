package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// Strict mode refuses what lenient mode tolerates, names it, and takes what is
// as described.
func TestStrict(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{Strict: true})
	super := s.SignIn(t, servertest.Super)
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/locationTemplate", `{"name":"a","colour":"red"}`, "unknown member colour"},
		{"POST", "/locationTemplate", `{"id":0,"name":"a"}`, "read-only member id"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"upBandwidth":"5"}}`, "quoted value template.upBandwidth"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"ofwEnabled":"true"}}`, "quoted value template.ofwEnabled"},
		{"POST", "/provUrl", `{"name":"a","provUrlType":"CLOUD","provUrlData":{"cloudProviderType":"AWS","locationTemplate":{"id":"5"}}}`, "quoted value provUrlData.locationTemplate.id"},
		{"POST", "/networkServices", `{"name":"a","destTcpPorts":[{"start":1},{"start":"2"}]}`, "quoted value destTcpPorts[1].start"},
		{"GET", "/locationTemplate?&page=1", ``, "empty pair in the query"},
		{"GET", "/locationTemplate", `{}`, "body on a read or a delete"},
		{"DELETE", "/locationTemplate/1", `{}`, "body on a read or a delete"},
		{"PUT", "/ecAdminActivateStatus/activate", `{}`, "body on an activation"},
		{"POST", "/apiKeys/1/ztw/api/v1/regenerate", ``, "doubled path"},
		{"GET", "/locationTemplate?page=0", ``, "page 0"},
		{"GET", "/locationTemplate?pageSize=1001", ``, "page size above 1000"},
		{"GET", "/locationTemplate?colour=red&page=1", ``, "unknown parameter colour"},
	} {
		a := super.Do(t, c.method, c.path, c.body)
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, c.want) {
			t.Errorf("%s %s %s: %d %s, want %q", c.method, c.path, c.body, a.Status, a.Body, c.want)
		}
	}
	super.Must(t, "POST", "/locationTemplate", `{"name":"a","template":{"upBandwidth":5,"ofwEnabled":true}}`)
	super.Must(t, "GET", "/locationTemplate?page=1&pageSize=10", "")
}

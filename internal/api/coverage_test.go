package api_test

import (
	"os"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// pathNames are the names that the table of facts gives to an object's own id;
// ours is {id} wherever it stands.
var pathNames = strings.NewReplacer(
	"{templateId}", "{id}", "{vmId}/", "{vmId}/", "{vmId}", "{id}", "{ipGroupId}", "{id}", "{serviceid}", "{id}", "{serviceGroupId}", "{id}",
	"{gatewayId}", "{id}", "{roleId}", "{id}", "{userId}", "{id}", "{keyId}", "{id}", "{ruleId}", "{id}", "{intfId}", "{id}", "{ecRouteId}", "{id}",
)

// Every row of the table of facts is served, or is one of the few that are not
// offered and say so.
func TestEveryOperationIsServed(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../../../shared/api/operations.tsv")
	if err != nil {
		t.Fatalf("the facts lie beside the checkout: %v", err)
	}
	s := servertest.Start(t, server.Config{})
	offered := map[string]bool{}
	for _, o := range s.API().Operations() {
		offered[o.Method+" "+o.Path] = true
	}
	notOffered := map[string]bool{}
	for _, r := range api.Refused() {
		notOffered[r.Method+" "+r.Path] = true
	}
	super := s.SignIn(t, servertest.Super)
	rows, missing := 0, 0
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		f := strings.Split(line, "\t")
		row := f[1] + " " + f[2]
		rows++
		switch {
		case notOffered[row]:
			if a := super.Do(t, f[1], strings.ReplaceAll(f[2], "{deviceId}", "1"), ""); a.Status != 405 || message(t, a) == "" {
				t.Errorf("%s is not offered, and answers %d %s", row, a.Status, a.Body)
			}
		case !offered[row] && !offered[f[1]+" "+pathNames.Replace(f[2])]:
			missing++
			t.Errorf("%s is in the facts and is not served", row)
		}
	}
	t.Logf("%d rows, %d not offered, %d missing", rows, len(notOffered), missing)
}

package fleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

func (w *world) status(vm int64, want string) {
	w.Helper()
	if got := w.fleet.Status(org, vm); got != want {
		w.Errorf("the VM is %s, want %s", got, want)
	}
	if body := string(w.get(kinds.ECVMKind, vm)); !strings.Contains(body, `"operationalStatus":"`+want+`"`) {
		w.Errorf("the API answers another status than %s: %s", want, body)
	}
}

func TestStatusByTheClock(t *testing.T) { onStores(t, testStatusByTheClock) }

func testStatusByTheClock(t *testing.T, w *world) {
	out := w.enrol(enrolment(1, "a"))
	w.status(out.VMID, fleet.Inactive)
	if seen := w.fleet.LastSeen(org, out.VMID); !seen.IsZero() {
		t.Errorf("seen at %v before the first heartbeat", seen)
	}
	w.beat(out.Token)
	w.status(out.VMID, fleet.Active)
	w.clock.add(90 * time.Second)
	w.status(out.VMID, fleet.Active)
	if seen := w.fleet.LastSeen(org, out.VMID); !seen.Equal(w.clock.Now().Add(-90 * time.Second)) {
		t.Errorf("seen at %v", seen)
	}
	w.clock.add(time.Millisecond)
	w.status(out.VMID, fleet.Inactive)
	w.beat(out.Token)
	w.status(out.VMID, fleet.Active)

	_, err := w.fleet.Heartbeat(t.Context(), out.Token, wire.Heartbeat{State: wire.ReportStopping})
	w.must(err)
	w.status(out.VMID, fleet.Inactive)
	w.status(w.enrol(enrolment(1, "a")).VMID, fleet.Inactive) // until it reports
}

func TestDeletedConnector(t *testing.T) { onStores(t, testDeletedConnector) }

func testDeletedConnector(t *testing.T, w *world) {
	out := w.enrol(enrolment(1, "a"))
	etag := w.beat(out.Token).Bundle
	w.delete(kinds.ECVMKind, out.VMID)
	if w.find(kinds.ECVMKind, out.VMID) != nil {
		t.Error("the deleted VM is still there")
	}
	if w.beat(out.Token).Bundle != etag {
		t.Error("a deletion that is not activated has changed the bundle")
	}
	w.activate()
	w.refused(out.Token, http.StatusGone)
	w.refused(out.Token, http.StatusGone)
	if got := w.children(kinds.ECVMKind, out.GroupID); len(got) != 0 || w.find(kinds.ECGroupKind, out.GroupID) == nil {
		t.Errorf("the group has %v", got)
	}
	w.must(w.fleet.Flush(t.Context()))
	w.must(w.db.ViewLive(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		var rows int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM live`).Scan(&rows)
		if rows != 0 {
			t.Errorf("%d rows are kept of a connector that is gone", rows)
		}
		return err
	}))
	again := w.enrol(enrolment(1, "a"))
	if again.VMID == out.VMID || again.UUID == out.UUID || again.GroupID != out.GroupID {
		t.Errorf("was %+v, is now %+v", out, again)
	}
	w.beat(again.Token)
	w.refused(out.Token, http.StatusGone)
}

// A deleted connector that is switched on again before the activation is a new
// one, however often, and only the last may go on.
func TestDeletedAndBackBeforeActivation(t *testing.T) {
	onStores(t, testDeletedAndBackBeforeActivation)
}

func testDeletedAndBackBeforeActivation(t *testing.T, w *world) {
	var all []wire.Enrolled
	for range 3 {
		if len(all) > 0 {
			w.delete(kinds.ECVMKind, all[len(all)-1].VMID)
			w.beat(all[len(all)-1].Token)
		}
		out := w.enrol(enrolment(1, "a"))
		for _, old := range all {
			if old.VMID == out.VMID || old.VMName == out.VMName || old.UUID == out.UUID {
				t.Errorf("the VM %+v is %+v again", old, out)
			}
			w.refused(old.Token, http.StatusGone)
		}
		w.beat(out.Token)
		all = append(all, out)
	}
	w.activate()
	w.beat(all[2].Token)
	w.restart()
	w.beat(all[2].Token)
	w.refused(all[0].Token, http.StatusGone)
	w.refused(all[1].Token, http.StatusGone)
}

// What is deleted in working counts as missing, although connectors still run
// it, and its names are free.
func TestDeletedLocation(t *testing.T) { onStores(t, testDeletedLocation) }

func testDeletedLocation(t *testing.T, w *world) {
	e := enrolment(1, "a")
	old := w.enrol(e)
	group := w.group(old.GroupID)
	w.delete(kinds.ECVMKind, old.VMID)
	w.delete(kinds.ECGroupKind, old.GroupID)
	w.delete(kinds.LocationKind, int64(group.Location.ID))

	out := w.enrol(enrolment(2, "a"))
	now := w.group(out.GroupID)
	if out.GroupID == old.GroupID || now.Location.ID == group.Location.ID || now.Name != group.Name || now.Location.Name != group.Location.Name {
		t.Errorf("the group was %+v, is now %+v", group, now)
	}
	w.beat(old.Token)
	w.beat(out.Token)
	w.activate()
	w.refused(old.Token, http.StatusGone)
	if next := w.enrol(e); next.GroupID != out.GroupID {
		t.Errorf("after the activation, the connector is in the group %d, not %d", next.GroupID, out.GroupID)
	}
}

// What the active view does not have yet counts as missing too.
func TestLocationThatIsNotActive(t *testing.T) { onStores(t, testLocationThatIsNotActive) }

func testLocationThatIsNotActive(t *testing.T, w *world) {
	e := enrolment(1, "a")
	var staged int64
	_, err := w.db.Update(t.Context(), org, func(ctx context.Context, tx *store.Tx) error {
		template, err := tx.ByName(ctx, store.Working, kinds.ProvURLKind, -1, e.Template)
		if err != nil {
			return err
		}
		staged = tx.NextID()
		body, err := json.Marshal(kinds.NewLocation("staged"))
		if err != nil {
			return err
		}
		key := fleet.LocationKey(e.Cloud, e.Region, e.Network, template.ID)
		return tx.Put(ctx, store.Row{Kind: kinds.LocationKind, ID: staged, Name: "staged", Key: key, Body: body}, store.Staged)
	})
	w.must(err)
	out := w.enrol(e)
	if got := int64(w.group(out.GroupID).Location.ID); got == staged {
		t.Error("a group is at a location that its connectors do not have")
	}
	w.beat(out.Token)
}

func TestUnknownToken(t *testing.T) { onStores(t, testUnknownToken) }

func testUnknownToken(t *testing.T, w *world) {
	out := w.enrol(enrolment(1, "a"))
	for _, token := range []string{"", "x", out.Token + "x", strings.ToLower(out.Token)} {
		w.refused(token, http.StatusUnauthorized)
	}
}

func TestHeartbeatIsChecked(t *testing.T) { onStores(t, testHeartbeatIsChecked) }

func testHeartbeatIsChecked(t *testing.T, w *world) {
	out := w.enrol(enrolment(1, "a"))
	for field, h := range map[string]wire.Heartbeat{
		"state":  {State: "SLEEPING"},
		"bundle": {State: wire.ReportRunning, Bundle: "\"a\x00\""},
		"build":  {State: wire.ReportRunning, Build: "1.0"},
	} {
		_, err := w.fleet.Heartbeat(t.Context(), out.Token, h)
		if wire.Status(err) != http.StatusBadRequest || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := w.fleet.Heartbeat(t.Context(), out.Token, wire.Heartbeat{State: wire.ReportRunning, Bundle: `"` + strings.Repeat("a", 64) + `"`})
	if wire.Status(err) != http.StatusBadRequest {
		t.Errorf("a long bundle: %v", err)
	}
	w.status(out.VMID, fleet.Inactive)
}

func TestBundle(t *testing.T) { onStores(t, testBundle) }

func testBundle(t *testing.T, w *world) {
	out := w.enrol(enrolment(1, "a"))
	body, etag, err := w.fleet.Bundle(t.Context(), out.Token)
	w.must(err)
	if len(etag) != 34 || w.beat(out.Token).Bundle != etag {
		t.Errorf("the bundle %s is announced as %s", etag, w.beat(out.Token).Bundle)
	}
	var b struct {
		VM        kinds.ECVM         `json:"vm"`
		Instances []kinds.ECInstance `json:"instances"`
		Group     kinds.ECGroup      `json:"group"`
		Location  kinds.Location     `json:"location"`
		Template  struct {
			Name string `json:"name"`
			Data struct {
				LocationTemplate kinds.LocationTemplate `json:"locationTemplate"`
			} `json:"provUrlData"`
		} `json:"provisioningTemplate"`
	}
	w.must(json.Unmarshal(body, &b))
	got := []string{b.VM.Name, b.Group.Name, b.Location.Name, b.Template.Name, b.Template.Data.LocationTemplate.Name}
	want := []string{out.VMName, "zs-cc-vpc-0a1b2c3d4e5f60718-us-west-2a", "us-west-2-vpc-0a1b2c3d4e5f60718", "aws-template", kinds.DefaultLocationTemplate}
	if diff := cmp.Diff(want, got); diff != "" || len(b.Instances) != 1 {
		t.Errorf("bundle with %d instances (-want +got):\n%s", len(b.Instances), diff)
	}
	// What is not the connector's own does not touch its bundle.
	for _, live := range []string{"operationalStatus", "ecVMs", "ecInstances", "usedInEcGroups", "childCount"} {
		if bytes.Contains(body, []byte(`"`+live+`"`)) {
			t.Errorf("the bundle has %s", live)
		}
	}
	w.enrol(enrolment(2, "a"))
	w.create(kinds.ProvURLKind, `{"name": "unrelated", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS"}}`)
	w.activate()
	w.clock.add(time.Hour)
	w.restart()
	if now := w.beat(out.Token).Bundle; now != etag {
		t.Errorf("the bundle has changed from %s to %s, its content has not", etag, now)
	}
}

// Connectors run what is active: an edit reaches them by its activation.
func TestBundleFollowsActivation(t *testing.T) { onStores(t, testBundleFollowsActivation) }

func testBundleFollowsActivation(t *testing.T, w *world) {
	inner := w.create(kinds.LocationTemplateKind, `{"name": "inner", "template": {"templatePrefix": "site", "xffForwardEnabled": true}}`)
	outer := w.create(kinds.ProvURLKind, provURL("outer", inner))
	w.activate()
	e := enrolment(1, "a")
	e.Template = "outer"
	out := w.enrol(e)
	location := read[kinds.Location](w, kinds.LocationKind, int64(w.group(out.GroupID).Location.ID))
	if location.Name != "site-us-west-2-vpc-0a1b2c3d4e5f60718" || !location.XFFForwardEnabled {
		t.Errorf("location: %+v", location)
	}
	for what, edit := range map[string]func(){
		"location template": func() {
			w.replace(kinds.LocationTemplateKind, inner, `{"name": "inner", "template": {"ofwEnabled": true}}`)
		},
		"name of location template": func() { w.replace(kinds.LocationTemplateKind, inner, `{"name": "renamed", "template": {}}`) },
		"provisioning template":     func() { w.replace(kinds.ProvURLKind, outer, provURL("renamed", inner)) },
	} {
		before := w.beat(out.Token).Bundle
		edit()
		if got := w.beat(out.Token).Bundle; got != before {
			t.Errorf("%s: the bundle has changed before the activation", what)
		}
		w.activate()
		after := w.beat(out.Token).Bundle
		if after == before {
			t.Errorf("%s: the bundle has not changed after the activation", what)
		}
		if _, etag, err := w.fleet.Bundle(t.Context(), out.Token); err != nil || etag != after {
			t.Errorf("%s: the bundle %s is announced as %s, %v", what, etag, after, err)
		}
	}
}

func provURL(name string, inner int64) string {
	body, err := json.Marshal(map[string]any{
		"name": name, "provUrlType": "CLOUD",
		"provUrlData": map[string]any{"cloudProviderType": "AWS", "locationTemplate": map[string]any{"id": inner}},
	})
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// A template that was edited and not activated is enrolled with as it was.
func TestEnrolmentCopiesTheActiveVersion(t *testing.T) {
	onStores(t, testEnrolmentCopiesTheActiveVersion)
}

func testEnrolmentCopiesTheActiveVersion(t *testing.T, w *world) {
	inner := w.create(kinds.LocationTemplateKind, `{"name": "inner", "template": {"templatePrefix": "active"}}`)
	outer := w.create(kinds.ProvURLKind, provURL("outer", inner))
	w.activate()
	w.replace(kinds.LocationTemplateKind, inner, `{"name": "inner", "template": {"templatePrefix": "saved", "xffForwardEnabled": true}}`)
	w.replace(kinds.ProvURLKind, outer, `{"name": "outer", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS", "formFactor": "LARGE"}}`)
	e := enrolment(1, "a")
	e.Template = "outer"
	out := w.enrol(e)
	location := read[kinds.Location](w, kinds.LocationKind, int64(w.group(out.GroupID).Location.ID))
	if vm := w.vm(out.VMID); vm.FormFactor != "SMALL" || !strings.HasPrefix(location.Name, "active-") || bool(location.XFFForwardEnabled) {
		t.Errorf("a %s VM at %+v", vm.FormFactor, location)
	}
}

func TestRestartKeepsLiveState(t *testing.T) { onStores(t, testRestartKeepsLiveState) }

func testRestartKeepsLiveState(t *testing.T, w *world) {
	running, stopped, gone := w.enrol(enrolment(1, "a")), w.enrol(enrolment(2, "a")), w.enrol(enrolment(3, "a"))
	for _, out := range []wire.Enrolled{running, stopped, gone} {
		w.beat(out.Token)
	}
	w.must(w.fleet.Flush(t.Context()))
	w.clock.add(20 * time.Second)
	w.beat(running.Token)
	_, err := w.fleet.Heartbeat(t.Context(), stopped.Token, wire.Heartbeat{State: wire.ReportStopping})
	w.must(err)

	// A flush that fails loses nothing.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.fleet.Flush(ended); err == nil {
		t.Error("a flush without time has succeeded")
	}
	w.delete(kinds.ECVMKind, gone.VMID)
	w.activate()
	w.restart()

	w.status(running.VMID, fleet.Active)
	w.status(stopped.VMID, fleet.Inactive)
	if seen := w.fleet.LastSeen(org, running.VMID); !seen.Equal(w.clock.Now()) {
		t.Errorf("seen at %v, want %v", seen, w.clock.Now())
	}
	if seen := w.fleet.LastSeen(org, gone.VMID); !seen.IsZero() {
		t.Errorf("a VM that is gone was seen at %v", seen)
	}
	w.refused(gone.Token, http.StatusGone)
	w.clock.add(91 * time.Second)
	w.status(running.VMID, fleet.Inactive)
	w.beat(running.Token)
	w.status(running.VMID, fleet.Active)
}

func BenchmarkHeartbeat(b *testing.B) {
	w := newFleet(b)
	var tokens []string
	for n := range 32 {
		tokens = append(tokens, w.enrol(enrolment(n, string(rune('a'+n%2)))).Token)
	}
	h := wire.Heartbeat{State: wire.ReportRunning, Bundle: w.beat(tokens[0]).Bundle, Build: "401122"}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := w.fleet.Heartbeat(b.Context(), tokens[i%len(tokens)], h); err != nil {
			b.Fatal(err)
		}
	}
}

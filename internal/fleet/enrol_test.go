package fleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// onCloud is a connector's first start on each cloud.
func onCloud(cloud string) wire.Enrolment {
	e := enrolment(1, "a")
	e.Cloud, e.Template = cloud, strings.ToLower(cloud)+"-template"
	switch cloud {
	case "AZURE":
		e.Region, e.Zone, e.Network = "EastUS2", "1", "hub-vnet"
		e.NativeID, e.Image = "0b5c1c3e-6f0e-4f4e-9c55-2b1de43a8b10", "publisher:offer:sku:1.0"
	case "GCP":
		e.Region, e.Zone, e.Network = "us-central1", "us-central1-b", "main-net"
		e.NativeID, e.Image = "8842211190034417733", "projects/example/global/images/connector"
	}
	return e
}

// plain replaces what differs from run to run.
func plain(body []byte) string {
	for _, r := range [][2]string{
		{`"id":5\d{6}`, `"id":5000000`},
		{`-VM-[A-Za-z0-9]{5}`, `-VM-xxxxx`},
		{`_INSTANCE_(\d)_[A-Za-z0-9]{5}`, `_INSTANCE_${1}_xxxxx`},
		{`"uuid":"[0-9a-f-]{36}"`, `"uuid":"x"`},
	} {
		body = regexp.MustCompile(r[0]).ReplaceAll(body, []byte(r[1]))
	}
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		return err.Error() + ": " + string(body)
	}
	return out.String() + "\n"
}

// The inventory of a first enrolment is, to the byte, what the API documents.
func TestFirstEnrolment(t *testing.T) { onStores(t, testFirstEnrolment) }

func testFirstEnrolment(t *testing.T, w *world) {
	for _, cloud := range []string{"AWS", "AZURE", "GCP"} {
		out := w.enrol(onCloud(cloud))
		w.beat(out.Token)
		group := w.group(out.GroupID)
		for file, body := range map[string][]byte{
			"group":    w.get(kinds.ECGroupKind, out.GroupID),
			"location": w.get(kinds.LocationKind, int64(group.Location.ID)),
		} {
			path := filepath.Join("testdata", strings.ToLower(cloud)+"-"+file+".json")
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), plain(body)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
		if len(out.Token) != 43 || out.HeartbeatSeconds != 30 {
			t.Errorf("enrolled: %+v", out)
		}
		vm := w.vm(out.VMID)
		if vm.Name != out.VMName || vm.MetaConfig.UUID != out.UUID {
			t.Errorf("enrolled as %+v, but the VM is %+v", out, vm)
		}
		if id, ok := fleet.IDFromUUID(out.UUID); !ok || id != out.VMID {
			t.Errorf("the UUID %s does not lead to the VM %d", out.UUID, out.VMID)
		}
	}
}

// Enrolment is nobody's edit: it is in force at once and pending for no one.
func TestEnrolmentIsNotPending(t *testing.T) { onStores(t, testEnrolmentIsNotPending) }

func testEnrolmentIsNotPending(t *testing.T, w *world) {
	w.enrol(enrolment(1, "a"))
	status, err := w.engine.Status(t.Context(), w.admin)
	w.must(err)
	if status.OrgEditStatus != config.EditsCleared {
		t.Errorf("status: %+v", status)
	}
	var trail []audit.Record
	w.must(w.db.View(t.Context(), org, func(ctx context.Context, tx *store.Tx) error {
		for row, err := range tx.Pending(ctx) {
			t.Errorf("%s %d is pending, %v", row.Kind, row.ID, err)
		}
		trail, err = audit.List(ctx, tx, org, 0, 100)
		return err
	}))
	var made []string
	for _, r := range trail[len(trail)-3:] {
		made = append(made, r.Kind)
		if r.Action != audit.ActionCreate || r.Login != "" || r.IP != "192.0.2.1" || r.Interface != audit.InterfaceAPI || r.Category == "" || len(r.After) == 0 {
			t.Errorf("audit: %+v", r.Entry)
		}
	}
	if diff := cmp.Diff([]string{kinds.LocationKind, kinds.ECGroupKind, kinds.ECVMKind}, made); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}
}

func TestZonesAndNetworks(t *testing.T) { onStores(t, testZonesAndNetworks) }

func testZonesAndNetworks(t *testing.T, w *world) {
	first, same, other := w.enrol(enrolment(1, "a")), w.enrol(enrolment(2, "a")), w.enrol(enrolment(3, "b"))
	if same.GroupID != first.GroupID || same.VMID == first.VMID {
		t.Errorf("another connector of the zone: %+v and %+v", first, same)
	}
	if other.GroupID == first.GroupID {
		t.Error("two zones share a group")
	}
	if a, b := w.group(first.GroupID), w.group(other.GroupID); a.Location.ID != b.Location.ID {
		t.Errorf("two zones of a network have the locations %v and %v", a.Location, b.Location)
	}
	e := enrolment(4, "a")
	e.Network = "vpc-0ffffffffffffffff"
	if away := w.group(w.enrol(e).GroupID); away.Location.ID == w.group(first.GroupID).Location.ID {
		t.Error("two networks share a location")
	}
}

// A location and a group belong to a template as well. Generated names are
// numbered where they are taken.
func TestNamesThatAreTaken(t *testing.T) { onStores(t, testNamesThatAreTaken) }

func testNamesThatAreTaken(t *testing.T, w *world) {
	w.create(kinds.ProvURLKind, `{"name": "second", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS"}}`)
	w.activate()
	e := enrolment(2, "a")
	e.Template = "second"
	first, second := w.group(w.enrol(enrolment(1, "a")).GroupID), w.group(w.enrol(e).GroupID)
	if second.Name != first.Name+"-2" || second.Location.Name != first.Location.Name+"-2" {
		t.Errorf("names: %s at %s, then %s at %s", first.Name, first.Location.Name, second.Name, second.Location.Name)
	}
}

func TestFormFactors(t *testing.T) { onStores(t, testFormFactors) }

func testFormFactors(t *testing.T, w *world) {
	e := enrolment(1, "a")
	for size, want := range map[string]int{"": 1, "SMALL": 1, "MEDIUM": 2, "LARGE": 3} {
		e.FormFactor, e.NativeID = size, "i-"+size
		if got := len(w.children(kinds.ECInstanceKind, w.enrol(e).VMID)); got != want {
			t.Errorf("%q has %d instances, want %d", size, got, want)
		}
	}
	// One that comes back larger gets what it lacks.
	e.FormFactor, e.NativeID = "LARGE", "i-SMALL"
	grown := w.enrol(e)
	if got := len(w.children(kinds.ECInstanceKind, grown.VMID)); got != 3 || w.vm(grown.VMID).FormFactor != "LARGE" {
		t.Errorf("a connector that has grown is %s with %d instances", w.vm(grown.VMID).FormFactor, got)
	}
	e.FormFactor, e.NativeID = "", "i-MEDIUM"
	if vm := w.vm(w.enrol(e).VMID); vm.FormFactor != "MEDIUM" {
		t.Errorf("one that does not say its size has become %s", vm.FormFactor)
	}
}

func TestRestartedConnector(t *testing.T) { onStores(t, testRestartedConnector) }

func testRestartedConnector(t *testing.T, w *world) {
	e := enrolment(1, "a")
	first := w.enrol(e)
	before, instance := w.vm(first.VMID), w.children(kinds.ECInstanceKind, first.VMID)
	etag := w.beat(first.Token).Bundle

	again := w.enrol(e)
	if again.VMID != first.VMID || again.VMName != first.VMName || again.UUID != first.UUID || again.Token == first.Token {
		t.Errorf("enrolled as %+v, then as %+v", first, again)
	}
	w.refused(first.Token, http.StatusGone)
	if w.beat(again.Token).Bundle != etag {
		t.Error("a start that changes nothing has changed the bundle")
	}

	e.Zone, e.Build, e.Management.IP, e.Service.IP, e.NatIP = "us-west-2b", "401200", "10.20.4.77", "10.20.5.77", ""
	moved := w.enrol(e)
	if moved.GroupID != first.GroupID {
		t.Error("a connector has left its group")
	}
	after := w.vm(first.VMID)
	before.BuildVersion, before.ManagementNw.IPStart = "401200", "10.20.4.77"
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("VM (-want +got):\n%s", diff)
	}
	var group struct {
		ECVMs []struct {
			ECInstances []kinds.ECInstance `json:"ecInstances"`
		} `json:"ecVMs"`
	}
	w.must(json.Unmarshal(w.get(kinds.ECGroupKind, first.GroupID), &group))
	i := group.ECVMs[0].ECInstances[0]
	if int64(i.ID) != instance[0] || i.ServiceNw.IPStart != "10.20.5.77" || i.NatIP != "198.51.100.11" || i.ServiceNw.ID == 0 {
		t.Errorf("instance: %+v", i)
	}
	if body, now, err := w.fleet.Bundle(t.Context(), moved.Token); err != nil || now == etag || !bytes.Contains(body, []byte(`"buildVersion":"401200"`)) || !bytes.Contains(body, []byte("10.20.5.77")) {
		t.Errorf("the bundle is still %s (%v): %s", now, err, body)
	}
}

// What a connector reports goes into both views; a pending edit stays pending.
func TestRestartUnderAPendingEdit(t *testing.T) { onStores(t, testRestartUnderAPendingEdit) }

func testRestartUnderAPendingEdit(t *testing.T, w *world) {
	e := enrolment(1, "a")
	out := w.enrol(e)
	_, err := w.db.Update(t.Context(), org, func(ctx context.Context, tx *store.Tx) error {
		row, err := tx.Get(ctx, store.Working, kinds.ECVMKind, out.VMID)
		if err != nil {
			return err
		}
		row.Body = bytes.Replace(row.Body, []byte(`"upgradeStartTime":0`), []byte(`"upgradeStartTime":3600`), 1)
		return tx.Put(ctx, row, store.Staged)
	})
	w.must(err)
	e.Build = "401200"
	out = w.enrol(e)
	if vm := w.vm(out.VMID); vm.UpgradeStartTime != 3600 || vm.BuildVersion != "401200" {
		t.Errorf("working: %+v", vm)
	}
	body, _, err := w.fleet.Bundle(t.Context(), out.Token)
	w.must(err)
	if !bytes.Contains(body, []byte(`"upgradeStartTime":0`)) || !bytes.Contains(body, []byte(`"buildVersion":"401200"`)) {
		t.Errorf("active: %s", body)
	}
}

func TestRefusedEnrolments(t *testing.T) { onStores(t, testRefusedEnrolments) }

func testRefusedEnrolments(t *testing.T, w *world) {
	w.create(kinds.ProvURLKind, `{"name": "saved", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS"}}`)
	w.create(kinds.ProvURLKind, `{"name": "dropped", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS"}}`)
	renamed := w.create(kinds.ProvURLKind, `{"name": "old-name", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS"}}`)
	w.create(kinds.ProvURLKind, `{"name": "branch", "provUrlType": "ONPREM", "provUrlData": {}}`)
	w.activate()
	head, err := w.db.Head(t.Context(), org)
	w.must(err)
	for _, r := range []struct{ template, cloud, want string }{
		{"nobody's", "AWS", `template "nobody's" does not exist`},
		{"gcp-template", "AWS", `cloud is AWS, but the template "gcp-template" is for GCP`},
		{"branch", "AWS", `template "branch" is not for connectors in a cloud`},
	} {
		checkRefused(w, r.template, r.want)
	}
	w.create(kinds.ProvURLKind, `{"name": "unseen", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS"}}`)
	checkRefused(w, "unseen", `template "unseen" is saved but not activated`)
	id, err := w.engine.ByKey(t.Context(), org, w.kind(kinds.ProvURLKind), "none")
	if err == nil {
		t.Fatalf("a key found the template %d", id)
	}
	w.must(w.db.View(t.Context(), org, func(ctx context.Context, tx *store.Tx) error {
		row, err := tx.ByName(ctx, store.Working, kinds.ProvURLKind, -1, "dropped")
		id = row.ID
		return err
	}))
	w.delete(kinds.ProvURLKind, id)
	checkRefused(w, "dropped", `template "dropped" has been deleted`)

	// A template goes by its active name until the new one is activated.
	w.replace(kinds.ProvURLKind, renamed, `{"name": "new-name", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "AWS"}}`)
	checkRefused(w, "new-name", `template "new-name" is saved but not activated`)
	now, err := w.db.Head(t.Context(), org)
	w.must(err)
	if now.Rev != head.Rev+3 {
		t.Errorf("refused enrolments have moved the revision from %d to %d", head.Rev, now.Rev)
	}
	e := enrolment(1, "a")
	e.Template = "old-name"
	w.enrol(e)
}

func checkRefused(w *world, template, want string) {
	w.Helper()
	e := enrolment(1, "a")
	e.Template = template
	_, err := w.fleet.Enrol(w.Context(), org, e, "192.0.2.1")
	if wire.Status(err) != http.StatusBadRequest || !strings.Contains(err.Error(), want) {
		w.Errorf("enrolment with %q: %v, want a 400 with %s", template, err, want)
	}
}

func TestFullGroup(t *testing.T) { onStores(t, testFullGroup) }

func testFullGroup(t *testing.T, w *world) {
	var last wire.Enrolled
	for n := range kinds.MaxVMsPerGroup {
		last = w.enrol(enrolment(n, "a"))
	}
	_, err := w.fleet.Enrol(t.Context(), org, enrolment(16, "a"), "")
	if !wire.HasCode(err, wire.CodeLimitExceeded) || wire.Status(err) != http.StatusForbidden {
		t.Errorf("the 17th connector of a group: %v", err)
	}
	w.enrol(enrolment(3, "a")) // one that is there already may come back
	w.delete(kinds.ECVMKind, last.VMID)
	w.enrol(enrolment(16, "a"))
}

// Two orgs share nothing, not even a native id.
func TestOtherOrg(t *testing.T) { onStores(t, testOtherOrg) }

func testOtherOrg(t *testing.T, w *world) {
	w.must(w.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: org + 1, Name: "Other", Cloud: "zscloud.net"})
	}))
	out := w.enrol(enrolment(1, "a"))
	_, err := w.fleet.Enrol(t.Context(), org+1, enrolment(1, "a"), "")
	if wire.Status(err) != http.StatusBadRequest {
		t.Errorf("enrolment with another org's template: %v", err)
	}
	w.beat(out.Token)
	if got := w.fleet.Status(org+1, out.VMID); got != fleet.Inactive {
		t.Errorf("the VM of the other org is %s", got)
	}
}

// Connectors that start at once get one location and as many groups as there
// are zones, and a connector that starts twice has one token in force.
func TestConcurrentEnrolments(t *testing.T) { onStores(t, testConcurrentEnrolments) }

func testConcurrentEnrolments(t *testing.T, w *world) {
	const connectors = 32
	tokens := make([][2]string, connectors)
	var wg sync.WaitGroup
	for n := range connectors {
		for try := range 2 {
			wg.Go(func() {
				out, err := w.fleet.Enrol(t.Context(), org, enrolment(n, string(rune('a'+n%2))), "")
				if err != nil {
					t.Errorf("connector %d: %v", n, err)
					return
				}
				tokens[n][try] = out.Token
				_, err = w.fleet.Heartbeat(t.Context(), out.Token, wire.Heartbeat{State: wire.ReportRunning})
				if status := wire.Status(err); err != nil && status != http.StatusGone {
					t.Errorf("connector %d: %v", n, err)
				}
			})
		}
	}
	wg.Wait()
	for n, pair := range tokens {
		var works int
		for _, token := range pair {
			if _, err := w.fleet.Heartbeat(t.Context(), token, wire.Heartbeat{State: wire.ReportRunning}); err == nil {
				works++
			}
		}
		if works != 1 {
			t.Errorf("connector %d has %d tokens in force", n, works)
		}
	}
	counts := map[string]int{}
	w.must(w.db.View(t.Context(), org, func(ctx context.Context, tx *store.Tx) (err error) {
		for _, kind := range []string{kinds.LocationKind, kinds.ECGroupKind, kinds.ECVMKind, kinds.ECInstanceKind} {
			if counts[kind], err = tx.Count(ctx, store.Working, kind, -1); err != nil {
				return err
			}
		}
		return nil
	}))
	want := map[string]int{kinds.LocationKind: 1 + 1, kinds.ECGroupKind: 2, kinds.ECVMKind: connectors, kinds.ECInstanceKind: connectors} // one location is the platform's
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
	w.restart()
	for n, pair := range tokens {
		var works []string
		for _, token := range pair {
			_, err := w.fleet.Heartbeat(t.Context(), token, wire.Heartbeat{State: wire.ReportRunning})
			works = append(works, fmt.Sprint(err == nil))
		}
		if works[0] == works[1] {
			t.Errorf("connector %d after a restart: %v", n, works)
		}
	}
}

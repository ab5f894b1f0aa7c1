package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/wire"
)

// running is a connector that a test runs.
type running struct {
	*pacer
	cancel context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	events []sandbox.Event
}

func connectorConfig(server, dir string) sandbox.ConnectorConfig {
	return sandbox.ConnectorConfig{
		Server: server, StateDir: dir, Name: "cc-1", Key: enrolmentKey, Template: "aws-west-template",
		Cloud: "AWS", Region: "us-west-2", Zone: "us-west-2a", Network: "vpc-0a1b2c3d4e5f60718",
	}
}

// runConnector runs a connector whose every wait the test lets pass.
func runConnector(t *testing.T, cfg sandbox.ConnectorConfig) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r := &running{pacer: newPacer(), cancel: cancel, ended: make(chan error, 1)}
	cfg.HTTP, cfg.Wait = &http.Client{Transport: transport}, r.wait
	cfg.Report = func(e sandbox.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, e)
	}
	go func() { r.ended <- sandbox.RunConnector(ctx, cfg) }()
	t.Cleanup(func() {
		cancel()
		r.end(t)
	})
	return r
}

// end waits for the connector's end; it may be called again.
func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		r.ended <- err
		return err
	case <-time.After(patience):
		t.Fatal("the connector does not end")
		return nil
	}
}

// kinds returns the events so far.
func (r *running) kinds() []sandbox.EventKind {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kinds []sandbox.EventKind
	for _, e := range r.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (r *running) lastEvent() sandbox.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[len(r.events)-1]
}

// health asks the connector's page.
func (r *running) health(t *testing.T) (int, sandbox.Health) {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(r.lastEvent().Health)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var h sandbox.Health
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, h
}

// identityIn reads what a state folder says of its connector.
func identityIn(t *testing.T, dir string) (id struct{ Name, NativeID, State, Token string }) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "identity.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &id); err != nil {
		t.Fatal(err)
	}
	return id
}

func bundleIn(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "bundle.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestConnectorLife(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	dir := filepath.Join(t.TempDir(), "state")
	r := runConnector(t, connectorConfig(f.url, dir))
	if d := r.next(t); d != 30*time.Second {
		t.Errorf("the connector waits %v, want the server's 30 s", d)
	}
	e := f.enrolments()[0]
	if e.Name != "cc-1" || e.Key != enrolmentKey || e.Cloud != "AWS" || e.Zone != "us-west-2a" || !strings.HasPrefix(e.NativeID, "i-0") || len(e.NativeID) != 19 {
		t.Errorf("enrolled as %+v", e)
	}
	first := etagOf(`{"v":1}`)
	status, h := r.health(t)
	if diff := cmp.Diff(sandbox.Health{Name: "cc-1", State: "RUNNING", VMID: 5510021, Bundle: first}, h); status != 200 || diff != "" {
		t.Errorf("health %d (-want +got):\n%s", status, diff)
	}
	if beat, n := f.lastBeat(); n != 1 || beat != (wire.Heartbeat{State: "RUNNING", Build: "401122"}) {
		t.Errorf("%d heartbeats, the last %+v", n, beat)
	}

	f.with(func() { f.interval = 5 })
	if d := r.step(t); d != 5*time.Second {
		t.Errorf("the connector waits %v, want the server's new 5 s", d)
	}
	if beat, n := f.lastBeat(); n != 2 || beat.Bundle != first {
		t.Errorf("%d heartbeats, the last %+v", n, beat)
	}

	f.with(func() { f.bundle, f.interval = `{"v":2}`, 1<<40 })
	if d := r.step(t); d != time.Hour {
		t.Errorf("the connector waits %v, want no more than an hour", d)
	}
	f.with(func() { f.interval = 0 })
	if d := r.step(t); d != 30*time.Second {
		t.Errorf("the connector waits %v where the server names no interval", d)
	}
	if beat, _ := f.lastBeat(); beat.Bundle != etagOf(`{"v":2}`) || bundleIn(t, dir) != `{"v":2}` {
		t.Errorf("runs %s and has %s written down", beat.Bundle, bundleIn(t, dir))
	}
	f.with(func() {
		if f.fetches != 2 {
			t.Errorf("fetched %d bundles, want 2", f.fetches)
		}
	})

	r.cancel()
	if err := r.end(t); err != nil {
		t.Errorf("a graceful stop returns %v", err)
	}
	if beat, n := f.lastBeat(); n != 5 || beat.State != "STOPPING" {
		t.Errorf("%d heartbeats, the last %+v, want a goodbye", n, beat)
	}
	if id := identityIn(t, dir); id.State != "STOPPED" {
		t.Errorf("state %q is written down", id.State)
	}
	want := []sandbox.EventKind{sandbox.EventStarted, sandbox.EventEnrolled, sandbox.EventBundle, sandbox.EventBundle, sandbox.EventStopped}
	if diff := cmp.Diff(want, r.kinds()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestConnectorStateIsPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	f := newFleetServer(t)
	dir := filepath.Join(t.TempDir(), "state")
	r := runConnector(t, connectorConfig(f.url, dir))
	r.next(t)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("files: %v, %v; want identity, bundle, its ETag and a lock", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestConnectorRestart(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{"AWS", "AZURE", "GCP"} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			f := newFleetServer(t)
			dir := t.TempDir()
			cfg := connectorConfig(f.url, dir)
			cfg.Cloud, cfg.Name = strings.ToLower(cloud), ""
			r := runConnector(t, cfg)
			r.next(t)
			r.cancel()
			if err := r.end(t); err != nil {
				t.Fatal(err)
			}
			cfg.Name = "another"
			r = runConnector(t, cfg)
			r.next(t)
			e := f.enrolments()
			if len(e) != 2 || e[0].Name == "" || e[0].Name == "another" {
				t.Fatalf("enrolments: %+v", e)
			}
			if diff := cmp.Diff(e[0], e[1]); diff != "" {
				t.Errorf("the second enrolment differs (-first +second):\n%s", diff)
			}
			if beat, _ := f.lastBeat(); beat.Bundle != etagOf(`{"v":1}`) {
				t.Errorf("after the restart it runs %q, want what is written down", beat.Bundle)
			}
			f.with(func() {
				if f.fetches != 1 {
					t.Errorf("fetched %d bundles, want 1", f.fetches)
				}
			})
		})
	}
}

// A stop that comes during the enrolment waits for it, so that the machine
// that it made is not left behind as if it ran.
func TestConnectorStopsDuringEnrolment(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.FleetEnrolPath {
			close(arrived)
			<-release
			f.with(func() { f.enrol(w, r) })
			return
		}
		f.with(func() { f.heartbeat(w, r) })
	}))
	t.Cleanup(server.Close)
	r := runConnector(t, connectorConfig(server.URL, t.TempDir()))
	<-arrived
	r.cancel()
	close(release)
	if err := r.end(t); err != nil {
		t.Errorf("returns %v", err)
	}
	if beat, n := f.lastBeat(); n != 1 || beat.State != "STOPPING" {
		t.Errorf("%d heartbeats, the last %+v, want a goodbye only", n, beat)
	}
}

// It does not run in parallel with others, so that it can count goroutines.
func TestConnectorLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("life", func(t *testing.T) {
		f := newFleetServer(t)
		sim := newSimulator(t, f, t.TempDir(), "cc-1", "cc-2")
		if err := sim.StartAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := sim.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.Stop(t.Context(), "cc-1"); err != nil {
			t.Fatal(err)
		}
		if err := sim.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	// What has ended may need to be scheduled once more to be no more.
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

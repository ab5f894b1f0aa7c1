package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/wire"
)

// untilStopped is a Wait that lasts until the connector ends.
func untilStopped(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

func newSimulator(t *testing.T, f *fleetServer, dir string, names ...string) *sandbox.Simulator {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := sandbox.SimulatorConfig{Server: f.url, StateDir: dir, HTTP: &http.Client{Transport: transport}, Wait: untilStopped}
	for _, name := range names {
		c := connectorConfig("", "")
		c.Name = name
		cfg.Connectors = append(cfg.Connectors, c)
	}
	sim, err := sandbox.NewSimulator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return sim
}

func TestSimulator(t *testing.T) {
	t.Parallel()
	f, dir := newFleetServer(t), t.TempDir()
	sim := newSimulator(t, f, dir, "cc-1", "cc-2")
	for _, c := range sim.List() {
		if c.Running || c.NativeID != "" || c.Stopped != "" {
			t.Errorf("before the start: %+v", c)
		}
	}
	if err := sim.StartAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sim.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := sim.List()
	if len(list) != 2 || list[0].Name != "cc-1" || list[1].Name != "cc-2" || list[0].VMID == list[1].VMID {
		t.Fatalf("list: %+v", list)
	}
	for _, c := range list {
		if !c.Running || c.VMID == 0 || c.NativeID == "" || c.Stopped != "" || !strings.HasPrefix(c.Health, "http://127.0.0.1:") {
			t.Errorf("running: %+v", c)
		}
		if id := identityIn(t, filepath.Join(dir, c.Name)); id.NativeID != c.NativeID {
			t.Errorf("%s is %s in its folder", c.NativeID, id.NativeID)
		}
	}
	if again, err := sim.Start(t.Context(), "cc-1"); err != nil || again != list[0] {
		t.Errorf("start of a running one: %+v, %v", again, err)
	}

	stopped, err := sim.Stop(t.Context(), "cc-1")
	if err != nil || stopped.Running || stopped.Stopped != "asked" || stopped.Health != "" || stopped.VMID != list[0].VMID {
		t.Errorf("stop: %+v, %v", stopped, err)
	}
	if n := f.goodbyes(); n != 1 {
		t.Errorf("%d heartbeats say that one stops, want 1", n)
	}
	if again, err := sim.Stop(t.Context(), "cc-1"); err != nil || again != stopped {
		t.Errorf("stop of a stopped one: %+v, %v", again, err)
	}
	started, err := sim.Start(t.Context(), "cc-1")
	if err != nil || !started.Running || started.NativeID != list[0].NativeID || started.Stopped != "" {
		t.Errorf("start: %+v, %v", started, err)
	}

	if err := sim.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Start(t.Context(), "cc-1"); err == nil {
		t.Error("a closed simulator starts a connector")
	}
	if later := newSimulator(t, f, dir, "cc-1").List()[0]; later.NativeID != list[0].NativeID || later.Running {
		t.Errorf("in another process: %+v", later)
	}
}

func TestSimulatorToldGone(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	pace, ended := newPacer(), make(chan struct{})
	c := connectorConfig(f.url, t.TempDir())
	c.Wait = pace.wait
	c.Report = func(e sandbox.Event) {
		if e.Kind == sandbox.EventStopped {
			close(ended)
		}
	}
	sim, err := sandbox.NewSimulator(sandbox.SimulatorConfig{Connectors: []sandbox.ConnectorConfig{c}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Start(t.Context(), "cc-1"); err != nil {
		t.Fatal(err)
	}
	pace.next(t)
	f.remove()
	pace.pass(t)
	<-ended
	// Close waits for the run to be taken note of; it has ended by itself.
	if err := sim.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := sim.List()[0]; got.Running || got.Stopped != "told gone" {
		t.Errorf("list: %+v", got)
	}
}

func TestSimulatorErrors(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	sim := newSimulator(t, f, t.TempDir(), "cc-1")
	for _, call := range []func(context.Context, string) (wire.SimulatedConnector, error){sim.Start, sim.Stop} {
		if _, err := call(t.Context(), "cc-9"); !wire.HasCode(err, wire.CodeNotFound) {
			t.Errorf("an unknown name: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sim.Ready(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Ready with an ended context: %v", err)
	}

	for name, connectors := range map[string][]sandbox.ConnectorConfig{
		"no name":    {{}},
		"a path":     {{Name: "../cc"}},
		"two of one": {{Name: "cc"}, {Name: "cc"}},
	} {
		cfg := sandbox.SimulatorConfig{Server: f.url, StateDir: t.TempDir(), Connectors: connectors}
		if _, err := sandbox.NewSimulator(cfg); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// A connector that cannot run says why, to whoever starts it and in the list.
func TestSimulatorFailedStart(t *testing.T) {
	t.Parallel()
	f, dir := newFleetServer(t), t.TempDir()
	one, other := newSimulator(t, f, dir, "cc-1"), newSimulator(t, f, dir, "cc-1")
	if err := one.StartAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := other.Start(t.Context(), "cc-1")
	if !errors.Is(err, sandbox.ErrStateInUse) || got.Running || !strings.Contains(got.Stopped, "in use") {
		t.Errorf("start: %+v, %v", got, err)
	}
	if err := other.Ready(t.Context()); !errors.Is(err, sandbox.ErrStateInUse) {
		t.Errorf("Ready: %v", err)
	}
}

func TestSimulatorConcurrently(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	sim := newSimulator(t, f, t.TempDir(), "cc-1", "cc-2")
	var calls sync.WaitGroup
	for i := range 24 {
		calls.Go(func() {
			name := []string{"cc-1", "cc-2"}[i%2]
			call := sim.Start
			if i%3 == 0 {
				call = sim.Stop
			}
			if c, err := call(t.Context(), name); err != nil || c.Name != name {
				t.Errorf("%+v, %v", c, err)
			}
			sim.List()
		})
	}
	calls.Wait()
	if err := sim.StartAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sim.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range sim.List() {
		if !c.Running {
			t.Errorf("%+v does not run", c)
		}
	}
}

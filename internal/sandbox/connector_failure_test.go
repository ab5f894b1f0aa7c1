package sandbox_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/wire"
)

func TestConnectorToldGone(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	dir := t.TempDir()
	r := runConnector(t, connectorConfig(f.url, dir))
	r.next(t)
	f.remove()
	_, before := f.lastBeat()
	r.pass(t)
	if err := r.end(t); !errors.Is(err, sandbox.ErrGone) {
		t.Errorf("returns %v, want ErrGone", err)
	}
	if _, n := f.lastBeat(); n != before {
		t.Error("it went on sending heartbeats")
	}
	if id := identityIn(t, dir); id.State != "GONE" || id.Token != "" {
		t.Errorf("written down: %+v", id)
	}
	if e := r.lastEvent(); e.Kind != sandbox.EventStopped || !errors.Is(e.Err, sandbox.ErrGone) {
		t.Errorf("last event: %+v", e)
	}

	r = runConnector(t, connectorConfig(f.url, dir)) // powered on again
	r.next(t)
	e := f.enrolments()
	if len(e) != 2 || e[0].NativeID != e[1].NativeID {
		t.Errorf("enrolments: %+v", e)
	}
	if _, h := r.health(t); h.VMID != 5510022 {
		t.Errorf("it is VM %d, want a new one", h.VMID)
	}
}

func TestConnectorUnknownToken(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	r := runConnector(t, connectorConfig(f.url, t.TempDir()))
	r.next(t)
	f.forget()
	if d := r.step(t); d != 30*time.Second {
		t.Errorf("waits %v: it did not enrol again at once", d)
	}
	if e := f.enrolments(); len(e) != 2 || e[0].NativeID != e[1].NativeID {
		t.Errorf("enrolments: %+v", e)
	}
	if status, h := r.health(t); status != 200 || h.VMID != 5510022 {
		t.Errorf("health %d: %+v", status, h)
	}
}

// A server that knows no token of its own must not be enrolled with in a
// tight loop.
func TestConnectorUnknownTokenTwice(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.FleetEnrolPath, func(w http.ResponseWriter, r *http.Request) {
		f.with(func() { f.enrol(w, r) })
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, &wire.Error{Status: http.StatusUnauthorized, Message: "unknown token"})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	r := runConnector(t, connectorConfig(server.URL, t.TempDir()))
	first := r.next(t)
	second := r.step(t)
	if n := len(f.enrolments()); n != 3 || first >= second || first < time.Second {
		t.Errorf("%d enrolments, waits of %v and %v", n, first, second)
	}
}

func TestConnectorOutage(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]func(*fleetServer, bool){
		"broken connections": func(f *fleetServer, on bool) { f.hangUp = on },
		"503":                func(f *fleetServer, on bool) { f.status = map[bool]int{true: 503}[on] },
		"404":                func(f *fleetServer, on bool) { f.status = map[bool]int{true: 404}[on] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleetServer(t)
			dir := t.TempDir()
			r := runConnector(t, connectorConfig(f.url, dir))
			r.next(t)
			f.with(func() { outage(f, true) })
			var last time.Duration
			for i := range 12 {
				d := r.step(t)
				if d > 30*time.Second || d < time.Second*3/4 || i < 5 && d <= last {
					t.Errorf("pause %d is %v after %v", i, d, last)
				}
				last = d
			}
			if last < 20*time.Second {
				t.Errorf("pauses grow to %v only", last)
			}
			if status, h := r.health(t); status != 200 || h.Bundle != etagOf(`{"v":1}`) {
				t.Errorf("health %d: %+v, want the last bundle running", status, h)
			}
			f.with(func() {
				outage(f, false)
				f.bundle = `{"v":2}`
			})
			if d := r.step(t); d != 30*time.Second {
				t.Errorf("after the outage it waits %v", d)
			}
			if got := bundleIn(t, dir); got != `{"v":2}` {
				t.Errorf("after the outage it runs %s", got)
			}
			if n := len(f.enrolments()); n != 1 {
				t.Errorf("%d enrolments", n)
			}
			f.with(func() { outage(f, true) })
			if d := r.step(t); d > time.Second {
				t.Errorf("the next outage begins with a pause of %v", d)
			}
		})
	}
}

func TestConnectorStartsDuringOutage(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	f.with(func() { f.status = http.StatusServiceUnavailable })
	dir := t.TempDir()
	r := runConnector(t, connectorConfig(f.url, dir))
	r.next(t)
	r.step(t)
	if status, h := r.health(t); status != 503 || h.State != "STARTING" {
		t.Errorf("health %d: %+v before the enrolment", status, h)
	}
	f.with(func() { f.status = 0 })
	r.step(t)
	if status, h := r.health(t); status != 200 || h.State != "RUNNING" {
		t.Errorf("health %d: %+v", status, h)
	}
	f.with(func() { f.hangUp = true }) // so that the stop cannot be told
	r.cancel()
	if err := r.end(t); err != nil {
		t.Errorf("a stop during an outage returns %v", err)
	}
}

func TestConnectorHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		fail(w, &wire.Error{Status: http.StatusServiceUnavailable, Message: "later"})
	}))
	t.Cleanup(server.Close)
	r := runConnector(t, connectorConfig(server.URL, t.TempDir()))
	if d := r.next(t); d != 90*time.Second {
		t.Errorf("waits %v, want the 90 s that the server asks for", d)
	}
}

func TestConnectorRefused(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	var log bytes.Buffer
	cfg := connectorConfig(f.url, t.TempDir())
	cfg.Key = "another-key-0123456789"
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	err := runConnector(t, cfg).end(t)
	var e *wire.Error
	if !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
		t.Fatalf("returns %v, want the server's 401", err)
	}
	if strings.Contains(err.Error()+log.String(), cfg.Key) {
		t.Errorf("the key shows: %v\n%s", err, log.String())
	}
}

func TestConnectorLogsNoSecrets(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	var log bytes.Buffer
	cfg := connectorConfig(f.url, t.TempDir())
	cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r := runConnector(t, cfg)
	r.next(t)
	f.with(func() { f.hangUp = true })
	r.step(t)
	r.cancel()
	_ = r.end(t)
	if s := log.String(); !strings.Contains(s, "enrolled") || strings.Contains(s, enrolmentKey) || strings.Contains(s, "token-1") {
		t.Errorf("log:\n%s", s)
	}
}

func TestConnectorBundleIsWhole(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	dir := t.TempDir()
	r := runConnector(t, connectorConfig(f.url, dir))
	r.next(t)
	f.with(func() { f.bundle, f.cutBundle = `{"v":"`+strings.Repeat("2", 1<<16)+`"}`, true })
	if d := r.step(t); d > 5*time.Second {
		t.Errorf("waits %v after a bundle that was cut off", d)
	}
	r.step(t)
	if beat, _ := f.lastBeat(); beat.Bundle != etagOf(`{"v":1}`) || bundleIn(t, dir) != `{"v":1}` {
		t.Errorf("runs %s, written down is %s; want the last whole bundle", beat.Bundle, bundleIn(t, dir))
	}
	r.cancel()
	_ = r.end(t)

	// A crash between the two files leaves a bundle that its ETag does not
	// fit. It is not what the connector says that it runs.
	if err := os.WriteFile(filepath.Join(dir, "bundle.json"), []byte(`{"v":`), 0o600); err != nil {
		t.Fatal(err)
	}
	f.with(func() { f.cutBundle, f.bundle = false, `{"v":1}` })
	_, before := f.lastBeat()
	r = runConnector(t, connectorConfig(f.url, dir))
	r.next(t)
	f.with(func() {
		if got := f.beats[before].Bundle; got != "" {
			t.Errorf("after the crash it says that it runs %s", got)
		}
	})
	if got := bundleIn(t, dir); got != `{"v":1}` {
		t.Errorf("after the crash it has %s", got)
	}
}

func TestConnectorStateInUse(t *testing.T) {
	t.Parallel()
	f := newFleetServer(t)
	dir := t.TempDir()
	r := runConnector(t, connectorConfig(f.url, dir))
	r.next(t)
	if err := runConnector(t, connectorConfig(f.url, dir)).end(t); !errors.Is(err, sandbox.ErrStateInUse) {
		t.Errorf("a second connector from the same folder returns %v", err)
	}
	if n := len(f.enrolments()); n != 1 {
		t.Errorf("%d enrolments", n)
	}
	r.cancel()
	_ = r.end(t)
	r = runConnector(t, connectorConfig(f.url, dir))
	r.next(t)
}

func TestConnectorRefusesConfiguration(t *testing.T) {
	t.Parallel()
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "identity.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	azure := t.TempDir()
	if err := os.WriteFile(filepath.Join(azure, "identity.json"), []byte(`{"name":"a","nativeId":"b","cloud":"AZURE"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*sandbox.ConnectorConfig){
		"no server":          func(c *sandbox.ConnectorConfig) { c.Server = "" },
		"a password":         func(c *sandbox.ConnectorConfig) { c.Server = "http://u:hunter2@127.0.0.1" },
		"a path":             func(c *sandbox.ConnectorConfig) { c.Server = "http://127.0.0.1/api" },
		"no folder":          func(c *sandbox.ConnectorConfig) { c.StateDir = "" },
		"no cloud":           func(c *sandbox.ConnectorConfig) { c.Cloud = "VMWARE" },
		"a broken identity":  func(c *sandbox.ConnectorConfig) { c.StateDir = broken },
		"another's identity": func(c *sandbox.ConnectorConfig) { c.StateDir = azure },
		"a taken address":    func(c *sandbox.ConnectorConfig) { c.Listen = "127.0.0.1:nope" },
	} {
		cfg := connectorConfig("http://127.0.0.1:1", t.TempDir())
		change(&cfg)
		if err := runConnector(t, cfg).end(t); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

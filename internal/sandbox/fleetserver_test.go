package sandbox_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// patience bounds what a test waits for; it is spent only when a test fails.
const patience = 20 * time.Second

const enrolmentKey = "fleet-key-0123456789"

// fleetServer speaks the fleet protocol, as the real server does, over real
// HTTP and with its state in memory.
type fleetServer struct {
	url string

	mu        sync.Mutex
	vms       map[string]*fleetVM // by native id
	nextID    int64
	bundle    string
	interval  int
	enrolled  []wire.Enrolment
	beats     []wire.Heartbeat
	fetches   int
	hangUp    bool // outage: connections break
	status    int  // other than 0: every answer
	cutBundle bool // bundles end too early
}

type fleetVM struct {
	id    int64
	token string
	gone  map[string]bool // tokens that are replaced or deleted
}

func newFleetServer(t *testing.T) *fleetServer {
	t.Helper()
	f := &fleetServer{vms: map[string]*fleetVM{}, nextID: 5510021, bundle: `{"v":1}`, interval: 30}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.FleetEnrolPath, f.enrol)
	mux.HandleFunc("POST "+wire.FleetHeartbeatPath, f.heartbeat)
	mux.HandleFunc("GET "+wire.FleetBundlePath, f.getBundle)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		switch {
		case f.hangUp:
			panic(http.ErrAbortHandler)
		case f.status != 0:
			fail(w, &wire.Error{Status: f.status, Message: "not now"})
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// with changes the server's state.
func (f *fleetServer) with(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fleetServer) enrol(w http.ResponseWriter, r *http.Request) {
	var in wire.Enrolment
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		fail(w, wire.Invalid("body", "is no enrolment"))
		return
	}
	if in.Key != enrolmentKey {
		fail(w, &wire.Error{Status: http.StatusUnauthorized, Message: "no such key"})
		return
	}
	f.enrolled = append(f.enrolled, in)
	vm := f.vms[in.NativeID]
	if vm == nil || vm.token == "" {
		old := vm
		vm = &fleetVM{id: f.nextID, gone: map[string]bool{}}
		if old != nil {
			vm.gone = old.gone
		}
		f.nextID++
		f.vms[in.NativeID] = vm
	} else {
		vm.gone[vm.token] = true
	}
	vm.token = "token-" + strconv.Itoa(len(f.enrolled))
	reply(w, wire.Enrolled{
		Token: vm.token, GroupID: 5510010, VMID: vm.id, VMName: fmt.Sprintf("vm-%d", vm.id), HeartbeatSeconds: f.interval,
	})
}

func (f *fleetServer) heartbeat(w http.ResponseWriter, r *http.Request) {
	var in wire.Heartbeat
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		fail(w, wire.Invalid("body", "is no heartbeat"))
		return
	}
	if f.admit(w, r) {
		f.beats = append(f.beats, in)
		reply(w, wire.HeartbeatAnswer{Bundle: f.etag(), HeartbeatSeconds: f.interval})
	}
}

func (f *fleetServer) getBundle(w http.ResponseWriter, r *http.Request) {
	if !f.admit(w, r) {
		return
	}
	f.fetches++
	w.Header().Set("ETag", f.etag())
	if r.Header.Get("If-None-Match") == f.etag() {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if f.cutBundle {
		w.Header().Set("Content-Length", strconv.Itoa(len(f.bundle)))
		_, _ = w.Write([]byte(f.bundle[:len(f.bundle)/2]))
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write([]byte(f.bundle))
}

func (f *fleetServer) admit(w http.ResponseWriter, r *http.Request) bool {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, vm := range f.vms {
		if vm.gone[token] {
			fail(w, &wire.Error{Status: http.StatusGone, Message: "gone"})
			return false
		}
		if token != "" && vm.token == token {
			return true
		}
	}
	fail(w, &wire.Error{Status: http.StatusUnauthorized, Message: "unknown token"})
	return false
}

func (f *fleetServer) etag() string {
	sum := sha256.Sum256([]byte(f.bundle))
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// etagOf is the ETag of a bundle.
func etagOf(bundle string) string { return (&fleetServer{bundle: bundle}).etag() }

// forget makes all tokens unknown, as a server with a new database would.
func (f *fleetServer) forget() { f.with(func() { f.vms = map[string]*fleetVM{} }) }

// remove deletes all virtual machines.
func (f *fleetServer) remove() {
	f.with(func() {
		for _, vm := range f.vms {
			vm.gone[vm.token], vm.token = true, ""
		}
	})
}

// lastBeat returns the last heartbeat, and how many there were.
func (f *fleetServer) lastBeat() (wire.Heartbeat, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.beats) == 0 {
		return wire.Heartbeat{}, 0
	}
	return f.beats[len(f.beats)-1], len(f.beats)
}

// goodbyes returns how many heartbeats said that their connector stops.
func (f *fleetServer) goodbyes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, beat := range f.beats {
		if beat.State == wire.ReportStopping {
			n++
		}
	}
	return n
}

// enrolments returns the enrolments so far.
func (f *fleetServer) enrolments() []wire.Enrolment {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]wire.Enrolment(nil), f.enrolled...)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, e *wire.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(e)
}

// pacer is a Wait that the test lets pass, one by one. Between two waits the
// connector does all that it does at one heartbeat.
type pacer struct {
	asked  chan time.Duration
	resume chan struct{}
}

func newPacer() *pacer {
	return &pacer{asked: make(chan time.Duration), resume: make(chan struct{})}
}

func (p *pacer) wait(ctx context.Context, d time.Duration) error {
	select {
	case p.asked <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-p.resume:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next waits until the connector waits, and returns for how long.
func (p *pacer) next(t *testing.T) time.Duration {
	t.Helper()
	select {
	case d := <-p.asked:
		return d
	case <-time.After(patience):
		t.Fatal("the connector does not come to its next wait")
		return 0
	}
}

// step ends the wait and returns the length of the one after it.
func (p *pacer) step(t *testing.T) time.Duration {
	t.Helper()
	select {
	case p.resume <- struct{}{}:
	case <-time.After(patience):
		t.Fatal("the connector does not wait")
	}
	return p.next(t)
}

// pass ends the wait, after which there is none.
func (p *pacer) pass(t *testing.T) {
	t.Helper()
	select {
	case p.resume <- struct{}{}:
	case <-time.After(patience):
		t.Fatal("the connector does not wait")
	}
}

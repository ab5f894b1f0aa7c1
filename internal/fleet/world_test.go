package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

const org = 71

// clock is a time that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is an org with an admin, its database and its fleet.
type world struct {
	testing.TB
	dsn    string
	clock  *clock
	db     *store.DB
	engine *config.Engine
	fleet  *fleet.Fleet
	admin  *access.Principal
}

// newWorld makes an org with predefined objects and no more.
func newWorld(t testing.TB, dsn string) *world {
	w := &world{
		TB: t, dsn: dsn, clock: &clock{now: time.Unix(1_764_000_000, 0)},
		admin: &access.Principal{Org: org, ID: 4, Login: "admin@example.net"},
	}
	w.open()
	t.Cleanup(func() { w.db.Close() })
	w.must(w.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: org, Name: "Example", Cloud: "zscloud.net"})
	}))
	w.must(w.engine.Update(t.Context(), config.By{Org: org}, func(ctx context.Context, cw *config.Writer) error {
		return cw.Builtins(ctx)
	}))
	return w
}

// newFleet is newWorld on SQLite with an active template for each cloud.
func newFleet(t testing.TB) *world {
	w := newWorld(t, sqliteDSN(t))
	w.templates()
	return w
}

func sqliteDSN(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "spurline.db")
}

// onStores runs a test on every database that there is, each time in a world
// with an active template for each cloud.
func onStores(t *testing.T, test func(*testing.T, *world)) {
	t.Parallel()
	for name, dsn := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dsn(t))
			w.templates()
			test(t, w)
		})
	}
}

func (w *world) templates() {
	w.Helper()
	for _, cloud := range []string{"AWS", "AZURE", "GCP"} {
		w.create(kinds.ProvURLKind, `{"name": "`+strings.ToLower(cloud)+`-template", "provUrlType": "CLOUD", "provUrlData": {"cloudProviderType": "`+cloud+`"}}`)
	}
	w.activate()
}

func (w *world) open() {
	w.Helper()
	set, err := kinds.All()
	w.must(err)
	w.db, err = store.Open(w.Context(), w.dsn, store.Options{Now: w.clock.Now, LockWait: time.Minute})
	w.must(err)
	w.engine = config.New(w.db, set, config.Options{Now: w.clock.Now})
	w.fleet, err = fleet.New(w.Context(), w.engine, w.db, fleet.Options{Now: w.clock.Now})
	w.must(err)
}

// restart is a graceful one.
func (w *world) restart() {
	w.Helper()
	w.must(w.fleet.Close(w.Context()))
	w.must(w.db.Close())
	w.open()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) kind(name string) *resource.Spec { return w.engine.Kinds().Kind(name) }

func (w *world) object(kind, body string) resource.Object {
	w.Helper()
	o, err := w.kind(kind).Decode([]byte(body))
	w.must(err)
	return o
}

func (w *world) create(kind, body string) int64 {
	w.Helper()
	o := w.object(kind, body)
	_, err := w.engine.Create(w.Context(), config.Caller(w.admin, "192.0.2.9"), o, 0)
	w.must(err)
	return o.ID()
}

func (w *world) replace(kind string, id int64, body string) {
	w.Helper()
	_, err := w.engine.Replace(w.Context(), config.Caller(w.admin, "192.0.2.9"), w.object(kind, body), id, 0)
	w.must(err)
}

func (w *world) delete(kind string, id int64) {
	w.Helper()
	w.must(w.engine.Delete(w.Context(), config.Caller(w.admin, "192.0.2.9"), w.kind(kind), id, 0))
}

func (w *world) activate() {
	w.Helper()
	a, err := w.engine.Activate(w.Context(), config.Caller(w.admin, "192.0.2.9"))
	w.must(err)
	if a.AdminActivateStatus != config.Done {
		w.Fatalf("activation: %+v", a)
	}
}

// find reads an object as the API answers it; a 404 answers nil.
func (w *world) find(kind string, id int64) []byte {
	w.Helper()
	head, err := w.db.Head(w.Context(), org)
	w.must(err)
	a, err := w.engine.Get(w.Context(), config.GetQuery{Org: org, Rev: head.Rev, Kind: w.kind(kind), View: resource.InGet, ID: id})
	if wire.HasCode(err, wire.CodeNotFound) {
		return nil
	}
	w.must(err)
	changes, now := w.fleet.Changes(), w.clock.Now()
	return a.Fill(now, changes, func(id int64) (string, time.Time) { return w.fleet.StateAt(now, org, id) })
}

func (w *world) get(kind string, id int64) []byte {
	w.Helper()
	body := w.find(kind, id)
	if body == nil {
		w.Fatalf("there is no %s %d", kind, id)
	}
	return body
}

// read is get as a struct.
func read[T any](w *world, kind string, id int64) (v T) {
	w.Helper()
	w.must(json.Unmarshal(w.get(kind, id), &v))
	return v
}

func (w *world) group(id int64) kinds.ECGroup { return read[kinds.ECGroup](w, kinds.ECGroupKind, id) }
func (w *world) vm(id int64) kinds.ECVM       { return read[kinds.ECVM](w, kinds.ECVMKind, id) }

// children lists the ids of what hangs on a working object.
func (w *world) children(kind string, parent int64) (ids []int64) {
	w.Helper()
	w.must(w.db.View(w.Context(), org, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Children(ctx, store.Working, kind, []int64{parent})
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return err
	}))
	return ids
}

// enrolment is what the nth connector in a zone of AWS says when it starts.
func enrolment(n int, zone string) wire.Enrolment {
	host := strconv.Itoa(10 + n)
	return wire.Enrolment{
		Key: "key", Template: "aws-template", Name: "cc-" + strconv.Itoa(n),
		Cloud: "AWS", Region: "us-west-2", Zone: "us-west-2" + zone, Network: "vpc-0a1b2c3d4e5f60718",
		NativeID: "i-0fedcba98765432" + host, Image: "ami-0123456789abcdef0", Build: "401122",
		Management: wire.Interface{IP: "10.20.4." + host, Netmask: "255.255.255.0", Gateway: "10.20.4.1", DNS: []string{"10.20.0.2"}},
		Service:    wire.Interface{IP: "10.20.5." + host, Netmask: "255.255.255.0", Gateway: "10.20.5.1", DNS: []string{"10.20.0.2"}},
		NatIP:      "198.51.100." + host,
	}
}

func (w *world) enrol(e wire.Enrolment) wire.Enrolled {
	w.Helper()
	out, err := w.fleet.Enrol(w.Context(), org, e, "192.0.2.1")
	w.must(err)
	return out
}

func (w *world) beat(token string) wire.HeartbeatAnswer {
	w.Helper()
	out, err := w.fleet.Heartbeat(w.Context(), token, wire.Heartbeat{State: wire.ReportRunning, Build: "401122"})
	w.must(err)
	return out
}

// refused asserts that a token is answered with a status, by both operations.
func (w *world) refused(token string, status int) {
	w.Helper()
	_, err := w.fleet.Heartbeat(w.Context(), token, wire.Heartbeat{State: wire.ReportRunning})
	if err == nil || wire.Status(err) != status {
		w.Errorf("heartbeat: %v, want a %d", err, status)
	}
	_, _, err = w.fleet.Bundle(w.Context(), token)
	var e *wire.Error
	if !errors.As(err, &e) || e.Status != status || e.Code != "" {
		w.Errorf("bundle: %v, want a %d without a code", err, status)
	}
}

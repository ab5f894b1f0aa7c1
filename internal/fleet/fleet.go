package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// The operational states of a connector.
const (
	Active   = "ACTIVE"
	Inactive = "INACTIVE"
)

// missed is how many heartbeats a connector may miss before it is INACTIVE.
const missed = 3

// defaultInterval is how often connectors are asked to report.
const defaultInterval = 30 * time.Second

// Options are what a Fleet may be told.
type Options struct {
	Now      func() time.Time // nil: time.Now
	Interval time.Duration    // between heartbeats; 0: 30 s
	Log      *slog.Logger     // nil: nothing is logged
}

// Fleet serves the connectors of all orgs. It is safe for concurrent use, and
// has no goroutine of its own: the server calls Flush at intervals.
//
// Who holds which token and what it said last are in memory, so a heartbeat
// costs a point read of the org at most; a connector's state follows from the clock
// when it is asked for.
type Fleet struct {
	engine   *config.Engine
	db       *store.DB
	now      func() time.Time
	interval time.Duration
	log      *slog.Logger
	bodies   *bodies
	policies *policies

	mu     sync.RWMutex
	tokens map[tokenHash]*connector // those that are in force
	vms    map[vmKey]*connector

	changes atomic.Uint64 // see Changes

	// changed and gone are what the next Flush writes and deletes.
	pending  sync.Mutex
	changed  []*connector
	gone     []vmKey
	flushing sync.Mutex
}

// vmKey names a connector: ids are unique within an org only.
type vmKey struct{ org, vm int64 }

// connector is what is known of one VM besides its configuration.
type connector struct {
	vmKey

	// Guarded by Fleet.mu. enrolled is the revision of the enrolment that gave
	// the token, or took it away; 0 when that was before the server started.
	token    tokenHash
	enrolled int64

	mu     sync.Mutex
	last   report
	dirty  bool // last is, or is about to be, in Fleet.changed
	runs   running
	absent bool // forgotten: nothing is written of it any more
}

// report is what a connector said last.
type report struct {
	seen   int64 // epoch ms; 0 = never
	state  string
	bundle string
	build  string
}

// New returns the fleet as an earlier run of the server left it.
func New(ctx context.Context, engine *config.Engine, db *store.DB, o Options) (*Fleet, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Interval < 0 {
		return nil, errors.New("fleet: the interval of heartbeats is negative")
	}
	if o.Interval == 0 {
		o.Interval = defaultInterval
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f := &Fleet{
		engine: engine, db: db, now: o.Now, interval: o.Interval, log: o.Log, bodies: newBodies(bodiesLimit), policies: newPolicies(),
		tokens: map[tokenHash]*connector{}, vms: map[vmKey]*connector{},
	}
	if err := f.load(ctx); err != nil {
		return nil, fmt.Errorf("fleet: load: %w", err)
	}
	return f, nil
}

// Close writes what has not been written.
func (f *Fleet) Close(ctx context.Context) error { return f.Flush(ctx) }

// Status is the operational state of a VM: ACTIVE when its last heartbeat is
// at most three intervals ago and did not say that it stops.
func (f *Fleet) Status(org, vm int64) string {
	state, _ := f.StateAt(f.now(), org, vm)
	return state
}

// StateAt is Status at a time, with the moment up to which it holds if nothing
// is heard of the VM; the zero time when it holds until something is.
func (f *Fleet) StateAt(now time.Time, org, vm int64) (state string, until time.Time) {
	return f.stateOf(f.lastOf(org, vm), now)
}

// Changes counts what has changed the state of any VM, other than time. It is
// to be read before the states.
func (f *Fleet) Changes() uint64 { return f.changes.Load() }

func (f *Fleet) stateOf(last report, now time.Time) (state string, until time.Time) {
	until = time.UnixMilli(last.seen).Add(missed * f.interval)
	if last.seen == 0 || last.state == wire.ReportStopping || now.After(until) {
		return Inactive, time.Time{}
	}
	return Active, until
}

// LastSeen is when a VM sent its last heartbeat; the zero time when it never
// did.
func (f *Fleet) LastSeen(org, vm int64) time.Time {
	last := f.lastOf(org, vm)
	if last.seen == 0 {
		return time.Time{}
	}
	return time.UnixMilli(last.seen)
}

func (f *Fleet) lastOf(org, vm int64) report {
	f.mu.RLock()
	c := f.vms[vmKey{org, vm}]
	f.mu.RUnlock()
	if c == nil {
		return report{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// vmLocked returns the entry of a VM, making it if there is none. The caller
// holds f.mu for writing.
func (f *Fleet) vmLocked(k vmKey) *connector {
	c := f.vms[k]
	if c == nil {
		c = &connector{vmKey: k}
		f.vms[k] = c
	}
	return c
}

// seconds is the interval as connectors are told it: whole seconds, at least
// one, and never shorter than what the server counts with.
func (f *Fleet) seconds() int {
	return max(1, int((f.interval+time.Second-1)/time.Second))
}

// Counts tells how many connectors have a token in force, and how many of them
// are ACTIVE. It looks at each, so it is for those who ask now and then.
func (f *Fleet) Counts() (enrolled, active int) {
	now := f.now()
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, c := range f.tokens {
		c.mu.Lock()
		last := c.last
		c.mu.Unlock()
		if state, _ := f.stateOf(last, now); state == Active {
			active++
		}
	}
	return len(f.tokens), active
}

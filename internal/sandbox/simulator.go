package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// What a simulated connector that does not run says of why, beside errors.
const (
	stoppedAsked = "asked"
	stoppedGone  = "told gone"
)

// errClosed answers whoever starts a connector of a closed simulator.
var errClosed = errors.New("the simulator is closed")

// SimulatorConfig is a fleet of connectors in one process. Server, HTTP, Wait
// and Log hold for the connectors that have none of their own; each has a
// folder of its name in StateDir unless it says otherwise. Names are needed.
type SimulatorConfig struct {
	KeyOf      func() (string, error) // enrolment key of those that name none, asked at every start
	Server     string
	StateDir   string
	HTTP       *http.Client
	Wait       func(ctx context.Context, d time.Duration) error
	Log        *slog.Logger
	Connectors []ConnectorConfig
}

// Simulator runs connectors and switches them on and off. They speak to their
// server over HTTP like any other. It is safe for concurrent use.
type Simulator struct {
	base   context.Context // the life of the connectors, not of a call
	cancel context.CancelFunc

	cfg SimulatorConfig

	mu      sync.Mutex
	units   []*unit // in the order in which they came
	closed  bool
	changed chan struct{} // closed and replaced at every change of a unit
}

// unit is one connector of a simulator. All but the first two members are
// guarded by the simulator's mutex.
type unit struct {
	cfg  ConnectorConfig
	turn chan struct{} // holds the one call that may start or stop it

	view     wire.SimulatedConnector
	started  bool  // runs and has said so
	enrolled bool  // since its last start
	err      error // what its last run ended with
	stop     context.CancelFunc
	done     chan struct{} // closed at the end of its last run; nil before the first
}

// NewSimulator returns a simulator of which no connector runs yet.
func NewSimulator(cfg SimulatorConfig) (*Simulator, error) {
	s := &Simulator{changed: make(chan struct{}), cfg: cfg}
	names := map[string]bool{}
	for _, c := range cfg.Connectors {
		if names[c.Name] {
			return nil, fmt.Errorf("simulated connector %q is there twice", c.Name)
		}
		names[c.Name] = true
		u, err := newUnit(cfg, c)
		if err != nil {
			return nil, err
		}
		s.units = append(s.units, u)
	}
	s.base, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// unitName is what a name looks like: it is a part of the folder's path.
var unitName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// newUnit prepares one connector. What it was before the process started is
// read from its folder, so that a list shows it before it runs.
func newUnit(cfg SimulatorConfig, c ConnectorConfig) (*unit, error) {
	if !unitName.MatchString(c.Name) {
		return nil, fmt.Errorf("simulated connector %q: a name is 1 to 128 letters, digits and . _ -, and starts with a letter or digit", c.Name)
	}
	if c.Server == "" {
		c.Server = cfg.Server
	}
	if c.StateDir == "" {
		if cfg.StateDir == "" {
			return nil, fmt.Errorf("simulated connector %q has no state folder", c.Name)
		}
		c.StateDir = filepath.Join(cfg.StateDir, c.Name)
	}
	if c.HTTP == nil {
		c.HTTP = cfg.HTTP
	}
	if c.Wait == nil {
		c.Wait = cfg.Wait
	}
	if c.Log == nil {
		c.Log = cfg.Log
	}
	id, err := readIdentity(c.StateDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("simulated connector %q: %w", c.Name, err)
	}
	return &unit{
		cfg: c, turn: make(chan struct{}, 1),
		view: wire.SimulatedConnector{Name: c.Name, NativeID: id.NativeID, VMID: id.VMID},
	}, nil
}

// StartAll starts every connector that does not run. One that cannot start
// does not keep the others from it.
func (s *Simulator) StartAll(ctx context.Context) error {
	var errs []error
	for _, c := range s.List() {
		_, err := s.Start(ctx, c.Name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Start starts a connector unless it runs, and returns its state once its
// health page is up; it enrols after that. ctx bounds the call only: the
// connector runs on when it ends.
func (s *Simulator) Start(ctx context.Context, name string) (wire.SimulatedConnector, error) {
	u, err := s.take(ctx, name)
	if err != nil {
		return wire.SimulatedConnector{}, err
	}
	defer u.release()
	if err := s.launch(u); err != nil {
		return s.view(u), err
	}
	err = s.await(ctx, func() (bool, error) {
		if !u.view.Running && u.err != nil && !u.started {
			return true, fmt.Errorf("connector %s does not start: %w", name, u.err)
		}
		return u.started || !u.view.Running, nil
	})
	return s.view(u), err
}

// Stop ends a connector gracefully unless it does not run, and returns its
// state after that.
func (s *Simulator) Stop(ctx context.Context, name string) (wire.SimulatedConnector, error) {
	u, err := s.take(ctx, name)
	if err != nil {
		return wire.SimulatedConnector{}, err
	}
	defer u.release()
	s.mu.Lock()
	if u.view.Running {
		u.stop()
	}
	s.mu.Unlock()
	err = s.await(ctx, func() (bool, error) { return !u.view.Running, nil })
	return s.view(u), err
}

// List returns all connectors, in the order of the configuration.
func (s *Simulator) List() []wire.SimulatedConnector {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]wire.SimulatedConnector, len(s.units))
	for i, u := range s.units {
		list[i] = u.view
	}
	return list
}

// Ready waits until every connector has enrolled since its last start. One that
// ended with an error before it did is an error.
func (s *Simulator) Ready(ctx context.Context) error {
	return s.await(ctx, func() (bool, error) {
		for _, u := range s.units {
			if u.enrolled {
				continue
			}
			if !u.view.Running && u.err != nil {
				return true, fmt.Errorf("connector %s: %w", u.cfg.Name, u.err)
			}
			return false, nil
		}
		return true, nil
	})
}

// Close ends all connectors gracefully and for good, and waits for them.
func (s *Simulator) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	var running []chan struct{}
	for _, u := range s.units {
		if u.done != nil {
			running = append(running, u.done)
		}
	}
	s.mu.Unlock()
	s.cancel()
	for _, done := range running {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// launch starts a connector unless it runs.
func (s *Simulator) launch(u *unit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.view.Running {
		return nil
	}
	if s.closed {
		return errClosed
	}
	cfg := u.cfg
	if cfg.Key == "" && s.cfg.KeyOf != nil {
		key, err := s.cfg.KeyOf()
		if err != nil {
			return err
		}
		cfg.Key = key
	}
	ctx, stop := context.WithCancel(s.base)
	u.stop, u.done = stop, make(chan struct{})
	u.started, u.enrolled, u.err = false, false, nil
	u.view.Running, u.view.Stopped = true, ""
	s.wake()
	done := u.done
	cfg.Report = func(e Event) {
		s.note(u, e)
		if u.cfg.Report != nil {
			u.cfg.Report(e)
		}
	}
	go func() {
		defer close(done)
		defer stop()
		s.ended(u, RunConnector(ctx, cfg))
	}()
	return nil
}

// note takes an event of a connector into its view.
func (s *Simulator) note(u *unit, e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case EventStarted:
		u.started = true
		u.view.NativeID, u.view.Health = e.NativeID, e.Health
	case EventEnrolled:
		u.enrolled = true
		u.view.VMID = e.VMID
	default:
		return
	}
	s.wake()
}

// ended takes the end of a run into the connector's view.
func (s *Simulator) ended(u *unit, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.err = err
	u.view.Running, u.view.Health = false, ""
	switch {
	case errors.Is(err, ErrGone):
		u.view.Stopped = stoppedGone
	case err != nil:
		u.view.Stopped = err.Error()
	default:
		u.view.Stopped = stoppedAsked
	}
	s.wake()
}

// wake lets those who await something look again. The mutex is held.
func (s *Simulator) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits until look, which it calls with the mutex held, says that it is
// done or fails.
func (s *Simulator) await(ctx context.Context, look func() (bool, error)) error {
	for {
		s.mu.Lock()
		done, err := look()
		changed := s.changed
		s.mu.Unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take finds a connector and waits for the turn to start or stop it.
func (s *Simulator) take(ctx context.Context, name string) (*unit, error) {
	s.mu.Lock()
	i := slices.IndexFunc(s.units, func(u *unit) bool { return u.cfg.Name == name })
	if i < 0 {
		s.mu.Unlock()
		return nil, wire.NotFound("simulated connector", name)
	}
	u := s.units[i]
	s.mu.Unlock()
	select {
	case u.turn <- struct{}{}:
		return u, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// release ends a turn.
func (u *unit) release() { <-u.turn }

func (s *Simulator) view(u *unit) wire.SimulatedConnector {
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.view
}

package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/client"
)

// ErrGone ends a connector that the server has told to stop: it was deleted,
// or another enrolment has taken its place.
var ErrGone = errors.New("the server says that this connector is gone")

// The cloud providers that a connector can pretend to run on.
const (
	cloudAWS   = "AWS"
	cloudAzure = "AZURE"
	cloudGCP   = "GCP"
)

// ConnectorConfig is one connector. Server, StateDir, Key, Template, Cloud,
// Region, Zone and Network are needed.
type ConnectorConfig struct {
	Server   string       // http://127.0.0.1:8080
	HTTP     *http.Client // nil: the client package's own
	StateDir string       // made if there is none
	Listen   string       // address of the health page; empty: 127.0.0.1:0

	// Name is the connector's name at its first start; later the one in its
	// state folder holds. Empty: one is made up.
	Name       string
	Key        string // the org's enrolment key
	Template   string // name of the provisioning template
	Cloud      string // AWS, AZURE or GCP
	Region     string
	Zone       string
	Network    string
	FormFactor string // empty: the template's

	Wait   func(ctx context.Context, d time.Duration) error // nil: a timer
	Log    *slog.Logger                                     // nil: nothing is logged
	Report func(Event)                                      // may be nil; must not block
}

// EventKind says what an Event is about.
type EventKind string

// The events of a connector's life.
const (
	EventStarted  EventKind = "started"  // its folder is locked and its health page up
	EventEnrolled EventKind = "enrolled" // at every enrolment
	EventBundle   EventKind = "bundle"   // it runs another bundle
	EventStopped  EventKind = "stopped"  // it has ended; always the last one
)

// Event is a step of a connector's life, with what is known of it by then.
type Event struct {
	Kind     EventKind
	Name     string
	NativeID string
	VMID     int64
	Bundle   string // ETag of the bundle it runs
	Health   string // URL of its health page while it runs
	Err      error  // of EventStopped: nil after a graceful stop
}

// connector is one that runs.
type connector struct {
	cfg    ConnectorConfig
	client *client.Client
	state  *stateFolder
	page   *healthPage
	log    *slog.Logger

	status   string        // one of the states of its health page
	token    string        // of this run's last enrolment
	bundle   string        // ETag of what it runs
	interval time.Duration // between heartbeats
	failures int           // since the last heartbeat that went well
}

// RunConnector is the life of one connector: it enrols, sends heartbeats, keeps
// its bundle up to date and answers for its health, until ctx ends or the
// server tells it to stop. After a graceful stop it returns nil, and ErrGone
// when it was told to stop. A server that cannot be reached or does not work
// is tried again for as long as it takes; one that refuses the enrolment is
// not.
func RunConnector(ctx context.Context, cfg ConnectorConfig) (err error) {
	c := &connector{cfg: cfg, interval: defaultInterval, status: stateStarting}
	defer func() { c.report(EventStopped, err) }()
	if err := c.prepare(); err != nil {
		return err
	}
	c.state, err = openState(c.cfg.StateDir, c.cfg.Name, c.cfg.Cloud)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := c.state.close(); closeErr != nil {
			err = errors.Join(err, closeErr)
		}
	}()
	id := c.state.id
	c.log = c.log.With("connector", id.Name, "nativeId", id.NativeID)
	if cfg.Name != "" && cfg.Name != id.Name {
		c.log.Warn("the connector keeps the name of its first start", "asked", cfg.Name)
	}
	c.bundle = c.state.runningBundle()
	c.page, err = serveHealth(ctx, c.cfg.Listen, c.health(), c.log)
	if err != nil {
		return err
	}
	defer c.page.close()
	c.report(EventStarted, nil)
	return c.run(ctx)
}

// prepare fills in what the configuration leaves open.
func (c *connector) prepare() error {
	cfg := &c.cfg
	cfg.Cloud = strings.ToUpper(cfg.Cloud)
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Wait == nil {
		cfg.Wait = waitTimer
	}
	if c.log = cfg.Log; c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	// An address that can never work is refused here, for to the client's
	// caller it looks like a server that is down.
	u, err := url.Parse(cfg.Server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("the server's address is to be like http://127.0.0.1:8080")
	}
	c.client = client.New(client.Config{BaseURL: cfg.Server, HTTP: cfg.HTTP, Wait: cfg.Wait, UserAgent: "spurline-connector"})
	return nil
}

// health is what the connector's page says now.
func (c *connector) health() Health {
	id := &c.state.id
	return Health{Name: id.Name, State: c.status, VMID: id.VMID, Bundle: c.bundle}
}

// report tells whoever runs the connector of a step.
func (c *connector) report(kind EventKind, err error) {
	if c.cfg.Report == nil {
		return
	}
	e := Event{Kind: kind, Name: c.cfg.Name, Bundle: c.bundle, Err: err}
	if c.state != nil {
		e.Name, e.NativeID, e.VMID = c.state.id.Name, c.state.id.NativeID, c.state.id.VMID
	}
	if c.page != nil && kind != EventStopped {
		e.Health = c.page.url
	}
	c.cfg.Report(e)
}

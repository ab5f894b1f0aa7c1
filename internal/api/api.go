// Package api owns HTTP: the operation table with its handlers, the routes made
// from it, what happens to every request on its way to a handler, and the one
// place where errors become answers.
package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/exchange"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/metrics"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// Base is where the vendor's operations live.
const Base = "/api/v1"

// olderBase is another name of Base, which the guide lists for the same host
// (behaviours.md 1.1).
const olderBase = "/wapi/v1"

// MaxBody bounds a request's body, in bytes. The largest legitimate one, an IP
// group with 8,000 addresses, is a fifth of it.
const MaxBody = 2 << 20

// Simulator switches the server's own connectors on and off. A server without
// one answers as if it had no connectors.
type Simulator interface {
	List() []wire.SimulatedConnector
	Start(ctx context.Context, name string) (wire.SimulatedConnector, error)
	Stop(ctx context.Context, name string) (wire.SimulatedConnector, error)
	Grow(ctx context.Context, plan wire.FleetPlan) ([]wire.SimulatedConnector, error)
	Down(ctx context.Context) error
	// Reset makes the connectors what they were at first, around revert, which
	// does so with the server's data.
	Reset(ctx context.Context, revert func(context.Context) error) error
}

// Config is what an API is made of. All but Limiter, Simulator and what is the
// owner's is required.
type Config struct {
	Engine *config.Engine
	Auth   *auth.Auth
	Fleet  *fleet.Fleet
	Log    *slog.Logger
	Now    func() time.Time
	// Limiter enforces the vendor's rate limits; nil = none.
	Limiter *limit.Limiter
	// Strict refuses what is tolerated otherwise.
	Strict bool
	// PasswordExpiry is the age at which a password has to be replaced; 0 = never.
	PasswordExpiry time.Duration
	// KeyRotated is told of an org's new enrolment key; may be nil.
	KeyRotated func(org int64, key string) error
	// SecretAdded is told of an API client's new secret; may be nil.
	SecretAdded func(org int64, secret wire.ShownSecret) error
	// Simulator may be nil.
	Simulator Simulator
	// Owner does what its operations ask for, of who has OwnerToken. Without
	// either they are refused.
	Owner      Owner
	OwnerToken string
	// Metrics are what /metrics answers; nil = the API's alone. OnLoopback says
	// that nobody but this machine can ask, so that anybody may.
	Metrics    *metrics.Metrics
	OnLoopback bool
	// Ready tells why the server cannot answer now; nil = it always can.
	Ready func(context.Context) error
	// Gate is passed by every request but the owner's; nil = always open.
	Gate *Gate
}

// API is an http.Handler for everything a server answers.
type API struct {
	Config
	kinds       *resource.Set
	table       []operation.Operation
	mux         *http.ServeMux
	tolerances  tolerances
	maintenance maintenance
	recent      exchange.Recent
	shadow      *limit.Shadow
	captures    *sync.Pool
	notes       map[*operation.Operation]note // nil has that of requests for no operation
}

// New builds and checks the operation table and routes it.
func New(c Config) (*API, error) {
	a := &API{Config: c, kinds: c.Engine.Kinds(), tolerances: tolerances{strict: c.Strict}, captures: newCaptures(), shadow: limit.NewShadow(c.Now), notes: map[*operation.Operation]note{}}
	if a.Gate == nil {
		a.Gate = &Gate{}
	}
	a.table = a.operations()
	if err := operation.Check(a.table); err != nil {
		return nil, err
	}
	if a.Metrics == nil {
		a.Metrics = metrics.New()
	}
	a.notes[nil] = note{meter: a.Metrics.Operation("none", "any")}
	for i := range a.table {
		a.notes[&a.table[i]] = a.noteOf(&a.table[i])
	}
	a.mux = a.routes()
	return a, nil
}

// Operations returns the operation table.
func (a *API) Operations() []operation.Operation { return a.table }

// Table returns the operation table of a set of kinds without a server behind
// it: for documents and commands, which read it, and not to be called.
func Table(kinds *resource.Set) []operation.Operation {
	table := (&API{kinds: kinds}).operations()
	for i := range table {
		table[i].Handle = nil
	}
	return table
}

// operations lists what the API serves: what follows from the kinds, and the
// odd ones.
func (a *API) operations() []operation.Operation {
	var table []operation.Operation
	for _, s := range a.kinds.All() {
		for _, o := range operation.Expand(s) {
			o.Handle = a.special(o)
			switch o.ID {
			case "listLocationsLite":
				o.Query = append(o.Query, nestedParams()...)
			case "updateIpDestinationGroup":
				o.Query = append(o.Query, operation.Param{Name: "override", Type: resource.Boolean, Says: "Whether the addresses replace those that are there, as without it, or are added to them."})
			}
			table = append(table, o)
		}
	}
	for _, odd := range []struct {
		area resource.Area
		ops  []operation.Operation
	}{
		{resource.Authentication, a.sessionOperations()},
		{resource.Authentication, a.tokenOperations()},
		{resource.Activation, a.activationOperations()},
		{resource.Administration, a.passwordOperations()},
		{resource.Provisioning, a.keyOperations()},
		{resource.ConnectorGroups, a.connectorOperations()},
		{resource.ConnectorGroups, a.topOperations()},
		{resource.ConnectorGroups, a.bulkOperations()},
		{resource.ConnectorGroups, a.vmOperations()},
		{resource.PartnerIntegrations, a.publicCloudOperations()},
		{resource.PartnerIntegrations, a.discoveryOperations()},
		{resource.PolicyManagement, a.ruleOperations()},
		{resource.Native, a.nativeOperations()},
		{resource.Native, a.clientOperations()},
		{resource.Native, a.auditOperations()},
		{resource.Native, a.modeOperations()},
		{resource.Native, a.importOperations()},
		{resource.Native, a.requestOperations()},
		{resource.Native, a.ownerOperations()},
		{resource.Native, a.fleetOperations()},
	} {
		for _, o := range odd.ops {
			o.Area = cmp.Or(o.Area, odd.area)
			table = append(table, o)
		}
	}
	return table
}

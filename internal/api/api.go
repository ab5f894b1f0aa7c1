// Package api owns HTTP: the operation table with its handlers, the routes made
// from it, what happens to every request on its way to a handler, and the one
// place where errors become answers.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// Base is where the vendor's operations live.
const Base = "/api/v1"

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
	// Simulator may be nil.
	Simulator Simulator
	// Owner does what its operations ask for, of who has OwnerToken. Without
	// either they are refused.
	Owner      Owner
	OwnerToken string
	// Gate is passed by every request but the owner's; nil = always open.
	Gate *Gate
}

// API is an http.Handler for everything a server answers.
type API struct {
	Config
	table       []operation.Operation
	mux         *http.ServeMux
	tolerances  tolerances
	maintenance maintenance
}

// New builds and checks the operation table and routes it.
func New(c Config) (*API, error) {
	a := &API{Config: c, tolerances: tolerances{strict: c.Strict}}
	if a.Gate == nil {
		a.Gate = &Gate{}
	}
	a.table = a.operations()
	if err := operation.Check(a.table); err != nil {
		return nil, err
	}
	a.mux = a.routes()
	return a, nil
}

// Operations returns the operation table.
func (a *API) Operations() []operation.Operation { return a.table }

// operations lists what the API serves: what follows from the kinds, and the
// odd ones.
func (a *API) operations() []operation.Operation {
	var table []operation.Operation
	for _, s := range a.Engine.Kinds().All() {
		for _, o := range operation.Expand(s) {
			o.Handle = a.special(o)
			if o.ID == "listLocationsLite" {
				o.Query = append(o.Query, nestedParams()...)
			}
			table = append(table, o)
		}
	}
	table = append(table, a.sessionOperations()...)
	table = append(table, a.activationOperations()...)
	table = append(table, a.passwordOperations()...)
	table = append(table, a.keyOperations()...)
	table = append(table, a.connectorOperations()...)
	table = append(table, a.topOperations()...)
	table = append(table, a.bulkOperations()...)
	table = append(table, a.vmOperations()...)
	table = append(table, a.publicCloudOperations()...)
	table = append(table, a.discoveryOperations()...)
	table = append(table, a.nativeOperations()...)
	table = append(table, a.modeOperations()...)
	table = append(table, a.ruleOperations()...)
	table = append(table, a.importOperations()...)
	table = append(table, a.ownerOperations()...)
	return append(table, a.fleetOperations()...)
}

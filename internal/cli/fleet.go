package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/wire"
)

// fleet is the server's simulator. The server is made before it, as simulated
// connectors need a server to enrol with; until then, the fleet is empty.
type fleet struct {
	simulator atomic.Pointer[sandbox.Simulator]
}

// List returns the connectors.
func (f *fleet) List() []wire.SimulatedConnector {
	if s := f.simulator.Load(); s != nil {
		return s.List()
	}
	return nil
}

// Start starts one connector.
func (f *fleet) Start(ctx context.Context, name string) (wire.SimulatedConnector, error) {
	if s := f.simulator.Load(); s != nil {
		return s.Start(ctx, name)
	}
	return wire.SimulatedConnector{}, wire.NotFound("simulated connector", name)
}

// Stop stops one connector.
func (f *fleet) Stop(ctx context.Context, name string) (wire.SimulatedConnector, error) {
	if s := f.simulator.Load(); s != nil {
		return s.Stop(ctx, name)
	}
	return wire.SimulatedConnector{}, wire.NotFound("simulated connector", name)
}

// Grow adds connectors.
func (f *fleet) Grow(ctx context.Context, plan wire.FleetPlan) ([]wire.SimulatedConnector, error) {
	if s := f.simulator.Load(); s != nil {
		return s.Grow(ctx, plan)
	}
	return nil, wire.Forbidden(wire.CodeInvalidOperation, "This server simulates no connectors; 'spurline up' starts one that does.")
}

// Down stops all connectors.
func (f *fleet) Down(ctx context.Context) error {
	if s := f.simulator.Load(); s != nil {
		return s.Down(ctx)
	}
	return nil
}

// Reset makes the connectors what they were at first, around revert.
func (f *fleet) Reset(ctx context.Context, revert func(context.Context) error) error {
	if s := f.simulator.Load(); s != nil {
		return s.Reset(ctx, revert)
	}
	return revert(ctx)
}

func (f *fleet) close(ctx context.Context) error {
	if s := f.simulator.Load(); s != nil {
		return s.Close(ctx)
	}
	return nil
}

// enrolTime bounds how long the fleet has to enrol.
const enrolTime = time.Minute

// populate makes the demo org's templates and starts its connectors, and
// returns when all of them have enrolled.
func (in *instance) populate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, enrolTime)
	defer cancel()
	if err := in.furnish(ctx); err != nil {
		return fmt.Errorf("cannot make the demo org: %w", err)
	}
	simulator, err := sandbox.NewSimulator(sandbox.SimulatorConfig{
		Server: in.url, HTTP: in.http, Log: in.log,
		KeyOf: func() (string, error) { return in.server.EnrolmentKey(context.Background(), in.credentials.Org) },
		// Not where connector run keeps its own: a connector of that name may
		// well run beside the simulated one.
		StateDir:   filepath.Join(in.dataDir, "simulated"),
		Connectors: sandbox.DemoConnectors(),
	})
	if err != nil {
		return err
	}
	in.fleet.simulator.Store(simulator)
	if err := simulator.StartAll(ctx); err != nil {
		return fmt.Errorf("cannot start the connectors: %w", err)
	}
	if err := simulator.Ready(ctx); err != nil {
		return fmt.Errorf("the connectors have not enrolled: %w", err)
	}
	return nil
}

// furnish makes the templates as the org's super admin.
func (in *instance) furnish(ctx context.Context) error {
	if len(in.credentials.Admins) == 0 {
		return fmt.Errorf("%s holds no admin", credentialsPath(in.dataDir))
	}
	admin := in.credentials.Admins[0]
	c := client.New(client.Config{BaseURL: in.url, HTTP: in.http})
	if err := c.SignIn(ctx, admin.Login, admin.Password, in.credentials.APIKey); err != nil {
		return fmt.Errorf("sign in as %s: %w", admin.Login, err)
	}
	activated, err := sandbox.Demo(ctx, c)
	if err != nil || !activated {
		// No sign-out: it would activate what the admin has pending. The
		// session idles out.
		return err
	}
	return c.SignOut(ctx)
}

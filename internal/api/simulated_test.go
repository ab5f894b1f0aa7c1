package api_test

import (
	"context"

	"github.com/spurline/spurline/internal/wire"
)

// simulated is a simulator of one connector that is always off: the API only
// passes its answers on. The real one is tested with the sandbox.
type simulated struct{}

func (simulated) List() []wire.SimulatedConnector { return []wire.SimulatedConnector{one("asked")} }

func (simulated) Start(_ context.Context, name string) (wire.SimulatedConnector, error) {
	if name != "cc-1" {
		return wire.SimulatedConnector{}, wire.NotFound("simulated connector", name)
	}
	c := one("")
	c.Running = true
	return c, nil
}

func (simulated) Stop(_ context.Context, name string) (wire.SimulatedConnector, error) {
	if name != "cc-1" {
		return wire.SimulatedConnector{}, wire.NotFound("simulated connector", name)
	}
	return one("asked"), nil
}

func (simulated) Grow(_ context.Context, plan wire.FleetPlan) ([]wire.SimulatedConnector, error) {
	return make([]wire.SimulatedConnector, plan.Groups*plan.PerGroup), nil
}

func (simulated) Down(context.Context) error { return nil }

func one(stopped string) wire.SimulatedConnector {
	return wire.SimulatedConnector{Name: "cc-1", NativeID: "i-0123456789abcdef0", Stopped: stopped}
}

func (simulated) Reset(ctx context.Context, revert func(context.Context) error) error {
	return revert(ctx)
}

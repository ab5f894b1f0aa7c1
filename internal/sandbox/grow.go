package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spurline/spurline/internal/wire"
)

// Bounds of a plan. A group holds as many VMs as the API's groups do.
const (
	maxGrownGroups   = 100
	maxGrownPerGroup = 16
)

// Grow makes sure that the fleet has at least the planned groups with the
// planned connectors each, beside those it was made with, starts what does not
// run, and returns the planned ones once they have enrolled. A plan always
// means the same connectors at the same places, so it may be asked for again,
// also by a later process.
func (s *Simulator) Grow(ctx context.Context, plan wire.FleetPlan) ([]wire.SimulatedConnector, error) {
	switch {
	case plan.Groups < 1 || plan.Groups > maxGrownGroups:
		return nil, wire.Invalid("groups", "must be from 1 to %d", maxGrownGroups)
	case plan.PerGroup < 1 || plan.PerGroup > maxGrownPerGroup:
		return nil, wire.Invalid("perGroup", "must be from 1 to %d", maxGrownPerGroup)
	}
	var names []string
	for group := 1; group <= plan.Groups; group++ {
		for n := 1; n <= plan.PerGroup; n++ {
			c := grown(group, n)
			if err := s.add(c); err != nil {
				return nil, err
			}
			names = append(names, c.Name)
		}
	}
	for _, name := range names {
		if _, err := s.Start(ctx, name); err != nil {
			return nil, err
		}
	}
	return s.enrolled(ctx, names)
}

// grown is the n-th connector of the group-th planned group. The groups take
// turns at the demo org's sites, each in a network of its own.
func grown(group, n int) ConnectorConfig {
	sites := DemoSites()
	site := sites[(group-1)%len(sites)]
	network := map[string]string{
		cloudAWS:   fmt.Sprintf("vpc-%017x", group),
		cloudAzure: fmt.Sprintf("fleet-vnet-%d", group),
		cloudGCP:   fmt.Sprintf("fleet-network-%d", group),
	}[site.Cloud]
	return ConnectorConfig{
		Name: fmt.Sprintf("sim-%d-%d", group, n), Template: site.Template,
		Cloud: site.Cloud, Region: site.Region, Zone: site.Zone, Network: network,
	}
}

// add makes a connector known unless it is.
func (s *Simulator) add(c ConnectorConfig) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if slices.ContainsFunc(s.units, func(u *unit) bool { return u.cfg.Name == c.Name }) {
		return nil
	}
	u, err := newUnit(s.cfg, c)
	if err != nil {
		return err
	}
	s.units = append(s.units, u)
	return nil
}

// enrolled waits until the named connectors have enrolled, and returns them.
func (s *Simulator) enrolled(ctx context.Context, names []string) (out []wire.SimulatedConnector, err error) {
	err = s.await(ctx, func() (bool, error) {
		out = out[:0]
		for _, u := range s.units {
			if !slices.Contains(names, u.cfg.Name) {
				continue
			}
			if !u.enrolled && !u.view.Running {
				return true, fmt.Errorf("connector %s: %w", u.cfg.Name, u.err)
			}
			if !u.enrolled {
				return false, nil
			}
			out = append(out, u.view)
		}
		return true, nil
	})
	return out, err
}

// Down stops every connector gracefully. They stay known and can be started
// again.
func (s *Simulator) Down(ctx context.Context) error {
	list := s.List()
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for i, c := range list {
		all.Go(func() { _, errs[i] = s.Stop(ctx, c.Name) })
	}
	all.Wait()
	return errors.Join(errs...)
}

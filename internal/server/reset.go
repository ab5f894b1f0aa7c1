package server

import (
	"context"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/fleet"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/wire"
)

// EnsureBaseline keeps an org's configuration as it is now, for Reset to go
// back to. An org has one baseline, which stays.
func (s *Server) EnsureBaseline(ctx context.Context, org int64) error {
	return s.engine.EnsureBaseline(ctx, org)
}

// Reset puts the objects of every org that has a baseline, and the simulated
// connectors, back to what they were then. Admins, roles, keys, sessions and
// the trail stay, and so does the count of revisions. Connectors that the
// baseline does not have enrol again.
func (s *Server) Reset(ctx context.Context) error {
	orgs, err := s.withBaseline(ctx)
	if err != nil {
		return err
	}
	if len(orgs) == 0 {
		return wire.Conflict(wire.CodeInvalidOperation, "There is nothing to reset to: only the demo org of 'spurline up' has a state as new. To go back to a state of your own, restore a backup.")
	}
	revert := func(ctx context.Context) error {
		return s.gate.Alone(ctx, func() error { return s.revert(ctx, orgs) })
	}
	if s.cfg.Simulator == nil {
		return revert(ctx)
	}
	return s.cfg.Simulator.Reset(ctx, revert)
}

func (s *Server) withBaseline(ctx context.Context) (ids []int64, err error) {
	orgs, _, err := s.engine.Orgs(ctx, kinds.AdminUserKind)
	if err != nil {
		return nil, err
	}
	for _, o := range orgs {
		has, err := s.engine.HasBaseline(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		if has {
			ids = append(ids, o.ID)
		}
	}
	return ids, nil
}

func (s *Server) revert(ctx context.Context, orgs []int64) error {
	// What connectors said last is read back afterwards.
	if err := s.fleet.Flush(ctx); err != nil {
		return err
	}
	for _, org := range orgs {
		err := s.engine.Update(ctx, config.By{Org: org}, func(ctx context.Context, w *config.Writer) error {
			if err := w.Revert(ctx); err != nil {
				return err
			}
			return fleet.DropStrays(ctx, w.Tx)
		})
		if err != nil {
			return err
		}
	}
	s.db.NewEpoch()
	return s.fleet.Reload(context.WithoutCancel(ctx))
}

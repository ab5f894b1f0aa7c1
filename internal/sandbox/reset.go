package sandbox

import (
	"context"
	"errors"
	"sync"
)

// Reset makes the fleet what it was at first: it stops and forgets the
// connectors that were added, has revert put the server's side back, and
// starts what does not run. It returns when that has enrolled; a running
// connector whose VM is gone enrols again by itself, a heartbeat later.
func (s *Simulator) Reset(ctx context.Context, revert func(context.Context) error) error {
	// They are stopped first: afterwards the server would not know them, and
	// they would enrol with it as new ones.
	if err := s.shrink(ctx); err != nil {
		return err
	}
	if err := revert(ctx); err != nil {
		return err
	}
	if err := s.StartAll(ctx); err != nil {
		return err
	}
	return s.Ready(ctx)
}

// shrink stops and forgets what Grow has added.
func (s *Simulator) shrink(ctx context.Context) error {
	s.mu.Lock()
	added := s.units[len(s.cfg.Connectors):]
	s.mu.Unlock()
	errs := make([]error, len(added))
	var all sync.WaitGroup
	for i, u := range added {
		all.Go(func() { _, errs[i] = s.Stop(ctx, u.cfg.Name) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// What was added meanwhile stays.
	first := len(s.cfg.Connectors)
	s.units = append(s.units[:first:first], s.units[first+len(added):]...)
	return nil
}

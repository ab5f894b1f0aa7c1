package server

import (
	"context"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/store"
)

// How often what happens between requests happens.
const (
	flushEvery = time.Second
	idleEvery  = 15 * time.Second
	pruneEvery = time.Minute
	pruneBatch = 500 // rows per commit, so that pruning never holds a write up for long
)

// keepHouse runs until ctx ends. A failure is logged and tried again at the
// next turn.
func (s *Server) keepHouse(ctx context.Context) {
	tasks := []struct {
		every time.Duration
		name  string
		do    func(context.Context) error
	}{
		{flushEvery, "write last-seen times", s.Flush},
		{idleEvery, "activate for idle admins", s.ActivateIdle},
		{pruneEvery, "prune history", s.Prune},
		{pruneEvery, "prune the audit trail", s.PruneTrail},
	}
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for n := time.Duration(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, t := range tasks {
			if n%(t.every/flushEvery) != 0 {
				continue
			}
			if err := s.keep(ctx, t.do); err != nil && ctx.Err() == nil {
				s.cfg.Log.ErrorContext(ctx, "housekeeping failed", "task", t.name, "error", err)
			}
		}
	}
}

// keep does a task like a request: not while the data is replaced.
func (s *Server) keep(ctx context.Context, do func(context.Context) error) error {
	if err := s.gate.Enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	return do(ctx)
}

// Flush writes the times at which admins and connectors were last heard of.
func (s *Server) Flush(ctx context.Context) error {
	if err := s.auth.Flush(ctx); err != nil {
		return err
	}
	return s.fleet.Flush(ctx)
}

// ActivateIdle activates for admins who saved changes and were not heard of
// for the idle time, in any session.
func (s *Server) ActivateIdle(ctx context.Context) error {
	editors, err := s.engine.Editors(ctx)
	if err != nil {
		return err
	}
	for _, e := range editors {
		last, ok := s.auth.LastSeen(e.Org, e.Principal)
		if !ok || last.Before(e.At) {
			last = e.At
		}
		if s.cfg.Now().Sub(last) < s.cfg.IdleAfter {
			continue
		}
		who := &access.Principal{Org: e.Org, ID: e.Principal, Login: e.Login}
		gone := !s.auth.Signed(e.Org, e.Principal)
		if err := s.engine.End(ctx, config.By{Org: e.Org, Who: who}, config.ByIdleTimer, gone); err != nil {
			return err
		}
	}
	return nil
}

// Prune removes history that no kept activation needs, a batch at a time.
func (s *Server) Prune(ctx context.Context) error {
	orgs, err := s.orgs(ctx)
	if err != nil {
		return err
	}
	for _, org := range orgs {
		err := inBatches(func() (int, error) { return s.db.Prune(ctx, org, pruneBatch) })
		if err != nil {
			return err
		}
	}
	return nil
}

// PruneTrail removes what the trails no longer have to keep, a batch at a
// time: those of the orgs, and the installation's own.
func (s *Server) PruneTrail(ctx context.Context) error {
	orgs, err := s.orgs(ctx)
	if err != nil {
		return err
	}
	before := audit.Kept(s.cfg.Now())
	for _, org := range append(orgs, 0) {
		err := inBatches(func() (n int, err error) {
			err = s.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
				n, err = audit.Prune(ctx, tx, org, before, pruneBatch)
				return err
			})
			return n, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inBatches repeats a pruning until it finds less than a whole batch.
func inBatches(prune func() (int, error)) error {
	for {
		n, err := prune()
		if err != nil || n < pruneBatch {
			return err
		}
	}
}

// orgs are the ids of all orgs.
func (s *Server) orgs(ctx context.Context) (ids []int64, err error) {
	err = s.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		orgs, err := tx.Orgs(ctx)
		for _, org := range orgs {
			ids = append(ids, org.ID)
		}
		return err
	})
	return ids, err
}

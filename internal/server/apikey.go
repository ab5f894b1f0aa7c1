package server

import (
	"context"
	"errors"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// EnableAPIKey says whether an org's API key may be used, as the vendor does
// when a subscription ends and is renewed (behaviours.md 6.7).
func (s *Server) EnableAPIKey(ctx context.Context, org int64, enabled bool) error {
	return s.withAPIKey(ctx, org, func(ctx context.Context, w *config.Writer, id int64) error {
		return w.Change(ctx, kinds.APIKeyKind, id, func(value any) error {
			value.(*kinds.APIKey).Enabled = wire.Bool(enabled)
			return nil
		})
	})
}

// DeleteAPIKey removes an org's API key, so that a super admin can create
// another (behaviours.md 6.1). The API has no operation that does.
func (s *Server) DeleteAPIKey(ctx context.Context, org int64) error {
	return s.withAPIKey(ctx, org, func(ctx context.Context, w *config.Writer, id int64) error {
		kind := s.engine.Kinds().Kind(kinds.APIKeyKind)
		row, err := w.Get(ctx, store.Working, kind.Name, id)
		if err != nil {
			return err
		}
		if !kind.IsSet(row.Body, "enabled") {
			return wire.Forbidden(wire.CodeInvalidOperation, "The API key is disabled; enable it first.")
		}
		if err := s.auth.ClearAPIKey(ctx, w.Tx, org); err != nil {
			return err
		}
		return w.Delete(ctx, kind, id, 0)
	})
}

func (s *Server) withAPIKey(ctx context.Context, org int64, f func(ctx context.Context, w *config.Writer, id int64) error) error {
	if err := s.gate.Enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	if _, err := s.db.Head(ctx, org); errors.Is(err, store.ErrNotFound) {
		return wire.NotFound("org", org)
	} else if err != nil {
		return err
	}
	return s.engine.Update(ctx, config.By{Org: org}, func(ctx context.Context, w *config.Writer) error {
		id, _, err := s.auth.APIKeyIn(ctx, w.Tx, org)
		if errors.Is(err, store.ErrNotFound) {
			return &wire.Error{Status: 404, Code: wire.CodeNotFound, Message: "The org has no API key."}
		}
		if err != nil {
			return err
		}
		return f(ctx, w, id)
	})
}

package server

import (
	"context"
	"net"

	"github.com/spurline/spurline/internal/metrics"
	"github.com/spurline/spurline/internal/store"
)

// metrics are what the server's parts count by themselves, beside the requests.
func (s *Server) metrics() *metrics.Metrics {
	m := metrics.New()
	m.Gauge("spurline_sessions", "Sessions that are open.", func() float64 { return float64(s.auth.Sessions()) })
	m.Gauge("spurline_connectors_enrolled", "Connectors with a token that is in force.", func() float64 {
		enrolled, _ := s.fleet.Counts()
		return float64(enrolled)
	})
	m.Gauge("spurline_connectors_active", "Connectors whose reports are not overdue.", func() float64 {
		_, active := s.fleet.Counts()
		return float64(active)
	})
	m.Counter("spurline_store_commits_total", "Durable commits; writes that wait together share one.", func() float64 { return float64(s.db.Stats().Commits) })
	m.Counter("spurline_store_writes_total", "Writes that were committed durably.", func() float64 { return float64(s.db.Stats().Writes) })
	return m
}

// ready asks the database something.
func (s *Server) ready(ctx context.Context) error {
	select {
	case <-s.db.Lost():
		return store.ErrLease
	default:
	}
	return s.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Orgs(ctx)
		return err
	})
}

// onLoopback reports whether nobody but this machine can reach a listener.
func onLoopback(l net.Listener) bool {
	addr, ok := l.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

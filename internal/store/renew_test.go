//go:build unix

package store

import (
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/spurline/spurline/internal/store/pgtest"
)

// The lease moves from row to row, nobody gets it in between, and one that
// cannot move stays where it is.
func TestRenewal(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	l, err := newRowLease(t.Context(), config, 1, log)
	if err != nil {
		t.Fatal(err)
	}
	refused := func() {
		t.Helper()
		if other, err := newRowLease(t.Context(), config, 2, log); err == nil {
			closeConn(other.conn)
			t.Error("another server took the database")
		}
	}
	refused()
	for _, row := range []int64{2, 1, 2} {
		before := l.conn
		l.renew()
		if l.row != row || l.conn == before {
			t.Fatalf("the lease is at row %d, want %d", l.row, row)
		}
		refused()
	}
	if err := l.listen(); err != nil {
		t.Errorf("a quiet connection: %v", err)
	}
	// Another server looks whether the database is free, and has row 1.
	other, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := lockRow(t.Context(), other, 1); err != nil {
		t.Fatal(err)
	}
	l.renew()
	if l.row != 2 {
		t.Errorf("the lease is at row %d, want 2", l.row)
	}
	closeConn(other)
	refused()
	closeConn(l.conn)
	free, err := newRowLease(t.Context(), config, 2, log)
	if err != nil {
		t.Fatal(err)
	}
	closeConn(free.conn)
}

//go:build unix

package durability_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/store/pgtest"
)

// effort is how long the test goes on: kills of one server after another on
// the same data, each after at least acks acknowledgements and fewer than
// twice as many.
type effort struct{ kills, acks int }

func soak() bool { return os.Getenv("SPURLINE_SOAK") == "1" }

func TestKillsSQLite(t *testing.T) {
	t.Parallel()
	e := effort{kills: 20, acks: 32}
	if soak() {
		e = effort{kills: 200, acks: 1000}
	}
	path := filepath.Join(t.TempDir(), "spurline.db")
	survive(t, "sqlite:"+path, e)
	db := connect(t, "sqlite:"+path)
	var verdict string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("the file: %s, %v", verdict, err)
	}
}

func TestKillsPostgres(t *testing.T) {
	t.Parallel()
	e := effort{kills: 5, acks: 32}
	if soak() {
		e = effort{kills: 50, acks: 1000}
	}
	dsn := pgtest.DSN(t)
	db := connect(t, dsn)
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := db.QueryRow("SHOW " + setting).Scan(&value); err != nil || value != "on" {
			t.Fatalf("%s is %q, %v: this PostgreSQL is not durable", setting, value, err)
		}
	}
	db.Close() // the database is the server's
	survive(t, dsn, e)
}

// survive lets the writers write, kills the server, checks what its successor
// shows, and goes on from there. What GET and the lists are to show is derived
// byte for byte from what was sent, and so is the answer that acknowledged it,
// which shows less. Only an id and the time of a write are the server's to
// choose: the time within the request's, and once seen both stay for good.
func survive(t *testing.T, dsn string, e effort) {
	w, p := newWorld(t, dsn)
	acks, cut, took := 0, 0, 0
	for n := range e.kills {
		l := &life{p: p, target: int64(e.acks + w.rng.IntN(e.acks))}
		w.together(t, p, func(each *writer) error { return each.run(l) })
		if err := p.buried(); err != nil {
			t.Fatal(err)
		}
		pending := w.sum(func(each *writer) int {
			if each.pending == nil {
				return 0
			}
			return 1
		})
		before := w.sum(func(each *writer) int { return each.writes })
		p = start(t, w.config)
		w.check(t, p, soak() || n+1 == e.kills)
		found := w.sum(func(each *writer) int { return each.writes }) - before
		acks, cut, took = acks+int(l.acked.Load()), cut+pending, took+found
		t.Logf("kill %d after %d acknowledgements, with %d changes under way, of which %d took place", n+1, l.acked.Load(), pending, found)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	busy := w.sum(func(each *writer) int { return each.busy })
	t.Logf("%d kills, %d acknowledgements, %d changes under way, of which %d took place; %d times busy", e.kills, acks, cut, took, busy)
	if cut == 0 {
		t.Error("no kill hit a change under way, so the test shows nothing")
	}
	w.checkTables(t, dsn)
	checkChains(t, dsn)
}

// checkChains verifies every trail: a row, its hash and the head are written
// together or not at all, wherever a kill has hit.
func checkChains(t *testing.T, dsn string) {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	orgs := []store.Org{{ID: 0}}
	err = db.View(t.Context(), 0, func(ctx context.Context, tx *store.Tx) error {
		all, err := tx.Orgs(ctx)
		orgs = append(orgs, all...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, org := range orgs {
		v, err := audit.Verify(t.Context(), func(ctx context.Context, f func(context.Context, *store.Tx) error) error { return db.View(ctx, 0, f) }, org.ID, nil)
		if err != nil || v.Fault != nil || v.Rows == 0 {
			t.Errorf("the trail of org %d: %d rows, %+v, %v", org.ID, v.Rows, v.Fault, err)
		}
	}
}

// checkTables looks where no request leads: every change that took place has
// left one row in the trail, and the references are those of the objects.
func (w *world) checkTables(t *testing.T, dsn string) {
	t.Helper()
	db := connect(t, dsn)
	for _, c := range []struct {
		of, query string
		want      int
	}{
		{"rows in the trail", `SELECT COUNT(*) FROM audit WHERE kind IN ('locationTemplate', 'provUrl')`, w.sum(func(each *writer) int { return each.writes })},
		{"references", `SELECT COUNT(*) FROM ref WHERE to_kind = 'locationTemplate' AND kind = 'provUrl'`, w.sum(func(each *writer) int { return len(each.objects[provURL]) })},
	} {
		var got int
		if err := db.QueryRow(c.query).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%d %s, want %d", got, c.of, c.want)
		}
	}
}

// connect opens the database beside the server.
func connect(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	driver, path, found := "sqlite", "", false
	if path, found = strings.CutPrefix(dsn, "sqlite:"); !found {
		driver, path = "pgx", dsn
	}
	db, err := sql.Open(driver, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/spurline/spurline/internal/store"
)

// Objects are written in an Update only, and a transaction ends with its
// function.
func testMisuse(t *testing.T, s *suite) {
	o := s.org(t)
	refused := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s was not refused", what)
		}
	}
	var escaped *store.Tx
	o.view(func(ctx context.Context, tx *store.Tx) error {
		escaped = tx
		refused("Put in a view", tx.Put(ctx, thing(1, ""), store.Staged))
		refused("Delete in a view", tx.Delete(ctx, "thing", 1, store.Staged))
		refused("SetActive in a view", tx.SetActive(ctx, "", ""))
		refused("CreateOrg in a view", tx.CreateOrg(ctx, store.Org{ID: 1 << 40}))
		_, err := tx.Exec(ctx, `DELETE FROM org WHERE id = $1`, o.id)
		refused("a statement that writes in a view", err)
		return nil
	})
	o.must(o.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		refused("Put without an org", tx.Put(ctx, thing(1, ""), store.Staged))
		_, err := tx.Get(ctx, store.Working, "thing", 1)
		refused("Get without an org", err)
		_, err = tx.Count(ctx, store.Working, "thing", -1)
		refused("Count without an org", err)
		return nil
	}))
	refused("NextID without an org", o.db.Write(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.NextID()
		return nil
	}))
	_, err := o.db.Update(t.Context(), 0, func(context.Context, *store.Tx) error { return nil })
	refused("Update without an org", err)

	_, err = escaped.Exec(t.Context(), `SELECT 1`)
	refused("Exec after the end", err)
	_, err = escaped.Query(t.Context(), `SELECT 1`)
	refused("Query after the end", err)
	var n int
	refused("QueryRow after the end", escaped.QueryRow(t.Context(), `SELECT 1`).Scan(&n))
}

func testStatements(t *testing.T, s *suite) {
	o := s.org(t)
	o.update(func(ctx context.Context, tx *store.Tx) error {
		o.same("org", tx.Org(), o.id)
		for principal := int64(1); principal <= 3; principal++ {
			n, err := tx.Exec(ctx, `INSERT INTO edit_state (org, principal, login, state, ended, at) VALUES ($1, $2, $3, $4, 0, $5)`,
				tx.Org(), principal, "login", "EDITING", int64(5))
			o.must(err)
			o.same("inserted", n, int64(1))
		}
		n, err := tx.Exec(ctx, `UPDATE edit_state SET ended = 1 WHERE org = $1 AND principal > $2`, tx.Org(), int64(1))
		o.must(err)
		o.same("updated", n, int64(2))
		return nil
	})
	o.view(func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT principal, ended FROM edit_state WHERE org = $1 ORDER BY principal`, tx.Org())
		o.must(err)
		defer rows.Close()
		var got [][2]int64
		for rows.Next() {
			var r [2]int64
			o.must(rows.Scan(&r[0], &r[1]))
			got = append(got, r)
		}
		o.must(rows.Err())
		o.same("rows", got, [][2]int64{{1, 0}, {2, 1}, {3, 1}})
		return nil
	})
	o.view(func(ctx context.Context, tx *store.Tx) error {
		var n int
		if err := tx.QueryRow(ctx, `SELECT nonsense FROM nowhere`).Scan(&n); err == nil {
			o.Error("a wrong statement succeeded")
		}
		return nil
	})
	// The session that the wrong statement ran on is as good as before.
	o.view(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Orgs(ctx)
		return err
	})
}

func testExists(t *testing.T, s *suite) {
	o := s.org(t)
	insert := func(id int64, lookup string) error {
		return o.db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO credential (org, kind, id, lookup, secret, changed) VALUES ($1, $2, $3, $4, $5, 0)`,
				o.id, "password", id, lookup, []byte("secret"))
			return err
		})
	}
	login := fmt.Sprint("admin@", o.id)
	o.must(insert(1, login))
	o.must(insert(2, ""))
	o.must(insert(3, ""))
	if err := insert(4, login); !errors.Is(err, store.ErrExists) {
		t.Errorf("lookup taken: %v, want ErrExists", err)
	}
	if err := insert(1, "other"+login); !errors.Is(err, store.ErrExists) {
		t.Errorf("key taken: %v, want ErrExists", err)
	}
}

// Rows that a function leaves open do not hold up what follows.
func testOpenRows(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "a"), thing(2, "b"))
	leave := func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM object WHERE org = $1`, tx.Org())
		o.must(err)
		if !rows.Next() {
			o.Error("no rows")
		}
		return rows.Err()
	}
	for range 20 {
		o.view(leave)
		o.update(leave)
	}
	o.want([]string{"a", "b"}, nil)
}

// A view sees one state of the database, from its first read to its end.
func testSnapshot(t *testing.T, s *suite) {
	o := s.org(t)
	o.put(store.Staged, thing(1, "before"))
	o.view(func(ctx context.Context, tx *store.Tx) error {
		head := tx.Head()
		o.put(store.Staged, thing(1, "after"), thing(2, "new"))
		o.activate()
		o.same("working", o.texts(tx.List(ctx, store.Working, "thing", everything)), []string{"before"})
		o.same("active", o.texts(tx.List(ctx, tx.Active(), "thing", everything)), []string{})
		var rev int64
		o.must(tx.QueryRow(ctx, `SELECT rev FROM org WHERE id = $1`, o.id).Scan(&rev))
		o.same("revision", rev, head.Rev)
		return nil
	})
	o.want([]string{"after", "new"}, []string{"after", "new"})
}

func testLive(t *testing.T, s *suite) {
	o := s.org(t)
	beat := func(seen int64, fail error) error {
		return o.db.WriteLive(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO live (org, vm, seen_ms, state, bundle, build) VALUES ($1, 1, $2, 'ACTIVE', '', '')
				ON CONFLICT (org, vm) DO UPDATE SET seen_ms = excluded.seen_ms`, o.id, seen)
			return errors.Join(err, fail)
		})
	}
	o.must(beat(5, nil))
	failed := errors.New("failed")
	if err := beat(6, failed); !errors.Is(err, failed) {
		t.Error(err)
	}
	o.must(o.db.ViewLive(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		var seen int64
		o.must(tx.QueryRow(ctx, `SELECT seen_ms FROM live WHERE org = $1 AND vm = 1`, o.id).Scan(&seen))
		o.same("seen", seen, int64(5))
		return nil
	}))
}

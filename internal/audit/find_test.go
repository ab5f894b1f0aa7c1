package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spurline/spurline/internal/store"
)

func find(t testing.TB, db *store.DB, q Query) Page {
	t.Helper()
	p, err := tryFind(db, q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tryFind(db *store.DB, q Query) (p Page, err error) {
	err = db.View(context.Background(), 0, func(ctx context.Context, tx *store.Tx) error {
		p, err = Find(ctx, tx, 7, q)
		return err
	})
	return p, err
}

// mixed are rows with few different values each, so that every condition meets
// some of them, and times that are neither different nor in order.
func mixed(rows int) []Entry {
	of := func(n int, some ...string) string { return some[n%len(some)] }
	all := make([]Entry, rows)
	for n := range all {
		e := sample(n)
		e.At = start.Add(time.Duration((n/3+n*7%5)%rows) * time.Minute)
		e.Action, e.Category = of(n, ActionCreate, ActionUpdate, ActionDelete), of(n/2, CategoryLogin, CategoryRoles)
		e.SubCategory, e.Interface = of(n/3, SubLogin, SubRole), of(n/5, InterfaceAPI, InterfaceUI)
		e.Login, e.Result = of(n/4, "Ops@example.net", "new@example.net", ""), of(n, ResultSuccess, ResultSuccess, ResultSuccess, ResultFailure)
		e.Kind, e.Object = of(n/2, "", "adminUser", "adminRole"), int64(n/2%3)*5
		e.Resource = of(n, "West 1", "East 1", "west 2")
		all[n] = e
	}
	return all
}

// matches is Find's condition once more, in Go.
func (q Query) matches(e Entry) bool {
	is := func(value, want string) bool { return want == "" || value == want }
	return (q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To)) &&
		is(e.Action, q.Action) && is(e.Category, q.Category) && is(e.SubCategory, q.SubCategory) && is(e.Interface, q.Interface) && is(e.Result, q.Result) &&
		is(e.Kind, q.Kind) && (q.Object == 0 || e.Object == q.Object) && is(strings.ToLower(e.Login), strings.ToLower(q.Login)) &&
		strings.Contains(strings.ToLower(e.Resource), strings.ToLower(q.Resource))
}

// Any query finds what a loop over all rows finds, in any pages.
func TestFindAgainstALoop(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db *store.DB) {
		const rows = 120
		entries := mixed(rows)
		if err := write(t, db, entries...); err != nil {
			t.Fatal(err)
		}
		if err := write(t, db, Entry{Org: 8, Action: ActionCreate}); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			one := func(name string, some ...string) string {
				return rapid.SampledFrom(append(some, "", "")).Draw(t, name)
			}
			when := rapid.SampledFrom([]time.Time{{}, {}, start.Add(10 * time.Minute), start.Add(25 * time.Minute)})
			q := Query{
				From: when.Draw(t, "from"), To: when.Draw(t, "to"), Action: one("action", ActionCreate), Category: one("category", CategoryLogin, "none"),
				SubCategory: one("sub", SubRole), Interface: one("interface", InterfaceUI), Result: one("result", ResultFailure, ResultSuccess),
				Login: one("login", "OPS@example.NET", "new@example.net"), Kind: one("kind", "adminUser"), Object: rapid.SampledFrom([]int64{0, 0, 5, 10}).Draw(t, "object"),
				Resource: one("resource", "WEST", "t 1"), Limit: rapid.IntRange(25, 80).Draw(t, "limit"), Bodies: rapid.Bool().Draw(t, "bodies"),
			}
			var want []int64
			for n, e := range entries {
				if q.matches(e) {
					want = append(want, int64(n+1))
				}
			}
			if diff := cmp.Diff(want, everything(t, db, q, true)); diff != "" {
				t.Fatalf("after each other (-want +got)\n%s", diff)
			}
			slices.SortFunc(want, func(a, b int64) int {
				if d := entries[b-1].At.Compare(entries[a-1].At); d != 0 {
					return d
				}
				return int(b - a)
			})
			if diff := cmp.Diff(want, everything(t, db, q, false)); diff != "" {
				t.Fatalf("listed (-want +got)\n%s", diff)
			}
		})
	})
}

// everything pages through what a query finds.
func everything(t *rapid.T, db *store.DB, q Query, follow bool) (seqs []int64) {
	if follow {
		q.After = new(int64)
	}
	for {
		p, err := tryFind(db, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Rows {
			seqs = append(seqs, r.Seq)
			if q.Bodies != (r.After != nil) {
				t.Fatalf("row %d, bodies %t: %s", r.Seq, q.Bodies, r.After)
			}
		}
		switch {
		case p.Head != 120:
			t.Fatalf("head %d", p.Head)
		case follow && p.Next == p.Head, !follow && p.Next == 0:
			return seqs
		case follow:
			q.After = &p.Next
		default:
			q.Before = p.Next
		}
	}
}

// A query that no index leads to looks at a bounded number of rows, and says
// from where to go on.
func TestFindIsBounded(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db *store.DB) {
		// Rows without a chain, which would take long to write.
		err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20500)
				INSERT INTO audit (org, seq, at, action, category, subcategory, resource, kind, object, admin, login, ip, interface, result, rev)
				SELECT 7, i, i, CASE i WHEN 4 THEN 'Import' ELSE 'Update' END, '', '', '', '', 0, 0, 'ops@example.net', '', '', '', 0 FROM n`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, login := range []string{"", "ops@example.net"} {
			q := Query{Action: ActionImport, Login: login, Limit: 10}
			var pages []string
			for {
				p := find(t, db, q)
				pages = append(pages, fmt.Sprintf("%d rows, next %d", len(p.Rows), p.Next))
				if q.Before = p.Next; q.Before == 0 {
					break
				}
			}
			want := []string{"0 rows, next 10501", "0 rows, next 501", "1 rows, next 0"}
			if diff := cmp.Diff(want, pages); diff != "" {
				t.Errorf("login %q (-want +got)\n%s", login, diff)
			}
		}
		zero := int64(0)
		if p := find(t, db, Query{Action: ActionImport, After: &zero, Limit: 10}); len(p.Rows) != 1 || p.Next != scanned {
			t.Errorf("from the beginning: %d rows, next %d", len(p.Rows), p.Next)
		}
	})
}

func TestFindGoesOnFromRowsOnly(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db *store.DB) {
		fill(t, db, 9)
		prune(t, db, start.Add(4*time.Hour), 100)
		for _, before := range []int64{-1, 10} {
			if _, err := tryFind(db, Query{Before: before, Limit: 5}); !errors.Is(err, ErrNoRow) {
				t.Errorf("before %d: %v", before, err)
			}
		}
		if p := find(t, db, Query{Before: 2, Limit: 5}); len(p.Rows) != 0 || p.Next != 0 {
			t.Errorf("from a row that was pruned meanwhile: %+v", p)
		}
		beyond := int64(12)
		if p := find(t, db, Query{After: &beyond, Limit: 5}); len(p.Rows) != 0 || p.Next != 12 || p.Head != 9 {
			t.Errorf("after a row that is not there yet: %+v", p)
		}
		err := db.View(t.Context(), 0, func(ctx context.Context, tx *store.Tx) error {
			r, err := Get(ctx, tx, 7, 5)
			if err != nil || r.Seq != 5 || r.Resource != "Admin 5" || r.After == nil {
				t.Errorf("row 5: %+v, %v", r, err)
			}
			for _, seq := range []int64{0, 2, 10} {
				if _, err := Get(ctx, tx, 7, seq); !errors.Is(err, ErrNoRow) {
					t.Errorf("row %d: %v", seq, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Each way to look for rows has an index that leads to them in the order in
// which they are listed.
func TestFindPlans(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, c := range []struct {
		q     Query
		index string
	}{
		{Query{}, "audit_at (org=? AND (at,seq)>(?,?) AND (at,seq)<(?,?))"},
		{Query{Action: ActionImport}, "audit_at (org=? AND (at,seq)>(?,?) AND (at,seq)<(?,?))"},
		{Query{Login: "a"}, "audit_login (org=? AND <expr>=? AND (at,seq)>(?,?) AND (at,seq)<(?,?))"},
		{Query{Login: "a", Result: ResultFailure, Action: ActionImport}, "audit_login (org=? AND <expr>=? AND (at,seq)>(?,?) AND (at,seq)<(?,?))"},
		{Query{Result: ResultFailure}, "audit_failure (org=? AND (at,seq)>(?,?) AND (at,seq)<(?,?))"},
		{Query{Kind: "k", Object: 5, Login: "a"}, "audit_object (org=? AND kind=? AND object=? AND (at,seq)>(?,?) AND (at,seq)<(?,?))"},
	} {
		s, left := led(7, c.q, instant{}, instant{at: 9})
		check := func(what, limit string) {
			text := `SELECT ` + what + ` FROM ` + s.from + ` WHERE ` + s.text + ` ORDER BY at DESC, seq DESC LIMIT ` + limit
			if plan := explain(t, db, text, s.args); !strings.HasSuffix(plan, c.index) {
				t.Errorf("%+v: %s", c.q, plan)
			}
		}
		check(`at, seq`, `1 OFFSET 5`)
		if left {
			s.filter(c.q)
		}
		check(columns, `5`)
	}
}

func explain(t *testing.T, db *store.DB, text string, args []any) string {
	t.Helper()
	var plan []string
	err := db.View(t.Context(), 0, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var line string
			if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
				return err
			}
			plan = append(plan, line)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return strings.Join(plan, "; ")
}

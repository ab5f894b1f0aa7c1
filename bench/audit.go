package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
)

// The two trails, and the page that is read of them.
const (
	shortTrail = 10_000
	longTrail  = 1_000_000
	trailPage  = 100
)

// trailOrg is the org whose trail it is.
const trailOrg = 1

// trailStart is when a trail begins; it has a row per second.
var trailStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// audit compares what is asked of a trail of a million rows with the same asked
// of ten thousand.
func (b *bench) audit(ctx context.Context) (err error) {
	short, err := b.trailOf(ctx, "short", shortTrail)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, short.Close()) }()
	long, err := b.trailOf(ctx, "long", longTrail)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, long.Close()) }()
	for _, c := range []struct {
		id, what string
		q        audit.Query
		rows     int
	}{
		{"audit", "page of a trail of 1,000,000 rows to 10,000, newest", audit.Query{}, trailPage},
		{"audit-past", "the same, an hour deep in the past", audit.Query{From: trailStart.Add(time.Hour / 2), To: trailStart.Add(3 * time.Hour / 2)}, trailPage},
		{"audit-admin", "the same, of an admin", audit.Query{Login: "ADMIN-7@bench.test"}, trailPage},
		{"audit-object", "the same, of an object", audit.Query{Kind: "thing", Object: 5_000_007}, trailPage},
		{"audit-failures", "the same, failures", audit.Query{Result: audit.ResultFailure}, trailPage},
		{"audit-nothing", "the same, an action that nobody took", audit.Query{Action: audit.ActionImport}, 0},
	} {
		c.q.Limit = trailPage
		err := b.compete(ctx, contest{id: c.id, what: c.what, target: atMost(2), base: pages(short, c.q, c.rows), subject: pages(long, c.q, c.rows)})
		if err != nil {
			return err
		}
	}
	return b.compete(ctx, contest{id: "audit-verify", what: "verification of a row, same", target: atMost(2), base: verification(short), subject: verification(long)})
}

// trailOf makes a database with a trail of so many rows.
func (b *bench) trailOf(ctx context.Context, name string, rows int) (*store.DB, error) {
	db, err := store.Open(ctx, "sqlite:"+b.folder(name+"-trail.db"), store.Options{LockWait: time.Minute})
	if err != nil {
		return nil, err
	}
	err = db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: trailOrg, Name: "Bench", Cloud: "zscloud.net"})
	})
	const batch = 10_000
	for n := 0; n < rows && err == nil; n += batch {
		err = db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			for i := n; i < n+batch; i++ {
				if err := audit.Write(ctx, tx, trailRow(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// trailRow is one of a hundred that failed, by one of fifty admins, on one of
// fifty objects.
func trailRow(i int) audit.Entry {
	e := audit.Entry{
		Org: trailOrg, At: trailStart.Add(time.Duration(i) * time.Second), Action: audit.ActionUpdate, Category: audit.CategoryLocationManagement,
		SubCategory: audit.SubLocation, Resource: fmt.Sprint("Location ", i%50), Kind: "thing", Object: 5_000_000 + int64(i%50),
		Admin: int64(i / 50 % 50), Login: fmt.Sprintf("admin-%d@bench.test", i/50%50), IP: "192.0.2.9", Interface: audit.InterfaceAPI,
		Result: audit.ResultSuccess, Rev: int64(i),
		Before: fmt.Appendf(nil, `{"id":%d,"name":"Location %d","version":%d}`, i%50, i%50, i-1),
		After:  fmt.Appendf(nil, `{"id":%d,"name":"Location %d","version":%d}`, i%50, i%50, i),
	}
	if i%100 == 0 {
		e.Result = audit.ResultFailure
	}
	return e
}

// pages reads the same page again and again.
func pages(db *store.DB, q audit.Query, rows int) side {
	return repeat(func(ctx context.Context, _ int) error {
		return db.View(ctx, trailOrg, func(ctx context.Context, tx *store.Tx) error {
			p, err := audit.Find(ctx, tx, trailOrg, q)
			if err == nil && len(p.Rows) != rows {
				err = fmt.Errorf("%+v finds %d rows", q, len(p.Rows))
			}
			return err
		})
	})
}

var errTimeIsUp = errors.New("the time is up")

// verification verifies the trail from its beginning for as long as it has,
// again where it has come to the end.
func verification(db *store.DB) side {
	return func(ctx context.Context, d time.Duration) (c cost, err error) {
		return c, c.measure(func() (rows int, err error) {
			began := time.Now()
			for err == nil {
				var v audit.Verdict
				batches := 0
				v, err = audit.Verify(ctx, func(ctx context.Context, f func(context.Context, *store.Tx) error) error {
					if time.Since(began) >= d {
						return errTimeIsUp
					}
					batches++
					return db.View(ctx, trailOrg, f)
				}, trailOrg, nil)
				if v.Fault != nil {
					return rows, fmt.Errorf("row %d: %s", v.Fault.Seq, v.Fault.Reason)
				}
				rows += int(v.Rows)
				if v.Rows == 0 {
					rows += batches * audit.VerifyBatch
				}
			}
			if errors.Is(err, errTimeIsUp) {
				err = nil
			}
			return rows, err
		})
	}
}

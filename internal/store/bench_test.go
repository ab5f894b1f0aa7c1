package store_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/store"
)

// The active view of objects with a history reads as many rows as the same
// view without one.
func BenchmarkActiveList(b *testing.B) {
	for _, versions := range []int{0, 100} {
		b.Run(fmt.Sprint("history ", versions), func(b *testing.B) {
			db := benchDB(b)
			for v := range versions + 1 {
				benchUpdate(b, db, func(ctx context.Context, tx *store.Tx) error {
					for id := range int64(250) {
						if err := tx.Put(ctx, benchRow(id, v), store.Staged); err != nil {
							return err
						}
					}
					return tx.SetActive(ctx, "", "")
				})
				// Another revision closes what this one put in force.
				benchUpdate(b, db, func(context.Context, *store.Tx) error { return nil })
			}
			for b.Loop() {
				benchView(b, db, func(ctx context.Context, tx *store.Tx) error {
					n := 0
					for _, err := range tx.List(ctx, tx.Active(), "thing", store.Query{Parent: -1}) {
						if err != nil {
							return err
						}
						n++
					}
					if n != 250 {
						b.Fatalf("%d rows", n)
					}
					return nil
				})
			}
		})
	}
}

func BenchmarkHead(b *testing.B) {
	db := benchDB(b)
	for b.Loop() {
		if _, err := db.Head(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	db := benchDB(b)
	benchUpdate(b, db, func(ctx context.Context, tx *store.Tx) error {
		return tx.Put(ctx, benchRow(7, 0), store.Immediate)
	})
	for b.Loop() {
		benchView(b, db, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Get(ctx, store.Working, "thing", 7)
			return err
		})
	}
}

// BenchmarkUpdate has 32 clients create objects, each waiting for its commit.
func BenchmarkUpdate(b *testing.B) {
	db := benchDB(b)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			benchUpdate(b, db, func(ctx context.Context, tx *store.Tx) error {
				return tx.Put(ctx, benchRow(tx.NextID(), 0), store.Staged)
			})
		}
	})
}

func benchDB(b *testing.B) *store.DB {
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "config.db"), store.Options{LockWait: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	err = db.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.CreateOrg(ctx, store.Org{ID: 1}) })
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func benchRow(id int64, version int) store.Row {
	body := append(fmt.Appendf(nil, `{"version":%d,"text":"`, version), bytes.Repeat([]byte("x"), 1200)...)
	return store.Row{Kind: "thing", ID: id, Name: fmt.Sprint("Thing ", id), Body: append(body, `"}`...)}
}

func benchUpdate(b *testing.B, db *store.DB, f store.FuncUpdate) {
	if _, err := db.Update(b.Context(), 1, f); err != nil {
		b.Error(err)
	}
}

func benchView(b *testing.B, db *store.DB, f store.FuncUpdate) {
	if err := db.View(b.Context(), 1, f); err != nil {
		b.Fatal(err)
	}
}

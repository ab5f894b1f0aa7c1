package audit

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/spurline/spurline/internal/store"
)

// BenchmarkWrite tells what a row costs within a write, without its commit.
func BenchmarkWrite(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "spurline.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	err = db.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.CreateOrg(ctx, store.Org{ID: 7, Name: "a"}) })
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	err = db.Write(b.Context(), func(ctx context.Context, tx *store.Tx) error {
		for n := range b.N {
			if err := Write(ctx, tx, sample(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

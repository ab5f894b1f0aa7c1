package store_test

import (
	"path/filepath"
	"testing"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, o store.Options) *store.DB {
		return open(t, "sqlite:"+filepath.Join(t.TempDir(), "config.db"), o)
	})
}

// open opens a database until the test ends.
func open(t *testing.T, dsn string, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

func TestSQLiteLease(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.db")
	db := open(t, "sqlite:"+path, store.Options{})
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		if _, err := store.Open(t.Context(), "sqlite:"+name, store.Options{}); !errors.Is(err, store.ErrLease) {
			t.Errorf("a second Open of %s: %v, want ErrLease", name, err)
		}
	}
	createOrg(t, db, 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, "sqlite:"+link, store.Options{})
	if _, err := again.Head(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

// A second Open finds the tables as they are, and everything in them.
func TestSQLiteReopen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testReopen(t, "sqlite:"+filepath.Join(dir, "config.db"))
	// Nothing but the files that belong there is left, for their owner only.
	for _, name := range []string{"config.db", "config-live.db", "config.db.lock"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func testReopen(t *testing.T, dsn string) {
	t.Helper()
	epochs := make(map[int64]bool)
	for rev := int64(1); rev <= 3; rev++ {
		db, err := store.Open(t.Context(), dsn, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rev == 1 {
			createOrg(t, db, 1)
		}
		head, err := db.Update(t.Context(), 1, func(ctx context.Context, tx *store.Tx) error {
			return tx.Put(ctx, store.Row{Kind: "k", ID: tx.NextID()}, store.Staged)
		})
		if err != nil || head.Rev != rev {
			t.Errorf("head %v, error %v", head, err)
		}
		err = db.View(t.Context(), 1, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.Count(ctx, store.Working, "k", -1)
			if n != int(rev) {
				t.Errorf("%d objects, want %d", n, rev)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		epochs[db.Epoch()] = true
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(epochs) != 3 {
		t.Errorf("epochs %v", epochs)
	}
}

func createOrg(t *testing.T, db *store.DB, id int64) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: id})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The names of files may have what means something in a URL.
func TestSQLitePaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "what?.db", "50%25#.db", "noext", "äö&=.x.db"} {
		db := open(t, "sqlite:"+filepath.Join(dir, name), store.Options{})
		createOrg(t, db, 1)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, dsn := range []string{"sqlite:", "sqlite::memory:", "sqlite:" + filepath.Join(dir, "none", "config.db"), "mysql://secret@x"} {
		_, err := store.Open(t.Context(), dsn, store.Options{})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q): %v", dsn, err)
		}
	}
}

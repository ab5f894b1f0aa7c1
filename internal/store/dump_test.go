//go:build unix

package store_test

import (
	"path/filepath"
	"testing"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/store/pgtest"
	"github.com/spurline/spurline/internal/store/storetest"
)

func TestDumpAcross(t *testing.T) {
	t.Parallel()
	storetest.RunAcross(t,
		func(t *testing.T, o store.Options) *store.DB {
			return open(t, "sqlite:"+filepath.Join(t.TempDir(), "config.db"), o)
		},
		func(t *testing.T, o store.Options) *store.DB { return open(t, pgtest.DSN(t), o) })
}

//go:build unix

package store_test

import (
	"os"
	"testing"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/store/pgtest"
	"github.com/spurline/spurline/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, o store.Options) *store.DB {
		return open(t, pgtest.DSN(t), o)
	})
}

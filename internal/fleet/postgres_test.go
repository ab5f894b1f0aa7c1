//go:build unix

package fleet_test

import (
	"os"
	"testing"

	"github.com/spurline/spurline/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// stores are the databases that the tests run on.
func stores() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{"SQLite": sqliteDSN, "PostgreSQL": pgtest.DSN}
}

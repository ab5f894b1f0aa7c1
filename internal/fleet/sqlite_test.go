//go:build !unix

package fleet_test

import "testing"

// stores are the databases that the tests run on.
func stores() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{"SQLite": sqliteDSN}
}

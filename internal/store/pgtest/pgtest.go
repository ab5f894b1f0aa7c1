//go:build unix

// Package pgtest owns the PostgreSQL that tests run on: a cluster of its own
// per test process, with the durability of a real one, or the cluster that
// SPURLINE_TEST_POSTGRES names, and a fresh database in it per call.
//
// The TestMain of a package that uses it is os.Exit(pgtest.Main(m)).
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvURL names the environment variable with the URL of a cluster that runs
// already, such as one for all packages.
const EnvURL = "SPURLINE_TEST_POSTGRES"

// shared is the cluster of this process.
var shared struct {
	sync.Mutex
	started bool
	cluster *Cluster // nil if it is someone else's
	url     string
	err     error
}

// Main runs the tests of a package, and stops the cluster that they started.
func Main(m *testing.M) int {
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		if shared.cluster != nil {
			shared.cluster.Stop()
		}
	}()
	return m.Run()
}

// DSN answers the URL of a fresh database, which is dropped when the test
// ends. The first call starts the cluster. Without PostgreSQL the test fails.
func DSN(t testing.TB) string {
	t.Helper()
	base, err := clusterURL()
	if err != nil {
		t.Fatal(err)
	}
	name := "spurline_test_" + strings.ToLower(rand.Text())
	if err := execute(base, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(base, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("pgtest: %s is not a URL", EnvURL)
	}
	u.Path = "/" + name
	return u.String()
}

// Exec runs a statement in the database of a DSN, as another client would.
func Exec(t testing.TB, dsn, statement string) {
	t.Helper()
	if err := execute(dsn, statement); err != nil {
		t.Fatal(err)
	}
}

// clusterURL answers the URL of the cluster, started if need be.
func clusterURL() (string, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.started {
		return shared.url, shared.err
	}
	shared.started = true
	if shared.url = os.Getenv(EnvURL); shared.url != "" {
		return shared.url, nil
	}
	shared.cluster, shared.err = Start()
	if shared.err == nil {
		shared.url = shared.cluster.URL()
	}
	return shared.url, shared.err
}

func execute(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("pgtest: %s: %w", statement, err)
	}
	return nil
}

//go:build unix

// Package durability_test holds a real server to its word: what it has
// acknowledged is there after kill -9, what it has not is there whole or not
// at all.
//
// The server is this test binary, run again as a process of its own, and it is
// spoken to over HTTP only. SPURLINE_SOAK=1 makes the run long, SPURLINE_SEED
// repeats the choices of an earlier one.
package durability_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/store/pgtest"
	"github.com/spurline/spurline/internal/wire"
)

// envChild makes the binary a server; it holds a childConfig.
const envChild = "SPURLINE_DURABILITY_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(envChild); text != "" {
		os.Exit(serve(text))
	}
	os.Exit(pgtest.Main(m))
}

// childConfig is how the server process is run.
type childConfig struct {
	DataDir, DB string
	Orgs        []wire.OrgPlan // to be made first
}

// greeting is the line that the server process writes when it serves, or when
// it cannot.
type greeting struct {
	URL   string
	Orgs  []wire.Credentials // of the orgs that were made
	Error string
	Lease bool // the database is still another server's
}

// serve is the server process. It ends when its standard input does, so that
// it never outlives the test.
func serve(text string) int {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	s, g, err := open(ctx, text)
	if err != nil {
		g = greeting{Error: err.Error(), Lease: errors.Is(err, store.ErrLease)}
	}
	if failed := json.NewEncoder(os.Stdout).Encode(g); failed != nil || err != nil {
		return 1
	}
	if err := s.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func open(ctx context.Context, text string) (*server.Server, greeting, error) {
	var c childConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, greeting{}, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, greeting{}, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := server.New(ctx, server.Config{DataDir: c.DataDir, DB: c.DB, Listener: listener, Log: log})
	if err != nil {
		return nil, greeting{}, err
	}
	g := greeting{URL: s.URL()}
	for _, plan := range c.Orgs {
		made, err := s.CreateOrg(ctx, plan)
		if err != nil {
			return nil, greeting{}, errors.Join(err, s.Close(ctx))
		}
		g.Orgs = append(g.Orgs, made)
	}
	return s, g, nil
}

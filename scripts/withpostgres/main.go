//go:build unix

// Command withpostgres runs a command beside a PostgreSQL cluster of its own,
// which is there for all the tests that the command runs and gone with it.
// Without PostgreSQL it says so and runs the command all the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spurline/spurline/internal/store/pgtest"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpostgres command [argument …]")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	// A terminal's Ctrl-C reaches the command by itself. This process has to
	// outlive it to stop the cluster.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)

	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	if os.Getenv(pgtest.EnvURL) == "" {
		cluster, err := pgtest.Start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		} else {
			defer cluster.Stop()
			cmd.Env = append(cmd.Env, pgtest.EnvURL+"="+cluster.URL())
		}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

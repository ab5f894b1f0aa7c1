package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func newDown() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Stop the server that runs on the data directory",
		Args:  cobra.NoArgs,
		RunE: verb(func(cmd *cobra.Command) error {
			dir, err := dataDir(cmd)
			if err != nil {
				return err
			}
			stopped, err := down(cmd.Context(), dir)
			switch {
			case err != nil:
				return err
			case stopped == nil:
				fmt.Fprintf(cmd.OutOrStdout(), "No server runs on %s.\n", dir)
			default:
				fmt.Fprintf(cmd.OutOrStdout(), "Spurline at %s has stopped; its data stays in %s.\n", stopped.URL, dir)
			}
			return nil
		}),
	}
}

// downTime bounds how long down waits for the server's end.
const downTime = 30 * time.Second

// down stops the server that holds the data directory and returns when it is
// gone. It returns nil when there was none.
func down(ctx context.Context, dir string) (*runState, error) {
	state, err := running(dir)
	if err != nil || state == nil {
		return nil, err
	}
	// First take hold of the process, then look again whose it is: where the
	// system has handles of processes, the one that is signalled cannot be
	// another that got its number in between.
	process, err := os.FindProcess(state.PID)
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", state.PID, err)
	}
	again, err := running(dir)
	if err != nil || !again.is(state) {
		return state, errors.Join(err, process.Release())
	}
	if err := terminate(process); err != nil {
		return nil, fmt.Errorf("cannot stop process %d: %w", state.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, downTime)
	defer cancel()
	for again.is(state) {
		// No system tells of the end of a process that is not one's child in a
		// way that the others know too; so this asks again.
		if err := pause(ctx, 25*time.Millisecond); err != nil {
			return nil, fmt.Errorf("process %d was told to stop and still runs; look at what it is doing, or end it with 'kill -9 %d'", state.PID, state.PID)
		}
		if again, err = running(dir); errors.Is(err, errStarting) {
			again, err = state, nil // it holds the directory to the last
		}
		if err != nil {
			return nil, err
		}
	}
	return state, nil
}

// is reports whether s is the same server's as t.
func (s *runState) is(t *runState) bool {
	return s != nil && s.PID == t.PID && s.Started.Equal(t.Started)
}

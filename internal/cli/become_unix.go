//go:build unix

package cli

import (
	"fmt"
	"syscall"

	"github.com/spf13/cobra"
)

// become replaces this process by a command, so that the terminal, signals and
// the exit code are the command's with nobody in between. It returns only when
// that fails.
func become(_ *cobra.Command, path string, args, env []string) error {
	return &failure{exitCannotRun, fmt.Errorf("cannot run %s: %w", path, syscall.Exec(path, args, env))}
}

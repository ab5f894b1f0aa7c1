package cli

import (
	"errors"
	"fmt"
	"os/exec"

	"github.com/spf13/cobra"
)

// become runs a command in place of this process, which Windows has no way to
// be replaced by. Ctrl-C reaches both; this one waits for the command to end.
func become(cmd *cobra.Command, path string, args, env []string) error {
	child := exec.Command(path, args[1:]...) //nolint:noctx // it ends by itself
	child.Env = env
	child.Stdin, child.Stdout, child.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	err := child.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		return &failure{code: ended.ExitCode()}
	case err != nil:
		return &failure{exitCannotRun, fmt.Errorf("cannot run %s: %w", path, err)}
	}
	return nil
}

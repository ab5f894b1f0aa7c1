package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes of exec where there is no command to have one, as env(1) and
// shells have them.
const (
	exitCannotRun = 126
	exitNoCommand = 127
)

func newExec() *cobra.Command {
	var client string
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARG...]",
		Short: "Run one command with the variables of env",
		Long: "exec runs a command with the variables that 'spurline env' prints, and leaves the shell\n" +
			"as it is. The command has the terminal, gets the signals, and its exit code is exec's:\n" +
			"127 when there is no such command, 126 when it cannot be run.",
		Example: "  spurline exec -- terraform plan\n  spurline exec -- sh -c 'curl https://connector.$ZTC_CLOUD.net/api/v1/auth'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("exec needs a command, as in: spurline exec -- terraform plan")
			}
			return nil
		},
		RunE: verbArgs(func(cmd *cobra.Command, args []string) error {
			vars, err := clientVariables(cmd, client)
			if err != nil {
				return err
			}
			path, err := exec.LookPath(args[0])
			if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
				return &failure{exitNoCommand, fmt.Errorf("there is no command %s", args[0])}
			}
			if err != nil {
				return &failure{exitCannotRun, fmt.Errorf("cannot run %s: %w", args[0], err)}
			}
			return become(cmd, path, args, environment(os.Environ(), vars))
		}),
	}
	cmd.Flags().SetInterspersed(false) // what follows the command is the command's
	bindClient(cmd, &client)
	return cmd
}

// environment is an environment with variables set and removed.
func environment(env []string, vars []variable) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.ContainsFunc(vars, func(v variable) bool { return v.name == name })
	})
	for _, v := range vars {
		if v.value != "" {
			out = append(out, v.name+"="+v.value)
		}
	}
	return out
}

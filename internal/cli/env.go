package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newEnv() *cobra.Command {
	var unset bool
	var client string
	shell := newShell()
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the variables that point clients at the running server",
		Long: "env prints lines for a shell:\n\n" +
			"  eval \"$(spurline env)\"                                       bash, zsh, sh\n" +
			"  spurline env --shell fish | source                           fish\n" +
			"  spurline env --shell powershell | Out-String | Invoke-Expression\n\n" +
			"They send the vendor's own clients through the proxy to the server that runs on the\n" +
			"data directory, with its CA trusted, and with the credentials of its super admin and\n" +
			"of its API client in place. An interactive shell shows (spurline) in its prompt. The\n" +
			"lines of --unset give back what was there before; they need no server.",
		Example: "  eval \"$(spurline env)\"\n  eval \"$(spurline env --unset)\"",
		Args:    cobra.NoArgs,
		RunE: verb(func(cmd *cobra.Command) error {
			if unset {
				_, err := fmt.Fprint(cmd.OutOrStdout(), shell.takeBack())
				return err
			}
			vars, err := clientVariables(cmd, client)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), shell.point(vars))
			return err
		}),
	}
	cmd.Flags().Var(shell, "shell", "shell that the lines are for; bash does for zsh and sh")
	cmd.Flags().BoolVar(&unset, "unset", false, "print the lines that take it all back")
	bindClient(cmd, &client)
	return cmd
}

package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

func newOrgKey() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Disable, enable and delete an org's API key", Args: cobra.NoArgs,
		Long: "A disabled key opens no new session and cannot be replaced, as when a subscription has\n" +
			"ended; sessions that run go on. An org whose key was deleted gets another with\n" +
			"POST /apiKeys, for which a session must be open.",
		Example: "  spurline org key disable Acme\n  spurline org key enable Acme",
		RunE: verb(func(*cobra.Command) error {
			return usage("what about the key? There are 'spurline org key disable', 'enable' and 'delete'")
		}),
	}
	cmd.AddCommand(
		newOrgKeyVerb("disable", "Refuse sign-ins with an org's API key", "is disabled", http.MethodPut, new(false)),
		newOrgKeyVerb("enable", "Accept sign-ins with an org's API key again", "is enabled", http.MethodPut, new(true)),
		newOrgKeyVerb("delete", "Delete an org's API key", "is deleted", http.MethodDelete, nil),
	)
	return cmd
}

func newOrgKeyVerb(name, short, done, method string, enabled *bool) *cobra.Command {
	cmd := &cobra.Command{Use: name + " [ORG]", Short: short, Args: cobra.MaximumNArgs(1)}
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, args []string) error {
		named := ""
		if len(args) > 0 {
			named = args[0]
		}
		org, err := o.org(ctx, named)
		if err != nil {
			return err
		}
		var in any
		if enabled != nil {
			in = wire.KeyState{Enabled: enabled}
		}
		if err := o.call(ctx, name+" the API key", method, fmt.Sprintf("%s/%d/apiKey", orgsPath, org), in, nil); err != nil {
			return err
		}
		fmt.Fprintf(o.stdout, "The API key of org %d %s.\n", org, done)
		return nil
	})
}

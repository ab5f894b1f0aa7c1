package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func newReset() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reset", Short: "Make the demo org's objects and connectors as new", Args: cobra.NoArgs,
		Long: "reset puts the objects and connectors of 'spurline up' back to what they were at its first\n" +
			"start, in a moment, for tests to begin with. Admins, passwords, keys and sessions stay.",
		Example: "  spurline reset",
	}
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, _ []string) error {
		if err := o.call(ctx, "reset the demo org", http.MethodPost, "/spurline/v1/reset", nil, nil); err != nil {
			return err
		}
		fmt.Fprintln(o.stdout, "The demo org is as new.")
		return nil
	})
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/wire"
)

func newServe() *cobra.Command {
	o := options{
		rateLimits: newChoice("vendor", "off"), editLock: newChoice("wait", "vendor"), logLevel: newChoice("info", "debug", "warn", "error"), logFormat: newChoice("text", "json"),
		org: wire.OrgPlan{Name: "Spurline", Admins: []wire.AdminPlan{{Login: "admin@spurline.local", Name: "Administrator", Role: kinds.SuperAdmin}}},
	}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server alone, in the foreground",
		Long: "serve runs the server in the foreground, without simulated connectors and with the\n" +
			"vendor's rate limits. On an empty database it makes one org with a super admin.",
		Args: cobra.NoArgs,
		RunE: verb(func(cmd *cobra.Command) error {
			if err := o.finish(cmd); err != nil {
				return err
			}
			return serve(cmd.Context(), cmd.OutOrStdout(), o)
		}),
	}
	o.bind(cmd)
	return cmd
}

func serve(ctx context.Context, out io.Writer, o options) error {
	in, err := start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Spurline answers at %s\n", in.url)
	if in.fresh {
		fmt.Fprintf(out, "A new org was made with the super admin %s; passwords and keys are in %s\n", in.credentials.Admins[0].Login, credentialsPath(o.dataDir))
	}
	in.log.InfoContext(ctx, "serving", "url", in.url, "proxy", in.proxy != nil, "dataDir", o.dataDir)
	err = errors.Join(in.wait(ctx), in.stop(ctx))
	in.log.InfoContext(ctx, "stopped")
	return err
}

package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

const keyPath = "/spurline/v1/fleet/key"

func newFleetKey() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Show or replace the key that connectors enrol with", Args: cobra.NoArgs,
		RunE: verb(func(*cobra.Command) error {
			return usage("what about the key? There are 'spurline fleet key show' and 'spurline fleet key rotate'")
		}),
	}
	show := &cobra.Command{
		Use: "show", Short: "Print the enrolment key, which is a secret", Args: cobra.NoArgs,
		Example: "  SPURLINE_ENROLMENT_KEY=$(spurline fleet key show) spurline connector run --name cc-9",
		RunE: withSession(func(ctx context.Context, s *session, _ []string) error {
			return s.fleetKey(ctx, "show the enrolment key", http.MethodGet, keyPath)
		}),
	}
	rotate := &cobra.Command{
		Use: "rotate", Short: "Replace the enrolment key and print the new one", Args: cobra.NoArgs,
		Long: "rotate replaces the key that connectors enrol with. Those that are enrolled stay so;\n" +
			"the next one that starts needs the new key.",
		RunE: withSession(func(ctx context.Context, s *session, _ []string) error {
			return s.fleetKey(ctx, "replace the enrolment key", http.MethodPost, keyPath+"/rotate")
		}),
	}
	for _, c := range []*cobra.Command{show, rotate} {
		outputFlags(c)
		cmd.AddCommand(c)
	}
	return cmd
}

// fleetKey prints the key alone, for a script to take. The server puts a new
// one into its data directory, where connector run looks for it.
func (s *session) fleetKey(ctx context.Context, doing, method, path string) error {
	if err := s.needSandbox("fleet key"); err != nil {
		return err
	}
	var key wire.EnrolmentKey
	if err := s.do(ctx, doing, method, path, nil, &key); err != nil {
		return err
	}
	if s.printer.format == "json" || s.printer.format == "yaml" {
		return s.printer.data(key)
	}
	_, err := fmt.Fprintln(s.printer.out, key.Key)
	return err
}

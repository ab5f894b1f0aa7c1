package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// newAPI is for calls that no verb makes, or not so: the API as it is, with the
// profile's session and the output of all verbs.
func newAPI() *cobra.Command {
	var file string
	var all bool
	cmd := &cobra.Command{
		Use: "api METHOD PATH", Short: "Call the API as it is", Args: cobra.ExactArgs(2),
		Long: "api sends one request with the profile's session and prints the answer. PATH is one of\n" +
			"the API's, as /ipSourceGroups?search=lab, or starts with /api/, /ztw/ or /spurline/.",
		Example: "  spurline api GET /ecgroup --all --query '[].name'\n" +
			"  spurline api POST /ipSourceGroups -f group.json\n  echo '{}' | spurline api PUT /ecAdminActivateStatus/activate -f -",
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "`FILE` with the body as JSON or YAML; - reads standard input")
	cmd.Flags().BoolVar(&all, "all", false, "fetch every page of a list")
	outputFlags(cmd)
	var body any
	cmd.PreRunE = verbArgs(func(cmd *cobra.Command, args []string) (err error) {
		methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}
		switch method := strings.ToUpper(args[0]); {
		case !slices.Contains(methods, method):
			return unknown("method", args[0], methods)
		case !strings.HasPrefix(args[1], "/"):
			return usage("the path %s does not start with a slash", quote(args[1]))
		case all && (method != http.MethodGet || file != ""):
			return usage("--all is for a GET of a list")
		}
		if file != "" {
			body, err = readBody(file, cmd.InOrStdin())
		}
		return err
	})
	cmd.RunE = withSession(func(ctx context.Context, s *session, args []string) error {
		method, path := strings.ToUpper(args[0]), args[1]
		if strings.HasPrefix(path, "/spurline/") {
			if err := s.needSandbox(path); err != nil {
				return err
			}
		}
		if s.printer.format != "yaml" {
			s.printer.format = "json"
		}
		doing := "call " + method + " " + apiPath(path)
		if all {
			rows, err := list[tree](ctx, s, doing, path)
			if err != nil {
				return err
			}
			return s.printer.data(append([]entry[tree]{}, rows...))
		}
		var in any
		if file != "" {
			in = encodeBody(&shape{}, body)
		}
		var raw json.RawMessage
		if err := s.do(ctx, doing, method, path, in, &raw); err != nil || len(bytes.TrimSpace(raw)) == 0 {
			return err
		}
		return s.printer.data(raw)
	})
	return cmd
}

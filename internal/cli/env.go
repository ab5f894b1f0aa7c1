package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/server"
)

func newEnv() *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print the variables that point clients at the running server",
		Long: "env prints export lines for a shell:\n\n  eval \"$(spurline env)\"\n\n" +
			"They send the vendor's own clients through the proxy to the server that runs on the\n" +
			"data directory, with its CA trusted and the super admin's credentials in place.",
		Args: cobra.NoArgs,
		RunE: verb(func(cmd *cobra.Command) error {
			dir, err := dataDir(cmd)
			if err != nil {
				return err
			}
			state, err := running(dir)
			if err != nil {
				return err
			}
			if state == nil {
				return fmt.Errorf("no server runs on %s; start one with 'spurline up --detach'", dir)
			}
			lines, err := exports(dir, state)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), lines)
			return err
		}),
	}
}

// exports returns the lines; their names are those that the clients document
// (clients.md).
func exports(dir string, state *runState) (string, error) {
	creds, err := server.ReadCredentials(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(creds.Admins) == 0 {
		return "", fmt.Errorf("the server's credentials are not in %s", credentialsPath(dir))
	}
	if err != nil {
		return "", err
	}
	var b strings.Builder
	export := func(value string, names ...string) {
		for _, name := range names {
			fmt.Fprintf(&b, "export %s=%s\n", name, quote(value))
		}
	}
	export(state.URL, "SPURLINE_URL")
	if state.CABundle != "" {
		export(state.URL, "HTTPS_PROXY", "https_proxy")
		// In place of what was there, which could take hosts of the vendor
		// past the proxy and so to the vendor.
		export("localhost,127.0.0.1,::1", "NO_PROXY", "no_proxy")
		export(state.CABundle, "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
	}
	for _, prefix := range []string{"ZTC_", "ZTW_"} {
		export(creds.Admins[0].Login, prefix+"USERNAME")
		export(creds.Admins[0].Password, prefix+"PASSWORD")
		export(creds.APIKey, prefix+"API_KEY")
		export(cloudName(creds.Cloud), prefix+"CLOUD")
	}
	return b.String(), nil
}

// quote writes a word for a POSIX shell. One that needs no quotes has none,
// because people read these lines too.
func quote(s string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@+:,./_-"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

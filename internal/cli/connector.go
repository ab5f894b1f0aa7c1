package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server"
)

// enrolmentKeyVar is the variable with an enrolment key.
const enrolmentKeyVar = "SPURLINE_ENROLMENT_KEY"

func newConnector() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "connectors",
		Aliases: []string{"connector"},
		Short:   "Run connectors, and switch the sandbox's simulated ones",
		Args:    cobra.NoArgs,
		RunE: verb(func(*cobra.Command) error {
			return usage("what about connectors? There are run, list, start and stop; see 'spurline connectors --help'")
		}),
	}
	cmd.AddCommand(
		newConnectorRun(), newConnectorsList(),
		newConnectorsSwitch("start", "Switch simulated connectors on"),
		newConnectorsSwitch("stop", "Switch simulated connectors off, as an appliance that is powered off"),
	)
	return cmd
}

// connectorFlags are what connector run is told.
type connectorFlags struct {
	dataDir string
	server  string
	keyFile string
	cfg     sandbox.ConnectorConfig
}

func newConnectorRun() *cobra.Command {
	var f connectorFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run one connector: it enrols, reports, and stops when it is told to",
		Long: "run is one connector, until Ctrl-C or until the server tells it that it is gone\n" +
			"(exit code 3). Next to 'spurline up' it needs a name only, and joins the demo org's\n" +
			"first group. Its identity stays in its state folder over restarts.",
		Args: cobra.NoArgs,
		RunE: verb(func(cmd *cobra.Command) error {
			var err error
			if f.dataDir, err = dataDir(cmd); err != nil {
				return err
			}
			return runConnector(cmd, f)
		}),
	}
	fl := cmd.Flags()
	fl.StringVar(&f.cfg.Name, "name", "", "the connector's name, which it keeps; required")
	fl.StringVar(&f.server, "server", "", "server to enrol with (default $SPURLINE_URL, or the one that runs on the data directory)")
	fl.StringVar(&f.keyFile, "key-file", "", "file with the org's enrolment key (default $"+enrolmentKeyVar+", or the data directory's)")
	fl.StringVar(&f.cfg.Template, "template", "", "provisioning template to enrol with (default one of the demo org's)")
	fl.StringVar(&f.cfg.Cloud, "cloud", "", "provider that it says to run on: AWS, AZURE or GCP")
	fl.StringVar(&f.cfg.Region, "region", "", "region that it says to run in")
	fl.StringVar(&f.cfg.Zone, "zone", "", "zone that it says to run in; 1, 2 or 3 on AZURE")
	fl.StringVar(&f.cfg.Network, "network", "", "VPC or VNet that it says to run in")
	fl.StringVar(&f.cfg.StateDir, "state-dir", "", "folder of its identity and bundle (default connectors/NAME in the data directory)")
	return cmd
}

func runConnector(cmd *cobra.Command, f connectorFlags) error {
	if f.cfg.Name == "" {
		return usage("a connector needs a --name")
	}
	if err := f.place(); err != nil {
		return err
	}
	if err := f.reach(); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	f.cfg.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	f.cfg.Report = func(e sandbox.Event) { tell(out, e) }
	err := sandbox.RunConnector(cmd.Context(), f.cfg)
	switch {
	case errors.Is(err, sandbox.ErrGone):
		return &failure{code: exitGone} // tell has said so
	case errors.Is(err, sandbox.ErrStateInUse):
		return fmt.Errorf("a connector runs from %s already; give this one another --name or --state-dir", f.cfg.StateDir)
	case err != nil:
		return fmt.Errorf("connector %s: %w", f.cfg.Name, err)
	}
	return nil
}

// place fills in where the connector says it is: what is not told is as at the
// demo org's site that fits what is.
func (f *connectorFlags) place() error {
	cfg := &f.cfg
	sites := sandbox.DemoSites()
	i := slices.IndexFunc(sites, func(s sandbox.Site) bool {
		return (cfg.Template == "" || cfg.Template == s.Template) && (cfg.Cloud == "" || strings.EqualFold(cfg.Cloud, s.Cloud))
	})
	if i < 0 && cfg.Cloud != "" { // a template of the user's own
		i = slices.IndexFunc(sites, func(s sandbox.Site) bool { return strings.EqualFold(cfg.Cloud, s.Cloud) })
		if i < 0 {
			return usage("--cloud %s: it is AWS, AZURE or GCP", cfg.Cloud)
		}
	}
	if i < 0 {
		return usage("--template %s needs a --cloud", cfg.Template)
	}
	for _, member := range []struct {
		told    *string
		usually string
	}{
		{&cfg.Template, sites[i].Template},
		{&cfg.Cloud, sites[i].Cloud},
		{&cfg.Region, sites[i].Region},
		{&cfg.Network, sites[i].Network},
	} {
		if *member.told == "" {
			*member.told = member.usually
		}
	}
	if cfg.Zone == "" {
		if cfg.Region != sites[i].Region {
			return usage("--region %s needs a --zone", cfg.Region)
		}
		cfg.Zone = sites[i].Zone
	}
	if cfg.StateDir == "" {
		if cfg.Name != filepath.Base(cfg.Name) || strings.HasPrefix(cfg.Name, ".") {
			return usage("--name %s: it is the name of a folder too; name one with --state-dir", cfg.Name)
		}
		cfg.StateDir = filepath.Join(f.dataDir, "connectors", cfg.Name)
	}
	return nil
}

// reach finds the server and the key for it.
func (f *connectorFlags) reach() error {
	f.cfg.Server = f.server
	if f.cfg.Server == "" {
		f.cfg.Server = os.Getenv("SPURLINE_URL")
	}
	state, err := running(f.dataDir)
	if err != nil && f.cfg.Server == "" {
		return err
	}
	if f.cfg.Server == "" {
		if state == nil {
			return fmt.Errorf("no server runs on %s; start one with 'spurline up --detach', or name one with --server", f.dataDir)
		}
		f.cfg.Server = state.URL
	}
	ours := state != nil && strings.TrimRight(f.cfg.Server, "/") == state.URL
	if ours {
		if f.cfg.HTTP, err = ownHTTP(state.TLSCert); err != nil {
			return err
		}
	}
	f.cfg.Key, err = f.key(ours)
	return err
}

// key finds the enrolment key. The data directory's own is for the server of
// that directory only: no other is to learn it.
func (f *connectorFlags) key(ours bool) (string, error) {
	if f.keyFile != "" {
		body, err := os.ReadFile(f.keyFile)
		if err != nil {
			return "", fmt.Errorf("--key-file: %w", err)
		}
		return strings.TrimSpace(string(body)), nil
	}
	if key := os.Getenv(enrolmentKeyVar); key != "" {
		return key, nil
	}
	if ours {
		creds, err := server.ReadCredentials(f.dataDir)
		if err == nil && creds.EnrolmentKey != "" {
			return creds.EnrolmentKey, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("there is no enrolment key for %s; name a file that holds it with --key-file, or set %s", f.cfg.Server, enrolmentKeyVar)
}

// tell prints a step of a connector's life.
func tell(out io.Writer, e sandbox.Event) {
	switch e.Kind {
	case sandbox.EventStarted:
		fmt.Fprintf(out, "%s started as %s; its health is at %s\n", e.Name, e.NativeID, e.Health)
	case sandbox.EventEnrolled:
		fmt.Fprintf(out, "%s enrolled as VM %d\n", e.Name, e.VMID)
	case sandbox.EventBundle:
		fmt.Fprintf(out, "%s runs bundle %s\n", e.Name, e.Bundle)
	case sandbox.EventStopped:
		switch {
		case errors.Is(e.Err, sandbox.ErrGone):
			fmt.Fprintf(out, "%s was told that it is gone, and stopped\n", e.Name)
		case e.Err == nil:
			fmt.Fprintf(out, "%s stopped\n", e.Name)
		}
	}
}

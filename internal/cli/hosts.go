package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/wire"
)

func newHosts() *cobra.Command {
	cmd := &cobra.Command{
		Use: "hosts", Short: "Print entries for the hosts file, for machines without the proxy", Args: cobra.NoArgs,
		Long: "hosts prints lines for the system's hosts file that take the vendor's hosts to this\n" +
			"machine, for clients that know no proxy. Standard error says what else that needs: a\n" +
			"server with --direct 127.0.0.1:443, and the CA trusted. It changes nothing itself.\n" +
			"Names that are not in the lines lead where they always led.",
		Example: "  spurline up --detach --direct 127.0.0.1:443\n  spurline hosts | sudo tee -a /etc/hosts",
	}
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, _ []string) error {
		var orgs []wire.Org
		if err := o.call(ctx, "list the orgs", http.MethodGet, orgsPath, nil, &orgs); err != nil {
			return err
		}
		fmt.Fprintln(o.stdout, "# Spurline, not the vendor's cloud: take these lines out to reach the vendor again.")
		for _, host := range hostsOf(orgs) {
			fmt.Fprintln(o.stdout, "127.0.0.1 "+host)
		}
		var state *runState
		if o.started == nil {
			var err error
			if state, err = running(o.dir); err != nil {
				return err
			}
		}
		fmt.Fprintf(o.stderr, "\nThese lines are for %s. They need\n\n", hostsFile())
		switch {
		case state == nil:
			fmt.Fprintln(o.stderr, "  - a server: none runs; start one with --direct 127.0.0.1:443")
		case onPort443(state.Direct):
			fmt.Fprintf(o.stderr, "  - a server that answers on port 443: it does, at %s\n", state.Direct)
		default:
			fmt.Fprintf(o.stderr, "  - a server that answers on port 443: this one does not; stop it and start it with --direct 127.0.0.1:443\n")
		}
		fmt.Fprintf(o.stderr, "  - clients that trust %s: see 'spurline trust', or their own setting\n\n", sandbox.CAPath(o.dir))
		return nil
	})
}

// hostsOf are the hosts by which orgs are reached: those of their clouds, and
// the production ones of OneAPI, which serve every org.
func hostsOf(orgs []wire.Org) []string {
	hosts := []string{"api.zsapi.net"}
	for _, org := range orgs {
		if sandbox.IsCloud(org.Cloud) {
			hosts = append(hosts, "connector."+org.Cloud)
		}
		hosts = append(hosts, org.Vanity+".zslogin.net")
		switch org.Cloud {
		case "zscalerbeta.net":
			hosts = append(hosts, org.Vanity+".zsloginbeta.net", "api.beta.zsapi.net")
		case "zscalergov.net":
			hosts = append(hosts, org.Vanity+".zidentitygov.net", "api.zscalergov.net", org.Vanity+".zidentitygov.us", "api.zscalergov.us")
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func onPort443(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "443"
}

// hostEntry is a line of a hosts file that is about a host of the vendor.
type hostEntry struct{ address, host string }

// vendorEntries finds the vendor's hosts in a hosts file.
func vendorEntries(file string) []hostEntry {
	var found []hostEntry
	for line := range strings.Lines(file) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		for i, host := range fields {
			if i > 0 && sandbox.Vendor(host) != sandbox.Other {
				found = append(found, hostEntry{fields[0], host})
			}
		}
	}
	return found
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/wire"
)

// Flags of up that its two processes with --detach differ by.
const (
	detachFlag     = "detach"
	backgroundFlag = "background"
)

func newUp() *cobra.Command {
	o := options{
		rateLimits: newChoice("off", "vendor"), editLock: newChoice("wait", "vendor"), logLevel: newChoice("warn", "debug", "info", "error"), logFormat: newChoice("text", "json"),
		org: demoOrg(),
	}
	var detached, background bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a server with a demo org and simulated connectors",
		Long: "up runs a server with a demo org and six simulated connectors in three groups, and\n" +
			"a proxy through which unmodified clients reach it. Without --detach it runs until\n" +
			"Ctrl-C; 'spurline down' stops it either way.",
		Args: cobra.NoArgs,
		RunE: verb(func(cmd *cobra.Command) error {
			if err := o.finish(cmd); err != nil {
				return err
			}
			if detached {
				return detach(cmd.Context(), cmd, o)
			}
			return up(cmd.Context(), cmd.OutOrStdout(), o, background)
		}),
	}
	o.bind(cmd)
	cmd.Flags().BoolVar(&detached, detachFlag, false, "return when it runs, and leave it in the background")
	cmd.Flags().BoolVar(&background, backgroundFlag, false, "be the process in the background")
	if err := cmd.Flags().MarkHidden(backgroundFlag); err != nil {
		panic(err) // the flag is defined one line above
	}
	return cmd
}

// demoOrg has an admin of each sort.
func demoOrg() wire.OrgPlan {
	return wire.OrgPlan{Name: "Spurline demo", Vanity: "demo", Client: "demo", Admins: []wire.AdminPlan{
		{Login: "admin@demo.spurline.test", Name: "Demo Admin", Role: kinds.SuperAdmin},
		{Login: "editor@demo.spurline.test", Name: "Demo Editor", Role: kinds.Editor},
		{Login: "reader@demo.spurline.test", Name: "Demo Reader", Role: kinds.ReadOnlyAdmin},
	}}
}

func up(ctx context.Context, out io.Writer, o options, background bool) error {
	in, err := start(ctx, o)
	if err != nil {
		return err
	}
	err = in.populate(ctx)
	if err == nil {
		err = in.server.EnsureBaseline(ctx, in.credentials.Org)
	}
	in.server.API().BeginRun()
	if err != nil {
		err = errors.Join(err, in.stop(ctx))
		if ctx.Err() != nil {
			return nil // somebody has stopped it in the middle
		}
		return err
	}
	if err := in.keepProfile(); err != nil {
		in.log.WarnContext(ctx, "no profile of the sandbox was kept", "error", err)
	}
	in.welcome(out, background)
	if closer, ok := out.(io.Closer); ok && background {
		// Whoever has started this process waits for the end of what it
		// prints; from here on there is nobody to print to.
		if err := closer.Close(); err != nil {
			return errors.Join(err, in.stop(ctx))
		}
	}
	return errors.Join(in.wait(ctx), in.stop(ctx))
}

// welcome prints what a user needs to begin.
func (in *instance) welcome(out io.Writer, background bool) {
	self, dir := selfName(), in.dirArg
	admin := in.credentials.Admins[0]
	fmt.Fprintf(out, "Spurline answers at %s (unofficial, and all of it on this machine)\n\n", in.url)
	fmt.Fprintf(out, "  admin     %s\n  password  %s\n  API key   %s\n", admin.Login, admin.Password, in.credentials.APIKey)
	fmt.Fprintf(out, "\nThe other admins are in %s.\n", credentialsPath(in.dataDir))
	fmt.Fprintf(out, "%d connectors have enrolled.\n\nTry:\n", len(in.fleet.List()))
	if in.proxy != nil {
		fmt.Fprintf(out, "  eval \"$(%s env%s)\"\n  curl https://connector.%s/api/v1/auth\n", self, dir, in.credentials.Cloud)
	} else {
		fmt.Fprintf(out, "  curl %s/api/v1/auth\n", in.url)
	}
	fmt.Fprintf(out, "  %s connector run --name cc-%d%s\n\n", self, len(in.fleet.List())+1, dir)
	if background {
		fmt.Fprintf(out, "Stop it with: %s down%s\n", self, dir)
	} else {
		fmt.Fprintln(out, "Ctrl-C stops it.")
	}
}

// selfName is how a user of this shell calls this program.
func selfName() string {
	const name = "spurline"
	self, err := os.Executable()
	if err != nil {
		return name
	}
	if found, err := exec.LookPath(name); err == nil && sameFile(found, self) {
		return name
	}
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, self); err == nil && !strings.HasPrefix(rel, "..") {
			return quote("./" + filepath.ToSlash(rel))
		}
	}
	return quote(self)
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

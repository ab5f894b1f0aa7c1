// Package cli owns the command line: the tree of verbs, what they print, how
// they fail, and the running server that up, serve, down and env are about.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/resource"
)

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runOn(ctx, kinds.All, args, stdin, stdout, stderr)
}

// runOn is Run for the kinds that a set has.
func runOn(ctx context.Context, set func() (*resource.Set, error), args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(stdin, stdout, stderr)
	err := complete(root, set, args)
	if err == nil {
		root.SetArgs(args)
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) { // cobra's own: an unknown verb or flag
		fmt.Fprintf(stderr, "spurline: %v\nRun 'spurline --help' for the verbs, and a verb with --help for its flags.\n", err)
		return exitUsage
	}
	if f.err != nil {
		fmt.Fprintf(stderr, "spurline: %v\n", f.err)
	}
	return f.code
}

// NewRoot returns the command tree, whole.
func NewRoot(stdin io.Reader, stdout, stderr io.Writer) (*cobra.Command, error) {
	root := newRoot(stdin, stdout, stderr)
	return root, complete(root, kinds.All, nil)
}

// complete adds the verbs that follow from the operation table. A command line
// that is one of a hand-made verb does without them, so it does not wait for
// the table.
func complete(root *cobra.Command, set func() (*resource.Set, error), args []string) error {
	if found, _, err := root.Find(args); err == nil && found != root && !found.HasSubCommands() {
		return nil
	}
	kinds, err := set()
	if err != nil {
		return err
	}
	newCatalogue(kinds, api.Table(kinds)).addTo(root, args)
	return nil
}

// newRoot returns the tree of hand-made verbs.
func newRoot(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "spurline",
		Short: "An unofficial Cloud & Branch Connector API: server, client and sandbox",
		Long: "Spurline answers the Cloud & Branch Connector API on this machine, with simulated\n" +
			"connectors to try it on. It is unofficial and has no tie to the vendor.",
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true, // Run reports them
		SilenceUsage:  true,
	}
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	fl := root.PersistentFlags()
	fl.String("data-dir", "", "where everything is kept (default $SPURLINE_DATA_DIR, or spurline in the user's data directory)")
	fl.String("profile", "", "profile of the server to talk to, and as whom (default $SPURLINE_PROFILE, or the one that 'spurline profiles use' chose)")
	fl.Bool("debug", false, "print the exchange with the server on standard error, with secrets masked")
	_ = root.RegisterFlagCompletionFunc("profile", completeProfiles)
	for _, of := range []struct {
		title string
		verbs []*cobra.Command
	}{
		{"The sandbox and its fleet:", []*cobra.Command{newUp(), newDown(), newServe(), newEnv(), newExec(), newHosts(), newTrust(), newPostman(), newConnector(), newFleet()}},
		{"Profiles and sign-in:", []*cobra.Command{newLogin(), newLogout(), newProfiles(), newWhoAmI()}},
		{"Looking:", []*cobra.Command{newGroups(), newVMs(), newTemplates(), newLocations(), newStatus(), newAudit(), newRequests()}},
		{"Changing:", []*cobra.Command{newActivate(), newDelete(), newAPI()}},
		{configuration, nil}, // what complete adds
		{"The installation:", []*cobra.Command{newOrg(), newAdmin(), newClients(), newBackup(), newRestore(), newReset(), newDoctor()}},
	} {
		root.AddGroup(&cobra.Group{ID: of.title, Title: of.title})
		for _, verb := range of.verbs {
			verb.GroupID = of.title
			root.AddCommand(verb)
		}
	}
	root.AddCommand(newVersion())
	return root
}

// failure is a verb's own failure, with the exit code that it asks for.
type failure struct {
	code int
	err  error // nil: everything has been said
}

func (f *failure) Error() string {
	if f.err == nil {
		return "failed"
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// noArgs refuses arguments. What stands where a verb could is taken for one, and
// answered with the nearest.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, sub := range cmd.Commands() {
		known = append(append(known, sub.Name()), sub.Aliases...)
	}
	err := fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	if best := nearest(args[0], known); best != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, best)
	}
	return err
}

// usage is the failure of a command line that is wrong in itself.
func usage(format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...)}
}

// verb makes a cobra handler of a function whose errors are failures. Those
// that are none yet, unlike cobra's, are not about usage.
func verb(run func(cmd *cobra.Command) error) func(*cobra.Command, []string) error {
	return verbArgs(func(cmd *cobra.Command, _ []string) error { return run(cmd) })
}

// verbArgs is verb for one with arguments.
func verbArgs(run func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		var f *failure
		if err == nil || errors.As(err, &f) {
			return err
		}
		var c *callError
		if errors.As(err, &c) {
			return &failure{exitCode(err), err}
		}
		return &failure{exitFailed, err}
	}
}

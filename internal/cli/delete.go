package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// deleteFlags are what delete is told beside its target.
type deleteFlags struct {
	nativeID string
	allow    allowances
	yes      bool
	dryRun   bool
}

func newDelete() *cobra.Command {
	var f deleteFlags
	cmd := &cobra.Command{
		Use:   "delete GROUP/VM",
		Short: "Delete a connector, activate that, and see that it is gone",
		Long: "delete takes one connector out of the org. It shows the connector first, refuses what\n" +
			"is likely a mistake, asks for the VM's name, deletes, activates, and is done when the\n" +
			"server knows the VM no more and the activation has happened. Interrupted anywhere, the\n" +
			"same command goes on from there.\n\n" +
			"Power the appliance off before, and remove it at the cloud provider after.",
		Example: "  spurline delete zs-cc-vpc-0d5e3a7c-us-west-2a/zs-cc-vpc-0d5e3a7c-us-west-2a-VM-x1Y2z\n" +
			"  spurline delete 1042/1043 --dry-run\n" +
			"  spurline delete --native-id i-0a1b2c3d4e5f60718 --yes -o json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completing(connectorNames),
		RunE: verbArgs(func(cmd *cobra.Command, args []string) error {
			t, err := f.target(args)
			if err != nil {
				return err
			}
			return runDelete(cmd.Context(), cmd, t, f)
		}),
	}
	outputFlags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.nativeID, "native-id", "", "delete the VM of this instance `ID` of the cloud provider")
	fl.BoolVar(&f.allow.force, "force", false, "delete it although it still reports")
	fl.BoolVar(&f.allow.withPending, "with-pending", false, "activate although that pushes other edits of yours along")
	fl.BoolVar(&f.allow.last, "last", false, "delete it although no other member of its group is active")
	fl.BoolVar(&f.yes, "yes", false, "do not ask; for scripts")
	fl.BoolVar(&f.dryRun, "dry-run", false, "look and check, and send nothing but reads")
	return cmd
}

// connectorNames are what a target can be, for completion.
func connectorNames(ctx context.Context, s *session) ([]string, error) {
	inv, err := s.inventory(ctx)
	if err != nil {
		return nil, err
	}
	return inv.vmNames(), nil
}

// target is what the command line names.
func (f *deleteFlags) target(args []string) (target, error) {
	switch {
	case f.nativeID != "" && len(args) > 0:
		return target{}, usage("GROUP/VM and --native-id say the same thing; give one of them")
	case f.nativeID != "":
		return target{nativeID: f.nativeID}, nil
	case len(args) == 0:
		return target{}, usage("which connector? Name it as GROUP/VM, or with --native-id")
	}
	group, vm, ok := strings.Cut(args[0], "/")
	if !ok || group == "" || vm == "" {
		return target{}, usage("%q is no connector: name it as GROUP/VM, each by name or id", args[0])
	}
	return target{path: args[0]}, nil
}

// runDelete is the command around a deletion: the session before it, and what
// is said and returned after.
func runDelete(ctx context.Context, cmd *cobra.Command, t target, f deleteFlags) error {
	if err := f.checkPrompt(cmd, t); err != nil {
		return err
	}
	s, err := openSession(ctx, cmd)
	if err != nil {
		return err
	}
	defer s.close()
	d, err := newDeletion(s, t, f)
	if err != nil {
		return err
	}
	err = d.run(ctx)
	d.tell.clear()
	reported := err == nil || errors.Is(err, errQueued) || isUnsafe(err)
	if reported && !errors.Is(err, errUnconfirmed) {
		if printErr := d.print(s.printer, f.again(t)); printErr != nil {
			return errors.Join(printErr, err)
		}
	}
	if err != nil {
		return d.failed(ctx, err)
	}
	if d.record != nil && !f.dryRun {
		// Last of all, so that nothing is lost of what was to be said.
		return d.journal.remove(d.record)
	}
	return nil
}

// newDeletion prepares a deletion with a session.
func newDeletion(s *session, t target, f deleteFlags) (*deletion, error) {
	if s.profile.Kind == kindSandbox && !s.sandbox {
		return nil, fmt.Errorf("the sandbox at %s did not say who it is; try again", s.profile.URL)
	}
	d := &deletion{
		target: t, allow: f.allow, dryRun: f.dryRun, journal: journalOf(s.profile),
		remote: remote{call: s.do, wait: pause, native: s.sandbox, login: s.profile.Login},
	}
	if s.sandbox {
		d.login = s.who.Login
	}
	d.signIn = func(ctx context.Context) error {
		secrets, err := s.secrets(ctx, false)
		if err != nil {
			return err
		}
		return s.signIn(ctx, secrets)
	}
	d.tell = &narrator{out: s.stdout, printer: s.printer, terminal: s.printer.width > 0}
	if s.printer.format != "table" { // standard output is for programs
		quiet := *s.printer
		quiet.color = false
		d.tell = &narrator{out: s.stderr, printer: &quiet}
	}
	if !f.yes {
		d.confirm = func(ctx context.Context, name string) error { return confirmName(ctx, s, name) }
	}
	return d, nil
}

// journalOf is the journal of a profile.
func journalOf(p profile) journal {
	server := p.URL
	if p.DataDir != "" { // a sandbox's address changes with every start
		server = p.DataDir
	}
	return journal{file: p.file, server: server, now: time.Now}
}

// checkPrompt refuses a command line that would have to ask and has nobody to,
// unless there is nothing to ask any more.
func (f *deleteFlags) checkPrompt(cmd *cobra.Command, t target) error {
	if in, ok := cmd.InOrStdin().(*os.File); f.yes || f.dryRun || ok && term.IsTerminal(int(in.Fd())) {
		return nil
	}
	p, err := chooseProfile(cmd)
	if err != nil {
		return err
	}
	j := journalOf(p)
	unfinished, err := j.unfinished()
	for _, r := range unfinished {
		if r.names(t) {
			return err
		}
	}
	if err == nil {
		err = errPrompt()
	}
	return err
}

func errPrompt() error {
	return usage("there is no terminal to confirm the deletion at; in a script, add --yes")
}

// errUnconfirmed ends a deletion that the user does not mean.
var errUnconfirmed = errors.New("that is not its name; nothing was deleted")

// confirmName asks for the VM's name.
func confirmName(ctx context.Context, s *session, name string) error {
	typed, err := s.ask(ctx, "Type the VM's name to delete it")
	switch {
	case errors.Is(err, errNoTerminal):
		return errPrompt()
	case err != nil:
		return err
	case typed != name:
		return errUnconfirmed
	}
	return nil
}

// again is the command line that goes on with the deletion.
func (f *deleteFlags) again(t target) string { return "spurline delete " + t.String() }

func isUnsafe(err error) bool {
	var u *unsafe
	return errors.As(err, &u)
}

// print says how the deletion has ended, to people or to programs.
func (d *deletion) print(p *printer, again string) error {
	switch p.format {
	case "table":
		d.tell.result(&d.out, again)
		return nil
	case "csv":
		return show(p, outcomes(), []outcome{d.out})
	default:
		return p.data(d.out)
	}
}

// failed gives an error its exit code, and says how to go on.
func (d *deletion) failed(ctx context.Context, err error) error {
	code := exitCode(err)
	var f *failure
	switch {
	case errors.Is(err, errQueued):
		return &failure{exitQueued, nil}
	case errors.As(err, &f):
		code = f.code
	case isUnsafe(err), errors.Is(err, errUnconfirmed):
		code = exitUnsafe
	case ctx.Err() != nil:
		code, err = exitInterrupted, errors.New("interrupted")
	}
	if d.begun() && !isUnsafe(err) {
		err = fmt.Errorf("%w\nThe deletion of %s has begun; the same command goes on with it", err, d.record.VM.Name)
	}
	return &failure{code, err}
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func newActivate() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "activate",
		Short: "Make the saved changes the ones that connectors run",
		Long: "activate makes what was saved the configuration that connectors run. While other\n" +
			"admins are editing, the vendor's API queues it; that is exit code 5, and the activation\n" +
			"happens when they activate too. --force takes everybody's saved changes along.",
		Example: "  spurline activate\n  spurline activate --force",
		Args:    cobra.NoArgs,
		RunE: withSession(func(ctx context.Context, s *session, _ []string) error {
			st, err := s.activate(ctx, force)
			if err != nil {
				return err
			}
			return s.reportActivation(st)
		}),
	}
	outputFlags(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "activate the changes that other admins have saved, too (super admins only)")
	return cmd
}

// activationTime bounds how long an activation that is under way is watched.
const activationTime = 2 * time.Minute

// activate asks for the activation and returns where it stands once it is not
// under way any more.
func (s *session) activate(ctx context.Context, force bool) (st orgStatus, err error) {
	if st, err = s.activationStatus(ctx); err != nil {
		return st, err
	}
	others := st.holders(s.login())
	path, doing := activationPath+"/activate", "activate"
	if force {
		path, doing = activationPath+"/forcedActivate", "force the activation"
		if len(others) > 0 {
			fmt.Fprintf(s.stderr, "%sThe saved changes of %s are activated along.\n", s.mark(), people(others))
		}
	}
	st = orgStatus{Pending: st.Pending}
	if err := s.do(ctx, doing, http.MethodPut, path, nil, &st); err != nil {
		return st, err
	}
	ctx, cancel := context.WithTimeout(ctx, activationTime)
	defer cancel()
	for wait := time.Second; ; wait = min(2*wait, 10*time.Second) {
		// The answer itself may lack what counts.
		if own := st.own(s.login()); own != "" && own != stateActivating {
			return st, nil
		}
		if err := pause(ctx, wait); err != nil {
			return st, &failure{exitCode(err), errors.New("the activation was asked for and is still under way; look again with 'spurline status'")}
		}
		pending := st.Pending
		st = orgStatus{Pending: pending}
		if err := s.do(ctx, "read the activation status", http.MethodGet, activationPath, nil, &st); err != nil {
			return st, err
		}
	}
}

// reportActivation tells what came of it. Pending in st is what it was before.
func (s *session) reportActivation(st orgStatus) error {
	p, own := s.printer, st.own(s.login())
	before := st.Pending
	st.Pending = nil
	if p.format == "json" || p.format == "yaml" {
		if err := p.data(st); err != nil {
			return err
		}
	}
	switch own {
	case stateQueued:
		return &failure{exitQueued, fmt.Errorf("the activation is queued: %s is still editing, and it happens when they activate too;\n"+
			"watch with 'spurline status --watch', or activate their changes along with 'spurline activate --force'", people(st.holders(s.login())))}
	case stateFailed:
		return errors.New("the server says that the activation failed; look at 'spurline status' and try again")
	}
	if p.format != "table" && p.format != "csv" {
		return nil
	}
	what := "activated"
	if before != nil {
		what += ": " + count(len(before.Changes), "change", "changes")
	}
	p.title(p.paint(good, what))
	return nil
}

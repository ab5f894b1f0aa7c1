package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newLogout() *cobra.Command {
	var activate, local bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the session and forget it, with the secrets that were saved",
		Long: "logout ends the profile's session. The API takes that for an activation of what the\n" +
			"admin has saved, so with pending changes logout refuses (exit code 4) unless it is told\n" +
			"--activate. With --local it forgets the session and lets the server end it: after half\n" +
			"an hour of rest, which activates too.",
		Example: "  spurline logout\n  spurline logout --profile prod --activate",
		Args:    cobra.NoArgs,
		RunE:    verb(func(cmd *cobra.Command) error { return logout(cmd.Context(), cmd, activate, local) }),
	}
	cmd.Flags().BoolVar(&activate, "activate", false, "sign out although that activates saved changes")
	cmd.Flags().BoolVar(&local, "local", false, "forget the session here and tell the server nothing")
	cmd.MarkFlagsMutuallyExclusive("activate", "local")
	return cmd
}

func logout(ctx context.Context, cmd *cobra.Command, activate, local bool) error {
	p, err := chooseProfile(cmd)
	if err != nil {
		return err
	}
	s := &session{profile: p, stdout: cmd.OutOrStdout()}
	said := "Forgotten; the server ends the session after a while, and activates then what was saved."
	if !local {
		if s, err = connect(cmd, p); err != nil {
			return err
		}
		defer s.close()
		if said, err = s.end(ctx, activate); err != nil {
			return err
		}
	}
	if err := s.forget(); err != nil {
		return err
	}
	if p.Password != "" || p.APIKey != "" {
		err := changeProfiles(func(store *profileStore) error {
			if kept := store.find(p.Name); kept != nil {
				kept.Password, kept.APIKey = "", ""
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	fmt.Fprintln(s.stdout, s.mark()+said)
	return nil
}

// end signs the saved session out, unless that would activate changes that it
// is not to. It opens no session only to end it.
func (s *session) end(ctx context.Context, activate bool) (said string, err error) {
	ok, err := s.resume(ctx)
	if err != nil {
		return "", err
	}
	if !ok {
		return "There was no session.", nil
	}
	if err := s.recognise(ctx); err != nil {
		return "", err
	}
	st, err := s.activationStatus(ctx)
	if err != nil {
		return "", err
	}
	own := st.own(s.login())
	saved := own == stateEditing || own == stateFailed
	if saved && !activate {
		return "", &failure{exitUnsafe, fmt.Errorf("%s has saved changes, which signing out activates; look with 'spurline status', then use --activate, or --local to leave the session to the server", s.login())}
	}
	login := s.login()
	if err := s.client.SignOut(ctx); err != nil {
		return "", s.failed("sign out", "DELETE", "/auth", err)
	}
	said = "Signed out " + login + "."
	if holders := st.holders(login); saved && len(holders) > 0 {
		return said + " The activation of the saved changes is queued: " + people(holders) + " is still editing.", nil
	}
	if saved {
		return said + " The saved changes are activated.", nil
	}
	return said, nil
}

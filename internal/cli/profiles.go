package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

// profileView is what is shown of a profile: all but its secrets.
type profileView struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
	Kind    string `json:"kind"`
	URL     string `json:"url"`
	Login   string `json:"login,omitempty"`
	Cloud   string `json:"cloud,omitempty"`
	Proxy   string `json:"proxy,omitempty"`
	CAFile  string `json:"caFile,omitempty"`
	DataDir string `json:"dataDir,omitempty"`
	Session bool   `json:"session"` // one is kept
	Saved   bool   `json:"saved"`   // so are the secrets
}

func newProfiles() *cobra.Command {
	list := verb(listProfiles)
	cmd := &cobra.Command{
		Use: "profiles", Short: "List the profiles", Args: cobra.NoArgs, RunE: list,
		Long: "Profiles say which servers there are, and as whom. 'spurline login' makes them, and\n" +
			"'spurline up' makes the one named sandbox. They are in $SPURLINE_CONFIG, or else in\n" +
			"spurline/profiles.json in the user's configuration directory.",
		Example: "  spurline profiles\n  spurline profiles use prod\n  spurline profiles remove old",
	}
	bindOutput(cmd.PersistentFlags())
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the profiles", Args: cobra.NoArgs, RunE: list},
		&cobra.Command{
			Use: "use PROFILE", Short: "Make a profile the one that is meant where none is named", Args: cobra.ExactArgs(1),
			Example:           "  spurline profiles use prod",
			ValidArgsFunction: completeProfiles,
			RunE: verbArgs(func(cmd *cobra.Command, args []string) error {
				err := changeProfiles(func(s *profileStore) error {
					s.Default = args[0]
					return s.has(args[0])
				})
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s is the default now.\n", args[0])
				}
				return err
			}),
		},
		&cobra.Command{
			Use: "remove PROFILE", Short: "Remove a profile with its session and saved secrets", Args: cobra.ExactArgs(1),
			Long: "remove forgets a profile, its session and its saved secrets on this machine. It tells\n" +
				"the server nothing; 'spurline logout' does.",
			Example:           "  spurline profiles remove old",
			ValidArgsFunction: completeProfiles,
			RunE:              verbArgs(removeProfile),
		},
	)
	return cmd
}

func (s *profileStore) has(name string) error {
	if s.find(name) != nil {
		return nil
	}
	return &failure{exitNotFound, fmt.Errorf("there is no profile %s; 'spurline profiles' lists them", quote(name))}
}

func listProfiles(cmd *cobra.Command) error {
	store, err := loadProfiles()
	if err != nil {
		return err
	}
	p, err := newPrinter(cmd)
	if err != nil {
		return err
	}
	var all []profileView
	for _, q := range store.Profiles {
		v := profileView{
			Name: q.Name, Default: q.Name == store.Default, Kind: q.Kind, URL: q.URL, Login: q.Login, Cloud: q.Cloud,
			CAFile: q.CAFile, DataDir: q.DataDir, Saved: q.Password != "" || q.APIKey != "",
		}
		if u, err := url.Parse(q.Proxy); err == nil {
			v.Proxy = u.Redacted()
		}
		path, err := q.file(sessionFile)
		if err != nil {
			return err
		}
		_, err = os.Stat(path)
		v.Session = err == nil
		all = append(all, v)
	}
	return show(p, profileNoun(), all)
}

func profileNoun() noun[profileView] {
	return noun[profileView]{one: "profile", many: "profiles", columns: []column[profileView]{
		{head: "NAME", text: func(p profileView) string { return p.Name }, tone: always[profileView](strong)},
		{head: "DEFAULT", text: func(p profileView) string { return yesNo(p.Default) }},
		{head: "KIND", text: func(p profileView) string { return p.Kind }, tone: func(p profileView) tone {
			if p.Kind == kindSandbox {
				return warn
			}
			return plain
		}},
		{head: "SERVER", text: func(p profileView) string { return dash(p.URL) }},
		{head: "LOGIN", text: func(p profileView) string { return dash(p.Login) }},
		{head: "SIGNED IN", text: func(p profileView) string { return yesNo(p.Session) }},
		{head: "SECRETS SAVED", text: func(p profileView) string { return yesNo(p.Saved) }, spare: true},
		{head: "PROXY", text: func(p profileView) string { return dash(p.Proxy) }, spare: true},
		{head: "CA FILE", text: func(p profileView) string { return dash(p.CAFile) }, spare: true},
	}}
}

func removeProfile(cmd *cobra.Command, args []string) error {
	err := changeProfiles(func(s *profileStore) error {
		p := s.find(args[0])
		if p == nil {
			return s.has(args[0])
		}
		path, err := p.file(sessionFile)
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		s.Profiles = slices.DeleteFunc(s.Profiles, func(q profile) bool { return q.Name == args[0] })
		if s.Default == args[0] {
			s.Default = "" // the next default is somebody's choice
		}
		return nil
	})
	if err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "%s is removed.\n", args[0])
	}
	return err
}

func completeProfiles(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	store, err := loadProfiles()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, p := range store.Profiles {
		names = append(names, p.Name+"\t"+p.URL)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// keepProfile makes or refreshes the profile of the sandbox that up has
// started. Whom it signs in as stays as it was, while that admin is there.
func (in *instance) keepProfile() error {
	return changeProfiles(func(s *profileStore) error {
		p := profile{Name: sandboxName, Kind: kindSandbox}
		if old := s.find(sandboxName); old != nil && old.DataDir != "" {
			p = *old
		} else if old != nil {
			return fmt.Errorf("there is one named %s already, of %s", sandboxName, old.URL)
		}
		p.URL, p.Cloud, p.DataDir = in.url, in.credentials.Cloud, in.dataDir
		known := false
		for _, admin := range in.credentials.Admins {
			known = known || admin.Login == p.Login
		}
		if !known && len(in.credentials.Admins) > 0 {
			p.Login = in.credentials.Admins[0].Login
		}
		s.put(p)
		return nil
	})
}

package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// identity is what whoami shows: what the profile says, and on a Spurline
// server what the server knows.
type identity struct {
	Profile     string            `json:"profile"`
	Server      string            `json:"server"`
	Sandbox     bool              `json:"sandbox"`
	Login       string            `json:"login"`
	Org         int64             `json:"org,omitempty"`
	OrgName     string            `json:"orgName,omitempty"`
	Cloud       string            `json:"cloud,omitempty"`
	Role        string            `json:"role,omitempty"`
	Permissions map[string]string `json:"permissions,omitempty"`
}

func newWhoAmI() *cobra.Command {
	cmd := &cobra.Command{
		Use: "whoami", Short: "Show which server this is, and as whom", Args: cobra.NoArgs,
		Example: "  spurline whoami\n  spurline whoami --query login",
		RunE: looking(func(_ context.Context, s *session, _ []string) error {
			return showOne(s.printer, identityNoun(), identity{
				Profile: s.profile.Name, Server: s.profile.URL, Sandbox: s.sandbox, Login: s.login(), Org: s.who.Org, OrgName: s.who.OrgName,
				Cloud: s.cloud(), Role: s.who.Role, Permissions: s.who.Permissions,
			})
		}),
	}
	lookFlags(cmd)
	return cmd
}

// login is the admin's, as the server spells it where it tells.
func (s *session) login() string {
	if s.who.Login != "" {
		return s.who.Login
	}
	return s.profile.Login
}

func (s *session) cloud() string {
	if s.who.Cloud != "" {
		return s.who.Cloud
	}
	return s.profile.Cloud
}

func identityNoun() noun[identity] {
	return noun[identity]{one: "session", many: "sessions", columns: []column[identity]{
		{head: "LOGIN", text: func(i identity) string { return i.Login }, tone: always[identity](strong)},
		{head: "ROLE", text: func(i identity) string { return dash(i.Role) }},
		{head: "ORG", text: func(i identity) string {
			if i.Org == 0 {
				return "-"
			}
			return fmt.Sprintf("%s (%d)", i.OrgName, i.Org)
		}},
		{head: "CLOUD", text: func(i identity) string { return dash(i.Cloud) }},
		{head: "SERVER", text: func(i identity) string { return i.Server }},
		{head: "SANDBOX", text: func(i identity) string { return yesNo(i.Sandbox) }},
		{head: "PROFILE", text: func(i identity) string { return i.Profile }},
		{head: "PERMISSIONS", text: func(i identity) string {
			var all []string
			for _, name := range slices.Sorted(maps.Keys(i.Permissions)) {
				all = append(all, name+"="+i.Permissions[name])
			}
			return dash(strings.Join(all, " "))
		}, detail: true},
	}}
}

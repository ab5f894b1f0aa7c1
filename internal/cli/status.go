package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

const activationPath = "/ecAdminActivateStatus"

// orgStatus is where an org stands between saving and activation. On the
// vendor's cloud the single changes are not known.
type orgStatus struct {
	OrgEditStatus         string            `json:"orgEditStatus"`
	OrgLastActivateStatus string            `json:"orgLastActivateStatus"`
	AdminStatusMap        map[string]string `json:"adminStatusMap"`
	AdminActivateStatus   string            `json:"adminActivateStatus"`
	Pending               *wire.Pending     `json:"pending,omitempty"`
}

func newStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show who is editing and what waits for activation", Args: cobra.NoArgs,
		Example: "  spurline status\n  spurline status --watch\n  spurline status --query 'pending.changes[].name'",
		RunE: looking(func(ctx context.Context, s *session, _ []string) error {
			status, err := s.activationStatus(ctx)
			if err != nil {
				return err
			}
			return s.showStatus(status)
		}),
	}
	lookFlags(cmd)
	return cmd
}

// activationStatus reads where the org stands.
func (s *session) activationStatus(ctx context.Context) (st orgStatus, err error) {
	if err := s.do(ctx, "read the activation status", http.MethodGet, activationPath, nil, &st); err != nil {
		return st, err
	}
	if !s.sandbox {
		return st, nil
	}
	st.Pending = &wire.Pending{}
	return st, s.do(ctx, "read what is pending", http.MethodGet, "/spurline/v1/pending", nil, st.Pending)
}

// holders are the other admins that are editing: whom an activation waits for.
func (st orgStatus) holders(login string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(st.AdminStatusMap)) {
		if st.AdminStatusMap[name] == stateEditing && name != login {
			names = append(names, name)
		}
	}
	return names
}

// own is the state of the admin that asks; the answer may lack it.
func (st orgStatus) own(login string) string {
	return cmp.Or(st.AdminActivateStatus, st.AdminStatusMap[login])
}

func (s *session) showStatus(st orgStatus) error {
	p := s.printer
	if p.format == "json" || p.format == "yaml" {
		return p.data(st)
	}
	var changes []wire.PendingChange
	if st.Pending != nil {
		changes = st.Pending.Changes
	}
	if p.format == "csv" {
		if st.Pending == nil {
			return usage("-o csv lists the pending changes, which this server does not tell; use -o json")
		}
		return show(p, changeNoun(), changes)
	}
	switch {
	case st.Pending != nil && len(changes) == 0 || st.Pending == nil && st.OrgEditStatus != "EDITS_PRESENT":
		p.title(p.paint(good, "nothing waits for activation"))
	case st.Pending != nil:
		if err := show(p, changeNoun(), changes); err != nil {
			return err
		}
	default:
		p.title(p.paint(warn, "saved changes wait for activation") + "; this server does not tell which")
	}
	for _, name := range slices.Sorted(maps.Keys(st.AdminStatusMap)) {
		if state := st.AdminStatusMap[name]; state == stateEditing || state == stateQueued {
			fmt.Fprintln(p.out, s.standing(st, name, state))
		}
	}
	return nil
}

// standing says where one admin stands.
func (s *session) standing(st orgStatus, name, state string) string {
	p, who := s.printer, printable(name)
	if name == s.login() {
		who += " (you)"
	}
	if state == stateEditing {
		return who + " " + p.paint(warn, "is editing")
	}
	return who + " " + p.paint(warn, "is queued") + ", waiting for " + people(st.holders(name))
}

// people lists names as a sentence does.
func people(names []string) string {
	switch n := len(names); n {
	case 0:
		return "somebody"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func changeNoun() noun[wire.PendingChange] {
	type row = wire.PendingChange
	return noun[row]{one: "pending change", many: "pending changes", columns: []column[row]{
		{head: "CHANGE", text: func(c row) string { return c.Change }, tone: func(c row) tone {
			switch c.Change {
			case wire.ChangeCreated:
				return good
			case wire.ChangeDeleted:
				return bad
			default:
				return warn
			}
		}},
		{head: "KIND", text: func(c row) string { return c.Title }},
		{head: "ID", text: func(c row) string { return fmt.Sprint(c.ID) }, tone: always[row](faint)},
		{head: "NAME", text: func(c row) string { return c.Name }, tone: always[row](strong)},
		{head: "BY", text: func(c row) string { return dash(c.By) }},
		{head: "SAVED", when: func(c row) wire.Time { return c.At }},
	}}
}

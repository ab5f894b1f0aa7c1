package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/wire"
)

const orgsPath = "/spurline/v1/orgs"

func newOrg() *cobra.Command {
	cmd := &cobra.Command{
		Use: "org", Short: "List and make the orgs of an installation", Args: cobra.NoArgs,
		Long:    "The verbs of org are for whoever owns the data directory. They use the server that runs\non it, or start one for themselves.",
		Example: "  spurline org list\n  spurline org create Acme --admin root@acme.example",
		RunE: verb(func(*cobra.Command) error {
			return usage("what about orgs? There are 'spurline org list', 'spurline org create' and 'spurline org key'")
		}),
	}
	cmd.AddCommand(newOrgList(), newOrgCreate(), newOrgKey())
	return cmd
}

func newOrgList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the orgs", Args: cobra.NoArgs}
	outputFlags(cmd)
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, _ []string) error {
		var orgs []wire.Org
		if err := o.call(ctx, "list the orgs", http.MethodGet, orgsPath, nil, &orgs); err != nil {
			return err
		}
		return show(o.printer, orgNoun(), orgs)
	})
}

func orgNoun() noun[wire.Org] {
	return noun[wire.Org]{one: "org", many: "orgs", columns: []column[wire.Org]{
		{head: "ID", text: func(o wire.Org) string { return strconv.FormatInt(o.ID, 10) }},
		{head: "NAME", text: func(o wire.Org) string { return o.Name }, tone: always[wire.Org](strong)},
		{head: "CLOUD", text: func(o wire.Org) string { return o.Cloud }},
		{head: "VANITY DOMAIN", text: func(o wire.Org) string { return o.Vanity }},
		{head: "ADMINS", text: func(o wire.Org) string { return strconv.Itoa(o.Admins) }},
	}}
}

func newOrgCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make an org, with a super admin, an API key and an enrolment key", Args: cobra.ExactArgs(1),
		Long: "create makes an org and prints its secrets, which are shown this once. The org is one\n" +
			"of its own: its admins, objects, keys and connectors are no other's.",
		Example: "  spurline org create Acme --admin root@acme.example\n  spurline org create Acme --admin root@acme.example -o json",
	}
	outputFlags(cmd)
	login := cmd.Flags().String("admin", "", "login name of the super admin, who is the org's default admin; required")
	cloud := cmd.Flags().String("cloud", defaultCloud, "cloud domain that the org's host names end in")
	vanity := cmd.Flags().String("vanity", "", "vanity domain, by which login hosts know the org: VANITY.zslogin.net (default one made of the name)")
	return ownerVerb(cmd, true, func(ctx context.Context, o *owner, args []string) error {
		if *login == "" {
			return usage("an org needs an --admin, such as root@acme.example")
		}
		plan := wire.OrgPlan{Name: args[0], Cloud: *cloud, Vanity: *vanity, Admins: []wire.AdminPlan{{Login: *login, Role: kinds.SuperAdmin}}}
		var made wire.Credentials
		if err := o.call(ctx, "make the org "+args[0], http.MethodPost, orgsPath, plan, &made); err != nil {
			return err
		}
		fmt.Fprintln(o.stderr, "The secrets of the org are shown this once.")
		return showOne(o.printer, credentialsNoun(), made)
	})
}

func credentialsNoun() noun[wire.Credentials] {
	admin := func(c wire.Credentials) wire.AdminCredentials { return c.Admins[0] }
	return noun[wire.Credentials]{one: "org", many: "orgs", columns: []column[wire.Credentials]{
		{head: "ORG", text: func(c wire.Credentials) string { return strconv.FormatInt(c.Org, 10) }},
		{head: "CLOUD", text: func(c wire.Credentials) string { return c.Cloud }},
		{head: "VANITY DOMAIN", text: func(c wire.Credentials) string { return c.VanityDomain }},
		{head: "ADMIN", text: func(c wire.Credentials) string { return admin(c).Login }},
		{head: "PASSWORD", text: func(c wire.Credentials) string { return admin(c).Password }, tone: always[wire.Credentials](strong)},
		{head: "API KEY", text: func(c wire.Credentials) string { return c.APIKey }, tone: always[wire.Credentials](strong)},
		{head: "ENROLMENT KEY", text: func(c wire.Credentials) string { return c.EnrolmentKey }, tone: always[wire.Credentials](strong)},
	}}
}

// org is the id of the org that a command line means: the one that it names, by
// id or name, or the only one there is.
func (o *owner) org(ctx context.Context, named string) (int64, error) {
	var orgs []wire.Org
	if err := o.call(ctx, "list the orgs", http.MethodGet, orgsPath, nil, &orgs); err != nil {
		return 0, err
	}
	var found []wire.Org
	for _, org := range orgs {
		if named == "" || named == org.Name || named == strconv.FormatInt(org.ID, 10) {
			found = append(found, org)
		}
	}
	switch {
	case len(found) == 1:
		return found[0].ID, nil
	case named == "":
		return 0, usage("there are %s; name one with --org, by name or id ('spurline org list' has them)", count(len(orgs), "org", "orgs"))
	case len(found) == 0:
		return 0, &failure{exitNotFound, fmt.Errorf("there is no org %s; 'spurline org list' has them", named)}
	default:
		return 0, usage("%d orgs are called %s; name one by its id ('spurline org list' has them)", len(found), named)
	}
}

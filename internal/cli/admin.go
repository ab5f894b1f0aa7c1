package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

func newAdmin() *cobra.Command {
	cmd := &cobra.Command{
		Use: "admin", Short: "Make and disable admins, and set their passwords", Args: cobra.NoArgs,
		Long: "The verbs of admin are for whoever owns the data directory. They use the server that runs\n" +
			"on it, or start one for themselves. A password is typed at the terminal or made up; it is\n" +
			"never an argument, because others see a command line.",
		Example: "  spurline admin create jo@acme.example --role Editor\n  spurline admin passwd jo@acme.example\n  spurline admin disable jo@acme.example",
		RunE: verb(func(*cobra.Command) error {
			return usage("what about admins? There are 'spurline admin create', 'disable' and 'passwd'")
		}),
	}
	cmd.AddCommand(newAdminCreate(), newAdminDisable(), newAdminPasswd())
	return cmd
}

func newAdminCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create LOGIN", Short: "Make an admin", Args: cobra.ExactArgs(1),
		Long: "create makes an admin of an org, with a role of the org's: \"Super Admin\", \"Editor\",\n" +
			"\"Read-only Admin\", or one that was made.",
		Example: "  spurline admin create jo@acme.example --role Editor\n  spurline admin create jo@acme.example --org Acme --role 'Read-only Admin' --generate",
	}
	outputFlags(cmd)
	f := cmd.Flags()
	org := f.String("org", "", "org of the admin, by name or id; not needed where there is one org")
	role := f.String("role", "", "name of the admin's role; required")
	name := f.String("name", "", "name of the person (default the login name)")
	generate := generateFlag(cmd)
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, args []string) error {
		if *role == "" {
			return usage("an admin needs a --role, such as Editor")
		}
		id, err := o.org(ctx, *org)
		if err != nil {
			return err
		}
		plan := wire.AdminPlan{Login: args[0], Name: *name, Role: *role}
		if plan.Password, err = o.newPassword(ctx, args[0], *generate); err != nil {
			return err
		}
		var made wire.AdminCredentials
		if err := o.call(ctx, "make the admin "+args[0], http.MethodPost, fmt.Sprintf("%s/%d/admins", orgsPath, id), plan, &made); err != nil {
			return err
		}
		return o.showAdmin(made, plan.Password != "")
	})
}

func newAdminDisable() *cobra.Command {
	cmd := &cobra.Command{
		Use: "disable LOGIN", Short: "Disable an admin", Args: cobra.ExactArgs(1),
		Long: "disable takes the admin's password away and ends the sessions. What the admin had saved\n" +
			"is activated, or queued while others edit, as at the end of any session. 'spurline admin\n" +
			"passwd' enables the admin again. An org's default admin cannot be disabled.",
		Example: "  spurline admin disable jo@acme.example",
	}
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, args []string) error {
		if err := o.call(ctx, "disable "+args[0], http.MethodPost, adminPath(args[0], "disable"), nil, nil); err != nil {
			return err
		}
		fmt.Fprintf(o.stdout, "%s is disabled and signed out.\n", args[0])
		return nil
	})
}

func newAdminPasswd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "passwd LOGIN", Short: "Set an admin's password, and enable the admin", Args: cobra.ExactArgs(1),
		Long: "passwd sets a password that is typed at the terminal, or makes one up and prints it. The\n" +
			"admin's sessions go on. A disabled admin is enabled by it.",
		Example: "  spurline admin passwd jo@acme.example\n  spurline admin passwd jo@acme.example --generate -o json --query password",
	}
	outputFlags(cmd)
	generate := generateFlag(cmd)
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, args []string) error {
		password, err := o.newPassword(ctx, args[0], *generate)
		if err != nil {
			return err
		}
		var now wire.AdminCredentials
		if err := o.call(ctx, "set the password of "+args[0], http.MethodPost, adminPath(args[0], "password"), wire.NewPassword{Password: password}, &now); err != nil {
			return err
		}
		return o.showAdmin(now, password != "")
	})
}

func adminPath(login, what string) string {
	return "/spurline/v1/admins/" + url.PathEscape(login) + "/" + what
}

func generateFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("generate", false, "make a password up without asking for one, as is done where there is no terminal")
}

// newPassword asks for a password. Empty means that one is to be made up.
func (o *owner) newPassword(ctx context.Context, login string, generate bool) (string, error) {
	if generate || o.terminal() == nil {
		return "", nil
	}
	password, err := o.askSecret(ctx, "Password for "+login+" (empty: one is made up)")
	if err != nil || password == "" {
		return "", err
	}
	again, err := o.askSecret(ctx, "Again")
	if err == nil && again != password {
		err = errors.New("the two passwords differ; nothing was changed")
	}
	return password, err
}

// showAdmin shows how an admin signs in, but no password that was typed.
func (o *owner) showAdmin(c wire.AdminCredentials, typed bool) error {
	if typed {
		c.Password = ""
	} else {
		fmt.Fprintln(o.stderr, "The password is shown this once.")
	}
	return showOne(o.printer, noun[wire.AdminCredentials]{one: "admin", many: "admins", columns: []column[wire.AdminCredentials]{
		{head: "ADMIN", text: func(c wire.AdminCredentials) string { return c.Login }},
		{head: "ROLE", text: func(c wire.AdminCredentials) string { return c.Role }},
		{head: "PASSWORD", text: func(c wire.AdminCredentials) string {
			if typed {
				return "(as typed)"
			}
			return c.Password
		}, tone: always[wire.AdminCredentials](strong)},
	}}, c)
}

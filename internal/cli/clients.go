package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/wire"
)

const clientsPath = "/spurline/v1/clients"

func newClients() *cobra.Command {
	cmd := shown{
		name: "clients", short: "List the org's API clients, which call the API with tokens",
		getShort: "Show an API client, by name, id or client id",
		example:  "  spurline clients list\n  spurline clients get nightly -o yaml",
		list: func(ctx context.Context, s *session, _ []string) error {
			all, err := s.apiClients(ctx)
			if err != nil {
				return err
			}
			return show(s.printer, clientNoun(), all)
		},
		get: func(ctx context.Context, s *session, args []string) error {
			c, err := s.apiClient(ctx, args[0])
			if err != nil {
				return err
			}
			return showOne(s.printer, clientNoun(), c)
		},
		names: clientNames,
	}.command()
	cmd.AddCommand(newClientsCreate(), newClientsRotate(), newClientsDelete())
	return cmd
}

func clientNames(ctx context.Context, s *session) ([]string, error) {
	all, err := s.apiClients(ctx)
	var names []string
	for _, c := range all {
		names = append(names, c.object.Name+"\t"+c.object.ClientID)
	}
	return names, err
}

func clientNoun() noun[entry[kinds.APIClient]] {
	type row = entry[kinds.APIClient]
	return noun[row]{one: "API client", many: "API clients", columns: []column[row]{
		{head: "NAME", text: func(c row) string { return c.object.Name }, tone: always[row](strong)},
		{head: "CLIENT ID", text: func(c row) string { return c.object.ClientID }},
		{head: "ROLE", text: func(c row) string { return c.object.Role.Name }},
		{head: "TOKEN LIFE", text: func(c row) string { return (time.Duration(c.object.TokenLife) * time.Second).String() }, spare: true},
		{head: "SECRETS", text: func(c row) string { return secretsOf(c.object) }},
		{head: "KEYS", text: func(c row) string { return strconv.Itoa(len(c.object.Keys)) }, spare: true},
		{head: "STATE", text: func(c row) string {
			if c.object.Disabled {
				return "disabled"
			}
			return "enabled"
		}},
		{head: "ID", text: func(c row) string { return strconv.FormatInt(int64(c.object.ID), 10) }, detail: true},
	}}
}

// secretsOf says how many secrets a client has, and until when.
func secretsOf(c kinds.APIClient) string {
	var until []string
	for _, s := range c.Secrets {
		if s.Expires != 0 {
			until = append(until, time.Unix(int64(s.Expires), 0).UTC().Format(time.DateOnly))
		}
	}
	text := strconv.Itoa(len(c.Secrets))
	if len(until) > 0 {
		text += " (until " + strings.Join(until, ", ") + ")"
	}
	return text
}

func (s *session) apiClients(ctx context.Context) ([]entry[kinds.APIClient], error) {
	if err := s.needSandbox("clients"); err != nil {
		return nil, err
	}
	return list[kinds.APIClient](ctx, s, "list the API clients", clientsPath)
}

// apiClient finds a client by what people call it.
func (s *session) apiClient(ctx context.Context, named string) (found entry[kinds.APIClient], err error) {
	all, err := s.apiClients(ctx)
	if err != nil {
		return found, err
	}
	for _, c := range all {
		if strings.EqualFold(c.object.Name, named) || c.object.ClientID == named || strconv.FormatInt(int64(c.object.ID), 10) == named {
			return c, nil
		}
	}
	return found, &failure{exitNotFound, fmt.Errorf("there is no API client %s; 'spurline clients list' has them", named)}
}

// secretFlags are those of the verbs that make a secret.
func secretFlags(cmd *cobra.Command) *int {
	outputFlags(cmd)
	return cmd.Flags().Int("days", 0, fmt.Sprintf("days that the secret lives, %d to %d (default it does not end)", kinds.MinSecretDays, kinds.MaxSecretDays))
}

func newClientsCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make an API client, and show its secret once", Args: cobra.ExactArgs(1),
		Long: "create makes an API client with a role of the org's. It gets a secret, which is shown this\n" +
			"once, or with --public-key or --jwks a key by which it signs, and no secret.",
		Example: "  spurline clients create nightly --role Editor\n  spurline clients create nightly --role Editor --token-life 10m --days 90 -o json\n" +
			"  spurline clients create nightly --role Editor --public-key nightly.pem",
	}
	days := secretFlags(cmd)
	f := cmd.Flags()
	role := f.String("role", "", "name of the client's role, such as Editor; required")
	life := f.Duration("token-life", time.Hour, "life of its tokens, 1m to 24h")
	pem := f.String("public-key", "", "file with a public key or a certificate, as PEM")
	jwks := f.String("jwks", "", "file with a JSON Web Key or a JSON Web Key Set")
	cmd.RunE = withSession(func(ctx context.Context, s *session, args []string) error {
		switch {
		case *role == "":
			return usage("an API client needs a --role, such as Editor")
		case *life < time.Minute || *life > 24*time.Hour:
			return usage("--token-life %s: a token lives from 1m to 24h", *life)
		}
		keys, err := keyBodies(*pem, *jwks)
		if err != nil {
			return err
		}
		if err := s.needSandbox("clients"); err != nil {
			return err
		}
		id, err := s.roleID(ctx, *role)
		if err != nil {
			return err
		}
		var made kinds.APIClient
		plan := map[string]any{"name": args[0], "role": map[string]any{"id": id}, "tokenLife": int(life.Seconds())}
		if err := s.do(ctx, "make the API client "+args[0], http.MethodPost, clientsPath, plan, &made); err != nil {
			return err
		}
		for _, key := range keys {
			if err := s.do(ctx, "give the API client its key", http.MethodPost, clientPath(made)+"/keys", key, &made); err != nil {
				return err
			}
		}
		if len(keys) > 0 {
			return showOne(s.printer, secretNoun(made.Name, true), wire.ShownSecret{ClientID: made.ClientID})
		}
		return s.newSecret(ctx, made, *days)
	})
	_ = cmd.RegisterFlagCompletionFunc("role", completing(roleNames))
	return cmd
}

func clientPath(c kinds.APIClient) string { return fmt.Sprintf("%s/%d", clientsPath, c.ID) }

// keyBodies reads the files of keys, as the server takes them. They are looked
// at before anything is sent: a private key is to stay on this machine, and a
// client is not to be made without its key.
func keyBodies(pem, jwks string) (out []any, err error) {
	if pem != "" {
		text, err := os.ReadFile(pem)
		if err != nil {
			return nil, fmt.Errorf("--public-key: %w", err)
		}
		if _, err := auth.ParsePEM(string(text)); err != nil {
			return nil, badKey("--public-key", pem, err)
		}
		out = append(out, map[string]string{"pem": string(text)})
	}
	if jwks != "" {
		text, err := os.ReadFile(jwks)
		if err != nil {
			return nil, fmt.Errorf("--jwks: %w", err)
		}
		if _, err := auth.ParseJWKS(text); err != nil {
			return nil, badKey("--jwks", jwks, err)
		}
		out = append(out, json.RawMessage(text))
	}
	return out, nil
}

// badKey says what is wrong with a file of keys, as the server would.
func badKey(flag, file string, err error) error {
	var e *wire.Error
	if errors.As(err, &e) {
		return usage("%s %s: %s", flag, file, e.Message)
	}
	return usage("%s %s: %w", flag, file, err)
}

func roleNames(ctx context.Context, s *session) ([]string, error) {
	roles, err := list[kinds.AdminRole](ctx, s, "list the roles", "/adminRoles")
	var names []string
	for _, r := range roles {
		names = append(names, r.object.Name)
	}
	return names, err
}

func (s *session) roleID(ctx context.Context, name string) (wire.Int, error) {
	roles, err := list[kinds.AdminRole](ctx, s, "list the roles", "/adminRoles")
	if err != nil {
		return 0, err
	}
	for _, r := range roles {
		if r.object.Name == name {
			return r.object.ID, nil
		}
	}
	return 0, &failure{exitNotFound, fmt.Errorf("there is no role %q in the org", name)}
}

// newSecret gives a client a secret and shows it.
func (s *session) newSecret(ctx context.Context, c kinds.APIClient, days int) error {
	var secret wire.ShownSecret
	err := s.do(ctx, "give the API client "+c.Name+" a secret", http.MethodPost, clientPath(c)+"/secrets", wire.SecretPlan{Days: wire.Int(days)}, &secret)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.stderr, "The secret is shown this once.")
	return showOne(s.printer, secretNoun(c.Name, false), secret)
}

// secretNoun shows how a client gets tokens.
func secretNoun(name string, signs bool) noun[wire.ShownSecret] {
	columns := []column[wire.ShownSecret]{
		{head: "API CLIENT", text: func(wire.ShownSecret) string { return name }},
		{head: "CLIENT ID", text: func(c wire.ShownSecret) string { return c.ClientID }, tone: always[wire.ShownSecret](strong)},
		{head: "CLIENT SECRET", text: func(c wire.ShownSecret) string {
			if signs {
				return "(none: it signs with its key)"
			}
			return c.ClientSecret
		}, tone: always[wire.ShownSecret](strong)},
	}
	if !signs {
		columns = append(columns, column[wire.ShownSecret]{head: "EXPIRES", text: func(c wire.ShownSecret) string {
			if c.Expires == 0 {
				return "never"
			}
			return time.Unix(int64(c.Expires), 0).UTC().Format(time.DateOnly)
		}})
	}
	return noun[wire.ShownSecret]{one: "API client", many: "API clients", columns: columns}
}

func newClientsRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rotate NAME", Short: "Give an API client a new secret, and show it once", Args: cobra.ExactArgs(1),
		Long: "rotate makes another secret for an API client, named by its name, id or client id. The one\n" +
			"of before goes on working, so that programs can be moved to the new one. A client has two\n" +
			"at most: of two that work, the older one ends. With --now all others end at once. The\n" +
			"tokens that were got by a secret end with it.",
		Example: "  spurline clients rotate nightly\n  spurline clients rotate nightly --now -o json --query clientSecret",
	}
	days := secretFlags(cmd)
	now := cmd.Flags().Bool("now", false, "end the client's other secrets, with their tokens")
	cmd.ValidArgsFunction = completing(clientNames)
	cmd.RunE = withSession(func(ctx context.Context, s *session, args []string) error {
		found, err := s.apiClient(ctx, args[0])
		if err != nil {
			return err
		}
		c := found.object
		drop := func(old []kinds.ClientSecret) error {
			for _, secret := range old {
				path := fmt.Sprintf("%s/secrets/%d", clientPath(c), secret.ID)
				if err := s.do(ctx, "end a secret of the API client "+c.Name, http.MethodDelete, path, nil, nil); err != nil {
					return err
				}
			}
			return nil
		}
		older := max(0, len(c.Secrets)-kinds.MaxSecrets+1) // what is in the way of another
		if err := drop(c.Secrets[:older]); err != nil {
			return err
		}
		if err := s.newSecret(ctx, c, *days); err != nil || !*now {
			return err
		}
		return drop(c.Secrets[older:])
	})
	return cmd
}

func newClientsDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Delete an API client, and end its tokens", Args: cobra.ExactArgs(1),
		Long: "delete removes an API client, named by its name, id or client id. Its tokens end at once,\n" +
			"and what it had saved is activated, or queued while others edit, as at the end of a session.",
		Example: "  spurline clients delete nightly", ValidArgsFunction: completing(clientNames),
		RunE: withSession(func(ctx context.Context, s *session, args []string) error {
			found, err := s.apiClient(ctx, args[0])
			if err != nil {
				return err
			}
			if err := s.do(ctx, "delete the API client "+args[0], http.MethodDelete, clientPath(found.object), nil, nil); err != nil {
				return err
			}
			fmt.Fprintf(s.stdout, "The API client %s is gone, and its tokens with it.\n", found.object.Name)
			return nil
		}),
	}
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spurline/spurline/internal/server"
)

// secrets are what a sign-in takes.
type secrets struct{ login, password, apiKey string }

// The variables that hold secrets for scripts, which have no terminal. There
// is no flag, because others see a command line.
const (
	passwordVar = "SPURLINE_PASSWORD"
	apiKeyVar   = "SPURLINE_API_KEY"
)

// secrets finds what the profile signs in with: kept with --save, in the
// sandbox's credentials.json, in the environment, or else asked for. With
// prompt, password and key are always asked for.
func (s *session) secrets(ctx context.Context, prompt bool) (secrets, error) {
	known := secrets{login: s.profile.Login}
	if s.profile.DataDir != "" {
		if err := known.fromDataDir(s.profile.DataDir); err != nil {
			return known, err
		}
	}
	known.password = cmp.Or(s.profile.Password, known.password, os.Getenv(passwordVar))
	known.apiKey = cmp.Or(s.profile.APIKey, known.apiKey, os.Getenv(apiKeyVar))
	if prompt {
		known.password, known.apiKey = "", ""
	}
	if known.login != "" && known.password != "" && known.apiKey != "" {
		return known, nil
	}
	if s.terminal() == nil {
		return known, &failure{exitSignedOut, fmt.Errorf("not signed in to %s: run 'spurline login --profile %s' at a terminal, or set %s and %s",
			s.profile.URL, s.profile.Name, passwordVar, apiKeyVar)}
	}
	fmt.Fprintf(s.stderr, "%sSigning in to %s%s\n", s.mark(), s.profile.URL, as(known.login))
	for _, q := range []struct {
		value    *string
		question string
		ask      func(context.Context, string) (string, error)
	}{{&known.login, "Login", s.ask}, {&known.password, "Password", s.askSecret}, {&known.apiKey, "API key", s.askSecret}} {
		if *q.value != "" {
			continue
		}
		var err error
		if *q.value, err = q.ask(ctx, q.question); err != nil {
			return known, err
		}
		if *q.value == "" {
			return known, &failure{exitSignedOut, errors.New("nothing was typed, so there is no sign-in")}
		}
	}
	return known, nil
}

func as(login string) string {
	if login == "" {
		return ""
	}
	return " as " + login
}

// fromDataDir takes what the sandbox's credentials file knows: the super
// admin, or the admin with the login that was asked for.
func (k *secrets) fromDataDir(dir string) error {
	creds, err := server.ReadCredentials(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", credentialsPath(dir), err)
	}
	k.apiKey = creds.APIKey
	for _, admin := range creds.Admins {
		if k.login == "" || k.login == admin.Login {
			k.login, k.password = admin.Login, admin.Password
			break
		}
	}
	return nil
}

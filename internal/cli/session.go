package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/wire"
)

// What a client's verb is built from:
//
//   - openSession gives it a signed-in session with the profile's server; close
//     ends the connections and never signs out, because a sign-out activates
//     the admin's pending edits.
//   - session.do calls the API and makes its refusals readable (callError, with
//     the exit code of exitCode); wire.HasCode and wire.Status still see what
//     the server said. Waits that the API asks for are told of and made.
//   - session.sandbox tells whether the server is a Spurline one, which has
//     /spurline/v1; session.mark is the prefix that says so to people.
//   - session.ask and session.terminal are the prompts (prompt.go).
//   - session.printer prints (printer.go): show and showOne for nouns declared
//     as columns, paint for a word in colour.
//   - profile.file, readPrivate and writePrivate keep files of mode 0600 beside
//     the profiles, such as the saved session.
//   - session.inventory reads the fleet and finds groups and VMs by name or id
//     (inventory.go).
//   - activate.go has activationStatus, activate and who holds a queue.
//   - verbArgs wraps the handler; return &failure{exitUnsafe, err} and the like
//     for an exit code of one's own.
type session struct {
	client  *client.Client
	profile profile
	sandbox bool
	who     wire.WhoAmI // of a Spurline server only

	stdin          io.Reader
	stdout, stderr io.Writer
	printer        *printer

	line *line
	http *http.Client
}

// savedSession is what is kept of a session between command lines.
type savedSession struct {
	URL     string `json:"url"`
	Login   string `json:"login"`
	Session string `json:"session"`
}

// sessionFile is the profile's file that holds it.
const sessionFile = "session.json"

// openSession returns a session with the server of the profile that the
// command line means: the saved one while the server knows it, or a new one.
func openSession(ctx context.Context, cmd *cobra.Command) (*session, error) {
	p, err := chooseProfile(cmd)
	if err != nil {
		return nil, err
	}
	s, err := connect(cmd, p)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// withSession is the handler of a verb that needs a session.
func withSession(run func(ctx context.Context, s *session, args []string) error) func(*cobra.Command, []string) error {
	return verbArgs(func(cmd *cobra.Command, args []string) error {
		s, err := openSession(cmd.Context(), cmd)
		if err != nil {
			return err
		}
		defer s.close()
		return run(cmd.Context(), s, args)
	})
}

func (s *session) open(ctx context.Context) error {
	ok, err := s.resume(ctx)
	if err != nil {
		return err
	}
	if !ok {
		secrets, err := s.secrets(ctx, false)
		if err != nil {
			return err
		}
		if err := s.signIn(ctx, secrets); err != nil {
			return err
		}
	}
	return s.recognise(ctx)
}

// connect makes a session that is not signed in.
func connect(cmd *cobra.Command, p profile) (*session, error) {
	s := &session{profile: p, stdin: cmd.InOrStdin(), stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr()}
	var err error
	if s.printer, err = newPrinter(cmd); err != nil {
		return nil, err
	}
	if s.http, err = s.reach(); err != nil {
		return nil, err
	}
	if u, err := url.Parse(s.profile.URL); err == nil {
		s.printer.server = u.Host
	}
	debug, err := cmd.Flags().GetBool("debug")
	if err != nil {
		return nil, err
	}
	s.line = &line{next: s.http.Transport}
	if debug {
		s.line.debug = s.stderr
	}
	s.client = client.New(client.Config{
		BaseURL: s.profile.URL, HTTP: &http.Client{Timeout: s.http.Timeout, Transport: s.line}, Wait: s.wait, UserAgent: "spurline/" + version(),
	})
	return s, nil
}

// close lets the connections go. The session stays open on the server.
func (s *session) close() { s.http.CloseIdleConnections() }

// wait tells of a pause that the API asks for, and makes it.
func (s *session) wait(ctx context.Context, d time.Duration) error {
	fmt.Fprintf(s.stderr, "spurline: the server asks to wait; trying again in %s\n", d.Round(time.Second))
	return pause(ctx, d)
}

// resume takes up the saved session, if the server still knows it.
func (s *session) resume(ctx context.Context) (bool, error) {
	path, err := s.profile.file(sessionFile)
	if err != nil {
		return false, err
	}
	var saved savedSession
	if err := readPrivate(path, &saved); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if saved.URL != s.profile.URL || s.profile.Login != "" && saved.Login != s.profile.Login || saved.Session == "" {
		return false, nil
	}
	s.profile.Login = saved.Login
	s.client.UseSession(saved.Session)
	var auth struct {
		AuthType string `json:"authType"`
	}
	err = s.do(ctx, "see whether the session is still open", http.MethodGet, "/auth", nil, &auth)
	if wire.Status(err) == http.StatusUnauthorized {
		err = nil
	}
	if err == nil && auth.AuthType == "" {
		s.client.UseSession("")
		return false, nil
	}
	return err == nil, err
}

// signIn opens a session and keeps it for the command lines that follow.
func (s *session) signIn(ctx context.Context, with secrets) error {
	err := s.client.SignIn(ctx, with.login, with.password, with.apiKey)
	if err != nil {
		return s.failed("sign in as "+with.login, http.MethodPost, "/auth", err)
	}
	s.profile.Login = with.login
	path, err := s.profile.file(sessionFile)
	if err != nil {
		return err
	}
	if err := writePrivate(path, savedSession{s.profile.URL, s.profile.Login, s.client.Session()}); err != nil {
		return fmt.Errorf("cannot keep the session: %w", err)
	}
	s.remind()
	return nil
}

// reminderDays is how long before a password expires its admin is reminded
// (behaviours.md 4.5).
const reminderDays = 15

func (s *session) remind() {
	switch left := s.client.PasswordDays(); {
	case left == 0:
		fmt.Fprintf(s.stderr, "The password of %s has expired; set another one before anything else.\n", s.profile.Login)
	case left > 0 && left <= reminderDays:
		fmt.Fprintf(s.stderr, "The password of %s expires in %s.\n", s.profile.Login, count(left, "day", "days"))
	}
}

// forget removes the saved session.
func (s *session) forget() error {
	path, err := s.profile.file(sessionFile)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// recognise learns whether the server is a Spurline one. The vendor's cloud
// knows no /spurline/v1; whatever it answers there, it is no WhoAmI.
func (s *session) recognise(ctx context.Context) error {
	const path = "/spurline/v1/whoami"
	err := s.client.Do(ctx, http.MethodGet, path, nil, &s.who)
	var unreached *url.Error
	if err != nil && (errors.As(err, &unreached) || s.profile.Kind == kindSandbox) {
		return s.failed("ask the server who it is", http.MethodGet, path, err)
	}
	s.sandbox = err == nil && s.who.Sandbox
	s.printer.sandbox = s.sandbox
	return nil
}

// mark says before a prompt or a message that this is no real tenant.
func (s *session) mark() string {
	if s.sandbox || s.profile.Kind == kindSandbox {
		return "[sandbox] "
	}
	return ""
}

// do calls the API as client.Do does. doing says to people what it is for, as
// in "cannot …".
func (s *session) do(ctx context.Context, doing, method, path string, in, out any) error {
	if err := s.client.Do(ctx, method, path, in, out); err != nil {
		return s.failed(doing, method, path, err)
	}
	return nil
}

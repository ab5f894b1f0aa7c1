package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// typist is a command line at a terminal of its own.
type typist struct {
	t      *testing.T
	cmd    *exec.Cmd
	tty    *os.File
	screen buffer
	read   chan struct{} // closed when the terminal is
}

// atTerminal runs spurline at a pseudo-terminal with the given profiles.
func atTerminal(t *testing.T, config string, env []string, args ...string) *typist {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "spurline", args...)
	cmd.Env = append(os.Environ(), append([]string{"SPURLINE_CONFIG=" + config, "TERM=xterm"}, env...)...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 200})
	if err != nil {
		t.Fatal(err)
	}
	p := &typist{t: t, cmd: cmd, tty: tty, read: make(chan struct{})}
	go func() {
		defer close(p.read)
		_, _ = io.Copy(&p.screen, tty) // ends with an error when the process does
	}()
	t.Cleanup(func() { tty.Close() })
	return p
}

// sees waits until the screen has shown a text n times.
func (p *typist) sees(text string, n int) {
	p.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for strings.Count(p.screen.String(), text) < n {
		select {
		case <-tick.C:
		case <-late:
			p.t.Fatalf("the screen never had %q %d times; it has\n%s", text, n, p.screen.String())
		}
	}
}

func (p *typist) types(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.tty, text); err != nil {
		p.t.Fatal(err)
	}
}

// ends returns the exit code.
func (p *typist) ends() int {
	p.t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	<-p.read
	return p.cmd.ProcessState.ExitCode()
}

// url is where the sandbox answers.
func (d *demo) url() string {
	d.t.Helper()
	var state struct{ URL string }
	body, err := os.ReadFile(filepath.Join(d.dir, "run.json"))
	if err == nil {
		err = json.Unmarshal(body, &state)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return state.URL
}

func TestPasswordIsAskedForAndNotShown(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	config := filepath.Join(t.TempDir(), "profiles.json")
	admin := d.creds.Admins[0]
	p := atTerminal(t, config, nil, "login", "--profile", "typed", "--url", d.url())
	p.sees("[sandbox] Login: ", 1)
	p.types(admin.Login + "\n")
	p.sees("[sandbox] Password: ", 1)
	p.types(admin.Password + "\n")
	p.sees("[sandbox] API key: ", 1)
	p.types(d.creds.APIKey + "\n")
	if code := p.ends(); code != 0 {
		t.Errorf("login ended with %d", code)
	}
	p.sees("Signed in to "+d.url()+" as "+admin.Login, 1)
	for _, secret := range []string{admin.Password, d.creds.APIKey} {
		if strings.Contains(p.screen.String(), secret) {
			t.Errorf("the screen shows a secret:\n%s", p.screen.String())
		}
	}
	body, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(body, []byte(admin.Password)) {
		t.Errorf("the profiles hold the password, and nobody asked for it:\n%s", body)
	}
}

// What is known is not asked for again, but for --prompt; Ctrl-C at a prompt
// ends the command and leaves no profile.
func TestInterruptedPrompt(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	config := filepath.Join(t.TempDir(), "profiles.json")
	p := atTerminal(t, config, nil, "login", "--profile", "here", "--data-dir", d.dir, "--prompt")
	p.sees("Signing in to "+d.url()+" as "+d.creds.Admins[0].Login, 1)
	p.sees("Password: ", 1)
	p.types("\x03")
	if code := p.ends(); code != 8 {
		t.Errorf("login ended with %d, want 8; the screen:\n%s", code, p.screen.String())
	}
	if _, err := os.Stat(config); err == nil {
		t.Error("an interrupted sign-in has made a profile")
	}
}

// A verb that finds no session asks at a terminal, and an empty answer is no
// sign-in.
func TestVerbAsksForWhatItLacks(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	config := filepath.Join(t.TempDir(), "profiles.json")
	admin := d.creds.Admins[0]
	secrets := []string{"SPURLINE_PASSWORD=" + admin.Password, "SPURLINE_API_KEY=" + d.creds.APIKey}
	if p := atTerminal(t, config, secrets, "login", "--profile", "x", "--url", d.url(), "--user", admin.Login); p.ends() != 0 {
		t.Fatal(p.screen.String())
	}
	if err := os.Remove(filepath.Join(filepath.Dir(config), "x.session.json")); err != nil {
		t.Fatal(err)
	}
	p := atTerminal(t, config, secrets[1:], "groups")
	p.sees("Password: ", 1)
	p.types("\n")
	if code := p.ends(); code != 6 {
		t.Errorf("it ended with %d, want 6", code)
	}
	p = atTerminal(t, config, secrets[1:], "groups")
	p.sees("Password: ", 1)
	p.types(admin.Password + "\n")
	if code := p.ends(); code != 0 {
		t.Errorf("it ended with %d, want 0", code)
	}
	p.sees("3 groups", 1)
}

// On a terminal there are frames and colours, but not with NO_COLOR.
func TestColour(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	config := filepath.Join(t.TempDir(), "profiles.json")
	for _, c := range []struct {
		env           []string
		frame, colour bool
	}{
		{nil, true, true},
		{[]string{"NO_COLOR=1"}, true, false},
		{[]string{"TERM=dumb"}, true, false},
	} {
		p := atTerminal(t, config, c.env, "groups", "--data-dir", d.dir)
		if code := p.ends(); code != 0 {
			t.Fatalf("%v: it ended with %d", c.env, code)
		}
		screen := p.screen.String()
		if got := strings.Contains(screen, "╭"); got != c.frame {
			t.Errorf("%v: a frame: %t, want %t\n%s", c.env, got, c.frame, screen)
		}
		if got := strings.Contains(screen, "\x1b["); got != c.colour {
			t.Errorf("%v: colour: %t, want %t\n%s", c.env, got, c.colour, screen)
		}
	}
}

// --watch draws again and again in the same place until Ctrl-C, which is how
// it is meant to end.
func TestWatch(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	config := filepath.Join(t.TempDir(), "profiles.json")
	p := atTerminal(t, config, nil, "vms", "--data-dir", d.dir, "--watch", "--every", "1s")
	p.sees("\x1b[H\x1b[2J", 2)
	d.do("POST", "/spurline/v1/fleet/connectors/cc-1/stop", nil)
	p.sees("INACTIVE", 1)
	p.types("\x03")
	if code := p.ends(); code != 0 {
		t.Errorf("it ended with %d, want 0; the screen:\n%s", code, p.screen.String())
	}
}

// A narrow terminal goes without the spare columns, and says so.
func TestNarrowTerminal(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	p := atTerminal(t, filepath.Join(t.TempDir(), "profiles.json"), []string{"NO_COLOR=1"}, "vms", "--data-dir", d.dir)
	if code := p.ends(); code != 0 {
		t.Fatalf("it ended with %d", code)
	}
	screen := p.screen.String()
	if strings.Contains(screen, "NATIVE ID") || !strings.Contains(screen, "LOCATION") || !strings.Contains(screen, "1 column does not fit here") {
		t.Errorf("200 columns hold all but the last one:\n%s", screen)
	}
	for line := range strings.Lines(screen) {
		if n := len([]rune(strings.TrimRight(line, "\r\n"))); n > 200 {
			t.Errorf("a line has %d characters:\n%s", n, line)
		}
	}
}

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/spurline/spurline/internal/cli"
	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// command is a command line that runs in this process.
type command struct {
	t      *testing.T
	name   string
	lines  *bufio.Scanner // of its standard output
	stderr buffer
	stop   context.CancelFunc
	code   chan int
}

// start runs a command line until it ends by itself or the test does.
func start(t *testing.T, args ...string) *command {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	c := &command{t: t, name: strings.Join(args, " "), lines: bufio.NewScanner(r), stop: cancel, code: make(chan int, 1)}
	go func() {
		code := cli.Run(ctx, args, strings.NewReader(""), w, &c.stderr)
		w.Close()
		c.code <- code
	}()
	t.Cleanup(func() {
		cancel()
		io.Copy(io.Discard, r)
		code := <-c.code
		c.code <- code
	})
	return c
}

// line returns the submatches of the first line from here on that matches.
func (c *command) line(pattern string) []string {
	c.t.Helper()
	want := regexp.MustCompile(pattern)
	for c.lines.Scan() {
		if m := want.FindStringSubmatch(c.lines.Text()); m != nil {
			return m
		}
	}
	c.t.Fatalf("spurline %s ended without a line like %s; its errors:\n%s", c.name, pattern, c.stderr.String())
	return nil
}

// wait returns the command's exit code.
func (c *command) wait() int {
	code := <-c.code
	c.code <- code
	return code
}

// buffer is a bytes.Buffer for two goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// demo is a sandbox that is up.
type demo struct {
	t     *testing.T
	dir   string
	up    *command
	creds wire.Credentials
	admin *client.Client // signed in as the super admin
}

// newDemo runs up on a data directory, with connectors that report every
// second, until the test ends.
func newDemo(t *testing.T, dir string) *demo {
	t.Helper()
	d := &demo{t: t, dir: dir, up: start(t, "up", "--listen", ":0", "--data-dir", dir, "--heartbeat", "1s")}
	url := d.up.line(`^Spurline answers at (\S+)`)[1]
	d.up.line(`^Ctrl-C stops it\.$`)
	t.Cleanup(d.down)
	var err error
	if d.creds, err = server.ReadCredentials(dir); err != nil {
		t.Fatal(err)
	}
	// Connections that are kept would be busy when the server wants to end.
	d.admin = client.New(client.Config{BaseURL: url, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	if err := d.admin.SignIn(t.Context(), d.creds.Admins[0].Login, d.creds.Admins[0].Password, d.creds.APIKey); err != nil {
		t.Fatal(err)
	}
	return d
}

// down stops the sandbox as Ctrl-C does.
func (d *demo) down() {
	d.t.Helper()
	d.up.stop()
	if code := d.up.wait(); code != 0 || d.up.stderr.String() != "" {
		d.t.Errorf("up ended with %d and\n%s", code, d.up.stderr.String())
	}
}

// do calls the API as the super admin.
func (d *demo) do(method, path string, out any) {
	d.t.Helper()
	if err := d.admin.Do(d.t.Context(), method, path, nil, out); err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// env is what spurline env prints.
func (d *demo) env() string {
	d.t.Helper()
	var out, errs bytes.Buffer
	if code := cli.Run(d.t.Context(), []string{"env", "--data-dir", d.dir}, nil, &out, &errs); code != 0 {
		d.t.Fatalf("env: %d %s", code, errs.String())
	}
	return out.String()
}

// A deletion that is activated ends the connector, and it says so by its exit
// code. Started again, it enrols as another VM.
func TestConnectorIsToldThatItIsGone(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	run := []string{"connector", "run", "--name", "cc-9", "--data-dir", d.dir, "--cloud", "gcp"}
	cc := start(t, run...)
	vm := cc.line(`^cc-9 enrolled as VM (\d+)$`)[1]
	d.do(http.MethodDelete, "/ecgroup/"+d.groupOf(vm)+"/vm/"+vm, nil)
	d.do(http.MethodPut, "/ecAdminActivateStatus/activate", nil)
	cc.line(`^cc-9 was told that it is gone, and stopped$`)
	if code := cc.wait(); code != 3 || cc.stderr.String() != "" {
		t.Errorf("it ended with %d and %q, want 3 and nothing", code, cc.stderr.String())
	}

	cc = start(t, run...)
	if again := cc.line(`^cc-9 enrolled as VM (\d+)$`)[1]; again == vm {
		t.Errorf("it enrolled as VM %s again", vm)
	}
	cc.stop()
	cc.line(`^cc-9 stopped$`)
	if code := cc.wait(); code != 0 {
		t.Errorf("it ended with %d after a graceful stop, want 0", code)
	}
}

func (d *demo) groupOf(vm string) string {
	d.t.Helper()
	var groups []struct {
		ID    json.Number
		ECVMs []struct{ ID json.Number }
	}
	d.do(http.MethodGet, "/ecgroup", &groups)
	for _, g := range groups {
		for _, v := range g.ECVMs {
			if v.ID.String() == vm {
				return g.ID.String()
			}
		}
	}
	d.t.Fatalf("no group has VM %s", vm)
	return ""
}

// Edits that are pending survive a restart of up, which signs in as the same
// admin to see to the demo's templates.
func TestUpLeavesPendingEditsAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	d := newDemo(t, dir)
	if err := d.admin.Do(t.Context(), http.MethodPost, "/locationTemplate", map[string]string{"name": "mine"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"before", "after"} {
		var status struct{ OrgEditStatus, AdminActivateStatus string }
		d.do(http.MethodGet, "/ecAdminActivateStatus", &status)
		if status.OrgEditStatus != "EDITS_PRESENT" || status.AdminActivateStatus != "ADM_EDITING" {
			t.Errorf("%s the restart: %+v, want present edits of this admin", when, status)
		}
		d.down()
		d = newDemo(t, dir)
	}
}

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// world is a real server with connectors, and a gate in front of it.
type world struct {
	*testing.T
	server *servertest.Server
	gate   *gate
	dir    string // of profiles and journals
	made   int    // connectors

	mu       sync.Mutex
	sessions map[string]string // by login; hashing a password takes its time
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, server: servertest.Start(t, server.Config{}), dir: t.TempDir(), sessions: map[string]string{}}
	w.gate = newGate(t, w.server.URL())
	admin := w.client(servertest.Super)
	if _, err := sandbox.Demo(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	return w
}

// client is an admin, signed in and past the gate.
func (w *world) client(login string) *client.Client {
	w.Helper()
	c := client.New(client.Config{BaseURL: w.server.URL(), HTTP: unkept()})
	w.mu.Lock()
	defer w.mu.Unlock()
	if session := w.sessions[login]; session != "" {
		c.UseSession(session)
		return c
	}
	if err := c.SignIn(w.Context(), login, w.password(login), w.server.Credentials.APIKey); err != nil {
		w.Fatal(err)
	}
	w.sessions[login] = c.Session()
	return c
}

// idle lets all sessions end.
func (w *world) idle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.sessions)
	w.server.Clock.Advance(31 * time.Minute)
	if err := w.server.ActivateIdle(w.Context()); err != nil {
		w.Error(err)
	}
}

// unkept is a client whose connections are not busy when the server ends.
func unkept() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

func (w *world) password(login string) string {
	for _, a := range w.server.Credentials.Admins {
		if a.Login == login {
			return a.Password
		}
	}
	w.Fatalf("there is no admin %s", login)
	return ""
}

// connector is an enrolled connector.
type connector struct {
	wire.Enrolled
	nativeID string
}

func (c connector) target() target { return target{path: fmt.Sprintf("%d/%d", c.GroupID, c.VMID)} }
func (c connector) path() string   { return vmPath(c.GroupID, c.VMID) }

// enrol starts a connector at the demo org's first site.
func (w *world) enrol() connector {
	w.Helper()
	w.made++
	return w.enrolAs(sandbox.DemoSites()[0], fmt.Sprintf("i-%017x", w.made))
}

func (w *world) enrolAs(site sandbox.Site, nativeID string) connector {
	w.Helper()
	out, err := client.New(client.Config{BaseURL: w.server.URL(), HTTP: unkept()}).Enrol(w.Context(), wire.Enrolment{
		Key: w.server.Credentials.EnrolmentKey, Template: site.Template, Name: nativeID, Cloud: site.Cloud, Region: site.Region,
		Zone: site.Zone, Network: site.Network, NativeID: nativeID, Image: "ami-1", Build: "1",
	})
	if err != nil {
		w.Fatal(err)
	}
	c := connector{out, nativeID}
	w.report(c, wire.ReportRunning)
	return c
}

// report is a heartbeat: ReportStopping shuts the appliance down.
func (w *world) report(c connector, state string) {
	w.Helper()
	_, err := client.New(client.Config{BaseURL: w.server.URL(), HTTP: unkept()}).Heartbeat(w.Context(), c.Token, wire.Heartbeat{State: state, Build: "1"})
	if err != nil {
		w.Fatal(err)
	}
}

// stopped is a connector that is shut down, in a group with an active one.
func (w *world) stopped() connector {
	w.Helper()
	c := w.enrol()
	w.report(c, wire.ReportStopping)
	return c
}

// deletion is one of a fresh process: state that lasts is in the journal. Its
// requests go through the gate; its waits take no time and are noted.
func (w *world) deletion(t target, login string) (*deletion, *bytes.Buffer) {
	w.Helper()
	said := &bytes.Buffer{}
	wait := func(_ context.Context, d time.Duration) error {
		w.gate.mu.Lock()
		defer w.gate.mu.Unlock()
		w.gate.waits = append(w.gate.waits, d)
		return nil
	}
	c := client.New(client.Config{BaseURL: w.gate.URL, HTTP: unkept(), Wait: wait})
	signIn := func(ctx context.Context) error {
		direct := w.client(login) // what the gate counts are the deletion's own requests
		c.UseSession(direct.Session())
		return nil
	}
	if err := signIn(w.Context()); err != nil {
		w.Fatal(err)
	}
	call := func(ctx context.Context, doing, method, path string, in, out any) error {
		if err := c.Do(ctx, method, path, in, out); err != nil {
			return fmt.Errorf("cannot %s: %w", doing, err)
		}
		return nil
	}
	p := profile{Name: "world", URL: w.server.URL()}
	d := &deletion{
		remote: remote{call: call, signIn: signIn, wait: wait, native: true, login: login},
		target: t, tell: &narrator{out: said, printer: &printer{now: w.server.Clock.Now, format: "table"}},
		journal: journal{server: p.URL, now: w.server.Clock.Now, file: func(what string) (string, error) {
			return filepath.Join(w.dir, p.Name+"."+what), nil
		}},
	}
	return d, said
}

// run runs a deletion and, as the command does, forgets it when it is done.
func run(ctx context.Context, d *deletion) error {
	err := d.run(ctx)
	if err == nil && d.record != nil && !d.dryRun {
		err = d.journal.remove(d.record)
	}
	return err
}

// done checks that the deletion of a connector is: the VM is gone, that is
// active, and the journal is too.
func (w *world) done(c connector) {
	w.Helper()
	admin := w.client(servertest.Super)
	if err := admin.Do(w.Context(), "GET", c.path(), nil, nil); !refusedWith(err, http.StatusNotFound) {
		w.Errorf("GET answers %v, want a 404", err)
	}
	var pending wire.Pending
	if err := admin.Do(w.Context(), "GET", "/spurline/v1/pending", nil, &pending); err != nil {
		w.Fatal(err)
	}
	if gone := removalOf(pending, c.VMID); gone.pending {
		w.Errorf("the deletion is pending: %+v", pending)
	}
	if left := w.journals(); len(left) > 0 {
		w.Errorf("journals are left: %v", left)
	}
}

func (w *world) journals() []string {
	w.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if strings.Contains(e.Name(), journalPrefix) {
			names = append(names, e.Name())
		}
	}
	return names
}

// journal is what the one journal says.
func (w *world) journal() string {
	w.Helper()
	names := w.journals()
	if len(names) != 1 {
		w.Fatalf("journals %v, want one", names)
	}
	body, err := os.ReadFile(filepath.Join(w.dir, names[0]))
	if err != nil {
		w.Fatal(err)
	}
	return string(body)
}

// do calls the API as an admin, past the gate.
func (w *world) do(login, method, path, body string) {
	w.Helper()
	var in any
	if body != "" {
		in = json.RawMessage(body)
	}
	if err := w.client(login).Do(w.Context(), method, path, in, nil); err != nil {
		w.Errorf("%s %s: %v", method, path, err)
	}
}

// wantUnsafe checks that a deletion was refused, and which flags it names.
func wantUnsafe(t *testing.T, err error, flags ...string) {
	t.Helper()
	var u *unsafe
	if !errors.As(err, &u) {
		t.Fatalf("got %v, want a refusal", err)
	}
	var got []string
	for _, r := range u.refusals {
		got = append(got, r.Flag)
	}
	if strings.Join(got, " ") != strings.Join(flags, " ") {
		t.Errorf("refused for %v, want %v", got, flags)
	}
	for _, f := range flags {
		if !strings.Contains(err.Error(), f) {
			t.Errorf("the refusal does not say %s:\n%v", f, err)
		}
	}
}

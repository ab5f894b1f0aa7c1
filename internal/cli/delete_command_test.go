package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// spurline is a command line in a process of its own, with the world's
// profiles.
func (w *world) spurline(args ...string) *exec.Cmd {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), "spurline", args...)
	cmd.Env = append(os.Environ(), "SPURLINE_CONFIG="+filepath.Join(w.dir, "profiles.json"))
	return cmd
}

// keep makes a profile the default one.
func (w *world) keep(p profile) {
	w.Helper()
	p.Name, p.Login = "world", editor
	p.Password, p.APIKey = w.password(p.Login), w.server.Credentials.APIKey
	if err := writePrivate(filepath.Join(w.dir, "profiles.json"), profileStore{Default: p.Name, Profiles: []profile{p}}); err != nil {
		w.Fatal(err)
	}
}

// keepSandbox makes the default profile one of the gate.
func (w *world) keepSandbox() { w.keep(profile{Kind: kindSandbox, URL: w.gate.URL}) }

// ran is what a process has come to.
type ran struct {
	code        int
	out, errors string
}

func (w *world) run(cmd *exec.Cmd) ran {
	w.Helper()
	return w.runAs(cmd, make(chan *os.Process, 1))
}

// runAs is run, and says which process it is.
func (w *world) runAs(cmd *exec.Cmd, started chan<- *os.Process) ran {
	w.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	started <- cmd.Process
	_ = cmd.Wait() // its state is looked at below
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// A process is killed at any of its requests, before or after the server has
// carried it out: the same command line ends the deletion.
func TestDeleteKilledAtEveryRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepSandbox()
	w.enrol()
	var killed atomic.Int32
	for n, last := 1, false; !last; n++ {
		for _, reached := range []bool{false, true} {
			c := w.stopped()
			cmd := w.spurline("delete", c.target().path, "--yes", "-o", "json")
			started := make(chan *os.Process, 1)
			kill := func() {
				killed.Add(1)
				if err := (<-started).Kill(); err != nil {
					t.Error(err)
				}
			}
			w.gate.set(func(i int, r *http.Request) act {
				switch {
				case i == n && reached:
					return act{after: kill, lose: true}
				case i == n:
					return act{before: kill, drop: true}
				}
				return act{}
			})
			first := w.runAs(cmd, started)
			all, _ := w.gate.requests()
			last = len(all) < n
			w.gate.set(nil)
			if last != (first.code == 0) {
				t.Errorf("request %d of %v: it ended with %d\n%s", n, all, first.code, first.errors)
			}
			if !last {
				again := w.run(w.spurline("delete", c.target().path, "--yes", "-o", "json"))
				var got outcome
				if err := json.Unmarshal([]byte(again.out), &got); err != nil || again.code != 0 || got.VM.ID != c.VMID || got.Activation != "DONE" {
					t.Errorf("killed at request %d of %v: again: %d\n%s%s", n, all, again.code, again.out, again.errors)
				}
			}
			w.done(c)
		}
	}
	if killed.Load() < 20 {
		t.Errorf("it was killed %d times only", killed.Load())
	}
}

func TestDeleteExitCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepSandbox()
	active, c := w.enrol(), w.stopped()
	for _, tt := range []struct {
		code int
		says string
		args []string
	}{
		{2, "which connector?", nil},
		{2, "same thing", []string{"a/b", "--native-id", "x"}},
		{2, "is no connector", []string{"a"}},
		{2, "add --yes", []string{c.target().path}},
		{4, "--force overrides this", []string{active.target().path, "--yes"}},
		{4, "--force overrides this", []string{active.target().path, "--dry-run"}},
		{7, "has no VM nobody", []string{"zs-cc-vpc-0d5e3a7c91b24f608-us-west-2a/nobody", "--yes"}},
		{7, "no connector runs on the instance i-none", []string{"--native-id", "i-none", "--yes"}},
		{0, "", []string{c.target().path, "--dry-run"}},
		{0, "", []string{c.target().path, "--yes"}},
		{7, "has no VM", []string{c.target().path, "--yes"}},
	} {
		got := w.run(w.spurline(append([]string{"delete"}, tt.args...)...))
		if got.code != tt.code || !strings.Contains(got.errors, tt.says) || tt.code == 0 && got.errors != "" {
			t.Errorf("%v: %d\n%s%s", tt.args, got.code, got.out, got.errors)
		}
	}
	w.done(c)
}

// A second admin makes it QUEUED; when they have activated, the same command
// line ends done.
func TestDeleteQueued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepSandbox()
	w.enrol()
	c := w.stopped()
	w.do(second, "POST", "/locationTemplate", `{"name":"theirs"}`)
	line := []string{"delete", "--native-id", c.nativeID, "--yes"}
	got := w.run(w.spurline(line...))
	if got.code != exitQueued || !strings.Contains(got.out, "queued behind "+second) || !strings.Contains(got.out, "'spurline delete --native-id "+c.nativeID+"'") {
		t.Errorf("%+v", got)
	}
	if names := w.journals(); len(names) != 1 {
		t.Errorf("journals %v", names)
	} else if info, err := os.Stat(filepath.Join(w.dir, names[0])); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	got = w.run(w.spurline(append(line, "-o", "json")...))
	var queued outcome
	if err := json.Unmarshal([]byte(got.out), &queued); err != nil || got.code != exitQueued || !slices.Equal(queued.QueuedBy, []string{second}) {
		t.Errorf("%v %+v", err, got)
	}
	w.do(second, "PUT", "/ecAdminActivateStatus/activate", "")
	// There is nothing to ask any more, so it needs no terminal.
	if got := w.run(w.spurline(line[:3]...)); got.code != 0 {
		t.Errorf("%+v", got)
	}
	w.done(c)
}

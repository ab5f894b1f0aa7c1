package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/wire"
)

// seedFile is the vendor's page on deleting connectors, beside the checkout.
const seedFile = "../shared/seeds/000_7cec735f6e4618b0.txt"

// indent gives the lines of a script that has lost its leading blanks their
// indentation back. A function's body goes on to its return, and a loop's body
// is one statement: the scripts know no other blocks.
func indent(script string) string {
	var b strings.Builder
	inFunction, inLoop := false, false
	for line := range strings.Lines(script) {
		if inFunction {
			b.WriteString("    ")
		}
		if inLoop {
			b.WriteString("    ")
		}
		b.WriteString(line)
		inLoop = strings.HasPrefix(line, "for ")
		inFunction = strings.HasPrefix(line, "def ") || inFunction && !strings.HasPrefix(line, "return ")
	}
	return b.String()
}

// seedScripts returns the page's four scripts: list the groups, show a group,
// show a VM, delete a VM. In the page each follows a line of two brackets.
func seedScripts(t *testing.T) []string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), seedFile))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the vendor's scripts are not where this test takes them from: put the folder shared beside the checkout, so that %s is there from its root", seedFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	const fence = "[]\n"
	prose, rest, _ := strings.Cut(string(page), fence)
	scripts := strings.Split(rest, fence)
	if len(scripts) != 4 {
		t.Fatalf("%s has %d scripts, want 4", seedFile, len(scripts))
	}
	back := prose
	for i, s := range scripts {
		scripts[i] = indent(s)
		back += fence + regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(scripts[i], "")
	}
	if diff := cmp.Diff(string(page), back); diff != "" {
		t.Fatalf("without leading blanks, the scripts are not the page's (-page +scripts):\n%s", diff)
	}
	return scripts
}

// python is Debian's, with Debian's python3-requests.
const python = "/usr/bin/python3"

// The vendor's own scripts, unmodified, under the variables of spurline env.
func TestSeedScripts(t *testing.T) {
	t.Parallel()
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import requests").CombinedOutput(); err != nil {
		t.Fatalf("%s has no requests (%v); install them with: apt-get install python3-requests\n%s", python, err, out)
	}
	d := newDemo(t, t.TempDir())
	scripts := seedScripts(t)
	type vm struct {
		ID                int64
		Name              string
		OperationalStatus string
	}
	type group struct {
		ID    int64
		Name  string
		ECVMs []vm
	}

	var groups []group
	decode(t, d.script(scripts[0], nil), &groups)
	if len(groups) != 3 {
		t.Fatalf("the list has %d groups, want 3", len(groups))
	}
	for _, g := range groups {
		for _, v := range g.ECVMs {
			if v.OperationalStatus != "ACTIVE" {
				t.Errorf("%s is %s, want ACTIVE", v.Name, v.OperationalStatus)
			}
		}
		if len(g.ECVMs) != 2 {
			t.Errorf("group %s has %d VMs, want 2", g.Name, len(g.ECVMs))
		}
	}

	chosen := groups[1]
	ids := map[string]string{"Group ID": number(chosen.ID)}
	var one group
	decode(t, d.script(scripts[1], ids), &one)
	if diff := cmp.Diff(chosen, one); diff != "" {
		t.Errorf("the group is not as in the list (-list +group):\n%s", diff)
	}

	victim := chosen.ECVMs[0]
	ids["VM ID"] = number(victim.ID)
	var single vm
	decode(t, d.script(scripts[2], ids), &single)
	if diff := cmp.Diff(victim, single); diff != "" {
		t.Errorf("the VM is not as in the list (-list +vm):\n%s", diff)
	}
	if c := d.simulated(victim.ID); !c.Running {
		t.Errorf("%s does not run before anything was deleted: %+v", c.Name, c)
	}

	said := d.script(scripts[3], ids)
	deletion, activation, ok := strings.Cut(strings.TrimPrefix(said, "\nDeletion Status:\n"), "\n\nActivation Status:\n")
	if !ok {
		t.Fatalf("the deletion says %q", said)
	}
	decode(t, deletion, &struct{}{})
	var status struct{ AdminActivateStatus, OrgEditStatus string }
	if err := json.Unmarshal([]byte(activation), &status); err != nil || status.AdminActivateStatus != "ADM_ACTV_DONE" || status.OrgEditStatus != "EDITS_CLEARED" {
		t.Errorf("the activation says %s (%v), want ADM_ACTV_DONE and EDITS_CLEARED", activation, err)
	}

	var missing struct{ Code, Message string }
	decode(t, d.script(scripts[2], ids), &missing)
	if missing.Code != wire.CodeNotFound || missing.Message == "" {
		t.Errorf("the VM script gets %+v, want %s and a message", missing, wire.CodeNotFound)
	}
	d.awaitGone(victim.ID)
}

// script runs one of the vendor's scripts on a terminal, as a person would,
// and returns what it prints after the last answer. more holds the answers
// that differ from script to script, by a part of the prompt.
func (d *demo) script(text string, more map[string]string) string {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "script.py")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", `eval "$1" && exec "$2" "$3"`, "sh", d.env(), python, file)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.dir, "TERM=dumb"} // nothing of the tester's own
	tty, err := pty.Start(cmd)
	if err != nil {
		d.t.Fatal(err)
	}
	defer tty.Close()
	s := session{t: d.t, tty: tty}
	admin := d.creds.Admins[0]
	answers := map[string]string{"Cloud Name": d.creds.Cloud, "Username": admin.Login, "Password": admin.Password, "APIKey": d.creds.APIKey}
	for part, answer := range more {
		answers[part] = answer
	}
	for _, m := range regexp.MustCompile(`(?:input|getpass)\("(.*)"\)`).FindAllStringSubmatch(text, -1) {
		s.answer(m[1], answers)
	}
	out := s.rest()
	if err := cmd.Wait(); err != nil {
		d.t.Fatalf("the script: %v\n%s", err, out)
	}
	return out
}

// session is a person at a terminal.
type session struct {
	t    *testing.T
	tty  *os.File
	seen bytes.Buffer // what has not been looked at
}

// answer waits for a prompt and answers it.
func (s *session) answer(prompt string, answers map[string]string) {
	s.t.Helper()
	s.until(prompt)
	for part, answer := range answers {
		// The prompt for the VM's ID mentions the group's as well.
		if strings.Contains(strings.TrimSuffix(prompt, " within the Group ID specified previously: "), part) {
			if _, err := s.tty.WriteString(answer + "\n"); err != nil {
				s.t.Fatal(err)
			}
			s.until("\r\n") // the terminal's echo, or of a password the line's end alone
			return
		}
	}
	s.t.Fatalf("no answer to %q", prompt)
}

// until reads up to a text and past it.
func (s *session) until(text string) {
	s.t.Helper()
	chunk := make([]byte, 4096)
	for !bytes.Contains(s.seen.Bytes(), []byte(text)) {
		n, err := s.tty.Read(chunk)
		s.seen.Write(chunk[:n])
		if err != nil {
			s.t.Fatalf("the script ended (%v) before %q; it says\n%s", err, text, s.seen.String())
		}
	}
	s.seen.Next(bytes.Index(s.seen.Bytes(), []byte(text)) + len(text))
}

// rest reads to the end, which a terminal tells by an error, and returns what
// was printed, without the last line's end.
func (s *session) rest() string {
	chunk := make([]byte, 4096)
	for {
		n, err := s.tty.Read(chunk)
		s.seen.Write(chunk[:n])
		if err != nil {
			return strings.TrimSuffix(strings.ReplaceAll(s.seen.String(), "\r\n", "\n"), "\n")
		}
	}
}

// decode reads a value as Python prints it.
func decode(t *testing.T, printed string, v any) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, "-c", "import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read())))")
	cmd.Stdin = strings.NewReader(printed)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("not a value of Python's: %v\n%s", err, printed)
	}
	if err := json.Unmarshal(out, v); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// simulated returns the simulated connector that has enrolled as a VM.
func (d *demo) simulated(vm int64) wire.SimulatedConnector {
	d.t.Helper()
	var all []wire.SimulatedConnector
	d.do(http.MethodGet, "/spurline/v1/fleet/connectors", &all)
	for _, c := range all {
		if c.VMID == vm {
			return c
		}
	}
	d.t.Fatalf("no simulated connector is VM %d: %+v", vm, all)
	return wire.SimulatedConnector{}
}

// awaitGone waits until the connector of a VM has been told to stop.
func (d *demo) awaitGone(vm int64) {
	d.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		c := d.simulated(vm)
		if !c.Running {
			if c.Stopped != "told gone" {
				d.t.Errorf("%s has stopped because of %q, want told gone", c.Name, c.Stopped)
			}
			return
		}
		select {
		case <-tick.C:
		case <-late:
			d.t.Fatalf("%s still runs: %+v", c.Name, c)
		}
	}
}

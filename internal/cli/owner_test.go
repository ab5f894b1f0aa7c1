package cli_test

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/cli"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// typed runs a command line at a terminal, where the answers are typed one
// after the other as its questions come.
func typed(t *testing.T, questions, answers []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	user, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer user.Close()
	defer terminal.Close()
	var out, errs buffer
	done := make(chan int, 1)
	go func() { done <- cli.Run(t.Context(), args, terminal, &out, &errs) }()
	late := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i, q := range questions {
		for !strings.Contains(errs.String(), q) {
			select {
			case code := <-done:
				t.Fatalf("it ended with %d before it asked %q: %s", code, q, errs.String())
			case <-late:
				t.Fatalf("it never asks %q: %s", q, errs.String())
			case <-tick.C:
			}
		}
		if _, err := user.WriteString(answers[i] + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	return <-done, out.String(), errs.String()
}

// Passwords are typed twice and shown nowhere, and a restore is confirmed in a
// word.
func TestOwnerPrompts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	const login, first, other = "root@acme.example", "Correct-horse1", "Battery-staple2"
	var out, errs bytes.Buffer
	if code := cli.Run(t.Context(), []string{"org", "create", "Acme", "--admin", login, "--data-dir", dir}, nil, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	passwd := []string{"admin", "passwd", login, "--data-dir", dir}
	questions := []string{"Password for " + login, "Again"}
	if code, _, said := typed(t, questions, []string{first, other}, passwd...); code != 1 || !strings.Contains(said, "the two passwords differ; nothing was changed") {
		t.Errorf("two passwords: %d %s", code, said)
	}
	if code, _, said := typed(t, questions, []string{"short", "short"}, passwd...); code != 1 || !strings.Contains(said, "password must have 8 to 100 characters") {
		t.Errorf("a short password: %d %s", code, said)
	}
	code, shown, said := typed(t, questions, []string{first, first}, passwd...)
	if code != 0 || !strings.Contains(shown, "(as typed)") || strings.Contains(shown+said, first) {
		t.Errorf("a password: %d %s %s", code, shown, said)
	}
	creds, err := server.ReadCredentials(dir)
	if err != nil || creds.Admins[0].Password != first {
		t.Errorf("credentials: %v", err)
	}
	code, shown, _ = typed(t, questions[:1], []string{""}, passwd...)
	if creds, err = server.ReadCredentials(dir); code != 0 || err != nil || !strings.Contains(shown, creds.Admins[0].Password) {
		t.Errorf("one made up: %d %s (%v)", code, shown, err)
	}

	file := filepath.Join(t.TempDir(), "backup")
	if code := cli.Run(t.Context(), []string{"backup", file, "--data-dir", dir}, nil, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	for answer, want := range map[string]int{"no": 4, "yes": 0} {
		if code, _, said := typed(t, []string{"Replace everything in " + dir}, []string{answer}, "restore", file, "--data-dir", dir); code != want {
			t.Errorf("restore, %s: %d %s", answer, code, said)
		}
	}
}

// A reset takes a moment, and the fleet is the same six connectors afterwards:
// those that were deleted run again, and those that were added are gone.
func TestResetDemo(t *testing.T) {
	t.Parallel()
	d := newDemo(t, filepath.Join(t.TempDir(), "data"))
	token, err := server.ReadOwnerToken(d.dir)
	if err != nil {
		t.Fatal(err)
	}
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
	fleet := func() (groups []group) {
		d.do(http.MethodGet, "/ecgroup", &groups)
		for i := range groups {
			for j := range groups[i].ECVMs {
				groups[i].ECVMs[j].OperationalStatus = "" // is told apart below
			}
		}
		return groups
	}
	want := fleet()
	var fastest time.Duration
	for range 3 {
		number := number(want[0].ECVMs[0].ID)
		d.do(http.MethodDelete, "/ecgroup/"+d.groupOf(number)+"/vm/"+number, nil)
		d.do(http.MethodPut, "/ecAdminActivateStatus/activate", nil)
		d.awaitGone(want[0].ECVMs[0].ID)
		var grown []wire.SimulatedConnector
		if err := d.admin.Do(t.Context(), http.MethodPost, "/spurline/v1/fleet/connectors", wire.FleetPlan{Groups: 1, PerGroup: 2}, &grown); err != nil {
			t.Fatal(err)
		}
		d.do(http.MethodDelete, "/spurline/v1/fleet/connectors", nil) // or their goodbyes would be timed

		began := time.Now()
		resp, err := d.admin.Raw(t.Context(), http.MethodPost, "/spurline/v1/reset", http.Header{"Authorization": {"Bearer " + token}}, nil)
		took := time.Since(began)
		if err != nil || resp.StatusCode != http.StatusNoContent {
			t.Fatalf("reset: %v %v", resp, err)
		}
		resp.Body.Close()
		if fastest == 0 || took < fastest {
			fastest = took
		}
		if diff := cmp.Diff(want, fleet()); diff != "" {
			t.Errorf("the fleet (-want +got):\n%s", diff)
		}
		var now []wire.SimulatedConnector
		d.do(http.MethodGet, "/spurline/v1/fleet/connectors", &now)
		running := 0
		for _, c := range now {
			if c.Running {
				running++
			}
		}
		if len(now) != 6 || running != 6 {
			t.Errorf("simulated connectors: %+v", now)
		}
	}
	// The target is 100 ms without the race detector, on a quiet machine; a
	// test that fails by the clock would fail by the neighbours.
	t.Logf("a reset takes %v", fastest)
}

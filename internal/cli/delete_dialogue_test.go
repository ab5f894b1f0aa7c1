package cli

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/server/servertest"
)

// dialogue runs a command line at a terminal and answers its question.
func (w *world) dialogue(answer string, args ...string) (said string, code int) {
	w.Helper()
	cmd := w.spurline(args...)
	tty, err := pty.Start(cmd)
	if err != nil {
		w.Fatal(err)
	}
	defer tty.Close()
	var b strings.Builder
	for buf, answered := make([]byte, 4096), false; ; {
		n, err := tty.Read(buf)
		b.Write(buf[:n])
		if strings.Contains(b.String(), "Type the VM's name to delete it: ") && !answered {
			answered = true
			if _, err := io.WriteString(tty, answer); err != nil {
				w.Fatal(err)
			}
		}
		if err != nil { // the other side has closed
			break
		}
	}
	_ = cmd.Wait()
	return b.String(), cmd.ProcessState.ExitCode()
}

func TestDeleteAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepSandbox()
	w.enrol()
	c := w.stopped()
	w.gate.set(nil)
	for _, tt := range []struct {
		answer string
		code   int
		says   string
	}{
		{"yes\n", exitUnsafe, "that is not its name; nothing was deleted"},
		{"\n", exitUnsafe, "nothing was deleted"},
		{"\x03", exitInterrupted, "interrupted"}, // Ctrl-C
	} {
		if said, code := w.dialogue(tt.answer, "delete", c.target().path); code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("%q: %d\n%s", tt.answer, code, said)
		}
	}
	if _, writes := w.gate.requests(); len(writes) > 1 || len(writes) == 1 && writes[0] != "POST /api/v1/auth" {
		t.Errorf("it has sent %v", writes)
	}
	said, code := w.dialogue(c.VMName+"\n", "delete", c.target().path)
	if code != 0 {
		t.Errorf("%d\n%s", code, said)
	}
	for _, want := range []string{`\[sandbox\]\S* connector to delete`, `\[sandbox\] Type the VM's name`, `…\S* Deleting`, `✓\S* Verified`, c.nativeID + " at AWS us-west-2a", "undoes this"} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("it does not say %s:\n%q", want, said)
		}
	}
	w.done(c)
}

// The vendor's cloud has no /spurline/v1, and is reached by https alone.
func TestDeleteOnACloud(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.gate.Config.Handler
	lists := map[string]int{"/api/v1/ecRules/ecDns": http.StatusNotFound, "/api/v1/ecRules/self": http.StatusMethodNotAllowed}
	cloud := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/spurline/"):
			http.NotFound(rw, r)
		case lists[r.URL.Path] != 0:
			http.Error(rw, "<html>", lists[r.URL.Path])
		case r.URL.Path == "/api/v1/ecRules/ecRdr":
			_, _ = io.WriteString(rw, `[{"name":"to ZIA","ecGroups":[{"id":`+w.groupID()+`}]},{"name":"other","ecGroups":[{"id":1}]},{"name":"all"}]`)
		default:
			api.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(cloud.Close)
	ca := filepath.Join(w.dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cloud.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	w.keep(profile{Kind: kindCloud, URL: cloud.URL, CAFile: ca})
	w.enrol()
	c := w.stopped()
	w.do(editor, "POST", "/locationTemplate", `{"name":"mine"}`)
	got := w.run(w.spurline("delete", "--native-id", c.nativeID, "--yes"))
	if got.code != exitUnsafe || !strings.Contains(got.errors, "--with-pending overrides this") {
		t.Errorf("%+v", got)
	}
	w.do(editor, "PUT", "/ecAdminActivateStatus/activate", "")
	got = w.run(w.spurline("delete", "--native-id", c.nativeID, "--yes"))
	if got.code != 0 || strings.Contains(got.out, "[sandbox]") {
		t.Errorf("%+v", got)
	}
	for _, s := range []string{
		"does not say when a connector was last heard of", `forwarding rule "to ZIA"; this server does not let its DNS rules, log and control rules be read`,
		"INACTIVE;", "Now remove the appliance " + c.nativeID + " at AWS us-west-2a.",
	} {
		if !strings.Contains(got.out, s) {
			t.Errorf("it does not say %q:\n%s", s, got.out)
		}
	}
	w.done(c)
}

// groupID is the id of the one group that there is.
func (w *world) groupID() string {
	var groups []struct{ ID json.Number }
	if err := w.client(servertest.Super).Do(w.Context(), "GET", "/ecgroup", nil, &groups); err != nil || len(groups) != 1 {
		w.Errorf("%v, groups %v", err, groups)
		return ""
	}
	return groups[0].ID.String()
}

// The session that a killed process left is taken up, and not one more opened
// for each command line.
func TestDeleteSignsInOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepSandbox()
	w.enrol()
	var signIns []string
	for range 2 {
		c := w.stopped()
		w.gate.set(nil)
		if got := w.run(w.spurline("delete", c.target().path, "--yes")); got.code != 0 {
			t.Fatalf("%+v", got)
		}
		_, writes := w.gate.requests()
		signIns = append(signIns, writes[0])
		if slices.Contains(writes, "DELETE /api/v1/auth") {
			t.Error("it signs out, which activates whatever this admin has saved")
		}
	}
	if diff := cmp.Diff("POST /api/v1/auth", signIns[0]); diff != "" || signIns[1] == signIns[0] {
		t.Errorf("first writes of two command lines: %v", signIns)
	}
}

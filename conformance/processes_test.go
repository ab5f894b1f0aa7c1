package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurline/spurline/conformance"
)

// Real clients as processes of their own, with nothing but the variables of
// spurline env: through the proxy, over TLS that they verify.

// python is Debian's, with Debian's python3-requests.
const python = "/usr/bin/python3"

// underEnv runs a command in a shell after eval "$(spurline env)", with the
// account of an org of the test's own in the place of the first one's.
func underEnv(t *testing.T, s *server, a conformance.Account, command ...string) (string, error) {
	t.Helper()
	exports, err := spurline(t.Context(), s.dir, "env")
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var own strings.Builder
	for name, value := range map[string]string{"USERNAME": a.Login, "PASSWORD": a.Password, "API_KEY": a.APIKey, "CLOUD": a.Cloud} {
		for _, prefix := range []string{"ZTC_", "ZTW_"} {
			fmt.Fprintf(&own, "export %s%s='%s'\n", prefix, name, strings.ReplaceAll(value, "'", `'\''`))
		}
	}
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `eval "$1"; eval "$2"; shift 2; exec "$@"`, "sh", string(exports), own.String()}, command...)...)
	cmd.Env = append(bareEnv(t.TempDir()), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestCurlFollowsTheGuide(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	out, err := underEnv(t, s, s.org(t), "sh", "testdata/guide.sh")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	lines = deleteLines(lines, "curl: (22)") // what curl says of the two refusals that the script expects
	for i, want := range []string{
		`{"authType":"ADMIN_LOGIN"`, `[{"id":`, `{"id":`, `{"orgEditStatus":"EDITS_CLEARED"`,
		`{"code":"RESOURCE_NOT_FOUND"`, `{"status":"LOGGED_OUT"}`, `{"code":"SESSION_NOT_VALID"`,
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Fatalf("line %d does not begin with %s:\n%s", i+1, want, out)
		}
	}
	// Without the variables the same script gets nowhere: no other way leads
	// to the vendor's hosts from here, and the test would not take one.
	cut := s.account()
	cut.Cloud = "zscalerfour"
	if out, err := underEnv(t, s, cut, "sh", "testdata/guide.sh"); err == nil {
		t.Errorf("the script works against a cloud that there is not:\n%s", out)
	}
}

func deleteLines(lines []string, containing string) (out []string) {
	for _, line := range lines {
		if !strings.Contains(line, containing) {
			out = append(out, line)
		}
	}
	return out
}

func TestPythonRotatesCredentials(t *testing.T) {
	t.Parallel()
	runPython(t, "credentials.py", "credentials rotated")
}

func TestPythonManagesAdmins(t *testing.T) {
	t.Parallel()
	runPython(t, "admins.py", "admin and role have lived")
}

func runPython(t *testing.T, name, last string) {
	t.Helper()
	s := world.sandbox.get(t)
	out, err := underEnv(t, s, s.org(t), python, filepath.Join("testdata", name))
	if err != nil || strings.TrimSpace(out) != last {
		t.Fatalf("%v; %s says\n%s", err, name, out)
	}
}

// newman is installed by scripts/test.sh.
func newman(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../tools/npm/node_modules/.bin/newman")
	must(t, err)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("newman is not installed; get it with: npm --prefix tools/npm ci --ignore-scripts")
	}
	return path
}

// summary is what newman reports of a run.
type summary struct {
	Run struct {
		Stats    map[string]struct{ Total, Failed, Pending int }
		Failures []struct {
			Source struct{ Name string }
			Error  struct{ Message string }
		}
	}
}

func TestNewmanRunsACollection(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	run := func(a conformance.Account) (summary, string) {
		report := filepath.Join(t.TempDir(), "report.json")
		out, _ := underEnv(t, s, a, newman(t), "run", "testdata/legacy.postman_collection.json", "--color", "off",
			"--env-var", "url=https://connector."+a.Cloud+".net/api/v1", "--env-var", "username="+a.Login,
			"--env-var", "password="+a.Password, "--env-var", "apikey="+a.APIKey,
			"--reporters", "cli,json", "--reporter-json-export", report)
		var sum summary
		data, err := os.ReadFile(report)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		must(t, json.Unmarshal(data, &sum))
		return sum, out
	}
	sum, out := run(s.account())
	if n := sum.Run.Stats["assertions"]; n.Total < 10 || n.Failed != 0 || len(sum.Run.Failures) != 0 || sum.Run.Stats["requests"].Failed != 0 {
		t.Errorf("%+v\n%s", sum.Run, out)
	}
	wrong := s.account()
	wrong.APIKey = strings.Repeat("0", 12)
	if sum, _ := run(wrong); sum.Run.Stats["assertions"].Failed == 0 {
		t.Error("the collection passes with a wrong key")
	}
}

// The hook of an autoscaling group takes one connector out of its group.
func TestHookScalesIn(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	var groups []struct {
		ID    int64
		ECVMs []struct{ ID int64 }
	}
	must(t, c.List(t.Context(), "/ecgroup", &groups))
	group := groups[len(groups)-1]
	vm := group.ECVMs[len(group.ECVMs)-1].ID
	h := hook(t, s, s.account())
	must(t, h.ScaleIn(t.Context(), group.ID, vm))
	path := fmt.Sprintf("/ecgroup/%d/vm/%d", group.ID, vm)
	refused(t, c.Get(t.Context(), path, &struct{}{}), 404, "RESOURCE_NOT_FOUND")

	// A second run finds nothing, does not try again, and leaves its session.
	again := hook(t, s, s.account())
	refused(t, again.ScaleIn(t.Context(), group.ID, vm), 404, "RESOURCE_NOT_FOUND")
	same(t, len(again.Clock.Waits()), 0)

	// TLS is verified: without the CA there is no way in.
	stranger := hook(t, s, s.account())
	untrusting := s.proxied(t)
	untrusting.TLSClientConfig.RootCAs = nil
	stranger.HTTP = client(untrusting)
	fails(t, stranger.ScaleIn(t.Context(), group.ID, vm), "certificate")
}

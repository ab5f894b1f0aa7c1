package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	export := func(name, value string) {
		fmt.Fprintf(&own, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	for name, value := range map[string]string{"USERNAME": a.Login, "PASSWORD": a.Password, "API_KEY": a.APIKey, "CLOUD": a.Cloud} {
		export("ZTC_"+name, value)
		export("ZTW_"+name, value)
	}
	for name, value := range map[string]string{"CLIENT_ID": a.ClientID, "CLIENT_SECRET": a.ClientSecret, "VANITY_DOMAIN": a.Vanity} {
		export("ZSCALER_"+name, value)
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
	linesBegin(t, out, `{"authType":"ADMIN_LOGIN"`, `[{"id":`, `{"id":`, `{"orgEditStatus":"EDITS_CLEARED"`,
		`{"code":"RESOURCE_NOT_FOUND"`, `{"status":"LOGGED_OUT"}`, `{"code":"SESSION_NOT_VALID"`)
	// Without the variables the same script gets nowhere: no other way leads
	// to the vendor's hosts from here, and the test would not take one.
	cut := s.account()
	cut.Cloud = "zscalerfour"
	if out, err := underEnv(t, s, cut, "sh", "testdata/guide.sh"); err == nil {
		t.Errorf("the script works against a cloud that there is not:\n%s", out)
	}
}

// linesBegin checks how the lines of a script begin. What curl says of the
// refusals that the scripts expect does not count.
func linesBegin(t *testing.T, out string, want ...string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "curl: (22)") {
			lines = append(lines, line)
		}
	}
	for i, begin := range want {
		if i >= len(lines) || !strings.HasPrefix(lines[i], begin) {
			t.Fatalf("line %d does not begin with %s:\n%s", i+1, begin, out)
		}
	}
}

func TestCurlUsesOneAPI(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	out, err := underEnv(t, s, s.org(t), "sh", "testdata/oneapi.sh")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	linesBegin(t, out, `{"id":`, `{"orgEditStatus":"EDITS_PRESENT"`, `{"status":"LOGGED_OUT"}`, `{"orgEditStatus":"EDITS_CLEARED"`,
		`{"code":"RESOURCE_NOT_FOUND"`, "{\n")
}

func TestPythonUsesOneAPI(t *testing.T) {
	t.Parallel()
	runPython(t, "oneapi.py", "a client has lived")
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

// newman is where scripts/npm.sh installs it.
func newman(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "../scripts/npm.sh").Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("newman: %v\n%s", err, failed.Stderr)
	}
	must(t, err)
	return filepath.Join(strings.TrimSpace(string(out)), "node_modules", ".bin", "newman")
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

// runNewman runs a collection with variables, names and values, and returns
// what came of it.
func runNewman(t *testing.T, s *server, a conformance.Account, collection string, variables ...string) (summary, string) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	args := []string{newman(t), "run", filepath.Join("testdata", collection), "--color", "off", "--reporters", "cli,json", "--reporter-json-export", report}
	for i := 0; i < len(variables); i += 2 {
		args = append(args, "--env-var", variables[i]+"="+variables[i+1])
	}
	out, _ := underEnv(t, s, a, args...) // ends with 1 when an assertion fails
	var sum summary
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	must(t, json.Unmarshal(data, &sum))
	return sum, out
}

func TestNewmanSignsIn(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	run := func(a conformance.Account) (summary, string) {
		return runNewman(t, s, a, "legacy.postman_collection.json",
			"url", "https://connector."+a.Cloud+".net/api/v1", "username", a.Login, "password", a.Password, "apikey", a.APIKey)
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

func TestNewmanUsesOneAPI(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	run := func(secret string) (summary, string) {
		return runNewman(t, s, a, "oneapi.postman_collection.json",
			"url", "https://api.zsapi.net/ztw/api/v1", "vanity", a.Vanity, "clientId", a.ClientID, "clientSecret", secret)
	}
	sum, out := run(a.ClientSecret)
	if n := sum.Run.Stats["assertions"]; n.Total < 6 || n.Failed != 0 || len(sum.Run.Failures) != 0 {
		t.Errorf("%+v\n%s", sum.Run, out)
	}
	if sum, _ := run("wrong"); sum.Run.Stats["assertions"].Failed == 0 {
		t.Error("the collection passes with a wrong secret")
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
	if len(group.ECVMs) == 0 {
		t.Fatalf("group %d has no connector left", group.ID)
	}
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

func TestHookTriesThreeTimes(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	for status, want := range map[int][]time.Duration{
		http.StatusServiceUnavailable: {time.Second, 2 * time.Second}, http.StatusTooManyRequests: {time.Second, 2 * time.Second},
		http.StatusConflict: nil, http.StatusNotFound: nil,
	} {
		h := hook(t, s, s.account(), func(r *http.Request, resp *http.Response) {
			if r.Method == http.MethodGet {
				resp.StatusCode = status
			}
		})
		refused(t, h.ScaleIn(t.Context(), 1, 1), status, "RESOURCE_NOT_FOUND")
		same(t, h.Clock.Waits(), want)
	}
}

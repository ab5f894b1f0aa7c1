package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/wire"
)

// nasty are values that a shell could read in a way of its own.
func nasty() []string {
	values := []string{
		"plain", "http://127.0.0.1:8777", "two words", "it's", `a"b\c$d`, "$(id)", "`id`", "line\nbreak", "ends in one\n", "*", "~", "#x", "!!", "a;b&c|d<e>f",
		"ü", "=ls", "%1", "-n", `\`, `\\'`, "'", "''", "’‘‚‛", "{a,b}", "(id)", "\t", "$env:HOME", "^x", "@(1)", "\x01\x7f",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b strings.Builder
		for range 1 + random.IntN(12) {
			b.WriteByte(byte(1 + random.IntN(126)))
		}
		values = append(values, b.String())
	}
	return values
}

// The judges of the lines are the shells.
func TestShellQuoting(t *testing.T) {
	t.Parallel()
	for _, s := range shells(t) {
		var vars []variable
		for i, value := range nasty() {
			vars = append(vars, variable{fmt.Sprint("NASTY_", i), value})
		}
		got := s.run(t, s.kind.point(vars), nil)
		for _, v := range vars {
			if got[v.name] != v.value {
				t.Errorf("%s reads %q as %q", s.name, v.value, got[v.name])
			}
		}
	}
}

// What was there before comes back, however often the lines are evaluated, and
// what is to be absent is.
func TestShellTakesBack(t *testing.T) {
	t.Parallel()
	creds := wire.Credentials{
		Cloud: "zscloud.net", VanityDomain: "demo", APIKey: "key", ClientID: "id", ClientSecret: "secret",
		Admins: []wire.AdminCredentials{{Login: "a@b", Password: "it's $x"}},
	}
	vars := variables(&runState{URL: "http://127.0.0.1:8777", CABundle: "/data/ca bundle.pem"}, creds)
	before := map[string]string{
		"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": ".zscaler.net, it's", "ZSCALER_CLOUD": "beta", "ZSCALER_PRIVATE_KEY": "line\nbreak",
		"ZSCALER_CLIENT_PROXY_USERNAME": "me", "SSL_CERT_FILE": "", "UNRELATED": "x",
	}
	for _, s := range shells(t) {
		point := s.kind.point(vars)
		got := s.run(t, point+point, before)
		for _, v := range vars {
			if value, ok := got[v.name]; value != v.value || ok != (v.value != "") {
				t.Errorf("%s: %s is %q (%v), want %q", s.name, v.name, value, ok, v.value)
			}
		}
		for _, script := range []string{point + s.kind.takeBack(), point + point + s.kind.takeBack() + s.kind.takeBack(), s.kind.takeBack()} {
			after := s.run(t, script, before)
			for name, value := range after {
				if _, ok := before[name]; !ok && (slices.Contains(variableNames(), name) || strings.Contains(strings.ToLower(name), "spurline")) {
					t.Errorf("%s: %s is left, as %q", s.name, name, value)
				}
			}
			for name, value := range before {
				if got, ok := after[name]; !ok || got != value {
					t.Errorf("%s: afterwards %s is %q, want %q", s.name, name, got, value)
				}
			}
		}
	}
}

// The prompt of an interactive shell says where it is, once.
func TestShellPrompt(t *testing.T) {
	t.Parallel()
	bash := newShell()
	point := bash.point([]variable{{envVar, "1"}})
	for script, want := range map[string]string{
		"PS1='$ '; " + point + point:                                  "(spurline) $ ",
		"PS1='$ '; " + point + bash.takeBack():                        "$ ",
		"PS1='$ '; " + point + bash.takeBack() + bash.takeBack():      "$ ",
		"unset PS1; set -u; " + point:                                 "(spurline) ",
		"PS1='$ '; " + bash.takeBack():                                "$ ",
		"PS1='(venv) $ '; " + point + "PS1='x> '; " + bash.takeBack(): "x> ",
	} {
		out, err := exec.CommandContext(t.Context(), "bash", "--norc", "--noprofile", "-i", "-c", script+"\nprintf %s \"$PS1\"").Output()
		if err != nil || string(out) != want {
			t.Errorf("after %q the prompt is %q, %v; want %q", script, out, err, want)
		}
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-euc", point+"printf %s \"${PS1-none}\"").CombinedOutput()
	if err != nil || string(out) != "none" {
		t.Errorf("a shell that is not interactive: %q, %v", out, err)
	}
	if path, err := exec.LookPath("fish"); err == nil {
		fish := newShell()
		fish.value = "fish"
		lines := "function fish_prompt; echo -n 'f> '; end\n" + fish.point([]variable{{envVar, "1"}})
		out, err := exec.CommandContext(t.Context(), path, "--no-config", "--interactive", "-c", lines+lines[strings.Index(lines, "\n")+1:]+"fish_prompt; "+fish.takeBack()+"fish_prompt").Output()
		if err != nil || string(out) != "(spurline) f> f> " {
			t.Errorf("fish's prompts are %q, %v", out, err)
		}
	}
}

// shellUnderTest is one that is installed here.
type shellUnderTest struct {
	name string
	kind *shell
	args []string // run the text that follows, strictly
}

func shells(t *testing.T) []shellUnderTest {
	t.Helper()
	all := []shellUnderTest{
		{"sh", newShell(), []string{"sh", "-euc"}},
		{"bash", newShell(), []string{"bash", "-euc"}},
	}
	for _, more := range []struct {
		name, kind string
		args       []string
	}{
		{"zsh", "bash", []string{"-euc"}}, {"fish", "fish", []string{"--no-config", "-c"}}, {"pwsh", "powershell", []string{"-NoProfile", "-NonInteractive", "-Command"}},
	} {
		path, err := exec.LookPath(more.name)
		if err != nil {
			t.Logf("%s is not installed, and is not asked", more.name)
			continue
		}
		s := shellUnderTest{more.name, newShell(), append([]string{path}, more.args...)}
		s.kind.value = more.kind
		all = append(all, s)
	}
	return all
}

// run evaluates lines in the environment given, and returns the environment
// that a command gets afterwards.
func (s shellUnderTest) run(t *testing.T, lines string, env map[string]string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "env")
	cmd := exec.CommandContext(t.Context(), s.args[0], append(s.args[1:], lines+"\nenv -0 >"+quote(file)+"\n")...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%s: %v, and says %q", s.name, err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(text), "\x00"), "\x00") {
		name, value, _ := strings.Cut(entry, "=")
		got[name] = value
	}
	return got
}

// There is no PowerShell to ask in most places, so its lines are read.
func TestPowerShellLines(t *testing.T) {
	t.Parallel()
	s := newShell()
	s.value = "powershell"
	lines := strings.Split(s.point([]variable{{"A", "it's ’x"}, {"B", ""}}), "\n")
	if diff := cmp.Diff([]string{"$env:A = 'it''s ’’x'", "Remove-Item Env:B -ErrorAction SilentlyContinue"}, lines[1:3]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A proxy that speaks TLS is none that the SDK's own settings can name.
func TestVariablesOfATLSProxy(t *testing.T) {
	t.Parallel()
	creds := wire.Credentials{Org: 7, Admins: []wire.AdminCredentials{{Login: "a@b"}}}
	got := map[string]string{}
	for _, v := range variables(&runState{URL: "https://127.0.0.1:8777", CABundle: "/b.pem"}, creds) {
		got[v.name] = v.value
	}
	for name, want := range map[string]string{
		"HTTPS_PROXY": "https://127.0.0.1:8777", "ZSCALER_HTTP_PROXY": "", "ZSCALER_CLIENT_PROXY_HOST": "", "ZTC_CLIENT_PROXY_PORT": "",
		"ZSCALER_CLIENT_ID": "", "ZSCALER_VANITY_DOMAIN": "org7", // of credentials from before there were any
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	for _, v := range variables(&runState{URL: "https://127.0.0.1:8777"}, creds) {
		if v.name == "HTTPS_PROXY" || v.name == "SSL_CERT_FILE" {
			t.Errorf("without a proxy %s is %q", v.name, v.value)
		}
	}
}

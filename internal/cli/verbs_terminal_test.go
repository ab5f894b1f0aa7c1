package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/client"
)

// What the verbs of the table ask at a terminal.
func TestVerbsAtTerminal(t *testing.T) {
	t.Parallel()
	d := newDemo(t, t.TempDir())
	config := filepath.Join(t.TempDir(), "profiles.json")
	if err := d.admin.Do(t.Context(), http.MethodPost, "/ipSourceGroups", map[string]any{"name": "office", "ipAddresses": []string{"10.1.0.0/16"}}, nil); err != nil {
		t.Fatal(err)
	}
	t.Run("edit", func(t *testing.T) { editAgain(t, d, config) })
	t.Run("delete", func(t *testing.T) { deleteAsks(t, d, config) })
	t.Run("ask", func(t *testing.T) { secretIsTyped(t, d, config) })
}

// What is refused comes back into the editor with the reason on top, as often
// as it takes; then the differences are shown in colour and asked about.
func editAgain(t *testing.T, d *demo, config string) {
	dir := t.TempDir()
	script := filepath.Join(dir, "editor")
	seen := filepath.Join(dir, "seen")
	if err := os.WriteFile(script, []byte(`#!/bin/sh
if grep -q '^# .*ipAddresses' "$1"; then
	cp "$1" `+seen+`
	sed -i 's/everywhere/10.2.0.0\/16/' "$1"
elif grep -q '^# unknown member "nmae"; did you mean "name"?' "$1"; then
	sed -i 's/^nmae: .*/name: Office/; s/10.1.0.0.16/everywhere/' "$1"
else
	sed -i 's/^name: /nmae: /' "$1"
fi
`), 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"EDITOR=" + script, "VISUAL=", "TMPDIR=" + dir}
	p := atTerminal(t, config, env, "ip-source-groups", "edit", "office", "--data-dir", d.dir)
	p.sees(`unknown member "nmae"; did you mean "name"?`, 1)
	p.sees("[sandbox] Send these changes? Type yes: ", 1)
	p.types("yes\n")
	p.sees("the server answers 400", 1)
	p.sees("[sandbox] Send these changes? Type yes: ", 2)
	p.types("yes\n")
	if code := p.ends(); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, p.screen.String())
	}
	screen := p.screen.String()
	for _, want := range []string{"\x1b[31m\"office\"\x1b[m → \x1b[32m\"Office\"\x1b[m", "\x1b[32m    + \"10.2.0.0/16\"\x1b[m"} {
		if !strings.Contains(screen, want) {
			t.Errorf("the screen does not show %q:\n%q", want, screen)
		}
	}
	text, err := os.ReadFile(seen)
	if err != nil || !strings.Contains(string(text), "\n# cannot replace an IP source group: the server answers 400 ") || !strings.Contains(string(text), "\nname: Office\n") {
		t.Errorf("the editor was given %q, %v", text, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "spurline-*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}

	// Whoever leaves the file as it is has had enough, and it is kept.
	p = atTerminal(t, config, []string{"EDITOR=sed -i s/^name:/nmae:/", "VISUAL=", "TMPDIR=" + dir}, "ip-source-groups", "edit", "Office", "--data-dir", d.dir)
	if code := p.ends(); code != 1 {
		t.Errorf("it ended with %d", code)
	}
	p.sees("nothing was sent", 1)
	p.sees("what you wrote is kept in "+dir, 1)
	left, err := filepath.Glob(filepath.Join(dir, "spurline-*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("files are left: %v %v", left, err)
	}
	if info, err := os.Stat(left[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func deleteAsks(t *testing.T, d *demo, config string) {
	question := "[sandbox] Delete the IP source group Office ("
	p := atTerminal(t, config, nil, "ip-source-groups", "delete", "Office", "--data-dir", d.dir)
	p.sees(question, 1)
	p.types("no\n")
	if code := p.ends(); code != 4 {
		t.Errorf("a deletion that was not wanted ends with %d", code)
	}
	p = atTerminal(t, config, nil, "ip-source-groups", "delete", "Office", "--data-dir", d.dir)
	p.sees(question, 1)
	p.types("yes\n")
	if code := p.ends(); code != 0 {
		t.Errorf("a deletion ends with %d:\n%s", code, p.screen.String())
	}
	var groups []struct{ Name string }
	d.do("GET", "/ipSourceGroups", &groups)
	if len(groups) != 0 {
		t.Errorf("there are still %v", groups)
	}
}

// A secret is typed and not shown, and no dry run tells it.
func secretIsTyped(t *testing.T, d *demo, config string) {
	const password = "Typed-and-hidden-1"
	args := []string{
		"admin-users", "create", "--set", "loginName=new@demo.spurline.test", "--set", "userName=New", "--set", "email=new@demo.spurline.test",
		"--set", "role=Editor", "--ask", "password", "--data-dir", d.dir,
	}
	for _, more := range [][]string{{"--dry-run"}, {}} {
		p := atTerminal(t, config, nil, append(args, more...)...)
		p.sees("[sandbox] password: ", 1)
		p.types(password + "\n")
		if code := p.ends(); code != 0 || strings.Contains(p.screen.String(), password) {
			t.Errorf("%v ended with %d:\n%s", more, code, p.screen.String())
		}
	}
	c := client.New(client.Config{BaseURL: d.url(), HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	if err := c.SignIn(t.Context(), "new@demo.spurline.test", password, d.creds.APIKey); err != nil {
		t.Errorf("the admin cannot sign in with the password that was typed: %v", err)
	}
}

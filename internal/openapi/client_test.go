package openapi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/npmtest"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// run runs a program in a directory and returns what it prints.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// settings tell a client where a fresh server is and how to sign in there.
func settings(t *testing.T) []string {
	t.Helper()
	s := servertest.Start(t, server.Config{})
	for _, a := range s.Credentials.Admins {
		if a.Login == servertest.Super {
			return []string{
				"SPURLINE_URL=" + s.URL(), "SPURLINE_API_KEY=" + s.Credentials.APIKey,
				"SPURLINE_USERNAME=" + a.Login, "SPURLINE_PASSWORD=" + a.Password,
			}
		}
	}
	t.Fatal("the server has no super admin")
	return nil
}

// took wants the output of a client that has taken an object through its life.
func took(t *testing.T, out, name string) {
	t.Helper()
	want := "signed in as " + servertest.Super + "\ncreated and read " + name + "\ndeleted it\n"
	if out != want {
		t.Errorf("the client says\n%s", out)
	}
}

// copyFiles copies files of a directory into a fresh one.
func copyFiles(t *testing.T, from string, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		body, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// openapi-typescript makes types of the document with which a program in
// strict TypeScript compiles and works.
func TestTypeScriptClient(t *testing.T) {
	t.Parallel()
	root, tools := npmtest.Root(t), npmtest.Dir(t)
	dir := copyFiles(t, filepath.Join(root, "tools", "tsclient"), "client.ts", "tsconfig.json", "package.json")
	if err := os.Symlink(filepath.Join(tools, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, npmtest.Bin(t, "openapi-typescript"), filepath.Join(root, "docs", "openapi.json"), "-o", "api.ts")
	run(t, dir, nil, npmtest.Bin(t, "tsc"), "-p", ".")
	took(t, run(t, dir, settings(t), "node", filepath.Join("out", "client.js")), "ts-client")
}

// oapi-codegen makes a client of the older form of the document with which a
// Go program compiles and works.
func TestGoClient(t *testing.T) {
	t.Parallel()
	root, env := npmtest.Root(t), settings(t)
	dir := copyFiles(t, filepath.Join(root, "tools", "goclient"), "main.go", "go.mod", "go.sum")
	_, older := get(t, strings.TrimPrefix(env[0], "SPURLINE_URL=")+"/spurline/openapi-3.0.json", "")
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), []byte(older), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "api"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "api", "-o", filepath.Join("api", "api.go"), "openapi.json")
	// Without paths in it, what is compiled is kept for as long as the document
	// is the same.
	run(t, dir, nil, "go", "build", "-trimpath", "-o", "client", ".")
	took(t, run(t, dir, env, filepath.Join(dir, "client")), "go-client")
}

// The linter has nothing to say of the document.
func TestLint(t *testing.T) {
	t.Parallel()
	root := npmtest.Root(t)
	run(t, root, nil, npmtest.Bin(t, "redocly"), "lint", "--config", filepath.Join("tools", "npm", "redocly.yaml"), "--max-problems", "20", filepath.Join("docs", "openapi.json"))
}

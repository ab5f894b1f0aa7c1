// Package npmtest finds the tools from npm that tests run.
package npmtest

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Dir returns the directory whose node_modules holds the tools. They are
// installed if they are not there yet.
func Dir(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(Root(t), "scripts", "npm.sh")).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("the tools from npm: %v\n%s", err, failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// Bin returns the path of a tool.
func Bin(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(Dir(t), "node_modules", ".bin", name)
}

// Root returns the root of the checkout.
func Root(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

package cli_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the golden help texts")

// The help texts, and with them all verbs and flags, are what they were: a
// change of them is made on purpose, with -update.
func TestHelp(t *testing.T) {
	t.Parallel()
	const dir = "testdata/help"
	seen := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if name := cmd.Name(); name == "help" || name == "completion" || cmd.Hidden { // cobra's own
			return
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".txt"
		seen[name] = true
		var out bytes.Buffer
		args := strings.Fields(cmd.CommandPath() + " --help")[1:]
		if code := cli.Run(t.Context(), args, nil, &out, &out); code != 0 {
			t.Errorf("%v ended with %d", args, code)
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: the short text is a phrase: %q", cmd.CommandPath(), cmd.Short)
		}
		golden(t, filepath.Join(dir, name), out.Bytes())
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(cli.NewRoot(nil, nil, nil))
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[f.Name()] {
			t.Errorf("%s belongs to no verb", f.Name())
		}
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; make it with -update", err)
		return
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

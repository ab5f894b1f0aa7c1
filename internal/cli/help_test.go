package cli_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurline/spurline/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the golden help texts")

// The help texts, and with them all verbs and flags, are what they were: a
// change of them is made on purpose, with -update.
func TestHelp(t *testing.T) {
	t.Parallel()
	const dir = "testdata/help"
	// Verbs that the operation table makes are one listing, and a few of them.
	const generic = "generic.txt"
	seen := map[string]bool{generic: true}
	var listing bytes.Buffer
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if name := cmd.Name(); name == "help" || name == "completion" || cmd.Hidden { // cobra's own
			return
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: the short text is a phrase: %q", cmd.CommandPath(), cmd.Short)
		}
		for _, sub := range cmd.Commands() {
			defer walk(sub)
		}
		if _, made := cmd.Annotations["operation"]; made {
			list(&listing, cmd)
			if !slices.Contains(samples(), cmd.CommandPath()) {
				return
			}
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".txt"
		seen[name] = true
		var out bytes.Buffer
		args := strings.Fields(cmd.CommandPath() + " --help")[1:]
		if code := cli.Run(t.Context(), args, nil, &out, &out); code != 0 {
			t.Errorf("%v ended with %d", args, code)
		}
		golden(t, filepath.Join(dir, name), out.Bytes())
	}
	root, err := cli.NewRoot(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	walk(root)
	golden(t, filepath.Join(dir, generic), sortedLines(listing.String()))
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

// samples are the verbs of the table whose help is frozen whole.
func samples() []string {
	return []string{
		"spurline ip-source-groups", "spurline ip-source-groups list", "spurline ip-source-groups create", "spurline forwarding-rules update",
		"spurline interfaces get", "spurline admin-users create", "spurline gateways delete", "spurline gateways edit", "spurline api-keys regenerate", "spurline zpa import-segments",
	}
}

// list writes a line of a verb with its operation, arguments and flags.
func list(w io.Writer, cmd *cobra.Command) {
	if cmd.HasSubCommands() {
		return
	}
	fmt.Fprintf(w, "%s %s", cmd.Parent().CommandPath(), cmd.Use)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			fmt.Fprintf(w, " --%s", f.Name)
		}
	})
	if id := cmd.Annotations["operation"]; id != "" {
		fmt.Fprintf(w, " (%s)", id)
	}
	fmt.Fprintln(w)
}

func sortedLines(text string) []byte {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
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

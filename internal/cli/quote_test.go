package cli

import (
	"os/exec"
	"testing"
)

// The judge of quoting is a shell.
func TestQuote(t *testing.T) {
	t.Parallel()
	for _, want := range []string{
		"", "plain", "http://127.0.0.1:8777", "two words", "it's", `a"b\c$d`, "$(id)", "`id`", "line\nbreak", "*", "~", "#x", "!!", "a;b&c|d<e>f", "ü", "=ls", "%1",
	} {
		got, err := exec.Command("sh", "-c", "X="+quote(want)+`; printf %s "$X"`).CombinedOutput()
		if err != nil || string(got) != want {
			t.Errorf("sh reads %s as %q (%v), want %q", quote(want), got, err, want)
		}
	}
}

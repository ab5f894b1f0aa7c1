package conformance_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// facts are where the published facts are: beside the checkout.
const facts = "../../shared/api/behaviours.md"

// fact is a row of the facts, and how the names of its tests begin.
type fact struct{ row, prefix string }

// numbered are the facts with a number of their own, tables and errors those
// without one.
var (
	numbered = regexp.MustCompile(`^\| (1|2|11|13)\.(\d+) \|`)
	failure  = regexp.MustCompile(`^\| ([\d /]+) \| ([^|]+) \|`)
	dialect  = regexp.MustCompile(`^\| ([\w/{}*]+) \|`)
	notWord  = regexp.MustCompile(`\W+`)
)

// readFacts lists the rows of sections 1, 2, 11, 12 and 13.
func readFacts(t *testing.T) (out []fact) {
	t.Helper()
	text, err := os.ReadFile(facts)
	if err != nil {
		t.Fatalf("%v: put the folder shared beside the checkout", err)
	}
	section, table := "", ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "## ") {
			section, table = strings.TrimSuffix(strings.Fields(line)[1], "."), ""
		}
		if strings.HasPrefix(line, "| operation | Go |") {
			table = "dialects"
		}
		switch {
		case numbered.MatchString(line):
			m := numbered.FindStringSubmatch(line)
			out = append(out, fact{m[1] + "." + m[2], "TestFact" + m[1] + "_" + strings.Repeat("0", 2-len(m[2])) + m[2]})
		case table == "dialects" && dialect.MatchString(line) && !strings.HasPrefix(line, "| operation"):
			name := dialect.FindStringSubmatch(line)[1]
			out = append(out, fact{name, "TestDialect_" + strings.Trim(notWord.ReplaceAllString(name, "_"), "_")})
		case section == "12" && failure.MatchString(line):
			m := failure.FindStringSubmatch(line)
			status, code := strings.TrimSpace(m[1]), strings.TrimSpace(m[2])
			name := "WithoutACode"
			if code != "–" {
				name = notWord.ReplaceAllString(code, "_")
			}
			out = append(out, fact{status + " " + code, "TestError" + notWord.ReplaceAllString(status, "_") + "_" + name})
		}
	}
	return out
}

// Every tolerance that the document lists is switched off in a test.
func TestEveryToleranceIsSwitchedOff(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/conformance.md")
	must(t, err)
	_, table, _ := strings.Cut(string(text), "| tolerance |")
	table, _, _ = strings.Cut(table, "\n\n")
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	var tests strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		must(t, err)
		tests.Write(source)
	}
	rows := strings.Split(strings.TrimSpace(table), "\n")[2:]
	for _, row := range rows {
		name, _, _ := strings.Cut(strings.TrimSpace(strings.Split(row, "|")[1]), " (")
		if !strings.Contains(tests.String(), name) {
			t.Errorf("no test says %q", name)
		}
	}
	if len(rows) < 15 {
		t.Errorf("only %d tolerances are listed", len(rows))
	}
}

// Every fact has a test that bears its number, or docs/conformance.md says why
// it has none.
func TestEveryFactHasATest(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	var tests []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		must(t, err)
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				tests = append(tests, f.Name.Name)
			}
		}
	}
	text, err := os.ReadFile("../docs/conformance.md")
	must(t, err)
	_, untested, found := strings.Cut(string(text), "## Facts without a test")
	if !found {
		t.Fatal("docs/conformance.md has no list of facts without a test")
	}
	all := readFacts(t)
	if len(all) < 80 {
		t.Fatalf("only %d facts were found", len(all))
	}
	for _, f := range all {
		tested := slices.ContainsFunc(tests, func(name string) bool { return name == f.prefix || strings.HasPrefix(name, f.prefix+"_") })
		if excused := strings.Contains(untested, "| "+f.row+" |"); tested == excused {
			t.Errorf("fact %s: a test %s…: %t, in the list of those without one: %t", f.row, f.prefix, tested, excused)
		}
	}
}

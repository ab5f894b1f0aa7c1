// Package spurline_test holds the rules of the house: what may import what,
// how long a file may be, and that every package says what it owns.
package spurline_test

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/spurline/spurline/internal/"

// mayImport is what a package of ours may reach of ours, directly or through
// others. A package that is not listed fails the test.
var mayImport = map[string][]string{
	"wire":      {},
	"access":    {},
	"limit":     {},
	"resource":  {"wire", "access", "limit"},
	"kinds":     {"wire", "access", "limit", "resource"},
	"operation": {"wire", "access", "limit", "resource"},
	"store":     {"wire"},
	"audit":     {"wire", "store"},
	"exchange":  {"wire"},
	"metrics":   {},
	"config":    {"wire", "access", "limit", "resource", "operation", "store", "audit"},
	"fleet":     {"wire", "access", "limit", "resource", "operation", "store", "audit", "config", "kinds"},
	"auth":      {"wire", "access", "store", "audit"},
	"api":       {"wire", "access", "limit", "resource", "operation", "store", "audit", "config", "kinds", "fleet", "auth", "exchange", "metrics", "document", "reference"},
	"client":    {"wire"},
	"document":  {},
	"reference": {"document"},
	"postman":   {"document"},
	"openapi":   {"wire", "access", "limit", "resource", "operation"},
	"sandbox":   {"wire", "client"},
	"server":    {"wire", "access", "limit", "resource", "operation", "store", "audit", "config", "kinds", "fleet", "auth", "exchange", "metrics", "api", "document", "reference"},
	"cli":       {"wire", "access", "limit", "resource", "operation", "store", "audit", "config", "kinds", "fleet", "auth", "exchange", "metrics", "api", "client", "sandbox", "server", "document", "reference", "postman"},
}

// forTests are packages that only tests import.
var forTests = []string{"store/storetest", "store/pgtest", "server/servertest", "durability", "npmtest"}

// stdOnly are packages that import nothing but the standard library.
var stdOnly = []string{"wire", "access", "limit"}

type listed struct {
	ImportPath   string
	Dir          string
	Standard     bool
	Deps         []string
	Imports      []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Standard,Deps,Imports,GoFiles,TestGoFiles,XTestGoFiles,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours || slices.Contains(forTests, name) {
			continue
		}
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %s has no place in the house: say in mayImport what it may import", name)
			continue
		}
		for _, dep := range p.Deps {
			if of, ok := strings.CutPrefix(dep, module); ok && !slices.Contains(allowed, of) {
				t.Errorf("%s reaches %s", name, of)
			}
			if dep == "testing" {
				t.Errorf("%s reaches the package testing", name)
			}
		}
		if slices.Contains(stdOnly, name) {
			for _, dep := range p.Imports {
				if strings.Contains(strings.Split(dep, "/")[0], ".") {
					t.Errorf("%s imports %s, and may import the standard library only", name, dep)
				}
			}
		}
	}
}

// The clients that are played know nothing of the server but what is
// published.
func TestConformanceImportsNothingOfOurs(t *testing.T) {
	t.Parallel()
	const name = "github.com/spurline/spurline/conformance"
	found := false
	for _, p := range packages(t) {
		found = found || p.ImportPath == name
		for _, dep := range slices.Concat(p.Deps, p.XTestImports, p.TestImports) {
			if p.ImportPath == name && strings.HasPrefix(dep, module) {
				t.Errorf("%s reaches %s", name, dep)
			}
		}
	}
	if !found {
		t.Errorf("there is no package %s", name)
	}
}

// The handlers write no SQL.
func TestAPIWritesNoSQL(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.ImportPath == module+"api" && slices.Contains(p.Imports, "database/sql") {
			t.Error("api imports database/sql")
		}
	}
}

func TestFilesAndFunctionsStayShort(t *testing.T) {
	t.Parallel()
	const fileLines, funcLines = 600, 60
	for _, p := range packages(t) {
		documented := 0
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			path := filepath.Join(p.Dir, name)
			f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				documented++
			}
			if n := fset.Position(f.FileEnd).Line; n > fileLines {
				t.Errorf("%s has %d lines", path, n)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if ok && fset.Position(fn.End()).Line-fset.Position(fn.Pos()).Line >= funcLines {
					t.Errorf("%s: %s is longer than %d lines", path, fn.Name.Name, funcLines)
				}
			}
		}
		if len(p.GoFiles) > 0 && documented != 1 {
			t.Errorf("%s has %d package comments, and needs one", p.ImportPath, documented)
		}
	}
}

// The SQLite driver works with the libc that it pins, and no other: mixed
// versions crashed other projects. The binary says what it was built with.
func TestLibcIsTheOneSQLitePins(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "spurline")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/spurline").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	built := map[string]string{}
	for _, m := range info.Deps {
		built[m.Path] = m.Version
	}
	mod, err := exec.Command("go", "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite").Output()
	if err != nil {
		t.Fatal(err)
	}
	edited, err := exec.Command("go", "mod", "edit", "-json", strings.TrimSpace(string(mod))).Output()
	if err != nil {
		t.Fatal(err)
	}
	var driver struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(edited, &driver); err != nil {
		t.Fatal(err)
	}
	const libc = "modernc.org/libc"
	for _, r := range driver.Require {
		if r.Path == libc {
			if built[libc] != r.Version {
				t.Errorf("the binary has %s %s, and the driver pins %s", libc, built[libc], r.Version)
			}
			return
		}
	}
	t.Errorf("the driver requires no %s", libc)
}

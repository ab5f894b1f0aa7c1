package openapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"reflect"
	"regexp"
	"strings"
)

// Notes are what the comments of the source code say of types and of their
// fields, by package, type and field. The zero Notes say nothing.
type Notes struct {
	types, fields map[string]string
	times         map[string]bool // fields that are declared as times
}

// ReadNotes reads the comments of the packages in the directories, whose names
// are those of the packages.
func ReadNotes(dirs ...string) (Notes, error) {
	n := Notes{types: map[string]string{}, fields: map[string]string{}, times: map[string]bool{}}
	for _, dir := range dirs {
		fset := token.NewFileSet()
		entries, err := os.ReadDir(dir)
		if err != nil {
			return n, fmt.Errorf("openapi: %w", err)
		}
		for _, e := range entries {
			if !isSource(e) {
				continue
			}
			f, err := parser.ParseFile(fset, path.Join(dir, e.Name()), nil, parser.ParseComments)
			if err != nil {
				return n, fmt.Errorf("openapi: %w", err)
			}
			n.read(f)
		}
	}
	return n, nil
}

func isSource(e fs.DirEntry) bool {
	return strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go")
}

func (n Notes) read(f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			s, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			key := f.Name.Name + "." + s.Name.Name
			n.types[key] = forReaders(g.Doc.Text())
			if t, ok := s.Type.(*ast.StructType); ok {
				n.readFields(key, t)
			}
		}
	}
}

func (n Notes) readFields(key string, t *ast.StructType) {
	for _, field := range t.Fields.List {
		text := forReaders(field.Doc.Text())
		if text == "" {
			text = forReaders(field.Comment.Text())
		}
		for _, name := range field.Names {
			n.fields[key+"."+name.Name] = text
			switch t := field.Type.(type) {
			case *ast.SelectorExpr:
				n.times[key+"."+name.Name] = t.Sel.Name == "Time"
			case *ast.Ident:
				n.times[key+"."+name.Name] = t.Name == "Time"
			}
		}
	}
}

// sources finds where a comment names what it was made from.
var sources = regexp.MustCompile(`\s*\([^)]*\.md[^)]*\)`)

// forReaders is the part of a comment that is meant for users of the API: its
// first paragraph, up to where it says what it was made from.
func forReaders(comment string) string {
	text, _, _ := strings.Cut(comment, "\n\n")
	text = strings.Join(strings.Fields(text), " ")
	text, _, _ = strings.Cut(text, " Source:")
	text, _, _ = strings.Cut(text, "quirk:")
	text = strings.TrimSpace(sources.ReplaceAllString(text, ""))
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

func keyOf(t reflect.Type) string { return path.Base(t.PkgPath()) + "." + t.Name() }

// Type is what is said of a type. Readers of the API meet it under another
// name, or under its own just above: it is left out.
func (n Notes) Type(t reflect.Type) string {
	text, named := strings.CutPrefix(n.types[keyOf(t)], strings.ToUpper(t.Name()[:1])+t.Name()[1:]+" ")
	if !named {
		return text
	}
	for _, is := range []string{"is ", "are "} {
		text = strings.TrimPrefix(text, is)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Field is what is said of a field.
func (n Notes) Field(t reflect.Type, field string) string { return n.fields[keyOf(t)+"."+field] }

// IsTime reports whether a field is declared as a time.
func (n Notes) IsTime(t reflect.Type, field string) bool { return n.times[keyOf(t)+"."+field] }

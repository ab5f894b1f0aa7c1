package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/jmespath/go-jmespath"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/spurline/spurline/internal/wire"
)

// printer writes what a verb found: tables for people, with colour where
// standard output is a terminal, and JSON, YAML or CSV for programs.
type printer struct {
	out     io.Writer
	format  string             // table, json, yaml or csv
	query   *jmespath.JMESPath // nil = everything
	color   bool
	width   int // of the terminal; 0 = there is none
	now     func() time.Time
	sandbox bool   // said in tables
	server  string // said in tables of any other; empty where there is none
}

// noun says how things of one sort are shown. It is all there is to a noun:
// no output format has code of its own for one.
type noun[T any] struct {
	one, many string
	columns   []column[T]
}

// column is one of a noun's columns. Either text or when is set.
type column[T any] struct {
	head   string
	text   func(T) string
	when   func(T) wire.Time // shown as an age to people and as a time to programs
	tone   func(T) tone      // nil = plain
	detail bool              // shown for a single thing only, and in CSV
	spare  bool              // left out where the terminal is too narrow for all
	// unknown tells, of a time, that the server does not say; nil = it does.
	unknown func(T) bool
}

func newPrinter(cmd *cobra.Command) (*printer, error) {
	p := &printer{out: cmd.OutOrStdout(), format: "table", now: time.Now}
	if f := cmd.Flags().Lookup("output"); f != nil {
		p.format = f.Value.String()
		query := ""
		if f := cmd.Flags().Lookup("query"); f != nil {
			query = f.Value.String()
		}
		if query != "" && !f.Changed {
			p.format = "json"
		}
		if query != "" && p.format != "json" && p.format != "yaml" {
			return nil, usage("--query picks from JSON or YAML; add -o json or -o yaml")
		}
		if query != "" {
			var err error
			if p.query, err = jmespath.Compile(query); err != nil {
				return nil, usage("--query is no JMESPath: %v", err)
			}
		}
	}
	p.color = colored(p.out)
	if f, ok := p.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = 80
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			p.width = w
		}
	}
	return p, nil
}

// colored reports whether what is written there is seen in colour.
func colored(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// show prints a list of things.
func show[T any](p *printer, n noun[T], rows []T) error {
	if rows == nil {
		rows = []T{}
	}
	switch p.format {
	case "json", "yaml":
		return p.data(rows)
	case "csv":
		return showCSV(p, n, rows)
	}
	g := grid{}
	for _, c := range n.columns {
		if !c.detail {
			g.heads = append(g.heads, c.head)
			g.spare = append(g.spare, c.spare)
		}
	}
	for _, row := range rows {
		var cells []cell
		for _, c := range n.columns {
			if !c.detail {
				cells = append(cells, c.cell(p, row))
			}
		}
		g.rows = append(g.rows, cells)
	}
	p.title(count(len(rows), n.one, n.many))
	return p.grid(g)
}

// showOne prints one thing: a line for each column.
func showOne[T any](p *printer, n noun[T], row T) error {
	switch p.format {
	case "json", "yaml":
		return p.data(row)
	case "csv":
		return showCSV(p, n, []T{row})
	}
	p.title(n.one)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, c := range n.columns {
		cell := c.cell(p, row)
		fmt.Fprintf(w, "%s\t%s\n", strings.ToLower(c.head), p.paint(cell.tone, cell.text))
	}
	return w.Flush()
}

func showCSV[T any](p *printer, n noun[T], rows []T) error {
	w := csv.NewWriter(p.out)
	var record []string
	for _, c := range n.columns {
		record = append(record, strings.ReplaceAll(strings.ToLower(c.head), " ", "_"))
	}
	err := w.Write(record)
	for _, row := range rows {
		record = record[:0]
		for _, c := range n.columns {
			switch {
			case c.when == nil && c.text(row) == "-":
				record = append(record, "")
			case c.when == nil:
				record = append(record, c.text(row))
			case c.when(row) == 0:
				record = append(record, "")
			default:
				record = append(record, time.Unix(int64(c.when(row)), 0).UTC().Format(time.RFC3339))
			}
		}
		if err == nil {
			err = w.Write(record)
		}
	}
	w.Flush()
	if err != nil {
		return err
	}
	return w.Error()
}

func (c column[T]) cell(p *printer, row T) cell {
	out := cell{tone: plain}
	if c.tone != nil {
		out.tone = c.tone(row)
	}
	switch {
	case c.when == nil:
		out.text = printable(c.text(row))
	case c.unknown != nil && c.unknown(row):
		out.text = "-"
	default:
		out.text = p.ago(c.when(row))
	}
	return out
}

// title is the line above a table: which server it is about, and of what.
func (p *printer) title(what string) {
	switch {
	case p.sandbox:
		what = p.paint(warn, "[sandbox]") + " " + what
	case p.server != "":
		what = p.paint(strong, "["+p.server+"]") + " " + what
	}
	fmt.Fprintln(p.out, what)
}

// data prints a value for programs.
func (p *printer) data(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if p.query != nil {
		if text, err = pick(p.query, text); err != nil {
			return err
		}
	}
	if p.format == "yaml" {
		return writeYAML(p.out, text)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = p.out.Write(b.Bytes())
	return err
}

// printable keeps control characters, which a connector may have put into its
// name, away from the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

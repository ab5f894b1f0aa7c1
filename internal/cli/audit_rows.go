package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

func auditNoun() noun[wire.AuditRow] {
	type row = wire.AuditRow
	return noun[row]{one: "row", many: "rows", columns: []column[row]{
		{head: "ROW", text: func(r row) string { return strconv.FormatInt(r.Seq, 10) }},
		{head: "TIME", text: auditTime},
		{head: "ADMIN", text: func(r row) string { return dash(r.Admin) }},
		{head: "ACTION", text: func(r row) string { return r.Action }, tone: actionTone},
		{head: "CATEGORY", text: func(r row) string { return r.Category }, detail: true},
		{head: "SUB-CATEGORY", text: func(r row) string { return r.SubCategory }, spare: true},
		{head: "RESOURCE", text: func(r row) string { return dash(r.Resource) }},
		{head: "KIND", text: func(r row) string { return dash(r.Kind) }, detail: true},
		{head: "ID", text: func(r row) string { return numberOrDash(r.ID) }, detail: true},
		{head: "RESULT", text: func(r row) string { return r.Result }, tone: resultTone},
		{head: "CLIENT IP", text: func(r row) string { return dash(r.ClientIP) }, spare: true},
		{head: "INTERFACE", text: func(r row) string { return r.Interface }, detail: true},
		{head: "ADMIN ID", text: func(r row) string { return numberOrDash(r.AdminID) }, detail: true},
		{head: "REVISION", text: func(r row) string { return numberOrDash(r.Revision) }, detail: true},
	}}
}

// auditTime is a row's time as --from and --to take it. The vendor's export is
// in Pacific time.
func auditTime(r wire.AuditRow) string {
	return time.Unix(int64(r.Time), 0).UTC().Format(time.RFC3339)
}

func numberOrDash(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func actionTone(r wire.AuditRow) tone {
	switch r.Action {
	case "Create":
		return good
	case "Delete":
		return bad
	case "Update", "Patch", "Force Activate", "Import":
		return warn
	}
	return plain
}

func resultTone(r wire.AuditRow) tone {
	if r.Result == "failure" {
		return bad
	}
	return plain
}

func (t *trail) list(ctx context.Context, a auditSearch, query url.Values) error {
	p := t.printer
	var rows []wire.AuditRow
	each := func(page []wire.AuditRow) error {
		rows = append(rows, page...)
		return nil
	}
	// What is printed row by row is not held: there may be a million.
	streamed := p.format == "csv" || a.changes && p.format == "table"
	if streamed {
		out, err := p.auditStream(a.changes)
		if err != nil {
			return err
		}
		each = func(page []wire.AuditRow) error { return printAll(page, out) }
	}
	next, _, err := t.walk(ctx, a, query, each)
	if err != nil {
		return err
	}
	if !streamed {
		if err := show(p, auditNoun(), rows); err != nil {
			return err
		}
	}
	if next != 0 && p.format == "table" {
		fmt.Fprintln(p.out, p.paint(faint, fmt.Sprintf("and older ones: --before %d goes on, --limit 0 lists all", next)))
	}
	return nil
}

func printAll(rows []wire.AuditRow, out func(wire.AuditRow) error) error {
	for _, r := range rows {
		if err := out(r); err != nil {
			return err
		}
	}
	return nil
}

func (t *trail) show(ctx context.Context, arg string) error {
	seq, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || seq < 1 {
		return usage("%s is no number of a row; 'spurline audit' shows them", quote(arg))
	}
	var row wire.AuditRow
	if err := t.get(ctx, "show the row", t.base+"/"+strconv.FormatInt(seq, 10), &row); err != nil {
		return err
	}
	p := t.printer
	if err := showOne(p, auditNoun(), row); err != nil || p.format != "table" {
		return err
	}
	return p.auditChanges(row)
}

// auditChanges prints what a row says was changed.
func (p *printer) auditChanges(r wire.AuditRow) error {
	changes, err := differences(r.Before, r.After)
	if err != nil {
		return err
	}
	p.differences(p.out, "  ", changes)
	return nil
}

// auditLine prints a row as a line, and with changes what was changed below.
func (p *printer) auditLine(r wire.AuditRow, changes bool) error {
	words := []string{
		strconv.FormatInt(r.Seq, 10), auditTime(r), dash(r.Admin), p.paint(actionTone(r), r.Action),
		r.SubCategory, printable(dash(r.Resource)), p.paint(resultTone(r), r.Result), dash(r.ClientIP),
	}
	fmt.Fprintln(p.out, strings.Join(words, "  "))
	if !changes {
		return nil
	}
	return p.auditChanges(r)
}

// follow prints the last rows and then new ones as they come. It goes on from
// the number up to which the server has looked, so it misses none and has none
// twice.
func (t *trail) follow(ctx context.Context, a auditSearch, query url.Values) error {
	var rows []wire.AuditRow
	_, head, err := t.walk(ctx, a, query, func(page []wire.AuditRow) error {
		rows = append(rows, page...)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(x, y wire.AuditRow) int { return cmp.Compare(x.Seq, y.Seq) })
	query.Del("before")
	query.Set("limit", strconv.Itoa(auditPage))
	out, err := t.printer.auditStream(a.changes)
	if err != nil {
		return err
	}
	for caughtUp := false; ; {
		if err := printAll(rows, out); err != nil {
			return err
		}
		if caughtUp && pause(ctx, a.every) != nil {
			return nil
		}
		query.Set("after", strconv.FormatInt(head, 10))
		page, err := t.page(ctx, query)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end that --follow has
		}
		if err != nil {
			return err
		}
		rows, caughtUp = page.Rows, page.Next >= page.Head
		if page.Head < head {
			fmt.Fprintf(t.stderr, "spurline: the trail was replaced; it goes on after row %d\n", page.Head)
			page.Next = page.Head
		}
		head = page.Next
	}
}

// auditStream prints rows one by one: lines for people, an object per line in
// JSON, and records under one head in CSV, which is there without any too.
func (p *printer) auditStream(changes bool) (func(wire.AuditRow) error, error) {
	switch p.format {
	case "json":
		return p.jsonLine, nil
	case "yaml":
		return func(r wire.AuditRow) error { return p.data([]wire.AuditRow{r}) }, nil
	case "csv":
		return p.csvLine, showCSV(p, auditNoun(), nil)
	}
	return func(r wire.AuditRow) error { return p.auditLine(r, changes) }, nil
}

func (p *printer) jsonLine(r wire.AuditRow) error {
	text, err := json.Marshal(r)
	if err == nil && p.query != nil {
		text, err = pick(p.query, text)
	}
	if err != nil {
		return err
	}
	_, err = p.out.Write(append(text, '\n'))
	return err
}

// csvLine prints a record without the head that belongs to it.
func (p *printer) csvLine(r wire.AuditRow) error {
	var b bytes.Buffer
	alone := *p
	alone.out = &b
	if err := showCSV(&alone, auditNoun(), []wire.AuditRow{r}); err != nil {
		return err
	}
	_, record, _ := bytes.Cut(b.Bytes(), []byte("\n"))
	_, err := p.out.Write(record)
	return err
}

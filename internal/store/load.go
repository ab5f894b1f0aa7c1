package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ErrDump: what Load was given is no whole dump of this or an earlier schema.
var ErrDump = errors.New("store: not a whole dump")

// maxDumpLine bounds a line of a dump.
const maxDumpLine = 256 << 20

// Load replaces all that the database holds with what a dump of either
// database has, and runs then in the same transaction. All of it happens or
// nothing does. Revisions of an org that was there before do not come again,
// and Epoch is another one afterwards.
//
// Nothing else is written meanwhile, so r is to be fast: a file, not a network.
func (db *DB) Load(ctx context.Context, r io.Reader, then FuncUpdate) error {
	l := &loader{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
	if err := l.head(); err != nil {
		return err
	}
	committed := false
	config := once(func(ctx context.Context, tx *Tx) error { return l.config(ctx, tx, then) })
	live := once(func(ctx context.Context, tx *Tx) error {
		if err := l.tables(ctx, tx, dumped[:liveTables]); err != nil {
			return err
		}
		err := db.durable.do(ctx, &job{f: config})
		committed = err == nil
		return err
	})
	err := db.hasty.do(ctx, &job{f: live})
	if !committed {
		return err
	}
	// The live rows are the second to be committed: a crash may lose them, and
	// if it does, those of before are passed over like any whose object is gone.
	db.NewEpoch()
	return nil
}

// once keeps the lane from running again what can read its input only once.
func once(f FuncUpdate) FuncUpdate {
	ran := false
	return func(ctx context.Context, tx *Tx) error {
		if ran {
			return errors.New("store: load: the database has rolled it back, and nothing has changed; try again")
		}
		ran = true
		return f(ctx, tx)
	}
}

// loader reads the lines of a dump.
type loader struct {
	r     *bufio.Reader
	sum   hash.Hash // of the lines before the next one
	next  []byte    // the line that is next; nil = not read yet
	rows  int64
	count int // tables
}

func (l *loader) fail(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDump, fmt.Sprintf(format, args...))
}

// peek returns the next line without taking it.
func (l *loader) peek() ([]byte, error) {
	if l.next != nil {
		return l.next, nil
	}
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxDumpLine:
			return nil, l.fail("a line is longer than %d bytes", maxDumpLine)
		case err == nil:
			l.next = line
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, l.fail("it was cut short")
		default:
			return nil, fmt.Errorf("%w: %w", ErrDump, err)
		}
	}
}

// take moves past the line that peek has returned.
func (l *loader) take() {
	l.sum.Write(l.next)
	l.next = nil
}

// into decodes the next line, which has no members other than v's.
func (l *loader) into(v any) error {
	line, err := l.peek()
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return l.fail("%.80q is not the line that is expected", line)
	}
	return nil
}

func (l *loader) head() error {
	var is dumpHead
	if err := l.into(&is); err != nil {
		return err
	}
	l.take()
	ours, err := schemaNow()
	switch {
	case err != nil:
		return err
	case is.Dump < 1:
		return l.fail("it does not begin like one")
	case is.Dump > ours.Dump || is.Config > ours.Config || is.Live > ours.Live:
		return l.fail("it was written by a newer Spurline")
	}
	return nil
}

// config loads the durable tables, and makes sure of the dump's end.
func (l *loader) config(ctx context.Context, tx *Tx, then FuncUpdate) error {
	before, err := revisions(ctx, tx)
	if err != nil {
		return err
	}
	if err := l.tables(ctx, tx, dumped[liveTables:]); err != nil {
		return err
	}
	if err := l.end(); err != nil {
		return err
	}
	for org, rev := range before {
		// What was cached, or is on its way, under a revision of before is not
		// to be taken for one of after.
		if _, err := tx.Exec(ctx, `UPDATE org SET rev = $2 WHERE id = $1 AND rev < $2`, org, rev+1); err != nil {
			return err
		}
	}
	if then == nil {
		return nil
	}
	return then(ctx, tx)
}

func revisions(ctx context.Context, tx *Tx) (map[int64]int64, error) {
	rows, err := tx.rows(ctx, `SELECT id, rev FROM org`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	revs := map[int64]int64{}
	for rows.Next() {
		var org, rev int64
		if err := rows.Scan(&org, &rev); err != nil {
			return nil, err
		}
		revs[org] = rev
	}
	return revs, rows.Err()
}

// tables empties the tables of a part and loads them, up to the first line that
// belongs to none of them. A dump of an earlier schema may lack some.
func (l *loader) tables(ctx context.Context, tx *Tx, names []string) error {
	left := map[string]bool{}
	for _, name := range names {
		if _, err := tx.Exec(ctx, `DELETE FROM `+name); err != nil {
			return fmt.Errorf("store: load: %w", err)
		}
		left[name] = true
	}
	for {
		line, err := l.peek()
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(line, []byte(`{"table":`)) {
			return nil
		}
		var t dumpTable
		if err := l.into(&t); err != nil || !left[t.Table] {
			return err
		}
		l.take()
		if err := l.table(ctx, tx, t); err != nil {
			return err
		}
		delete(left, t.Table)
		l.count++
	}
}

func (l *loader) table(ctx context.Context, tx *Tx, t dumpTable) error {
	kinds, err := columnKinds(ctx, tx, t.Table)
	if err != nil {
		return err
	}
	of := make([]string, len(t.Columns))
	parameters := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		if of[i] = kinds[c]; of[i] == "" || slices.Contains(t.Columns[:i], c) {
			return l.fail("the table %s has no column %.80q", t.Table, c)
		}
		parameters[i] = "$" + strconv.Itoa(i+1)
	}
	// The names are those of the database's own columns, as was just checked.
	text := `INSERT INTO ` + t.Table + ` (` + strings.Join(t.Columns, ", ") + `) VALUES (` + strings.Join(parameters, ", ") + `)`
	for {
		line, err := l.peek()
		if err != nil {
			return err
		}
		if line[0] != '[' {
			return nil
		}
		args, err := l.row(line, of)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, text, args...); err != nil {
			return fmt.Errorf("store: load a row of %s: %w", t.Table, err)
		}
		l.take()
		l.rows++
	}
}

// row decodes a line as the columns want it.
func (l *loader) row(line []byte, kinds []string) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil || len(raw) != len(kinds) {
		return nil, l.fail("a row has not the columns of its table")
	}
	args := make([]any, len(raw))
	for i, value := range raw {
		var err error
		switch {
		case bytes.Equal(value, []byte("null")):
			continue
		case kinds[i] == "integer":
			args[i], err = strconv.ParseInt(string(value), 10, 64)
		default:
			var s string
			err = json.Unmarshal(value, &s)
			args[i] = s
			if err == nil && kinds[i] == "blob" {
				var b []byte
				b, err = base64.StdEncoding.DecodeString(s)
				args[i] = b
			}
		}
		if err != nil {
			return nil, l.fail("a row has a value of the wrong type")
		}
	}
	return args, nil
}

// columnKinds says of each column of a table what it holds.
func columnKinds(ctx context.Context, tx *Tx, table string) (map[string]string, error) {
	rows, err := tx.rows(ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	kinds := make(map[string]string, len(types))
	for _, t := range types {
		switch name := t.DatabaseTypeName(); name {
		case "INTEGER", "INT8":
			kinds[t.Name()] = "integer"
		case "TEXT":
			kinds[t.Name()] = "text"
		case "BLOB", "BYTEA":
			kinds[t.Name()] = "blob"
		default:
			return nil, fmt.Errorf("store: the column %s.%s is of the type %s", table, t.Name(), name)
		}
	}
	return kinds, rows.Err()
}

// end checks the last line, and that nothing follows.
func (l *loader) end() error {
	var end dumpEnd
	if err := l.into(&end); err != nil {
		return err
	}
	switch sum := hex.EncodeToString(l.sum.Sum(nil)); {
	case end.Tables != l.count || end.Rows != l.rows:
		return l.fail("it has %d rows of %d", l.rows, end.Rows)
	case end.SHA256 != sum:
		return l.fail("it was changed")
	}
	l.take()
	switch _, err := l.r.ReadByte(); {
	case err == nil:
		return l.fail("something follows its end")
	case errors.Is(err, io.EOF):
		return nil
	default:
		return fmt.Errorf("%w: %w", ErrDump, err)
	}
}

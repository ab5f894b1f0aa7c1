package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"unicode/utf8"
)

// A dump is every row of a database, in lines of JSON that belong to neither
// of the two databases. The first line is a dumpHead. Then comes, for each
// table, a line with its name and columns, and a line per row: an array of
// numbers, texts, and blobs in base64. The last line is a dumpEnd, by which a
// reader knows that nothing is missing.
type (
	dumpHead struct {
		Dump   int `json:"dump"` // dumpFormat
		Config int `json:"config"`
		Live   int `json:"live"`
	}
	dumpTable struct {
		Table   string   `json:"table"`
		Columns []string `json:"columns"`
	}
	dumpEnd struct {
		Tables int    `json:"tables"`
		Rows   int64  `json:"rows"`
		SHA256 string `json:"sha256"` // of all lines before
	}
)

const dumpFormat = 1

// The tables of the two parts, as they are dumped. What is about the database
// itself, migration and lease, stays with it.
const liveTables = 3

var dumped = [...]string{
	"live", "session_seen", "principal_seen", // these are the live ones
	"org", "object", "ref", "activation", "edit_state", "credential", "session", "audit", "audit_chain", "connector_token", "baseline",
}

// Dump writes all that the database holds, as of one moment: one snapshot of
// the configuration. Live state is read just before it, from a snapshot of its
// own, because SQLite keeps it in another file; it goes first because it is
// small, so that the two are as near as they can be. Whoever reads live rows
// passes over those whose objects are not there.
func (db *DB) Dump(ctx context.Context, w io.Writer) error {
	head, err := schemaNow()
	if err != nil {
		return err
	}
	d := &dumper{w: bufio.NewWriterSize(w, 64<<10), sum: sha256.New()}
	if err := d.line(head); err != nil {
		return err
	}
	if err := db.ViewLive(ctx, func(ctx context.Context, tx *Tx) error { return d.tables(ctx, tx, dumped[:liveTables]) }); err != nil {
		return err
	}
	if err := db.View(ctx, 0, func(ctx context.Context, tx *Tx) error { return d.tables(ctx, tx, dumped[liveTables:]) }); err != nil {
		return err
	}
	err = d.line(dumpEnd{Tables: len(dumped), Rows: d.rows, SHA256: hex.EncodeToString(d.sum.Sum(nil))})
	return errors.Join(err, d.w.Flush())
}

// schemaNow is the head of a dump that this program makes.
func schemaNow() (dumpHead, error) {
	config, err := steps("config")
	if err != nil {
		return dumpHead{}, err
	}
	live, err := steps("live")
	return dumpHead{Dump: dumpFormat, Config: len(config), Live: len(live)}, err
}

// dumper writes the lines of a dump.
type dumper struct {
	w    *bufio.Writer
	sum  hash.Hash
	rows int64
}

func (d *dumper) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("store: dump: %w", err)
	}
	text = append(text, '\n')
	d.sum.Write(text)
	if _, err := d.w.Write(text); err != nil {
		return fmt.Errorf("store: dump: %w", err)
	}
	return nil
}

func (d *dumper) tables(ctx context.Context, tx *Tx, names []string) error {
	for _, name := range names {
		if err := d.table(ctx, tx, name); err != nil {
			return fmt.Errorf("store: dump %s: %w", name, err)
		}
	}
	return nil
}

func (d *dumper) table(ctx context.Context, tx *Tx, name string) error {
	rows, err := tx.rows(ctx, `SELECT * FROM `+name)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := d.line(dumpTable{name, columns}); err != nil {
		return err
	}
	values, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		pointers[i] = &values[i]
	}
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		for i, v := range values {
			if values[i], err = neutral(v); err != nil {
				return fmt.Errorf("%s: %w", columns[i], err)
			}
		}
		if err := d.line(values); err != nil {
			return err
		}
		d.rows++
	}
	return rows.Err()
}

// neutral is a column's value as it is written. What JSON cannot hold fails,
// instead of being something else in the dump.
func neutral(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64:
		return v, nil
	case []byte:
		if v == nil {
			return []byte{}, nil // an empty blob; encoding/json would write null
		}
		return v, nil
	case string:
		if !utf8.ValidString(v) {
			return nil, errors.New("a text that is not UTF-8")
		}
		return v, nil
	default:
		return nil, fmt.Errorf("a value of type %T", v)
	}
}

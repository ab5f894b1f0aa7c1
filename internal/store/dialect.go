package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// dialect is what the two databases do not share. All other SQL in Spurline
// is one text for both.
type dialect struct {
	words *strings.Replacer
	// beginWrite opens the transaction of a shared commit.
	beginWrite string
	// fence reads the epoch of the server that owns the database, and keeps
	// it from changing until the transaction ends. Empty where the lease
	// itself cannot be lost.
	fence string
	// readsCancel: a read runs under its caller's context. SQLite's do not:
	// they are short, and watching a context costs a goroutine per statement.
	readsCancel bool
	// trim gives the memory of a session's cache back. Empty where the cache is
	// in another process.
	trim string
	// classify names what an error of the driver means.
	classify func(error) class
}

type class int

const (
	classOther class = iota
	classUnique
	// classRetry: the transaction was rolled back for no fault of its own.
	classRetry
)

// render replaces the {{words}} in an SQL text.
func (d *dialect) render(text string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	return d.words.Replace(text)
}

// explain makes an error of the driver one that callers can tell apart.
func (d *dialect) explain(err error) error {
	if err != nil && d.classify(err) == classUnique {
		return fmt.Errorf("%w: %w", ErrExists, err)
	}
	return err
}

func sqliteDialect() *dialect {
	return &dialect{
		words: strings.NewReplacer(
			"{{bigint}}", "INTEGER",
			"{{blob}}", "BLOB",
			"{{ordered text}}", "TEXT",
			// STRICT refuses on SQLite what PostgreSQL would refuse.
			"{{table}}", "STRICT",
			"{{small table}}", "STRICT, WITHOUT ROWID",
			"{{strpos}}", "instr",
			// It knows nothing of how many rows a condition leaves.
			"{{index}}", "INDEXED BY", "{{/index}}", "",
		),
		beginWrite: "BEGIN IMMEDIATE",
		trim:       "PRAGMA shrink_memory",
		classify:   classifySQLite,
	}
}

func classifySQLite(err error) class {
	const (
		busy             = 5
		constraintUnique = 19 | 8<<8
		constraintKey    = 19 | 6<<8
		constraintRowid  = 19 | 10<<8
	)
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return classOther
	}
	switch code := e.Code(); {
	case code == constraintUnique, code == constraintKey, code == constraintRowid:
		return classUnique
	case code&0xff == busy:
		return classRetry
	}
	return classOther
}

func postgresDialect() *dialect {
	return &dialect{
		words: strings.NewReplacer(
			"{{bigint}}", "BIGINT",
			"{{blob}}", "BYTEA",
			// In the order of its bytes, as on SQLite, whatever the locale.
			"{{ordered text}}", `TEXT COLLATE "C"`,
			"{{table}}", "",
			"{{small table}}", "",
			"{{strpos}}", "strpos",
			"{{index}}", "/*", "{{/index}}", "*/",
		),
		beginWrite:  "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
		fence:       "SELECT epoch FROM lease WHERE id = 0 FOR SHARE",
		readsCancel: true,
		classify:    classifyPostgres,
	}
}

func classifyPostgres(err error) class {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return classOther
	}
	switch e.Code {
	case "23505": // unique_violation
		return classUnique
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return classRetry
	}
	return classOther
}

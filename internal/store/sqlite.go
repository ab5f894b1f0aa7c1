package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqliteReaders is how many snapshots can be read at a time.
const sqliteReaders = 4

// openSQLite opens the two files of a database. The lock file keeps other
// servers out; SQLite's own locks would let them in between two writes.
func openSQLite(path string) (*parts, error) {
	path, err := truePath(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	held, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	p := &parts{dialect: sqliteDialect(), lease: &fileLease{loss: newLoss(), file: held}}
	live := livePath(path)
	for _, each := range []string{path, live} {
		// Hashes and sealed keys are in there. SQLite gives its other files the
		// permissions of this one.
		if err := create(each); err != nil {
			return nil, errors.Join(fmt.Errorf("store: %w", err), p.close())
		}
	}
	for _, each := range []struct {
		pool **pool
		dsn  string
		size int
	}{
		{&p.write, sqliteDSN(path, "synchronous(FULL)"), 1},
		{&p.read, sqliteDSN(path, "query_only(1)"), sqliteReaders},
		{&p.liveWrite, sqliteDSN(live, "synchronous(NORMAL)"), 1},
		{&p.liveRead, sqliteDSN(live, "query_only(1)"), sqliteReaders},
	} {
		db, err := sql.Open("sqlite", each.dsn)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("store: %w", err), p.close())
		}
		*each.pool = newPool(db, p.dialect, each.size, "")
	}
	return p, nil
}

// truePath is the one name that a database file has, so that two servers that
// come to it by different links meet at one lock file.
func truePath(path string) (string, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return "", errors.New("an SQLite database needs the path of a file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// livePath is the file of live state beside that of the configuration.
func livePath(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "-live" + ext
}

// create makes an empty file for the owner only, unless there is one. It is
// called before SQLite opens the file: to close it later would drop the locks
// that SQLite holds on it.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func sqliteDSN(path string, pragmas ...string) string {
	pragmas = append([]string{"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(0)", "cache_size(-8000)"}, pragmas...)
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return u.String()
}

// fileLease is a lock on a file, which the system holds for as long as the
// process lives. It cannot be lost.
type fileLease struct {
	loss
	file *os.File
}

func (l *fileLease) life() context.Context { return context.Background() }

func (l *fileLease) lose(error) { l.once.Do(func() { close(l.done) }) }

func (l *fileLease) release() error { return l.file.Close() }

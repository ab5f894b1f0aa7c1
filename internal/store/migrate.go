package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// The tables as they came to be: one file per step, applied in the order of
// their names and never changed afterwards. "live" is apart because SQLite
// keeps those tables in a file of their own.
//
//go:embed migrations
var migrations embed.FS

const (
	createVersion = `CREATE TABLE IF NOT EXISTS migration (part TEXT PRIMARY KEY, version {{bigint}} NOT NULL) {{table}}`
	insertVersion = `INSERT INTO migration (part, version) VALUES ($1, 0) ON CONFLICT (part) DO NOTHING`
	lockVersion   = `UPDATE migration SET version = version WHERE part = $1 RETURNING version`
	setVersion    = `UPDATE migration SET version = $2 WHERE part = $1`
)

// migrate brings the tables of a part up to date.
func migrate(ctx context.Context, p *pool, part string) (err error) {
	steps, err := steps(part)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	s, _, err := p.get(ctx)
	if err != nil {
		return err
	}
	defer func() { p.put(s, err != nil) }()
	version, err := versionOf(ctx, s, part)
	switch {
	case err != nil:
		return fmt.Errorf("store: migrate: %w", err)
	case version == len(steps):
		return nil
	case version > len(steps):
		return fmt.Errorf("store: the database was written by a newer Spurline: its %s tables are at step %d, this one knows %d",
			part, version, len(steps))
	}
	if err := apply(ctx, s, part, steps); err != nil {
		return fmt.Errorf("store: migrate %s: %w", part, err)
	}
	return nil
}

// steps reads the SQL texts of a part, in order.
func steps(part string) ([]string, error) {
	dir := "migrations/" + part
	files, err := fs.ReadDir(migrations, dir)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(files))
	for i, file := range files {
		text, err := fs.ReadFile(migrations, dir+"/"+file.Name())
		if err != nil {
			return nil, err
		}
		texts[i] = string(text)
	}
	return texts, nil
}

// versionOf reads how many steps a database has had.
func versionOf(ctx context.Context, s *session, part string) (version int, err error) {
	if _, err := s.conn.ExecContext(ctx, s.dialect.render(createVersion)); err != nil {
		return 0, err
	}
	err = s.conn.QueryRowContext(ctx, `SELECT version FROM migration WHERE part = $1`, part).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = s.conn.ExecContext(ctx, insertVersion, part)
		return 0, err
	}
	return version, err
}

// apply runs the steps that a database has not had, in one transaction and
// with its version locked. Should that fail, the session is to be discarded.
func apply(ctx context.Context, s *session, part string, steps []string) error {
	if _, err := s.conn.ExecContext(ctx, s.dialect.beginWrite); err != nil {
		return err
	}
	var version int
	if err := s.conn.QueryRowContext(ctx, lockVersion, part).Scan(&version); err != nil {
		return err
	}
	for n := version; n < len(steps); n++ {
		if _, err := s.conn.ExecContext(ctx, s.dialect.render(steps[n])); err != nil {
			return fmt.Errorf("step %d: %w", n+1, err)
		}
	}
	if _, err := s.conn.ExecContext(ctx, setVersion, part, len(steps)); err != nil {
		return err
	}
	_, err := s.conn.ExecContext(ctx, "COMMIT")
	return err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresReaders is how many snapshots can be read at a time.
const postgresReaders = 8

// keepDurable undoes a default of the server, the database or the role under
// which a commit would not wait for the disk. What is stricter stays.
const keepDurable = `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`

// openPostgres takes the lease of a database and opens the connections to it.
// They are the server's own: prepared statements and the lease do not survive
// a pooler that lends connections by the transaction.
func openPostgres(ctx context.Context, dsn string, epoch int64, log *slog.Logger) (*parts, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The parser's error may show what it could not parse, password and all.
		return nil, errors.New("store: the URL of the PostgreSQL database cannot be parsed")
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "spurline"
	}
	// The server is to notice within half a minute that this one is gone: what
	// a dead connection holds, it holds until then.
	maps.Copy(config.RuntimeParams, map[string]string{
		"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
		"idle_in_transaction_session_timeout": "0",
	})
	lease, err := takeLease(ctx, config, epoch, log)
	if err != nil {
		return nil, err
	}
	p := &parts{dialect: postgresDialect(), lease: lease}
	connect := func(size int, prelude string, params map[string]string) *pool {
		c := config.Copy()
		maps.Copy(c.RuntimeParams, params)
		return newPool(stdlib.OpenDB(*c), p.dialect, size, prelude)
	}
	p.write = connect(1, keepDurable, nil)
	p.liveWrite = connect(1, "", map[string]string{"synchronous_commit": "off"})
	p.read = connect(postgresReaders, "", map[string]string{
		"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on",
	})
	p.liveRead = p.read
	return p, nil
}

// connectAlone opens a connection that is in no pool.
func connectAlone(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("store: connect: %w", err)
	}
	return conn, nil
}

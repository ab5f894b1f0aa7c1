package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// leasePing is how often a quiet lease connection is asked for a sign of
	// life. One that the server ends is noticed at once.
	leasePing = 2 * time.Second
	// leasePatience is how long the answer may take, and how long a takeover
	// waits for the last commit of the server before.
	leasePatience = 10 * time.Second
	// leaseRenewal is how often the lock moves to a new transaction.
	leaseRenewal = time.Minute
)

// The table lease has three rows. Row 0 is the fence: it has the epoch of the
// server that owns the database, and every commit holds it for sharing, so a
// takeover waits for the last commit of the server before, and that server
// commits nothing afterwards. Rows 1 and 2 are the lock. Who owns the database
// holds one of them in an open transaction; who wants it needs both. So the
// lock moves from one to the other without a gap, which it does every minute:
// an open transaction keeps all that is deleted or replaced after it from
// being vacuumed away.
const (
	createLease = `CREATE TABLE IF NOT EXISTS lease (id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL);
INSERT INTO lease (id, epoch) VALUES (0, 0), (1, 0), (2, 0) ON CONFLICT (id) DO NOTHING`

	lockLease = `SELECT id FROM lease WHERE id = $1 FOR UPDATE NOWAIT`
	setFence  = `UPDATE lease SET epoch = $1 WHERE id = 0`
)

// rowLease is a lease held by a row lock of a connection of its own.
type rowLease struct {
	loss
	config *pgx.ConnConfig
	log    *slog.Logger
	conn   *pgx.Conn // holds the lock; used by watch alone once that runs
	row    int64     // the row that is locked
	ctx    context.Context
	cancel context.CancelFunc // ends the writes that run, and watch
	ended  chan struct{}      // watch has
}

// takeLease takes the database, or answers ErrLease when another server has
// it, and watches over it.
func takeLease(ctx context.Context, config *pgx.ConnConfig, epoch int64, log *slog.Logger) (*rowLease, error) {
	l, err := newRowLease(ctx, config, epoch, log)
	if err == nil {
		go l.watch()
	}
	return l, err
}

// newRowLease takes the database.
func newRowLease(ctx context.Context, config *pgx.ConnConfig, epoch int64, log *slog.Logger) (*rowLease, error) {
	config = config.Copy()
	config.RuntimeParams["application_name"] = "spurline lease"
	config.RuntimeParams["lock_timeout"] = fmt.Sprint(leasePatience.Milliseconds())
	first, err := connectAlone(ctx, config)
	if err != nil {
		return nil, err
	}
	if err = take(ctx, config, first, epoch); err != nil {
		closeConn(first)
		if lockRefused(err) {
			return nil, ErrLease
		}
		return nil, fmt.Errorf("store: take the lease: %w", err)
	}
	l := &rowLease{loss: newLoss(), config: config, log: log, conn: first, row: 1, ended: make(chan struct{})}
	// The lease outlives the context of Open.
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return l, nil
}

// take locks row 1 on the first connection, and sets the fence while a second
// one has row 2.
func take(ctx context.Context, config *pgx.ConnConfig, first *pgx.Conn, epoch int64) error {
	if err := createLeaseTable(ctx, first); err != nil {
		return err
	}
	if err := lockRow(ctx, first, 1); err != nil {
		return err
	}
	second, err := connectAlone(ctx, config)
	if err != nil {
		return err
	}
	defer closeConn(second)
	if err := lockRow(ctx, second, 2); err != nil {
		return err
	}
	if _, err := second.Exec(ctx, setFence, epoch); err != nil {
		return err
	}
	_, err = second.Exec(ctx, "COMMIT")
	return err
}

// createLeaseTable tries twice: of two servers that create the table at the
// same time one fails, and finds it there when it tries again.
func createLeaseTable(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, createLease)
	if err != nil && ctx.Err() == nil {
		_, err = conn.Exec(ctx, createLease)
	}
	return err
}

// lockRow locks a row of the lease in a new transaction of the connection.
func lockRow(ctx context.Context, conn *pgx.Conn, row int64) error {
	if _, err := conn.Exec(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"); err != nil {
		return err
	}
	var id int64
	return conn.QueryRow(ctx, lockLease, row).Scan(&id)
}

// lockRefused says whether an error is that of a lock that another holds.
func lockRefused(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "55P03"
}

// closeConn ends a connection, and first its transaction: the server gives up
// the locks of a closed connection only a while later.
func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), leasePatience)
	defer cancel()
	_, _ = conn.Exec(ctx, "ROLLBACK")
	_ = conn.Close(ctx)
}

func (l *rowLease) life() context.Context { return l.ctx }

// lose ends all writing, at once and for good.
func (l *rowLease) lose(reason error) {
	l.once.Do(func() {
		l.log.Error("the lease of the database is lost; nothing is written any more", "reason", reason)
		close(l.done)
		l.cancel()
	})
}

// release gives the database to who wants it.
func (l *rowLease) release() error {
	l.cancel()
	<-l.ended
	closeConn(l.conn)
	return nil
}

// watch keeps the lease until it is lost or released.
func (l *rowLease) watch() {
	defer close(l.ended)
	renewal := time.NewTicker(leaseRenewal)
	defer renewal.Stop()
	for l.ctx.Err() == nil {
		if err := l.listen(); err != nil {
			if l.ctx.Err() == nil {
				l.lose(err)
			}
			return
		}
		select {
		case <-renewal.C:
			l.renew()
		default:
		}
	}
}

// listen waits for a while for the connection to end, and then asks whether it
// is there still.
func (l *rowLease) listen() error {
	quiet, cancel := context.WithTimeout(l.ctx, leasePing)
	defer cancel()
	_, err := l.conn.WaitForNotification(quiet)
	if err != nil && quiet.Err() == nil {
		return err
	}
	if l.ctx.Err() != nil {
		return l.ctx.Err()
	}
	// To release the lease the connection is needed, so the end of l.ctx does
	// not cut this short.
	answer, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), leasePatience)
	defer cancel()
	return l.conn.Ping(answer)
}

// renew moves the lock to the other row, in a transaction of a new connection.
// If that does not work the old one stays; the next renewal will try again.
func (l *rowLease) renew() {
	ctx, cancel := context.WithTimeout(l.ctx, leasePatience)
	defer cancel()
	conn, err := connectAlone(ctx, l.config)
	if err != nil {
		l.log.Warn("the lease of the database keeps its old transaction", "reason", err)
		return
	}
	row := 3 - l.row
	if err := lockRow(ctx, conn, row); err != nil {
		l.log.Warn("the lease of the database keeps its old transaction", "reason", err)
		closeConn(conn)
		return
	}
	closeConn(l.conn)
	l.conn, l.row = conn, row
}

package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// endWait is how long a database may take to end a snapshot.
const endWait = 5 * time.Second

// Options of Open. The zero value is usable.
type Options struct {
	Now func() time.Time // nil = time.Now
	Log *slog.Logger     // nil = discard
	// LockWait is how long a write waits for its turn before it answers
	// ErrBusy; 0 = 5 s.
	LockWait time.Duration
	// LockFail answers ErrBusy at once to an Update while another of the same
	// org runs or waits.
	LockFail bool
	// KeepActivations is how many activations of an org Prune leaves readable;
	// 0 = 100.
	KeepActivations int
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.LockWait = cmp.Or(o.LockWait, 5*time.Second)
	o.KeepActivations = cmp.Or(o.KeepActivations, 100)
	return o
}

// DB is a database that this server owns. Its methods may be called
// concurrently. A View may hold an Update within it, but a write within a
// write waits for itself, and answers ErrBusy in the end.
type DB struct {
	epoch     atomic.Int64
	keep      int
	lease     lease
	heads     *heads // nil where another server may take the database and write
	durable   *lane
	hasty     *lane // writes that a crash may lose
	reads     *pool
	liveReads *pool
	closing   sync.Once
	closeErr  error
}

// parts are what a database is opened into.
type parts struct {
	dialect             *dialect
	lease               lease
	write, read         *pool
	liveWrite, liveRead *pool
}

// Open opens "sqlite:PATH" or "postgres://…". PATH is the file of the
// configuration; live state has a file of its own beside it. Open takes
// ownership of the database, brings its tables up to date, and answers
// ErrLease when another server has it.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	o = o.withDefaults()
	epoch := newEpoch()
	var p *parts
	var err error
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		p, err = openSQLite(strings.TrimPrefix(dsn, "sqlite:"))
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		p, err = openPostgres(ctx, dsn, epoch, o.Log)
	default:
		// The text is not shown: it may be a URL with a password in it.
		err = errors.New("store: a database is sqlite:PATH or postgres://USER@HOST/NAME")
	}
	if err != nil {
		return nil, err
	}
	if err := p.migrate(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	var known *heads
	if p.read.dialect.fence == "" {
		known = &heads{of: map[int64]Head{}}
	}
	db := &DB{
		keep: o.KeepActivations, lease: p.lease, heads: known,
		durable: newLane(p.write, p.lease, known, epoch, o),
		hasty:   newLane(p.liveWrite, p.lease, nil, epoch, o),
		reads:   p.read, liveReads: p.liveRead,
	}
	db.epoch.Store(epoch)
	return db, nil
}

// close ends everything that is open. Writers go last: the last connection to
// leave an SQLite file tidies up, which readers may not.
func (p *parts) close() error {
	var err error
	for _, each := range []*pool{p.read, p.liveRead, p.write, p.liveWrite} {
		if each != nil {
			err = errors.Join(err, each.close())
		}
	}
	return errors.Join(err, p.lease.release())
}

func (p *parts) migrate(ctx context.Context) error {
	if err := migrate(ctx, p.write, "config"); err != nil {
		return err
	}
	return migrate(ctx, p.liveWrite, "live")
}

// newEpoch returns a random positive number.
func newEpoch() int64 {
	var b [8]byte
	rand.Read(b[:])
	return int64(binary.BigEndian.Uint64(b[:])>>1) | 1
}

// Close runs the writes that wait, waits for the views that run, and gives the
// database up.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.durable.close()
		db.hasty.close()
		p := parts{
			lease: db.lease, read: db.reads, liveRead: db.liveReads,
			write: db.durable.pool, liveWrite: db.hasty.pool,
		}
		db.closeErr = p.close()
	})
	return db.closeErr
}

// Epoch is a random number, another one at every Open, Load and NewEpoch. What
// was cached under one epoch says nothing about a database of another. It is to
// be read before what is cached.
func (db *DB) Epoch() int64 { return db.epoch.Load() }

// NewEpoch makes everybody forget what they have cached.
func (db *DB) NewEpoch() { db.epoch.Store(newEpoch()) }

// Lost is closed when another server may own the database. From then on every
// write answers ErrLease.
func (db *DB) Lost() <-chan struct{} { return db.lease.lost() }

// Head answers where an org stands.
func (db *DB) Head(ctx context.Context, org int64) (Head, error) {
	if err := ctx.Err(); err != nil {
		return Head{}, err
	}
	if db.heads == nil {
		return db.readHead(ctx, org)
	}
	head, commits, known := db.heads.get(org)
	if known {
		return head, nil
	}
	head, err := db.readHead(ctx, org)
	if err == nil {
		db.heads.keep(org, head, commits)
	}
	return head, err
}

func (db *DB) readHead(ctx context.Context, org int64) (Head, error) {
	run := db.reads.dialect.readContext(ctx)
	for {
		s, fresh, err := db.reads.get(ctx)
		if err != nil {
			return Head{}, err
		}
		var head Head
		st, err := s.stmt(run, selectHead)
		if err == nil {
			err = st.QueryRowContext(run, org).Scan(&head.Rev, &head.Active)
		}
		failed := err != nil && !errors.Is(err, sql.ErrNoRows)
		db.reads.put(s, failed)
		switch {
		case err == nil:
			return head, nil
		case !failed || fresh || ctx.Err() != nil:
			return Head{}, noSuchOrg(org, err)
		}
		// The session may have died while it lay idle. Another one will tell.
	}
}

// Trim gives back the memory of what was read last, for when it is not going to
// be read again.
func (db *DB) Trim(ctx context.Context) error {
	for _, p := range []*pool{db.reads, db.liveReads} {
		if p.dialect.trim == "" {
			continue
		}
		s, _, err := p.get(ctx)
		if err != nil {
			return err
		}
		err = s.exec(ctx, p.dialect.trim)
		p.put(s, err != nil)
		if err != nil {
			return fmt.Errorf("store: trim: %w", err)
		}
	}
	return nil
}

// Update runs f under the write lock of an org, with a revision of its own,
// and answers where the org stands once that is committed. If f fails, panics,
// or its context ends before it does, nothing of it is left.
func (db *DB) Update(ctx context.Context, org int64, f FuncUpdate) (Head, error) {
	if org == 0 {
		return Head{}, errNoOrg
	}
	j := &job{org: org, revision: true, f: f}
	if err := db.durable.do(ctx, j); err != nil {
		return Head{}, err
	}
	return j.head, nil
}

// Write runs f in a durable commit, without an org and without a revision.
func (db *DB) Write(ctx context.Context, f FuncUpdate) error {
	return db.durable.do(ctx, &job{f: f})
}

// WriteLive runs f on the live tables. A crash of the machine may lose the
// last of these writes, in return for which they do not wait for the disk.
func (db *DB) WriteLive(ctx context.Context, f FuncUpdate) error {
	return db.hasty.do(ctx, &job{f: f})
}

// View runs f on one consistent snapshot, bound to an org; 0 = none.
func (db *DB) View(ctx context.Context, org int64, f func(context.Context, *Tx) error) error {
	return view(ctx, db.reads, org, f)
}

// ViewLive runs f on one consistent snapshot of the live tables.
func (db *DB) ViewLive(ctx context.Context, f func(context.Context, *Tx) error) error {
	return view(ctx, db.liveReads, 0, f)
}

func view(ctx context.Context, p *pool, org int64, f func(context.Context, *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	run := p.dialect.readContext(ctx)
	s, err := p.begin(ctx, run, "BEGIN")
	if err != nil {
		return err
	}
	tx := &Tx{s: s}
	if !p.dialect.readsCancel {
		tx.run = run
	}
	defer func() {
		tx.closeRows()
		tx.over = true
		p.put(s, end(run, s) != nil)
	}()
	if org != 0 {
		if err := tx.bindRead(ctx, org); err != nil {
			return err
		}
	}
	return f(ctx, tx)
}

// end ends a snapshot, even for a caller who has gone: the session is as good
// as before.
func end(run context.Context, s *session) error {
	if run.Done() != nil {
		var done context.CancelFunc
		run, done = context.WithTimeout(context.WithoutCancel(run), endWait)
		defer done()
	}
	return s.exec(run, "COMMIT")
}

// readContext is what the statements of a read run under.
func (d *dialect) readContext(ctx context.Context) context.Context {
	if d.readsCancel {
		return ctx
	}
	return context.Background()
}

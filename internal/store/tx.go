package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// firstID is the first id that an org gives out.
const firstID = 5_000_001

var (
	errOver     = errors.New("store: the transaction is over")
	errReadOnly = errors.New("store: objects are written in an Update only")
	errNoOrg    = errors.New("store: the transaction has no org")
	errIDs      = errors.New("store: the org has used up its ids")
)

// Tx is one write, or one snapshot to read. Its methods are for the goroutine
// that runs the function it was handed to, and it ends with that function.
//
// Rows of Query are to be closed before the next statement: PostgreSQL takes
// one at a time.
type Tx struct {
	s *session
	// run replaces the caller's context for statements: cut off in the middle,
	// one would take the whole shared commit with it. Nil where each statement
	// runs under the context that it is called with.
	run    context.Context
	now    func() time.Time
	writes bool
	org    int64
	head   Head
	nextID int64
	dirty  bool // head.Active or nextID is to be written back
	opened []*sql.Rows
	failed error // what the commit is refused for
	over   bool
}

// Org is the org that the transaction is bound to; 0 = none.
func (tx *Tx) Org() int64 { return tx.org }

// Head is where the org stands. In Update, Rev is the revision of this write.
func (tx *Tx) Head() Head { return tx.head }

// Active is the revision that connectors run.
func (tx *Tx) Active() At { return At(tx.head.Active) }

// NextID returns an id that no object of the org has had. When they are used
// up, the write fails.
func (tx *Tx) NextID() int64 {
	if err := tx.writable(); err != nil {
		tx.failed = err
		return 0
	}
	if tx.nextID > math.MaxInt32 {
		tx.failed = errIDs
		return 0
	}
	id := tx.nextID
	tx.nextID++
	tx.dirty = true
	return id
}

// Exec runs a statement, with $1, $2 … for args. It is prepared once per
// connection, so its text should be one of few. An insert whose key is taken
// answers ErrExists.
func (tx *Tx) Exec(ctx context.Context, text string, args ...any) (affected int64, err error) {
	st, run, err := tx.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := st.ExecContext(run, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	return result.RowsAffected()
}

// Query runs a statement that answers rows. Those that are still open when
// the transaction ends are closed then.
func (tx *Tx) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	rows, err := tx.rows(ctx, text, args...)
	if err == nil {
		tx.opened = append(tx.opened, rows)
	}
	return rows, err
}

// QueryRow runs a statement that answers at most one row. Its error, if any,
// is that of Scan, which must be called.
func (tx *Tx) QueryRow(ctx context.Context, text string, args ...any) *sql.Row {
	st, run, err := tx.stmt(ctx, text)
	if err == nil {
		return st.QueryRowContext(run, args...)
	}
	if tx.over || ctx.Err() != nil {
		// A row cannot be made from an error, only from a failed query: one
		// under a context that has ended fails before it has a connection.
		ended, end := context.WithCancel(ctx)
		end()
		return tx.s.db.QueryRowContext(ended, text)
	}
	// The text could not be prepared, and will fail again for the same reason.
	return tx.s.conn.QueryRowContext(run, tx.s.dialect.render(text), args...)
}

// rows is Query for those who close what they open.
func (tx *Tx) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	st, run, err := tx.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(run, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	return rows, nil
}

// fail notes that a statement failed. PostgreSQL commits nothing after that,
// so a write does not on SQLite either.
func (tx *Tx) fail(err error) error {
	err = tx.s.dialect.explain(err)
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// stmt returns the prepared statement of text, and the context to run it
// under.
func (tx *Tx) stmt(ctx context.Context, text string) (st *sql.Stmt, run context.Context, err error) {
	if tx.over {
		return nil, nil, errOver
	}
	run = ctx
	if tx.run != nil {
		run = tx.run
	}
	if err := ctx.Err(); err != nil {
		return nil, run, err
	}
	if st, err = tx.s.stmt(run, text); err != nil {
		return nil, run, tx.fail(err)
	}
	return st, run, nil
}

func (tx *Tx) readable() error {
	if tx.org == 0 {
		return errNoOrg
	}
	return nil
}

func (tx *Tx) writable() error {
	switch {
	case !tx.writes:
		return errReadOnly
	case tx.org == 0:
		return errNoOrg
	}
	return nil
}

const selectHead = `SELECT rev, active FROM org WHERE id = $1`

// bindRead binds a snapshot to an org.
func (tx *Tx) bindRead(ctx context.Context, org int64) error {
	err := tx.QueryRow(ctx, selectHead, org).Scan(&tx.head.Rev, &tx.head.Active)
	if err != nil {
		return noSuchOrg(org, err)
	}
	tx.org = org
	return nil
}

const advanceOrg = `UPDATE org SET rev = rev + 1 WHERE id = $1 RETURNING rev, active, next_id`

// bindUpdate binds a write to an org, under a revision of its own. The row of
// the org is the write lock of everything in the org.
func (tx *Tx) bindUpdate(ctx context.Context, org int64) error {
	err := tx.QueryRow(ctx, advanceOrg, org).Scan(&tx.head.Rev, &tx.head.Active, &tx.nextID)
	if err != nil {
		return noSuchOrg(org, err)
	}
	tx.org = org
	return nil
}

func noSuchOrg(org int64, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return fmt.Errorf("store: org %d: %w", org, err)
}

// finish writes back what the write changed in the row of its org.
func (tx *Tx) finish(ctx context.Context) error {
	if tx.failed != nil {
		return tx.failed
	}
	if !tx.dirty {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE org SET active = $2, next_id = $3 WHERE id = $1`, tx.org, tx.head.Active, tx.nextID)
	return err
}

// closeRows closes what Query left open.
func (tx *Tx) closeRows() {
	for _, rows := range tx.opened {
		rows.Close()
	}
	tx.opened = nil
}

// CreateOrg creates an org at revision 0 and binds the transaction to it, if
// it is bound to none: what the rest of the write puts is in force at once.
func (tx *Tx) CreateOrg(ctx context.Context, o Org) error {
	if !tx.writes {
		return errReadOnly
	}
	_, err := tx.Exec(ctx, `INSERT INTO org (id, name, cloud, vanity, rev, active, next_id) VALUES ($1, $2, $3, $4, 0, 0, $5)`,
		o.ID, o.Name, o.Cloud, o.Vanity, int64(firstID))
	if err != nil {
		return fmt.Errorf("store: create org %d: %w", o.ID, err)
	}
	if tx.org == 0 {
		tx.org, tx.head, tx.nextID = o.ID, Head{}, firstID
	}
	return nil
}

// Orgs lists the orgs of the database.
func (tx *Tx) Orgs(ctx context.Context) ([]Org, error) {
	rows, err := tx.rows(ctx, `SELECT id, name, cloud, vanity FROM org ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var orgs []Org
	for rows.Next() {
		var o Org
		if err := rows.Scan(&o.ID, &o.Name, &o.Cloud, &o.Vanity); err != nil {
			return nil, err
		}
		o.Vanity = cmp.Or(o.Vanity, vanityOfID(o.ID))
		orgs = append(orgs, o)
	}
	return orgs, rows.Err()
}

// OrgOfVanity finds an org by its vanity domain: ErrNotFound where none has it.
func (tx *Tx) OrgOfVanity(ctx context.Context, vanity string) (id int64, err error) {
	id, err = strconv.ParseInt(strings.TrimPrefix(vanity, "org"), 10, 64)
	if err != nil || vanityOfID(id) != vanity {
		id = 0 // which no org has
	}
	err = tx.QueryRow(ctx, `SELECT id FROM org WHERE (vanity = $1 AND vanity <> '') OR (vanity = '' AND id = $2)`, vanity, id).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrNotFound
	}
	return id, err
}

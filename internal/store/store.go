// Package store owns the database: one way to read and write rows of
// configuration under revisions, on SQLite and on PostgreSQL, with the same
// SQL. It moves bytes and never sees what is in them.
//
// Reads run on snapshots, beside each other and beside writes. Writes take
// turns: one goroutine, the lane, owns the writing connection, gives each
// write a savepoint of its own, and lets the writes that wait together share
// a commit.
package store

import (
	"context"
	"errors"
	"math"
	"strconv"
)

// Errors that callers tell apart.
var (
	// ErrNotFound: no such row in the revision that was read.
	ErrNotFound = errors.New("store: no such row")
	// ErrBusy: the write waited longer than Options.LockWait for its turn.
	ErrBusy = errors.New("store: another write holds the org")
	// ErrLease: another server owns the database, or this one lost it.
	ErrLease = errors.New("store: the database belongs to another server")
	// ErrExists: an insert met a unique key that is taken. The write that it
	// happens in must end; PostgreSQL takes no further statement in it.
	ErrExists = errors.New("store: the key is taken")
	// ErrClosed: the database was closed by this server.
	ErrClosed = errors.New("store: closed")
)

// At selects a revision to read.
type At int64

// Working is the configuration as saved: the rows that nothing has closed.
const Working At = math.MaxInt64

// Row is one object of configuration as it is stored.
type Row struct {
	Kind   string
	ID     int64
	From   int64  // revision that wrote it; of one that was in force at once, the revision active then
	To     int64  // revision that closed it; Working while nothing has
	Parent int64  // object that it hangs on; 0 = none
	Name   string // for uniqueness and search; empty where a kind has none
	Key    string // a second way to find it, unique in its kind; empty = none
	Body   []byte // the JSON that the API answers with, in its fullest form
}

// Ref is one live reference: the object (Kind, ID) names (ToKind, ToID).
type Ref struct {
	ToKind string
	ToID   int64
	Kind   string
	ID     int64
}

// Org is a tenant.
type Org struct {
	ID    int64
	Name  string
	Cloud string
	// Vanity is the name that the org's login host begins with. It is unique;
	// an org that is created without one goes by its id.
	Vanity string
}

// vanityOfID is what an org without a vanity domain of its own goes by.
func vanityOfID(id int64) string { return "org" + strconv.FormatInt(id, 10) }

// Head is where an org stands.
type Head struct {
	Rev    int64 // last saved write
	Active int64 // revision that connectors run
}

// Mode is how a write treats revisions.
type Mode int

const (
	// Staged: the change is pending until an activation. A row that no
	// activation has seen is overwritten in place and a delete removes it;
	// another is closed, so that the active view keeps it.
	Staged Mode = iota
	// BornActive: inventory made by enrolment; in force at once.
	BornActive
	// Immediate: what the server itself consults (admins, roles, keys) and
	// what an org is born with: never pending, and once deleted gone from
	// every revision.
	Immediate
)

// FuncUpdate is the work of one write. It may run twice, so it must have no
// effect outside the Tx.
type FuncUpdate func(context.Context, *Tx) error

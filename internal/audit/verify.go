package audit

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"github.com/spurline/spurline/internal/store"
)

// Verdict is what Verify found.
type Verdict struct {
	Rows   int64 // that were looked at
	Anchor Point // the last row that was pruned; zero = the chain is whole
	Head   Point // the newest row
	Fault  *Fault
}

// Fault is the first place at which a chain is not as it was written.
type Fault struct {
	Seq    int64
	Reason string
}

// View runs a function on a snapshot of the database.
type View func(context.Context, func(context.Context, *store.Tx) error) error

// VerifyBatch is how many rows are looked at on one snapshot: one that is held
// for long keeps a database from tidying up behind its writers.
const VerifyBatch = 2000

// Verify computes the chain of an org's trail anew and compares it with what
// is stored, up to the first fault. noted is a place that was written down
// elsewhere and must be the same still; nil = none.
//
// Rows that are written meanwhile are looked at too, and rows that are pruned
// meanwhile are passed over.
func Verify(ctx context.Context, view View, org int64, noted *Point) (Verdict, error) {
	w := walk{org: org, noted: noted, from: math.MinInt64}
	for !w.done && w.fault == nil {
		if err := view(ctx, w.batch); err != nil {
			return Verdict{}, fmt.Errorf("audit: verify org %d: %w", org, err)
		}
	}
	return Verdict{Rows: w.rows, Anchor: w.ends.anchor, Head: w.ends.head, Fault: w.fault}, nil
}

// walk goes along a chain.
type walk struct {
	org   int64
	noted *Point
	ends  ends
	began bool
	from  int64 // rows after it are next
	at    Point // the row before them
	rows  int64
	done  bool
	fault *Fault
}

func (w *walk) fail(seq int64, format string, args ...any) {
	if w.fault == nil {
		w.fault = &Fault{seq, fmt.Sprintf(format, args...)}
	}
}

// batch looks at the rows that are next, and after the last one at the end.
func (w *walk) batch(ctx context.Context, tx *store.Tx) error {
	found := false
	var err error
	if w.ends, found, err = readEnds(ctx, tx, w.org); err != nil {
		return err
	}
	if !w.began || w.ends.anchor.Seq > w.at.Seq { // or what would be next is pruned
		w.at = w.ends.anchor
		w.note()
	}
	w.began = true
	n, err := w.follow(ctx, tx)
	if err != nil || n == VerifyBatch || w.fault != nil {
		return err
	}
	w.done = true
	w.end(found)
	return nil
}

func (w *walk) follow(ctx context.Context, tx *store.Tx) (n int, err error) {
	rows, err := tx.Query(ctx, list, w.org, w.from, VerifyBatch)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() && w.fault == nil {
		r := Record{Entry: Entry{Org: w.org}}
		var hash []byte
		if err := scan(rows, &r, &r.Before, &r.After, &hash); err != nil {
			return 0, err
		}
		w.step(&r, hash)
		n++
	}
	return n, rows.Err()
}

func (w *walk) step(r *Record, hash []byte) {
	w.from = r.Seq
	w.rows++
	switch next := w.at.Seq + 1; {
	case r.Seq < next:
		w.fail(r.Seq, "the row is there although the rows up to %d were pruned", w.at.Seq)
	case r.Seq > next:
		w.fail(next, "the row is missing")
	case hash == nil:
		w.fail(r.Seq, "the row has no hash")
	case !bytes.Equal(hash, r.hash(w.at.Hash)):
		w.fail(r.Seq, "the row, or the hash that it builds on, was changed")
	}
	w.at = Point{r.Seq, hash}
	w.note()
}

// note compares the place that is reached with the one that was noted.
func (w *walk) note() {
	if w.noted != nil && w.at.Seq == w.noted.Seq && !bytes.Equal(w.at.Hash, w.noted.Hash) {
		w.fail(w.at.Seq, "the row's hash is not the one that was noted")
	}
	if w.noted != nil && !w.began && w.at.Seq > w.noted.Seq {
		w.fail(w.noted.Seq, "the noted row was pruned; note a newer one")
	}
}

// end compares the last row with the head.
func (w *walk) end(found bool) {
	switch head := w.ends.head; {
	case !found && w.rows > 0:
		w.fail(w.at.Seq, "the record of where the chain begins and ends is missing")
	case w.at.Seq < head.Seq:
		w.fail(w.at.Seq+1, "the row is missing, and all up to %d", head.Seq)
	case w.at.Seq > head.Seq:
		w.fail(head.Seq+1, "the row was not written by the server: its newest is %d", head.Seq)
	case !bytes.Equal(w.at.Hash, head.Hash):
		w.fail(head.Seq, "the newest row's hash is not the one of the head")
	}
	if w.noted != nil && w.noted.Seq > w.at.Seq {
		w.fail(w.noted.Seq, "the noted row is missing")
	}
}

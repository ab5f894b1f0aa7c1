package audit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/spurline/spurline/internal/store"
)

// Point is a place in an org's chain: a row's number and its hash. The zero
// Point is before the first row.
type Point struct {
	Seq  int64
	Hash []byte // 32 bytes; nil = there is none
}

// hash is the SHA-256 over the hash of the row before and every column of the
// row. Numbers have eight bytes and texts come after their length, so that no
// two rows are the same bytes.
func (r *Record) hash(before []byte) []byte {
	text := make([]byte, 0, 512+len(r.Before)+len(r.After))
	text = append(text, "spurline audit 1\n"...)
	number := func(n int64) { text = binary.BigEndian.AppendUint64(text, uint64(n)) }
	word := func(s string) {
		number(int64(len(s)))
		text = append(text, s...)
	}
	blob := func(b []byte) {
		if b == nil {
			number(-1)
			return
		}
		word(string(b))
	}
	blob(before)
	for _, n := range []int64{r.Org, r.Seq, r.At.UnixMilli(), r.Object, r.Admin, r.Rev} {
		number(n)
	}
	for _, s := range []string{r.Action, r.Category, r.SubCategory, r.Resource, r.Kind, r.Login, r.IP, r.Interface, r.Result} {
		word(s)
	}
	blob(r.Before)
	blob(r.After)
	sum := sha256.Sum256(text)
	return sum[:]
}

// ends are where an org's chain begins and ends.
type ends struct {
	anchor, head Point
	old          int64 // the last row that is to be chained yet; 0 = none
}

const (
	selectEnds = `SELECT anchor_seq, anchor_hash, head_seq, head_hash, old FROM audit_chain WHERE org = $1`

	// The newest row is looked for as well: were the ends tampered with, a
	// number that is taken would keep every further deed from being done.
	selectHead = `SELECT COALESCE((SELECT MAX(seq) FROM audit WHERE org = $1), 0),
	(SELECT head_seq FROM audit_chain WHERE org = $1), (SELECT head_hash FROM audit_chain WHERE org = $1),
	(SELECT old FROM audit_chain WHERE org = $1)`

	upsertHead = `INSERT INTO audit_chain (org, anchor_seq, anchor_hash, head_seq, head_hash, old) VALUES ($1, 0, NULL, $2, $3, 0)
ON CONFLICT (org) DO UPDATE SET head_seq = excluded.head_seq, head_hash = excluded.head_hash`
)

// errOld: rows would be chained to one that has no hash.
var errOld = errors.New("the rows of before the chain are not chained yet")

// link makes r the newest row of its org.
func link(ctx context.Context, tx *store.Tx, r *Record) error {
	var newest int64
	var headSeq, old sql.NullInt64
	var head []byte
	if err := tx.QueryRow(ctx, selectHead, r.Org).Scan(&newest, &headSeq, &head, &old); err != nil {
		return err
	}
	if old.Int64 != 0 {
		return errOld
	}
	r.Seq = max(newest, headSeq.Int64) + 1
	hash := r.hash(head)
	_, err := tx.Exec(ctx, insert, r.Org, r.Seq, r.At.UnixMilli(), r.Action, r.Category, r.SubCategory, r.Resource, r.Kind, r.Object,
		r.Admin, r.Login, r.IP, r.Interface, r.Result, r.Rev, r.Before, r.After, hash)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, upsertHead, r.Org, r.Seq, hash)
	return err
}

// readEnds reads the ends of an org's chain; there are none before its first
// row.
func readEnds(ctx context.Context, tx *store.Tx, org int64) (e ends, found bool, err error) {
	err = tx.QueryRow(ctx, selectEnds, org).Scan(&e.anchor.Seq, &e.anchor.Hash, &e.head.Seq, &e.head.Hash, &e.old)
	if errors.Is(err, sql.ErrNoRows) {
		return ends{}, false, nil
	}
	return e, err == nil, err
}

// chainBatch is how many older rows are chained in a commit.
const chainBatch = 1000

const (
	selectOld = `SELECT org, head_seq, head_hash, old FROM audit_chain WHERE old <> 0 ORDER BY org LIMIT 1`
	selectRow = `SELECT ` + columns + ` FROM audit WHERE org = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4`
	setHash   = `UPDATE audit SET hash = $3 WHERE org = $1 AND seq = $2`
	setOld    = `UPDATE audit_chain SET head_seq = $2, head_hash = $3, old = $4 WHERE org = $1`
	adoptAll  = `INSERT INTO audit_chain (org, anchor_seq, anchor_hash, head_seq, head_hash, old)
SELECT org, 0, NULL, 0, NULL, MAX(seq) FROM audit WHERE NOT EXISTS (SELECT 1 FROM audit_chain) GROUP BY org`
)

// Chain chains the rows that are older than the chain itself. It goes batch by
// batch, so a crash leaves what is done, and has nothing to do ever after.
func Chain(ctx context.Context, db *store.DB) error {
	for more := true; more; {
		err := db.Write(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			more, err = chain(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("audit: chain the older rows: %w", err)
		}
	}
	return nil
}

// Adopt is Chain for rows that have just been loaded, in the same transaction.
// A dump that is older than the chain has nothing of it.
func Adopt(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, adoptAll)
	for more := true; more && err == nil; {
		more, err = chain(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("audit: chain the rows: %w", err)
	}
	return nil
}

// chain chains one batch of one org's, and reports whether there may be more.
func chain(ctx context.Context, tx *store.Tx) (more bool, err error) {
	var org, old int64
	var head Point
	err = tx.QueryRow(ctx, selectOld).Scan(&org, &head.Seq, &head.Hash, &old)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	links, err := links(ctx, tx, org, head, old)
	if err != nil {
		return false, err
	}
	for _, l := range links {
		if _, err := tx.Exec(ctx, setHash, org, l.Seq, l.Hash); err != nil {
			return false, err
		}
		head = l
	}
	if len(links) < chainBatch {
		old = 0
	}
	_, err = tx.Exec(ctx, setOld, org, head.Seq, head.Hash, old)
	return true, err
}

// links computes the hashes of the rows that follow head, up to a number.
func links(ctx context.Context, tx *store.Tx, org int64, head Point, last int64) (out []Point, err error) {
	rows, err := tx.Query(ctx, selectRow, org, head.Seq, last, chainBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := Record{Entry: Entry{Org: org}}
		var none []byte
		if err := scan(rows, &r, &r.Before, &r.After, &none); err != nil {
			return nil, err
		}
		head = Point{r.Seq, r.hash(head.Hash)}
		out = append(out, head)
	}
	return out, rows.Err()
}

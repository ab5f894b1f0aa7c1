package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
)

// listChunk is how many rows List and Pending hold at a time.
const listChunk = 512

// Query narrows a List.
type Query struct {
	Parent   int64   // objects that hang on it; -1 = any
	Contains string  // in the name, in any case
	Name     string  // the exact name
	Only     []int64 // objects with any of these ids; nil = all, and none of them twice
	ByName   bool    // in the order of names, in any case, instead of ids; of the working view only
	Desc     bool    // the other way round
	Offset   int     // objects passed over
	Limit    int     // objects at most; 0 = all
}

// List yields the objects of a kind by id, or by name. Rows come in chunks and nothing is
// open while one is yielded, so the loop may run other statements of the same
// transaction; what they change in rows not yet yielded is seen or not, as the
// chunks fall.
func (tx *Tx) List(ctx context.Context, at At, kind string, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if !storable(q.Name) || !storable(q.Contains) {
			return // no name is like that
		}
		if q.ByName && at != Working {
			yield(Row{}, errors.New("store: only the working view is listed by name"))
			return
		}
		var after *Row
		left, offset := q.Limit, q.Offset
		if left <= 0 {
			left = math.MaxInt
		}
		for left > 0 {
			size := min(left, listChunk)
			rows, err := tx.listChunk(ctx, at, kind, q, after, size, offset)
			if err != nil {
				yield(Row{}, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if len(rows) < size {
				return
			}
			left -= size
			after, offset = &rows[len(rows)-1], 0
		}
	}
}

func (tx *Tx) listChunk(ctx context.Context, at At, kind string, q Query, after *Row, size, offset int) ([]Row, error) {
	args := tx.viewArguments(at, kind)
	order, way, further, condition := "id", "", ">", ""
	if q.Desc {
		way, further = " DESC", "<"
	}
	switch {
	case after == nil:
	case q.ByName:
		condition = ` AND (name_fold, id) ` + further + ` (` + args.add(fold(after.Name)) + `, ` + args.add(after.ID) + `)`
	default:
		condition = ` AND id ` + further + ` ` + args.add(after.ID)
	}
	if q.ByName {
		order = "name_fold" + way + ", id"
	}
	if q.Parent >= 0 {
		condition += ` AND parent = ` + args.add(q.Parent)
	}
	if q.Only != nil {
		condition += ` AND id IN (` + args.addList(q.Only) + `)`
	}
	if q.Name != "" {
		condition += ` AND name = ` + args.add(q.Name)
	}
	if q.Contains != "" {
		condition += ` AND {{strpos}}(name_fold, ` + args.add(fold(q.Contains)) + `) > 0`
	}
	text := selectView(at, columns, condition) + ` ORDER BY ` + order + way + ` LIMIT ` + args.add(int64(size))
	if offset > 0 {
		text += ` OFFSET ` + args.add(int64(offset))
	}
	return tx.many(ctx, nil, kind, text, args...)
}

const pendingColumns = `kind, id, rev_from, rev_to, parent, name, key, body`

const selectPending = `SELECT ` + pendingColumns + ` FROM object
WHERE org = $1 AND rev_to = 9223372036854775807 AND rev_from > $2 AND (id, rev_from) > ($3, $4)
UNION ALL SELECT ` + pendingColumns + ` FROM object
WHERE org = $1 AND rev_to > $2 AND rev_to < 9223372036854775807 AND rev_from <= $2 AND (id, rev_from) > ($3, $4)
ORDER BY id, rev_from LIMIT $5`

// Pending yields the rows that an activation would put in force or take out
// of it, of all kinds, by id. An object that was changed has two: the closed
// one that is active still, then the live one.
func (tx *Tx) Pending(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		last := Row{ID: math.MinInt64}
		for {
			rows, err := tx.pendingChunk(ctx, last)
			if err != nil {
				yield(Row{}, fmt.Errorf("store: pending rows: %w", err))
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if len(rows) < listChunk {
				return
			}
			last = rows[len(rows)-1]
		}
	}
}

func (tx *Tx) pendingChunk(ctx context.Context, last Row) ([]Row, error) {
	if err := tx.readable(); err != nil {
		return nil, err
	}
	found, err := tx.rows(ctx, selectPending, tx.org, tx.head.Active, last.ID, last.From, int64(listChunk))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []Row
	for found.Next() {
		var row Row
		if err := scan(found, &row, &row.Kind); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

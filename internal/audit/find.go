package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/store"
)

// Query is what Find looks for. What is empty or zero narrows nothing.
type Query struct {
	From, To time.Time // at or after From, and before To
	// Whole values. The login name is told in any case, of ASCII.
	Login, Action, Category, SubCategory, Interface, Result string
	Resource                                                string // a part of the name, in any case
	Kind                                                    string
	Object                                                  int64
	// Before asks for the rows that follow this one in the list. After asks for
	// those that were written after this one instead, oldest first; 0 is the
	// beginning of the trail, and nil asks for the list.
	Before int64
	After  *int64
	Bodies bool // and what was before and after, of each
	Limit  int
}

// Page is a part of what a query finds.
type Page struct {
	Rows []Record // newest first, unless the query has After
	// Next is the Before, or the After, with which it goes on; 0 = the list is
	// at its end. A page can be empty and not be the last.
	Next int64
	Head int64 // number of the newest row of the trail, found or not
}

// ErrNoRow: the query goes on from a row that is not there.
var ErrNoRow = errors.New("audit: no such row")

// scanned bounds how many rows a Find looks at whose conditions no index has.
const scanned = 10_000

// instant is a place in the order of the list.
type instant struct{ at, seq int64 }

// Find lists rows of an org's trail. However many rows there are, it looks at
// no more than a page of them, or at a fixed number where no index leads to
// what is looked for.
func Find(ctx context.Context, tx *store.Tx, org int64, q Query) (p Page, err error) {
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(seq), 0) FROM audit WHERE org = $1`, org).Scan(&p.Head); err != nil {
		return p, fmt.Errorf("audit: find in org %d: %w", org, err)
	}
	if q.After != nil {
		err = p.follow(ctx, tx, org, q)
	} else {
		err = p.list(ctx, tx, org, q)
	}
	if err != nil {
		return p, fmt.Errorf("audit: find in org %d: %w", org, err)
	}
	return p, nil
}

// follow finds rows in the order in which they were written. Their numbers
// have no gaps, so the bound is one of numbers.
func (p *Page) follow(ctx context.Context, tx *store.Tx, org int64, q Query) (err error) {
	last := min(*q.After+scanned, p.Head)
	s := search{args: []any{org, *q.After, last}, from: `audit`, text: `org = $1 AND seq > $2 AND seq <= $3`}
	s.during(q)
	s.filter(q)
	if p.Rows, err = s.rows(ctx, tx, org, q, `seq`); err != nil {
		return err
	}
	p.Next = max(last, *q.After)
	if len(p.Rows) == q.Limit {
		p.Next = p.Rows[len(p.Rows)-1].Seq
	}
	return nil
}

func (p *Page) list(ctx context.Context, tx *store.Tx, org int64, q Query) error {
	from, to := instant{math.MinInt64, 0}, instant{math.MaxInt64, 0}
	if !q.From.IsZero() {
		from.at = q.From.UnixMilli()
	}
	if !q.To.IsZero() {
		to.at = q.To.UnixMilli()
	}
	if q.Before != 0 {
		next, err := place(ctx, tx, org, q.Before)
		if errors.Is(err, ErrNoRow) && 0 < q.Before && q.Before <= p.Head {
			return nil // it was pruned, and all that followed it
		}
		if err != nil {
			return err
		}
		if next.at < to.at {
			to = next
		}
	}
	s, left := led(org, q, from, to)
	var bound *instant
	if left {
		var err error
		if bound, err = s.bound(ctx, tx); err != nil {
			return err
		}
		if bound != nil {
			s.args[3], s.args[4] = bound.at, bound.seq
		}
		s.filter(q)
	}
	rows, err := s.rows(ctx, tx, org, q, `at DESC, seq DESC`)
	if err != nil {
		return err
	}
	p.Rows = rows
	switch {
	case len(rows) == q.Limit:
		p.Next = rows[len(rows)-1].Seq
	case bound != nil:
		p.Next = bound.seq
	}
	return nil
}

// place finds where a row stands in the list.
func place(ctx context.Context, tx *store.Tx, org, seq int64) (instant, error) {
	is := instant{seq: seq}
	err := tx.QueryRow(ctx, `SELECT at FROM audit WHERE org = $1 AND seq = $2`, org, seq).Scan(&is.at)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoRow
	}
	return is, err
}

// search is a condition with its parameters.
type search struct {
	from string
	text string
	args []any
}

func (s *search) and(text string, args ...any) {
	for _, arg := range args {
		s.args = append(s.args, arg)
		text = strings.ReplaceAll(text, "?", "$"+strconv.Itoa(len(s.args)))
	}
	s.text += ` AND ` + text
}

// led is the search for the rows between two places that the most telling
// index leads to. left says that the query asks for more than that.
func led(org int64, q Query, from, to instant) (s search, left bool) {
	s = search{args: []any{org, to.at, to.seq, from.at, from.seq}, text: `org = $1 AND (at, seq) < ($2, $3) AND (at, seq) >= ($4, $5)`}
	rest, index := q, "audit_at"
	switch {
	case q.Kind != "" && q.Object != 0:
		index = "audit_object"
		s.and(`kind = ?`, q.Kind)
		s.and(`object = ? AND object <> 0`, q.Object)
		rest.Kind, rest.Object = "", 0
	case q.Login != "":
		index = "audit_login"
		s.and(`lower(login) = lower(?)`, q.Login)
		rest.Login = ""
	case q.Result == ResultFailure:
		index = "audit_failure"
		s.and(`result = 'failure'`)
		rest.Result = ""
	}
	s.from = `audit {{index}} ` + index + ` {{/index}}`
	return s, rest.Login+rest.Action+rest.Category+rest.SubCategory+rest.Interface+rest.Result+rest.Resource+rest.Kind != "" || rest.Object != 0
}

// during adds the times between which rows are to be.
func (s *search) during(q Query) {
	if !q.From.IsZero() {
		s.and(`at >= ?`, q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		s.and(`at < ?`, q.To.UnixMilli())
	}
}

// filter adds every condition of the query but its times. The text is the same
// for all queries: statements are prepared by their texts. A parameter has the
// type of what it is compared with first.
func (s *search) filter(q Query) {
	for _, c := range []struct{ column, value string }{
		{"action", q.Action},
		{"category", q.Category},
		{"subcategory", q.SubCategory},
		{"interface", q.Interface},
		{"result", q.Result},
		{"kind", q.Kind},
	} {
		s.and(`(`+c.column+` = ? OR ? = '')`, c.value)
	}
	s.and(`(lower(login) = lower(?) OR ? = '')`, q.Login)
	s.and(`({{strpos}}(lower(resource), lower(?)) > 0 OR ? = '')`, q.Resource)
	s.and(`(object = ? OR ? = 0)`, q.Object)
}

// bound is the last of the rows that are looked at; nil where that is all of
// them.
func (s *search) bound(ctx context.Context, tx *store.Tx) (*instant, error) {
	var last instant
	text := `SELECT at, seq FROM ` + s.from + ` WHERE ` + s.text + ` ORDER BY at DESC, seq DESC LIMIT 1 OFFSET ` + strconv.Itoa(scanned-1)
	err := tx.QueryRow(ctx, text, s.args...).Scan(&last.at, &last.seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &last, err
}

func (s *search) rows(ctx context.Context, tx *store.Tx, org int64, q Query, order string) (out []Record, err error) {
	what := about
	if q.Bodies {
		what = columns
	}
	text := `SELECT ` + what + ` FROM ` + s.from + ` WHERE ` + s.text + ` ORDER BY ` + order + ` LIMIT $` + strconv.Itoa(len(s.args)+1)
	rows, err := tx.Query(ctx, text, append(s.args, q.Limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := Record{Entry: Entry{Org: org}}
		var bodies []any
		if q.Bodies {
			bodies = []any{&r.Before, &r.After, &sql.RawBytes{}}
		}
		if err := scan(rows, &r, bodies...); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Get reads a row of an org's trail whole; ErrNoRow when it is not there.
func Get(ctx context.Context, tx *store.Tx, org, seq int64) (Record, error) {
	rows, err := List(ctx, tx, org, seq-1, 1)
	if err == nil && (len(rows) == 0 || rows[0].Seq != seq) {
		err = ErrNoRow
	}
	if err != nil {
		return Record{}, err
	}
	return rows[0], nil
}

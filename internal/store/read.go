package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The SQL of a view. A row is live while its rev_to is the largest bigint,
// which is a literal in every text so that the partial indexes on live rows
// apply. The view of a revision is the live rows that it had already, and the
// rows that were closed after it: two short ranges, in neither of which the
// rows lie that were closed before. Nothing walks history. The sum keeps
// planners from the index on rev_from, which is for what is pending: from the
// other side it leads through everything that is live in the org.
const (
	live       = `rev_to = 9223372036854775807`
	liveAt     = live + ` AND rev_from + 0 <= $3`
	closedAt   = `rev_to > $3 AND rev_to < 9223372036854775807 AND rev_from + 0 <= $3`
	columns    = `id, rev_from, rev_to, parent, name, key, body`
	fromObject = ` FROM object WHERE org = $1 AND kind = $2 AND `
)

// selectView is the SELECT of the rows of a view that meet a condition. Its
// parameters are $1 org, $2 kind, and $3 the revision, if at is not Working;
// those of the condition follow.
func selectView(at At, columns, condition string) string {
	if at == Working {
		return `SELECT ` + columns + fromObject + live + condition
	}
	return `SELECT ` + columns + fromObject + liveAt + condition +
		` UNION ALL SELECT ` + columns + fromObject + closedAt + condition
}

// arguments collects the parameters of a statement.
type arguments []any

// viewArguments are the parameters that selectView needs.
func (tx *Tx) viewArguments(at At, kind string) arguments {
	args := append(make(arguments, 0, 8), tx.org, kind)
	if at != Working {
		args = append(args, int64(at))
	}
	return args
}

// add adds a parameter and answers its name in the text.
func (a *arguments) add(v any) string {
	*a = append(*a, v)
	return "$" + strconv.Itoa(len(*a))
}

// addList adds a parameter per id and answers their names. Lists are filled
// up with their last id to one of a few lengths, so that the texts are few.
func (a *arguments) addList(ids []int64) string {
	length := 1
	for length < len(ids) {
		length *= 4
	}
	var b strings.Builder
	for i := range length {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.add(ids[min(i, len(ids)-1)]))
	}
	return b.String()
}

// maxList is how many ids one statement is given.
const maxList = 256

// chunks cuts ids, sorted and each once, into lists for a statement.
func chunks(ids []int64) [][]int64 {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Collect(slices.Chunk(slices.Compact(ids), maxList))
}

var (
	getWorking = selectView(Working, columns, ` AND id = $3`)
	getAt      = selectView(0, columns, ` AND id = $4`)
)

// Get reads one object, or answers ErrNotFound.
func (tx *Tx) Get(ctx context.Context, at At, kind string, id int64) (Row, error) {
	if at == Working {
		return tx.one(ctx, kind, getWorking, tx.org, kind, id)
	}
	return tx.one(ctx, kind, getAt, tx.org, kind, int64(at), id)
}

// ByName finds an object by its name, below a parent (-1 = any). Of several,
// it is the one with the lowest id.
func (tx *Tx) ByName(ctx context.Context, at At, kind string, parent int64, name string) (Row, error) {
	return tx.byText(ctx, at, kind, parent, `name`, name)
}

// ByNameFold is ByName for a name in any case.
func (tx *Tx) ByNameFold(ctx context.Context, at At, kind string, parent int64, name string) (Row, error) {
	return tx.byText(ctx, at, kind, parent, `name_fold`, fold(name))
}

// ByKey finds an object by its key. No object has the empty key.
func (tx *Tx) ByKey(ctx context.Context, at At, kind, key string) (Row, error) {
	if key == "" {
		return Row{}, ErrNotFound
	}
	return tx.byText(ctx, at, kind, -1, `key`, key)
}

func (tx *Tx) byText(ctx context.Context, at At, kind string, parent int64, column, text string) (Row, error) {
	if !storable(text) {
		return Row{}, ErrNotFound
	}
	args := tx.viewArguments(at, kind)
	condition := ` AND ` + column + ` = ` + args.add(text)
	if column == `key` {
		condition += ` AND key <> ''` // what the partial index says
	}
	if parent >= 0 {
		condition += ` AND parent = ` + args.add(parent)
	}
	return tx.one(ctx, kind, selectView(at, columns, condition)+` ORDER BY id LIMIT 1`, args...)
}

// one reads the single row of a query for columns.
func (tx *Tx) one(ctx context.Context, kind, text string, args ...any) (Row, error) {
	if err := tx.readable(); err != nil {
		return Row{}, err
	}
	row := Row{Kind: kind}
	err := scan(tx.QueryRow(ctx, text, args...), &row)
	if errors.Is(err, sql.ErrNoRows) {
		return Row{}, ErrNotFound
	}
	if err != nil {
		return Row{}, fmt.Errorf("store: read %s: %w", kind, err)
	}
	return row, nil
}

// scan reads columns into a row.
func scan(from interface{ Scan(...any) error }, row *Row, before ...any) error {
	dest := append(make([]any, 0, 8), before...)
	dest = append(dest, &row.ID, &row.From, &row.To, &row.Parent, &row.Name, &row.Key, &row.Body)
	err := from.Scan(dest...)
	if len(row.Body) == 0 {
		row.Body = nil // the drivers differ on what an empty body is
	}
	return err
}

// many reads the rows of a query for columns, and appends them.
func (tx *Tx) many(ctx context.Context, rows []Row, kind, text string, args ...any) ([]Row, error) {
	if err := tx.readable(); err != nil {
		return nil, err
	}
	found, err := tx.rows(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read %s: %w", kind, err)
	}
	defer found.Close()
	for found.Next() {
		rows = append(rows, Row{Kind: kind})
		if err := scan(found, &rows[len(rows)-1]); err != nil {
			return nil, fmt.Errorf("store: read %s: %w", kind, err)
		}
	}
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("store: read %s: %w", kind, err)
	}
	return rows, nil
}

// Children reads the objects that hang on any of the parents, by parent and
// id.
func (tx *Tx) Children(ctx context.Context, at At, kind string, parents []int64) ([]Row, error) {
	return tx.manyBy(ctx, at, kind, `parent`, ` ORDER BY parent, id`, parents)
}

// GetMany reads the objects with any of the ids, by id. Ids that no object
// has are passed over.
func (tx *Tx) GetMany(ctx context.Context, at At, kind string, ids []int64) ([]Row, error) {
	return tx.manyBy(ctx, at, kind, `id`, ` ORDER BY id`, ids)
}

func (tx *Tx) manyBy(ctx context.Context, at At, kind, column, order string, ids []int64) ([]Row, error) {
	var rows []Row
	var err error
	for _, list := range chunks(ids) {
		args := tx.viewArguments(at, kind)
		condition := ` AND ` + column + ` IN (` + args.addList(list) + `)`
		rows, err = tx.many(ctx, rows, kind, selectView(at, columns, condition)+order, args...)
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// IDs returns the ids of the objects of a kind, in no order, without reading
// the objects.
func (tx *Tx) IDs(ctx context.Context, at At, kind string) (ids []int64, err error) {
	if err := tx.readable(); err != nil {
		return nil, err
	}
	rows, err := tx.rows(ctx, selectView(at, `id`, ``), tx.viewArguments(at, kind)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Count counts the objects of a kind, below a parent (-1 = any).
func (tx *Tx) Count(ctx context.Context, at At, kind string, parent int64) (int, error) {
	if err := tx.readable(); err != nil {
		return 0, err
	}
	args := tx.viewArguments(at, kind)
	condition := ""
	if parent >= 0 {
		condition = ` AND parent = ` + args.add(parent)
	}
	text := `SELECT count(*)` + fromObject + live + condition
	if at != Working {
		text = `SELECT (SELECT count(*)` + fromObject + liveAt + condition + `) + (SELECT count(*)` + fromObject + closedAt + condition + `)`
	}
	var n int
	if err := tx.QueryRow(ctx, text, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: count %s: %w", kind, err)
	}
	return n, nil
}

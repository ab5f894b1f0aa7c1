package config

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// ListQuery is a list as a caller asks for it.
type ListQuery struct {
	Org, Rev   int64         // Rev as the caller was recognised: decides whether a cached answer is current
	Scope      *access.Scope // of the caller; nil = the whole org
	Kind       *resource.Spec
	View       resource.View
	Conditions []resource.Condition
	Parent     int64   // that the objects must hang on; 0 = whatever they hang on
	Above      []int64 // what the parent hangs on, nearest first
	Nested     *Nested // of a kind whose objects hang on each other; nil = those at the top
	Sort       resource.Sort
	Access     access.Level // the caller's, to the kind
	Predefined bool         // only what the org came with
	Offset     int
	Limit      int // 0 = all
}

// key names the answer in the cache. It is made for each request, so what most
// requests leave out is not in it.
func (q *ListQuery) key() string {
	b := fmt.Appendf(make([]byte, 0, 128), "%d %s %s %d %d %d as %d", q.Org, q.Scope.Key(), q.Kind.Name, q.View, q.Offset, q.Limit, q.Access)
	if q.Sort != (resource.Sort{}) {
		b = fmt.Appendf(b, " by %v", q.Sort)
	}
	if q.Predefined {
		b = append(b, " predefined"...)
	}
	if q.Parent != 0 {
		b = fmt.Appendf(b, " in %d %d", q.Parent, q.Above)
	}
	if q.Nested != nil {
		b = fmt.Appendf(b, " %+v", *q.Nested)
	}
	for _, c := range q.Conditions {
		b = fmt.Appendf(b, " %s=%q", c.Filter.Name, c.Value.All)
	}
	return string(b)
}

// List answers a page of the working configuration as a JSON array.
func (e *Engine) List(ctx context.Context, q ListQuery) (*resource.Answer, error) {
	return e.cached(ctx, q.Org, q.Rev, q.key(), func(ctx context.Context, tx *store.Tx) (*resource.Answer, error) {
		if q.Parent != 0 {
			parents := e.kinds.Kind(q.Kind.Parent.Kind)
			if err := e.exists(ctx, tx, parents, under{q.Parent, q.Above}); err != nil {
				return nil, missing(err, parents, q.Parent)
			}
		}
		rows, err := e.rows(ctx, tx, &q)
		if err != nil {
			return nil, err
		}
		j := newJoined(tx, store.Working)
		j.access = q.Access
		if err := j.fetch(ctx, q.Kind, q.View, rows); err != nil {
			return nil, err
		}
		out := &resource.Answer{Bytes: []byte{'['}}
		for i, row := range rows {
			if i > 0 {
				out.Bytes = append(out.Bytes, ',')
			}
			q.Kind.Render(out, row, q.View, j)
		}
		out.Bytes = append(out.Bytes, ']')
		return out, nil
	})
}

// rows reads the page. Filters on the name are the database's; the others look
// at each object, and then the page is cut from what passes.
func (e *Engine) rows(ctx context.Context, tx *store.Tx, q *ListQuery) ([]resource.Stored, error) {
	sq := store.Query{Parent: -1, ByName: q.byName(), Desc: q.Sort.Desc && !q.sorts(), Offset: q.Offset, Limit: q.Limit}
	switch {
	case q.Parent != 0:
		sq.Parent = q.Parent
	case q.Nested == nil && q.Kind.Nests():
		sq.Parent = 0
	}
	ids, all, err := e.seen(ctx, tx, q.Scope, q.Kind)
	if err != nil || !all && len(ids) == 0 {
		return nil, err
	}
	if len(ids) <= mostIDs {
		sq.Only, ids = ids, nil
	}
	var rest []resource.Condition
	for _, c := range q.Conditions {
		switch c.Filter.Index {
		case resource.NameIs:
			sq.Name = c.Value.Text
		case resource.NameContains:
			sq.Contains = c.Value.Text
		default:
			rest = append(rest, c)
		}
	}
	looks := len(rest) > 0 || q.Predefined || q.sorts() || len(ids) > 0 || q.Nested != nil
	if looks {
		sq.Offset, sq.Limit = 0, 0
	}
	rows, err := q.passing(ctx, tx, sq, ids, rest)
	if err == nil && q.Nested != nil {
		rows, err = q.Nested.pick(ctx, tx, q.Kind.Name, rows)
	}
	if err == nil && q.sorts() {
		err = q.sort(ctx, tx, rows)
	}
	if err != nil {
		return nil, err
	}
	if looks {
		rows = cut(rows, q.Offset, q.Limit)
	}
	out := make([]resource.Stored, len(rows))
	for i, row := range rows {
		out[i] = resource.Stored{ID: row.ID, Body: row.Body}
	}
	return out, nil
}

// mostIDs is how many ids a query is given; a longer list is looked up in.
const mostIDs = 4096

// passing reads the rows that are among ids, if there are any, and meet all
// conditions, no more than the page can need.
func (q *ListQuery) passing(ctx context.Context, tx *store.Tx, sq store.Query, ids []int64, conditions []resource.Condition) (rows []store.Row, err error) {
	var order sequence
	if q.Kind.Ordered() && len(conditions) > 0 {
		if order, _, err = readOrder(ctx, tx, store.Working, q.Kind); err != nil {
			return nil, err
		}
	}
	for row, err := range tx.List(ctx, store.Working, q.Kind.Name, sq) {
		if err != nil {
			return nil, err
		}
		if q.Predefined && row.Key != builtinKey {
			continue
		}
		if _, in := slices.BinarySearch(ids, row.ID); len(ids) > 0 && !in {
			continue
		}
		if len(conditions) > 0 {
			pass, err := passes(q.Kind, row.Body, order, conditions)
			if err != nil {
				return nil, err
			}
			if !pass {
				continue
			}
		}
		rows = append(rows, row)
		if q.Nested == nil && !q.sorts() && q.Limit > 0 && len(rows) == q.Offset+q.Limit {
			break
		}
	}
	return rows, nil
}

// cut returns a page of rows; a limit of 0 is none.
func cut(rows []store.Row, offset, limit int) []store.Row {
	rows = rows[min(offset, len(rows)):]
	if limit > 0 {
		rows = rows[:min(limit, len(rows))]
	}
	return rows
}

func passes(kind *resource.Spec, body []byte, order sequence, conditions []resource.Condition) (bool, error) {
	o, err := kind.Stored(body)
	if err != nil {
		return false, err
	}
	order.splice(o)
	for _, c := range conditions {
		if !c.Filter.Match(o.Value(), c.Value) {
			return false, nil
		}
	}
	return true, nil
}

// GetQuery is one object as a caller asks for it.
type GetQuery struct {
	Org, Rev int64
	Scope    *access.Scope // of the caller; nil = the whole org
	Kind     *resource.Spec
	View     resource.View
	ID       int64
	Parent   int64   // that the object must hang on; 0 = whatever it hangs on
	Above    []int64 // what the parent hangs on, nearest first
	Access   access.Level
}

// Get answers one object of the working configuration, 404 when there is none.
func (e *Engine) Get(ctx context.Context, q GetQuery) (*resource.Answer, error) {
	key := fmt.Sprintf("%d %s %s/%d %d %d %d", q.Org, q.Scope.Key(), q.Kind.Name, q.ID, q.View, q.Parent, q.Above) + " " + q.Access.String()
	return e.cached(ctx, q.Org, q.Rev, key, func(ctx context.Context, tx *store.Tx) (*resource.Answer, error) {
		row, err := tx.Get(ctx, store.Working, q.Kind.Name, q.ID)
		if err == nil {
			err = e.holds(ctx, tx, q.Kind, row, under{q.Parent, q.Above})
		}
		if err == nil {
			err = e.hidden(ctx, tx, q.Scope, q.Kind, row)
		}
		if err != nil {
			return nil, missing(err, q.Kind, q.ID)
		}
		return e.renderFor(ctx, tx, store.Working, q.Kind, q.View, row, q.Access)
	})
}

// render answers one object to nobody in particular.
func (e *Engine) render(ctx context.Context, tx *store.Tx, at store.At, kind *resource.Spec, v resource.View, row store.Row) (*resource.Answer, error) {
	return e.renderFor(ctx, tx, at, kind, v, row, access.ReadWrite)
}

func (e *Engine) renderFor(ctx context.Context, tx *store.Tx, at store.At, kind *resource.Spec, v resource.View, row store.Row, level access.Level) (*resource.Answer, error) {
	o := resource.Stored{ID: row.ID, Body: row.Body}
	j := newJoined(tx, at)
	j.access = level
	if err := j.fetch(ctx, kind, v, []resource.Stored{o}); err != nil {
		return nil, err
	}
	out := &resource.Answer{}
	kind.Render(out, o, v, j)
	return out, nil
}

// missing turns the store's not-found into the API's 404.
func missing(err error, kind *resource.Spec, id any) error {
	if errors.Is(err, store.ErrNotFound) {
		return wire.NotFound(kind.Title, id)
	}
	return err
}

// ByKey returns the id of the working object with that storage key.
func (e *Engine) ByKey(ctx context.Context, org int64, kind *resource.Spec, key string) (id int64, err error) {
	err = e.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		row, err := tx.ByKey(ctx, store.Working, kind.Name, key)
		id = row.ID
		return missing(err, kind, key)
	})
	return id, err
}

// joined holds what a rendering needs besides the rows themselves. It is
// filled by one query per kind and level, never by one per row.
type joined struct {
	tx        *store.Tx
	at        store.At
	children  map[member][]resource.Stored
	referrers map[referrer][]wire.Ref
	bodies    map[member][]byte
	places    map[string]map[int64]int
	access    access.Level
}

type member struct {
	kind string
	id   int64
}

type referrer struct {
	kind string
	to   member
}

func newJoined(tx *store.Tx, at store.At) *joined {
	return &joined{
		tx: tx, at: at,
		children: map[member][]resource.Stored{}, referrers: map[referrer][]wire.Ref{}, bodies: map[member][]byte{},
		places: map[string]map[int64]int{}, access: access.ReadWrite,
	}
}

func (j *joined) Children(kind string, parent int64) []resource.Stored {
	return j.children[member{kind, parent}]
}

func (j *joined) Referrers(kind, toKind string, toID int64) []wire.Ref {
	return j.referrers[referrer{kind, member{toKind, toID}}]
}

func (j *joined) ByID(kind string, id int64) ([]byte, bool) {
	body, ok := j.bodies[member{kind, id}]
	return body, ok
}

// Access is what the caller may do with the kind being read.
func (j *joined) Access() access.Level { return j.access }

// fetch reads what the view of rows shows, and what that shows in turn.
func (j *joined) fetch(ctx context.Context, kind *resource.Spec, v resource.View, rows []resource.Stored) error {
	if len(rows) == 0 {
		return nil
	}
	for _, join := range kind.Joins(v) {
		var err error
		switch join.Form {
		case resource.JoinChildren:
			err = j.fetchChildren(ctx, join.Spec, v, rows)
		case resource.JoinReferrers:
			err = j.fetchReferrers(ctx, kind, join.Spec, rows)
		case resource.JoinEmbeds:
			err = j.fetchEmbeds(ctx, kind, join.Spec, rows)
		case resource.JoinOrder:
			err = j.fetchOrder(ctx, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *joined) fetchChildren(ctx context.Context, kind *resource.Spec, v resource.View, parents []resource.Stored) error {
	rows, err := j.tx.Children(ctx, j.at, kind.Name, ids(parents))
	if err != nil {
		return err
	}
	all := make([]resource.Stored, 0, len(rows))
	for _, r := range rows {
		if r.Parent == r.ID { // apart from the others, and on nothing
			continue
		}
		o := resource.Stored{ID: r.ID, Body: r.Body}
		all = append(all, o)
		m := member{kind.Name, r.Parent}
		j.children[m] = append(j.children[m], o)
	}
	return j.fetch(ctx, kind, v, all)
}

func (j *joined) fetchReferrers(ctx context.Context, kind, from *resource.Spec, rows []resource.Stored) error {
	refs, err := j.tx.Referrers(ctx, kind.Name, ids(rows), from.Name, 0)
	if err != nil || len(refs) == 0 {
		return err
	}
	var from1 []int64
	for _, r := range refs {
		from1 = append(from1, r.ID)
	}
	named, err := j.tx.GetMany(ctx, j.at, from.Name, from1)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, r := range named {
		names[r.ID] = r.Name
	}
	for _, r := range refs {
		key := referrer{from.Name, member{kind.Name, r.ToID}}
		j.referrers[key] = append(j.referrers[key], wire.Ref{ID: wire.Int(r.ID), Name: names[r.ID]})
	}
	return nil
}

func (j *joined) fetchEmbeds(ctx context.Context, kind, target *resource.Spec, rows []resource.Stored) error {
	var wanted []int64
	for _, row := range rows {
		wanted = kind.EmbedIDs(wanted, row.Body, target.Name)
	}
	found, err := j.tx.GetMany(ctx, j.at, target.Name, wanted)
	if err != nil {
		return err
	}
	embedded := make([]resource.Stored, 0, len(found))
	for _, r := range found {
		j.bodies[member{target.Name, r.ID}] = r.Body
		embedded = append(embedded, resource.Stored{ID: r.ID, Body: r.Body})
	}
	return j.fetch(ctx, target, resource.InEmbed, embedded)
}

func ids(rows []resource.Stored) []int64 {
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

// Value decodes one working object, a *T of its kind; nil when there is none.
func (e *Engine) Value(ctx context.Context, org int64, kind *resource.Spec, id int64) (v any, err error) {
	err = e.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) (err error) {
		v, err = lookup{ctx, tx, e.kinds}.ByID(kind.Name, id)
		return err
	})
	return v, err
}

// Count answers how many working objects of a kind the caller sees.
func (e *Engine) Count(ctx context.Context, who *access.Principal, kind *resource.Spec) (n int, err error) {
	err = e.db.View(ctx, who.Org, func(ctx context.Context, tx *store.Tx) error {
		ids, all, err := e.seen(ctx, tx, who.Scope, kind)
		if err == nil && all {
			n, err = tx.Count(ctx, store.Working, kind.Name, -1)
		} else {
			n = len(ids)
		}
		return err
	})
	return n, err
}

package config

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
)

// ActiveView reads objects of the active configuration as connectors run them:
// stored members only, embedded objects in full, and references with the names
// that their targets have in that revision.
type ActiveView struct {
	engine *Engine
	tx     *store.Tx
}

// Active opens the active view within a transaction.
func (e *Engine) Active(tx *store.Tx) ActiveView { return ActiveView{e, tx} }

// ActiveObject is an object of the active view: decoded, and as connectors run
// it.
type ActiveObject struct {
	resource.Object
	Body []byte
}

// Get returns one object; store.ErrNotFound when the view has none.
func (a ActiveView) Get(ctx context.Context, kind string, id int64) ([]byte, error) {
	row, err := a.tx.Get(ctx, a.tx.Active(), kind, id)
	if err != nil {
		return nil, err
	}
	return bodyOf(a.objects(ctx, kind, []store.Row{row}))
}

func bodyOf(objects []ActiveObject, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return objects[0].Body, nil
}

// Many returns the objects with any of the ids, those that the view has.
func (a ActiveView) Many(ctx context.Context, kind string, ids []int64) ([]ActiveObject, error) {
	rows, err := a.tx.GetMany(ctx, a.tx.Active(), kind, ids)
	if err != nil {
		return nil, err
	}
	return a.objects(ctx, kind, rows)
}

// Children returns the objects of kind that hang on parent.
func (a ActiveView) Children(ctx context.Context, kind string, parent int64) (out [][]byte, err error) {
	rows, err := a.tx.Children(ctx, a.tx.Active(), kind, []int64{parent})
	if err != nil {
		return nil, err
	}
	objects, err := a.objects(ctx, kind, rows)
	for _, o := range objects {
		out = append(out, o.Body)
	}
	return out, err
}

// InOrder returns all objects of an ordered kind: by their places, and then
// those outside of the order, the default at -1 last.
func (a ActiveView) InOrder(ctx context.Context, kind string) ([]ActiveObject, error) {
	var rows []store.Row
	for row, err := range a.tx.List(ctx, a.tx.Active(), kind, store.Query{Parent: -1}) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	order, _, err := readOrder(ctx, a.tx, a.tx.Active(), a.engine.kinds.Kind(kind))
	if err != nil {
		return nil, err
	}
	objects, err := a.objects(ctx, kind, rows)
	if err != nil {
		return nil, err
	}
	places := order.places()
	after := func(o ActiveObject) int64 {
		if place := places[o.ID()]; place > 0 {
			return int64(place)
		}
		return math.MaxInt32 + o.Order()
	}
	slices.SortStableFunc(objects, func(x, y ActiveObject) int { return cmp.Compare(after(x), after(y)) })
	return objects, nil
}

// objects renders rows, with a few queries for all of them.
func (a ActiveView) objects(ctx context.Context, kind string, rows []store.Row) ([]ActiveObject, error) {
	s, at := a.engine.kinds.Kind(kind), a.tx.Active()
	out, stored := make([]ActiveObject, len(rows)), make([]resource.Stored, len(rows))
	targets := map[string][]int64{}
	for i, row := range rows {
		o, err := s.Stored(row.Body)
		if err != nil {
			return nil, err
		}
		for ref := range o.Refs() {
			targets[ref.Kind] = append(targets[ref.Kind], int64(ref.ID))
		}
		out[i].Object = o
	}
	names, err := a.names(ctx, targets)
	if err != nil {
		return nil, err
	}
	for i := range out {
		for ref := range out[i].Refs() {
			if name, ok := names[member{ref.Kind, int64(ref.ID)}]; ok {
				ref.Name = name
			}
		}
		body, err := out[i].Encode()
		if err != nil {
			return nil, err
		}
		stored[i] = resource.Stored{ID: rows[i].ID, Body: body}
	}
	j := newJoined(a.tx, at)
	if err := j.fetch(ctx, s, resource.InBundle, stored); err != nil {
		return nil, err
	}
	for i := range out {
		answer := &resource.Answer{}
		s.Render(answer, stored[i], resource.InBundle, j)
		out[i].Body = answer.Bytes
	}
	return out, nil
}

// names reads what the targets of references are called in the view.
func (a ActiveView) names(ctx context.Context, targets map[string][]int64) (map[member]string, error) {
	names := map[member]string{}
	for kind, wanted := range targets {
		slices.Sort(wanted)
		found, err := a.tx.GetMany(ctx, a.tx.Active(), kind, slices.Compact(wanted))
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			names[member{kind, r.ID}] = r.Name
		}
	}
	return names, nil
}

package config

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// sequence is the order of a family of objects: the ids of those that have a
// place, which is their position from 1. It is all that is known of places, so
// they are always dense.
type sequence []int64

// place is where an id stands; 0 = nowhere.
func (s sequence) place(id int64) int { return slices.Index(s, id) + 1 }

// without closes the gap that an id leaves.
func (s sequence) without(id int64) sequence {
	return slices.DeleteFunc(slices.Clone(s), func(have int64) bool { return have == id })
}

// moved puts an id at a place, from wherever it was, and shifts what stands
// there and later. A place beyond the end is the end.
func (s sequence) moved(id int64, to int64) sequence {
	s = s.without(id)
	return slices.Insert(s, int(min(max(to, 1), int64(len(s))+1))-1, id)
}

// The row of an order: it is no object of a kind, but staged like one, so that
// an activation makes the order active together with what is in it.
const orderKey = "|order"

func orderKind(s *resource.Spec) string { return s.Name + "Order" }

// readOrder reads the order of a kind in a view, with its row.
func readOrder(ctx context.Context, tx *store.Tx, at store.At, s *resource.Spec) (sequence, store.Row, error) {
	row, err := tx.ByKey(ctx, at, orderKind(s), orderKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil, store.Row{Kind: orderKind(s), Key: orderKey}, nil
	}
	if err != nil {
		return nil, row, err
	}
	var ids sequence
	if err := json.Unmarshal(row.Body, &ids); err != nil {
		return nil, row, fmt.Errorf("stored order of %s: %w", s.Name, err)
	}
	return ids, row, nil
}

func (w *Writer) writeOrder(ctx context.Context, row store.Row, ids sequence) error {
	if row.ID == 0 {
		row.ID = w.NextID()
	}
	var err error
	if row.Body, err = json.Marshal(ids); err != nil {
		return err
	}
	return w.Put(ctx, row, store.Staged)
}

// enqueue gives an object the place that it asks for. What is stored in the
// object instead is 0: its place is in the order's row alone. Predefined
// objects may stand outside the order, at a number below 1 of their own.
func (w *Writer) enqueue(ctx context.Context, o resource.Object, predefined bool) error {
	s, want := o.Spec(), o.Order()
	before, row, err := readOrder(ctx, w.Tx, store.Working, s)
	if err != nil {
		return err
	}
	if want < 1 {
		if !predefined || before.place(o.ID()) > 0 {
			return wire.Invalid(s.OrderMember(), "cannot be less than 1")
		}
		return nil
	}
	after := before.moved(o.ID(), want)
	if err := w.checkRank(ctx, o, after); err != nil {
		return err
	}
	o.SetOrder(0)
	if slices.Equal(before, after) {
		return nil
	}
	return w.writeOrder(ctx, row, after)
}

// checkRank refuses a place where a better rank would come after a worse one.
// The others ascend by rank already, so the neighbours decide.
func (w *Writer) checkRank(ctx context.Context, o resource.Object, ids sequence) error {
	at := ids.place(o.ID()) - 1
	for _, i := range []int{at - 1, at + 1} {
		if i < 0 || i >= len(ids) {
			continue
		}
		row, err := w.Get(ctx, store.Working, o.Spec().Name, ids[i])
		if err != nil {
			return err
		}
		neighbour, err := o.Spec().Stored(row.Body)
		if err != nil {
			return err
		}
		if i < at && neighbour.Rank() > o.Rank() || i > at && neighbour.Rank() < o.Rank() {
			return &wire.Error{
				Status: http.StatusBadRequest, Code: wire.CodeInvalidInput,
				Message: fmt.Sprintf("Rule with rank %d is not allowed at order %d", o.Rank(), o.Order()),
			}
		}
	}
	return nil
}

// placed counts the objects in an order.
func (w *Writer) placed(ctx context.Context, s *resource.Spec) (int, error) {
	ids, _, err := readOrder(ctx, w.Tx, store.Working, s)
	return len(ids), err
}

// dequeue takes an object out of its order.
func (w *Writer) dequeue(ctx context.Context, s *resource.Spec, id int64) error {
	ids, row, err := readOrder(ctx, w.Tx, store.Working, s)
	if err != nil || ids.place(id) == 0 {
		return err
	}
	return w.writeOrder(ctx, row, ids.without(id))
}

// withPlace is a stored body as the trail keeps it: with the place that the
// object has now.
func (w *Writer) withPlace(ctx context.Context, s *resource.Spec, row store.Row) ([]byte, error) {
	if !s.Ordered() {
		return row.Body, nil
	}
	ids, _, err := readOrder(ctx, w.Tx, store.Working, s)
	if err != nil {
		return nil, err
	}
	o, err := s.Stored(row.Body)
	if err != nil {
		return nil, err
	}
	ids.splice(o)
	return o.Encode()
}

// splice writes an object's place into it.
func (s sequence) splice(o resource.Object) {
	if at := s.place(o.ID()); at > 0 {
		o.SetOrder(int64(at))
	}
}

// places turns an order round, for many look-ups.
func (s sequence) places() map[int64]int {
	out := make(map[int64]int, len(s))
	for i, id := range s {
		out[id] = i + 1
	}
	return out
}

// byName reports whether the list is in the order of names.
func (q *ListQuery) byName() bool {
	return q.Sort.By == resource.SortName || q.Sort.By == resource.SortDefault && q.Kind.ByName(q.View)
}

// sorts reports whether the list's order is not the database's.
func (q *ListQuery) sorts() bool {
	return q.Sort.By == resource.SortPlace || q.Sort.By == resource.SortMember
}

// sort puts all rows that a list is cut from in the order that is asked for.
func (q *ListQuery) sort(ctx context.Context, tx *store.Tx, rows []store.Row) error {
	var order map[int64]int
	if q.Sort.By == resource.SortPlace {
		ids, _, err := readOrder(ctx, tx, store.Working, q.Kind)
		if err != nil {
			return err
		}
		order = ids.places()
	}
	keys := make(map[int64]int64, len(rows))
	for _, row := range rows {
		o, err := q.Kind.Stored(row.Body)
		if err != nil {
			return err
		}
		switch place := order[row.ID]; {
		case q.Sort.By == resource.SortMember:
			keys[row.ID] = o.SortValue(q.Sort)
		case place > 0:
			keys[row.ID] = int64(place)
		default: // outside of the order: after it, the default at -1 last
			keys[row.ID] = math.MaxInt32 + o.Order()
		}
	}
	slices.SortStableFunc(rows, func(a, b store.Row) int {
		if q.Sort.Desc {
			a, b = b, a
		}
		return cmp.Compare(keys[a.ID], keys[b.ID])
	})
	return nil
}

func (j *joined) fetchOrder(ctx context.Context, s *resource.Spec) error {
	ids, _, err := readOrder(ctx, j.tx, j.at, s)
	j.places[s.Name] = ids.places()
	return err
}

// Place answers an object's place in the order of its kind.
func (j *joined) Place(kind string, id int64) int { return j.places[kind][id] }

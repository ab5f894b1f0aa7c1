//go:build unix

package durability_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spurline/spurline/internal/client"
)

// listing is all that an org shows of a kind.
type listing struct {
	elements map[int64]string // as they stand in the answer, by id
	names    map[string]int64
}

func list(c *client.Client, k kind) (listing, error) {
	l := listing{map[int64]string{}, map[string]int64{}}
	a := do(c, http.MethodGet, paths[k]+"?pageSize=1000", "")
	if a.err != nil || a.status != http.StatusOK {
		return l, fmt.Errorf("GET %s: %s", paths[k], a)
	}
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &elements); err != nil {
		return l, fmt.Errorf("%w in %s", err, a.body)
	}
	for _, e := range elements {
		var o struct {
			ID   int64
			Name string
		}
		if err := json.Unmarshal(e, &o); err != nil {
			return l, fmt.Errorf("%w in %s", err, e)
		}
		l.elements[o.ID], l.names[o.Name] = string(e), o.ID
	}
	if len(l.elements) != len(elements) || len(l.names) != len(elements) {
		return l, fmt.Errorf("GET %s shows an id or a name twice: %s", paths[k], a.body)
	}
	return l, nil
}

// check holds what a server shows after a kill against what its predecessors
// acknowledged to this writer: all of it in the lists, and with a GET what
// changed in the last life, or everything.
func (w *writer) check(lists [kindCount]listing, everything bool) error {
	if err := w.settle(lists); err != nil {
		return fmt.Errorf("the request that the kill cut off: %w", err)
	}
	for k, objects := range w.objects {
		for _, o := range objects {
			element, ok := lists[k].elements[o.id.low]
			if !ok {
				return fmt.Errorf("%s was acknowledged and is not listed", o.path())
			}
			if err := o.shown(o.state, inGet).match(element); err != nil {
				return fmt.Errorf("%s in the list: %w", o.path(), err)
			}
			if !o.changed && !everything {
				continue
			}
			if err := o.compare(do(w.c, http.MethodGet, o.path(), "")); err != nil {
				return err
			}
			o.changed = false
		}
	}
	for _, o := range w.deleted {
		if a := do(w.c, http.MethodGet, o.path(), ""); a.status != http.StatusNotFound {
			return fmt.Errorf("%s was deleted, and GET says %s", o.path(), a)
		}
	}
	w.deleted = nil
	return w.checkReference()
}

// checkReference tries to delete a location template that is in use. That
// unused ones can be deleted is seen when the writers go on.
func (w *writer) checkReference() error {
	if len(w.objects[provURL]) == 0 {
		return nil
	}
	used := pick(w.rng, w.objects[provURL]...).state.uses
	a := do(w.c, http.MethodDelete, used.path(), "")
	if a.status != http.StatusConflict || !strings.Contains(a.body, "in use by") {
		return fmt.Errorf("DELETE %s, which is in use: %s", used.path(), a)
	}
	return nil
}

// settle finds out what came of the request that was under way: all of it or
// nothing.
func (w *writer) settle(lists [kindCount]listing) error {
	r := w.pending
	w.pending = nil
	if r == nil {
		return nil
	}
	o := r.object
	if o.state == nil {
		id, made := lists[o.kind].names[r.next.name]
		if !made {
			return w.settled(r, false)
		}
		o.id.is(id)
	}
	a := do(w.c, http.MethodGet, o.path(), "")
	switch {
	case a.err != nil:
		return a.err
	case a.status == http.StatusNotFound:
		if r.next != nil {
			return fmt.Errorf("%s is neither as before nor as asked for: it is gone", o.path())
		}
		return w.settled(r, true)
	case a.status != http.StatusOK:
		return fmt.Errorf("GET %s: %s", o.path(), a)
	}
	var as, was error
	if r.next != nil {
		if as = o.shown(r.next, inGet).match(a.body); as == nil {
			return w.settled(r, true)
		}
	}
	if o.state != nil {
		if was = o.shown(o.state, inGet).match(a.body); was == nil {
			return w.settled(r, false)
		}
	}
	return fmt.Errorf("%s is neither as before nor as asked for: %w", o.path(), errors.Join(was, as))
}

func (w *writer) settled(r *request, took bool) error {
	if !took && r.accepted {
		return fmt.Errorf("%s: its success had been reported, and nothing is there", paths[r.object.kind])
	}
	if took {
		w.apply(r)
	}
	return nil
}

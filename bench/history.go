package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
)

const (
	objects  = 250
	versions = 100 // closed ones of each object: as many as activations are kept
)

// The orgs of the history part.
const (
	longPast = iota + 1 // each object has had all the versions
	noPast
)

// history compares what has changed often with what never has.
func (b *bench) history(ctx context.Context) error {
	if err := b.historyOfAll(ctx); err != nil {
		return err
	}
	return b.historyOfOne(ctx)
}

// historyOfAll reads the active view of many objects. Then all of them are
// edited again: while that is pending, the active rows are closed ones, among
// all the others.
func (b *bench) historyOfAll(ctx context.Context) (err error) {
	db, err := store.Open(ctx, "sqlite:"+b.folder("history.db"), store.Options{LockWait: time.Minute})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := errors.Join(makePast(ctx, db, longPast, versions), makePast(ctx, db, noPast, 0)); err != nil {
		return err
	}
	c := contest{
		id: "history", what: "active view of 250 objects, 100 versions each to none", target: atMost(2),
		base: activeView(db, noPast), subject: activeView(db, longPast),
	}
	if err := b.compete(ctx, c); err != nil {
		return err
	}
	for _, org := range []int64{longPast, noPast} {
		if err := saveAll(ctx, db, org, versions+1, false); err != nil {
			return err
		}
	}
	c.id, c.what = "history-edited", "the same while an edit of each object is pending"
	return b.compete(ctx, c)
}

// makePast makes an org and changes and activates all of its objects so often.
func makePast(ctx context.Context, db *store.DB, org int64, past int) error {
	err := db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateOrg(ctx, store.Org{ID: org, Name: fmt.Sprint("Org ", org), Cloud: "zscloud.net"})
	})
	for v := 0; v <= past && err == nil; v++ {
		err = saveAll(ctx, db, org, v, true)
	}
	return err
}

func saveAll(ctx context.Context, db *store.DB, org int64, version int, activate bool) error {
	_, err := db.Update(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		for id := int64(1); id <= objects; id++ {
			body := append(fmt.Appendf(nil, `{"version":%d,"text":"`, version), bytes.Repeat([]byte("x"), 1200)...)
			row := store.Row{Kind: "thing", ID: id, Name: fmt.Sprint("Thing ", id), Body: append(body, `"}`...)}
			if err := tx.Put(ctx, row, store.Staged); err != nil {
				return err
			}
		}
		if !activate {
			return nil
		}
		return tx.SetActive(ctx, "", "")
	})
	return err
}

// activeView reads the active view of an org, whole.
func activeView(db *store.DB, org int64) side {
	return repeat(func(ctx context.Context, _ int) error {
		n := 0
		err := db.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
			for _, err := range tx.List(ctx, tx.Active(), "thing", store.Query{Parent: -1}) {
				if err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err == nil && n != objects {
			err = fmt.Errorf("the active view has %d objects", n)
		}
		return err
	})
}

// historyOfOne gets one object through the API.
func (b *bench) historyOfOne(ctx context.Context) (err error) {
	w, err := openWorld(ctx, b.folder("one"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	callers := newCallers(readers)
	defer hangUp(callers)
	// The changed one comes last: every activation makes the server keep one
	// version less of what was before it.
	calm, err := w.template(ctx, "calm", 0)
	if err != nil {
		return err
	}
	changed, err := w.template(ctx, "changed", versions)
	if err != nil {
		return err
	}
	err = b.compete(ctx, contest{
		id: "get-history", what: "get of an object, 100 versions to none", target: atMost(slack),
		base: w.reads(callers, calm), subject: w.reads(callers, changed),
	})
	if err != nil {
		return err
	}
	return b.compete(ctx, contest{
		id: "get-history-db", what: "get of an object that no cache holds, same", target: atMost(slack),
		base:    w.uncached(func(int) object { return calm }),
		subject: w.uncached(func(int) object { return changed }),
	})
}

// template makes a location template and changes and activates it so often.
func (w *world) template(ctx context.Context, name string, changes int) (object, error) {
	var made struct {
		ID int64 `json:"id"`
	}
	in := map[string]any{"name": name, "template": map[string]any{"ofwEnabled": true}}
	if err := w.admin.Do(ctx, http.MethodPost, "/locationTemplate", in, &made); err != nil {
		return object{}, err
	}
	o := object{kinds.LocationTemplateKind, fmt.Sprintf("/api/v1/locationTemplate/%d", made.ID), made.ID}
	if err := w.activate(ctx); err != nil {
		return o, err
	}
	for v := range changes {
		in["desc"] = fmt.Sprintf("Version %d.", v)
		if err := w.admin.Do(ctx, http.MethodPut, o.path, in, nil); err != nil {
			return o, err
		}
		if err := w.activate(ctx); err != nil {
			return o, err
		}
	}
	return o, nil
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

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

// history compares the active view of objects that have changed often with
// that of objects that never have. Then all of them are edited again: while
// that is pending, the active rows are closed ones, among all the others.
func (b *bench) history(ctx context.Context) (err error) {
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

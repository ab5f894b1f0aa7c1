package config

import (
	"context"
	"slices"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Pending lists what has been saved and not activated, by kind and id, with
// who saved it last.
func (e *Engine) Pending(ctx context.Context, org int64) (p wire.Pending, err error) {
	err = e.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		p = wire.Pending{Active: tx.Head().Active, Revision: tx.Head().Rev, Changes: []wire.PendingChange{}}
		at := map[member]int{}
		for row, err := range tx.Pending(ctx) {
			if err != nil {
				return err
			}
			if e.kinds.Kind(row.Kind) == nil { // an order, which changes together with one of its objects
				continue
			}
			change := wire.ChangeCreated
			if row.To != int64(store.Working) {
				change = wire.ChangeDeleted
			}
			key := member{row.Kind, row.ID}
			// A replaced object has two rows: the one that connectors run,
			// closed, and the saved one, which has the name it will have.
			if i, both := at[key]; both {
				p.Changes[i].Change = wire.ChangeUpdated
				if change == wire.ChangeCreated {
					p.Changes[i].Name = row.Name
				}
				continue
			}
			at[key] = len(p.Changes)
			p.Changes = append(p.Changes, wire.PendingChange{Kind: row.Kind, Title: e.title(row.Kind), ID: row.ID, Name: row.Name, Change: change})
		}
		return authors(ctx, tx, p.Changes, at)
	})
	return p, err
}

func (e *Engine) title(kind string) string {
	if s := e.kinds.Kind(kind); s != nil {
		return s.Title
	}
	return kind
}

// authors says who saved the changes last: the audit trail has a row for each
// saved write. What an object owns goes with it and has no row of its own.
func authors(ctx context.Context, tx *store.Tx, changes []wire.PendingChange, at map[member]int) error {
	if len(changes) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT kind, object, login, at FROM audit WHERE org = $1 AND rev > $2 AND kind <> '' ORDER BY rev, seq`,
		tx.Org(), tx.Head().Active)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key member
		var login string
		var ms int64
		if err := rows.Scan(&key.kind, &key.id, &login, &ms); err != nil {
			return err
		}
		if i, ok := at[key]; ok {
			changes[i].By, changes[i].At = login, wire.Time(ms/1000)
		}
	}
	return rows.Err()
}

// References lists the working objects that name an object.
func (e *Engine) References(ctx context.Context, who *access.Principal, kind string, id int64) (out []wire.Reference, err error) {
	s := e.kinds.Kind(kind)
	if s == nil {
		return nil, wire.Invalid("kind", "%q is not a kind of object", kind)
	}
	out = []wire.Reference{}
	err = e.db.View(ctx, who.Org, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Get(ctx, store.Working, kind, id); err != nil {
			return missing(err, s, id)
		}
		refs, err := tx.Referrers(ctx, kind, []int64{id}, "", 0)
		if err != nil {
			return err
		}
		for _, r := range refs {
			row, err := tx.Get(ctx, store.Working, r.Kind, r.ID)
			if err != nil {
				return err
			}
			out = append(out, wire.Reference{Kind: r.Kind, Title: e.title(r.Kind), ID: r.ID, Name: row.Name})
		}
		return nil
	})
	return out, err
}

// Connectors lists the connectors that the caller sees by id, with what only
// storage knows of them; their states are the fleet's to say.
func (e *Engine) Connectors(ctx context.Context, who *access.Principal, kind string) (out []store.Row, err error) {
	err = e.db.View(ctx, who.Org, func(ctx context.Context, tx *store.Tx) error {
		ids, all, err := e.seen(ctx, tx, who.Scope, e.kinds.Kind(kind))
		if err != nil {
			return err
		}
		for row, err := range tx.List(ctx, store.Working, kind, store.Query{Parent: -1}) {
			if err != nil {
				return err
			}
			if _, in := slices.BinarySearch(ids, row.ID); in || all {
				out = append(out, row)
			}
		}
		return nil
	})
	return out, err
}

// OrgName returns the name of an org.
func (e *Engine) OrgName(ctx context.Context, org int64) (name string, err error) {
	err = e.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		orgs, err := tx.Orgs(ctx)
		for _, o := range orgs {
			if o.ID == org {
				name = o.Name
			}
		}
		return err
	})
	return name, err
}

// Cloud returns the cloud domain of an org.
func (e *Engine) Cloud(ctx context.Context, org int64) (string, error) { return e.cloud(ctx, org) }

// Package config owns the configuration of an org: reading it in a view,
// creating, replacing and deleting objects under references, and the staging
// that makes saved changes active.
package config

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Options are what an Engine may be told.
type Options struct {
	Now func() time.Time // nil = time.Now
	// CacheBytes bounds the list cache; 0 = 64 MiB.
	CacheBytes int
}

// Engine reads and writes configuration. It is safe for concurrent use.
type Engine struct {
	db    *store.DB
	kinds *resource.Set
	now   func() time.Time
	cache *cache

	mu      sync.Mutex
	clouds  map[int64]string // org → cloud domain, which never changes
	imports map[int64]int64  // org → see Imports
}

// New returns an engine on a database.
func New(db *store.DB, kinds *resource.Set, o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 64 << 20
	}
	return &Engine{db: db, kinds: kinds, now: o.Now, cache: newCache(o.CacheBytes), clouds: map[int64]string{}, imports: map[int64]int64{}}
}

// Kinds returns the kinds that the engine serves.
func (e *Engine) Kinds() *resource.Set { return e.kinds }

// By is on whose behalf a write happens.
type By struct {
	Org int64
	// Who is the admin; nil for enrolment and for the server itself, whose
	// writes are never pending.
	Who *access.Principal
	IP  string
	// Query is the request's, for the few writes whose parameters matter.
	Query url.Values
}

// Caller is a By for a signed-in admin.
func Caller(who *access.Principal, ip string) By { return By{Org: who.Org, Who: who, IP: ip} }

func (b By) ref() wire.Ref {
	if b.Who == nil {
		return wire.Ref{}
	}
	return wire.Ref{ID: wire.Int(b.Who.ID), Name: b.Who.Login}
}

// Writer is a write under way: a transaction of the org with what the write
// needs to know.
type Writer struct {
	*store.Tx
	engine *Engine
	by     By
	Facts  resource.Facts
}

// Update runs one write. f may run twice, so it has no effect outside the
// Writer. When by names an admin, the write marks it as editing, unless f
// only moves the activation on.
func (e *Engine) Update(ctx context.Context, by By, f func(context.Context, *Writer) error) error {
	cloud, err := e.cloud(ctx, by.Org)
	if err != nil {
		return err
	}
	_, err = e.db.Update(ctx, by.Org, func(ctx context.Context, tx *store.Tx) error {
		w := &Writer{Tx: tx, engine: e, by: by}
		w.Facts = resource.Facts{Org: by.Org, Cloud: cloud, Caller: by.ref(), Now: e.now(), Lookup: lookup{ctx, tx, e.kinds}, Query: by.Query}
		return f(ctx, w)
	})
	return Outcome(err)
}

func (e *Engine) writer(ctx context.Context, tx *store.Tx, by By, cloud string) *Writer {
	w := &Writer{Tx: tx, engine: e, by: by}
	w.Facts = resource.Facts{Org: by.Org, Cloud: cloud, Caller: by.ref(), Now: e.now(), Lookup: lookup{ctx, tx, e.kinds}}
	return w
}

// Outcome turns the store's errors into the API's.
func Outcome(err error) error {
	switch {
	case errors.Is(err, store.ErrBusy):
		return wire.Conflict(wire.CodeEditLock, "Another administrator is saving. Try again in a moment.")
	case errors.Is(err, store.ErrLease):
		return &wire.Error{Status: http.StatusServiceUnavailable, Message: "This server no longer owns its database.", RetryAfter: 30, Err: err}
	default:
		return err
	}
}

// cloud returns the cloud domain of an org.
func (e *Engine) cloud(ctx context.Context, org int64) (string, error) {
	e.mu.Lock()
	cloud, ok := e.clouds[org]
	e.mu.Unlock()
	if ok {
		return cloud, nil
	}
	err := e.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		orgs, err := tx.Orgs(ctx)
		if err != nil {
			return err
		}
		for _, o := range orgs {
			if o.ID == org {
				cloud = o.Cloud
				return nil
			}
		}
		return store.ErrNotFound
	})
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	e.clouds[org] = cloud
	e.mu.Unlock()
	return cloud, nil
}

// record appends to the audit trail.
func (w *Writer) record(ctx context.Context, action string, s *resource.Spec, name string, id int64, before, after []byte) error {
	entry := w.entry(action)
	entry.Category, entry.SubCategory = s.Audit.Category, s.Audit.Sub
	entry.Kind, entry.Resource, entry.Object, entry.Before, entry.After = s.Name, name, id, before, after
	return audit.Write(ctx, w.Tx, entry)
}

func (w *Writer) entry(action string) audit.Entry {
	entry := audit.Entry{
		Org: w.by.Org, At: w.Facts.Now, Action: action, IP: w.by.IP,
		Interface: audit.InterfaceAPI, Result: audit.ResultSuccess, Rev: w.Head().Rev,
	}
	if w.by.Who != nil {
		entry.Admin, entry.Login = w.by.Who.ID, w.by.Who.Login
	}
	return entry
}

// lookup is what declarations may read: the working configuration.
type lookup struct {
	ctx   context.Context // lives as long as the write it serves
	tx    *store.Tx
	kinds *resource.Set
}

func (l lookup) ByID(kind string, id int64) (any, error) {
	return l.value(l.tx.Get(l.ctx, store.Working, kind, id))
}

func (l lookup) ByName(kind, name string) (any, error) {
	return l.value(l.tx.ByName(l.ctx, store.Working, kind, -1, name))
}

func (l lookup) Children(kind string, parent int64) ([]any, error) {
	rows, err := l.tx.Children(l.ctx, store.Working, kind, []int64{parent})
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(rows))
	for _, row := range rows {
		v, err := l.value(row, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (l lookup) value(row store.Row, err error) (any, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := l.kinds.Kind(row.Kind).Stored(row.Body)
	if err != nil {
		return nil, err
	}
	return o.Value(), nil
}

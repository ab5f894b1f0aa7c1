package config

import (
	"container/list"
	"context"
	"sync"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
)

// cache keeps rendered answers, the least recently used of them going first.
// An answer is current while the database's epoch and the org's revision are
// those it was read at; the state of connectors is not in it (see
// resource.Answer).
type cache struct {
	mu    sync.Mutex
	limit int
	bytes int
	order *list.List // of *cached, most recent first
	byKey map[string]*list.Element
}

type cached struct {
	key    string
	at     version
	answer *resource.Answer
}

// version is what an answer was read at.
type version struct{ epoch, rev int64 }

func newCache(limit int) *cache {
	return &cache{limit: limit, order: list.New(), byKey: map[string]*list.Element{}}
}

func (c *cache) get(key string, at version) *resource.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok || e.Value.(*cached).at != at {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).answer
}

func (c *cache) put(key string, at version, a *resource.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.remove(e)
	}
	c.byKey[key] = c.order.PushFront(&cached{key, at, a})
	for c.bytes += size(key, a); c.bytes > c.limit && c.order.Len() > 0; {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	old := c.order.Remove(e).(*cached)
	delete(c.byKey, old.key)
	c.bytes -= size(old.key, old.answer)
}

// size is what an entry costs, near enough. An answer with holes keeps itself
// a second time, with the holes filled.
func size(key string, a *resource.Answer) int {
	const overhead = 200
	n := len(key) + len(a.Bytes) + overhead
	if len(a.Holes) > 0 {
		n += len(a.Bytes) + 32*len(a.Holes)
	}
	return n
}

// cached answers from the cache when it is current at rev, and otherwise reads
// one snapshot, whose own revision the new entry carries.
func (e *Engine) cached(ctx context.Context, org, rev int64, key string, read func(context.Context, *store.Tx) (*resource.Answer, error)) (*resource.Answer, error) {
	epoch := e.db.Epoch() // before the snapshot, which is this epoch's or a later one's
	if a := e.cache.get(key, version{epoch, rev}); a != nil {
		return a, nil
	}
	var out *resource.Answer
	err := e.db.View(ctx, org, func(ctx context.Context, tx *store.Tx) error {
		a, err := read(ctx, tx)
		if err != nil {
			return err
		}
		out = a
		e.cache.put(key, version{epoch, tx.Head().Rev}, a)
		return nil
	})
	return out, err
}

package fleet

import (
	"container/list"
	"sync"
)

// bodiesLimit bounds the bytes of bundles that are kept.
const bodiesLimit = 8 << 20

// bodies keeps bundles between the heartbeat that announces one and the
// request that fetches it, the least recently used of them going first. An
// ETag is made of a bundle's bytes, so what is found under it is never stale.
type bodies struct {
	mu    sync.Mutex
	limit int
	bytes int
	order *list.List // of kept, most recent first
	byTag map[string]*list.Element
}

type kept struct {
	etag string
	body []byte
}

func newBodies(limit int) *bodies {
	return &bodies{limit: limit, order: list.New(), byTag: map[string]*list.Element{}}
}

// get returns the bundle of an ETag; nil when it is not kept.
func (b *bodies) get(etag string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.byTag[etag]
	if !ok {
		return nil
	}
	b.order.MoveToFront(e)
	return e.Value.(kept).body
}

func (b *bodies) put(etag string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.byTag[etag]; ok {
		b.order.MoveToFront(e)
		return
	}
	b.byTag[etag] = b.order.PushFront(kept{etag, body})
	for b.bytes += len(body); b.bytes > b.limit; {
		old := b.order.Remove(b.order.Back()).(kept)
		delete(b.byTag, old.etag)
		b.bytes -= len(old.body)
	}
}

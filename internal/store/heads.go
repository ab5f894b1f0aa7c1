package store

import "sync"

// heads remembers where orgs stand for as long as nothing is committed: every
// request asks for it first, and hardly any of them comes after a write.
type heads struct {
	mu      sync.RWMutex
	commits uint64
	of      map[int64]Head
}

// get answers what is remembered of an org. commits is for keep.
func (h *heads) get(org int64) (head Head, commits uint64, known bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	head, known = h.of[org]
	return head, h.commits, known
}

// keep remembers what was read after get, unless something has been committed
// in between.
func (h *heads) keep(org int64, head Head, commits uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.commits == commits {
		h.of[org] = head
	}
}

// forget is called once a commit is done or may be, and before anybody is told
// of it: whoever knows of a write finds it in the head.
func (h *heads) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commits++
	clear(h.of)
}

package limit

import "time"

// calls is the times of the latest calls of one key, newest last, in a ring
// that grows with use up to the larger N of the key's rate. One ring serves
// both windows: a window of n calls is full exactly when the n-th newest call
// is still inside it.
type calls struct {
	ring  []time.Duration
	first int // index of the oldest
	count int
	keep  time.Duration // how long a call can matter: the longer window
}

// minRing is the first size of a ring: most operations of most orgs are called
// now and then.
const minRing = 4

// at returns the i-th newest call, counted from 1.
func (c *calls) at(i int) time.Duration {
	return c.ring[(c.first+c.count-i)%len(c.ring)]
}

// newest returns the time of the latest call, or 0.
func (c *calls) newest() time.Duration {
	if c.count == 0 {
		return 0
	}
	return c.at(1)
}

// wait returns how long w stays full, 0 if it has room.
func (c *calls) wait(w Window, now time.Duration) time.Duration {
	if w.Unlimited() || c.count < w.N {
		return 0
	}
	return max(0, c.at(w.N)+w.Per-now)
}

// add records a call that has been let through.
func (c *calls) add(now time.Duration, r Rate) {
	limit := 0
	c.keep = 0
	for _, w := range [...]Window{r.Short, r.Long} {
		if !w.Unlimited() {
			limit, c.keep = max(limit, w.N), max(c.keep, w.Per)
		}
	}
	for c.count > 0 && (c.count >= limit || c.at(c.count)+c.keep <= now) {
		c.first = (c.first + 1) % len(c.ring)
		c.count--
	}
	if c.count == len(c.ring) {
		c.grow(limit)
	}
	c.ring[(c.first+c.count)%len(c.ring)] = now
	c.count++
}

// grow doubles the ring, up to limit.
func (c *calls) grow(limit int) {
	ring := make([]time.Duration, min(max(minRing, 2*len(c.ring)), limit))
	n := copy(ring, c.ring[c.first:])
	copy(ring[n:], c.ring[:c.first])
	c.ring, c.first = ring, 0
}

// expired reports whether no call of the key can matter any more.
func (c *calls) expired(now time.Duration) bool {
	return c.count == 0 || c.newest()+c.keep <= now
}

package conformance

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Clock is a client's own time. Its waits are recorded rather than slept,
// because what matters of most is how long a client would have waited.
type Clock struct {
	// Sleeps makes the waits real, for clients that wait for a limit to pass.
	Sleeps bool

	mu     sync.Mutex
	passed time.Duration
	waits  []time.Duration
}

// Now is the client's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.passed)
}

// Pass lets time pass for the client alone.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passed += d
}

// Waits are the waits so far, in order.
func (c *Clock) Waits() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.waits)
}

func (c *Clock) wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.waits = append(c.waits, d)
	c.mu.Unlock()
	if !c.Sleeps {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

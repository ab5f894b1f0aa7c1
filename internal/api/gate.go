package api

import (
	"context"
	"sync"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// patience is how long a replacement of the data waits for the requests that
// are under way.
const patience = 5 * time.Second

// Gate lets requests and the server's own tasks pass, any number at a time,
// and keeps them waiting while the data under them is replaced: nobody sees
// half of it, or acts on what they have read before. The zero Gate is open.
type Gate struct {
	mu     sync.Mutex
	inside int
	opened chan struct{} // closed when the gate opens; nil while it is open
	left   chan struct{} // closed when the last one has left; nil unless waited for
}

// Enter waits until the gate is open. Who has entered has to Leave.
func (g *Gate) Enter(ctx context.Context) error {
	g.mu.Lock()
	for g.opened != nil {
		opened := g.opened
		g.mu.Unlock()
		select {
		case <-opened:
		case <-ctx.Done():
			return ctx.Err()
		}
		g.mu.Lock()
	}
	g.inside++
	g.mu.Unlock()
	return nil
}

// Open reports whether the gate is open now.
func (g *Gate) Open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened == nil
}

// Leave ends what Enter began.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.left != nil {
		close(g.left)
		g.left = nil
	}
}

// Alone runs f while nobody is inside, or answers a 409.
func (g *Gate) Alone(ctx context.Context, f func() error) error {
	g.mu.Lock()
	if g.opened != nil {
		g.mu.Unlock()
		return wire.Conflict(wire.CodeEditLock, "The server's data is being replaced already. Try again in a moment.")
	}
	g.opened = make(chan struct{})
	var left chan struct{}
	if g.inside > 0 {
		left = make(chan struct{})
		g.left = left
	}
	g.mu.Unlock()
	defer g.open()
	if left != nil {
		late := time.NewTimer(patience)
		defer late.Stop()
		select {
		case <-left:
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return wire.Conflict(wire.CodeEditLock, "Requests are under way that do not end. Try again in a moment.")
		}
	}
	return f()
}

func (g *Gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.opened)
	g.opened, g.left = nil, nil
}

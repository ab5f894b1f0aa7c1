package store

import (
	"context"
	"sync"
)

// lease is the ownership of a database: one server at a time has it. It dies
// with its holder.
type lease interface {
	// lost is closed when the lease is.
	lost() <-chan struct{}
	isLost() bool
	// lose gives the lease up for a reason found elsewhere.
	lose(reason error)
	// life is a context for writes, which ends with the lease where writes
	// could hang on after it.
	life() context.Context
	release() error
}

// loss is the part of a lease that says whether it still holds.
type loss struct {
	once sync.Once
	done chan struct{}
}

func newLoss() loss { return loss{done: make(chan struct{})} }

func (l *loss) lost() <-chan struct{} { return l.done }

func (l *loss) isLost() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

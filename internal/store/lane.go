package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

const (
	// maxShare bounds how many writes share a commit: PostgreSQL keeps 64
	// subtransactions per connection in memory and slows down beyond.
	maxShare = 64
	// maxTries is how often a write is run whose shared commit failed for no
	// fault of its own.
	maxTries = 3
)

var errGone = errors.New("store: the write's goroutine ended in the middle of it")

// lane is the turn that writes take. One goroutine owns the writing session;
// the functions run on the goroutines of their callers, one at a time.
type lane struct {
	pool     *pool
	lease    lease
	heads    *heads // may be nil
	epoch    int64
	now      func() time.Time
	log      *slog.Logger
	lockWait time.Duration
	lockFail bool

	mu     sync.Mutex
	stats  Stats
	ready  sync.Cond // the queue has grown, or the lane is closed
	queue  []*job
	busy   map[int64]int // by org: writes that wait or run
	closed bool
	ended  chan struct{}
}

// job is one write on its way through the lane.
type job struct {
	ctx      context.Context
	f        FuncUpdate
	org      int64 // 0 = none
	revision bool  // f's changes get a revision of the org's
	turn     chan *Tx
	ran      chan outcome
	done     chan error
	head     Head // of the org, after f
}

// outcome is what came of one run of a job's function.
type outcome struct {
	err  error
	gone bool // nobody is left to run the function again
}

func newLane(p *pool, l lease, h *heads, epoch int64, o Options) *lane {
	n := &lane{
		pool: p, lease: l, heads: h, epoch: epoch, now: o.Now, log: o.Log, lockWait: o.LockWait, lockFail: o.LockFail,
		busy: make(map[int64]int), ended: make(chan struct{}),
	}
	n.ready.L = &n.mu
	go n.loop()
	return n
}

// do takes a write through the lane and answers when it is committed, or is
// known not to be.
func (l *lane) do(ctx context.Context, j *job) error {
	j.ctx = ctx
	j.turn, j.ran, j.done = make(chan *Tx, 1), make(chan outcome, 1), make(chan error, 1)
	if err := l.enqueue(j); err != nil {
		return err
	}
	patience := time.NewTimer(l.lockWait)
	defer patience.Stop()
	late, cancelled := patience.C, ctx.Done()
	for {
		select {
		case tx := <-j.turn:
			late, cancelled = nil, nil // it runs now, and what runs is finished
			j.run(tx, l.log)
		case err := <-j.done:
			return err
		case <-late:
			if l.withdraw(j) {
				return ErrBusy
			}
			late = nil
		case <-cancelled:
			if l.withdraw(j) {
				return ctx.Err()
			}
			cancelled = nil
		}
	}
}

// run gives the function its turn. The lane goes on even if the function
// panics or ends its goroutine.
func (j *job) run(tx *Tx, log *slog.Logger) {
	out := outcome{err: errGone, gone: true}
	defer func() {
		if p := recover(); p != nil {
			log.Error("a write panicked", "org", j.org, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			out = outcome{err: fmt.Errorf("store: the write panicked: %v", p)}
		}
		j.ran <- out
	}()
	err := j.f(j.ctx, tx)
	out = outcome{err: err}
}

func (l *lane) enqueue(j *job) error {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	if l.lease.isLost() {
		return ErrLease
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return ErrClosed
	case l.lockFail && j.org != 0 && l.busy[j.org] > 0:
		return ErrBusy
	}
	l.busy[j.org]++
	l.queue = append(l.queue, j)
	l.ready.Signal()
	return nil
}

// withdraw takes a job back that has not had its turn.
func (l *lane) withdraw(j *job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, j)
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	l.leave(j)
	return true
}

// finish answers the caller of a job.
func (l *lane) finish(j *job, err error) {
	l.mu.Lock()
	l.leave(j)
	l.mu.Unlock()
	j.done <- err
}

func (l *lane) leave(j *job) {
	if l.busy[j.org]--; l.busy[j.org] == 0 {
		delete(l.busy, j.org)
	}
}

// next takes the job whose turn it is. It answers nil when there is none, or,
// if it may wait, when the lane is closed and empty.
func (l *lane) next(wait bool) *job {
	l.mu.Lock()
	defer l.mu.Unlock()
	for wait && len(l.queue) == 0 && !l.closed {
		l.ready.Wait()
	}
	if len(l.queue) == 0 {
		return nil
	}
	j := l.queue[0]
	l.queue = slices.Delete(l.queue, 0, 1)
	return j
}

// close runs what waits, and ends the lane.
func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.ready.Signal()
	l.mu.Unlock()
	<-l.ended
}

func (l *lane) loop() {
	defer close(l.ended)
	for {
		first := l.next(true)
		if first == nil {
			return
		}
		again := []*job{first}
		for try := 1; len(again) > 0; try++ {
			again = l.share(again, try)
		}
	}
}

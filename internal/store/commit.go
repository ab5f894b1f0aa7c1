package store

import (
	"context"
	"errors"
	"fmt"
)

// share runs jobs, and on the first try those that wait with them, in one
// transaction and commits it. It answers the jobs that are to run again: the
// transaction that held them is gone without their doing.
func (l *lane) share(jobs []*job, try int) (again []*job) {
	run := l.lease.life()
	s, err := l.begin(run)
	if err != nil {
		for _, j := range jobs {
			l.finish(j, err)
		}
		return nil
	}
	kept, err := l.runAll(run, s, jobs, try)
	if err == nil && len(kept) > 0 && l.lease.isLost() {
		err = ErrLease
	}
	if err == nil {
		err = s.exec(run, "COMMIT")
	}
	l.pool.put(s, err != nil) // a transaction that did not end is rolled back with its connection
	if l.heads != nil {
		l.heads.forget()
	}
	if err == nil {
		l.count(len(kept))
		for _, j := range kept {
			l.finish(j, nil)
		}
		return nil
	}
	if try < maxTries && (errors.Is(err, errSpoiled) || s.dialect.classify(err) == classRetry) {
		return kept
	}
	l.log.Error("a shared commit failed", "writes", len(kept), "error", err)
	for _, j := range kept {
		l.finish(j, fmt.Errorf("store: commit: %w", err))
	}
	return nil
}

// errSpoiled: a write of the shared commit took the transaction with it. The
// others were not committed, that is certain, and may run again.
var errSpoiled = errors.New("another write broke the shared commit")

// runAll gives each job its turn, each in its savepoint. It answers those
// whose changes are in the transaction.
func (l *lane) runAll(run context.Context, s *session, jobs []*job, try int) (kept []*job, err error) {
	for n := 0; n < maxShare; n++ {
		var j *job
		switch {
		case n < len(jobs):
			j = jobs[n]
		case try == 1:
			j = l.next(false)
		}
		if j == nil {
			break
		}
		gone, failed := l.runOne(run, s, j)
		if failed == nil {
			kept = append(kept, j)
			continue
		}
		var broken error
		for _, text := range []string{"ROLLBACK TO SAVEPOINT w", "RELEASE SAVEPOINT w"} {
			if broken == nil {
				broken = s.exec(run, text)
			}
		}
		if broken == nil {
			l.finish(j, failed)
			continue
		}
		rest := jobs[min(n+1, len(jobs)):]
		if try < maxTries && !gone && s.dialect.classify(failed) == classRetry {
			rest = append([]*job{j}, rest...)
		} else {
			l.finish(j, failed)
		}
		return append(kept, rest...), errSpoiled
	}
	return kept, nil
}

// runOne gives one job its turn. gone says that it cannot have another.
func (l *lane) runOne(run context.Context, s *session, j *job) (gone bool, err error) {
	if err := s.exec(run, "SAVEPOINT w"); err != nil {
		return false, err
	}
	tx := &Tx{s: s, run: run, now: l.now, writes: true}
	defer func() { tx.over = true }()
	switch {
	case j.revision:
		err = tx.bindUpdate(run, j.org)
	case j.org != 0:
		err = tx.bindRead(run, j.org)
	}
	if err != nil {
		return false, err
	}
	j.turn <- tx
	out := <-j.ran
	tx.closeRows()
	if out.err != nil {
		return out.gone, out.err
	}
	// Who asked is gone and may ask again elsewhere: nothing may be left of it.
	if err := j.ctx.Err(); err != nil {
		return false, err
	}
	if err := tx.finish(run); err != nil {
		return false, err
	}
	j.head = tx.head
	return false, s.exec(run, "RELEASE SAVEPOINT w")
}

// begin opens the transaction of a shared commit, if this server still owns
// the database.
func (l *lane) begin(run context.Context) (*session, error) {
	if l.lease.isLost() {
		return nil, ErrLease
	}
	s, err := l.pool.begin(run, run, l.pool.dialect.beginWrite)
	if err != nil || l.pool.dialect.fence == "" {
		return s, err
	}
	st, err := s.stmt(run, l.pool.dialect.fence)
	if err == nil {
		var epoch int64
		err = st.QueryRowContext(run).Scan(&epoch)
		if err == nil && epoch != l.epoch {
			l.lease.lose(fmt.Errorf("another server has taken the database"))
			err = ErrLease
		}
	}
	if err != nil {
		l.pool.put(s, true)
		return nil, fmt.Errorf("store: fence: %w", err)
	}
	return s, nil
}

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"sync"
)

// maxStatements bounds what a session keeps prepared. Texts are few, except
// that lists of ids come in several lengths.
const maxStatements = 400

// session is one connection with the statements prepared on it. database/sql
// would prepare each text anew, or look its statement up under a lock per use;
// here a text is prepared once per connection and found in a map.
type session struct {
	db      *sql.DB
	conn    *sql.Conn
	dialect *dialect
	stmts   map[string]*sql.Stmt
}

// stmt returns the prepared statement of text.
func (s *session) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := s.stmts[text]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, s.dialect.render(text))
	if err != nil {
		return nil, err
	}
	s.stmts[text] = st
	return st, nil
}

// exec runs a statement that answers no rows.
func (s *session) exec(ctx context.Context, text string, args ...any) error {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return err
}

// forget drops all statements when there are too many. No rows may be open.
func (s *session) forget() {
	if len(s.stmts) <= maxStatements {
		return
	}
	for _, st := range s.stmts {
		st.Close()
	}
	clear(s.stmts)
}

// discard ends the connection without returning it to database/sql, which
// would lend it again.
func (s *session) discard() {
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	s.conn.Close()
}

func (s *session) close() {
	for _, st := range s.stmts {
		st.Close()
	}
	s.conn.Close()
}

// pool is a fixed number of sessions, opened when first needed. The session
// used last is the first to be used again: its caches are warm.
type pool struct {
	db      *sql.DB
	dialect *dialect
	prelude string // run on each new session; may be empty
	slots   chan struct{}

	mu     sync.Mutex
	idle   []*session
	closed bool
}

func newPool(db *sql.DB, d *dialect, size int, prelude string) *pool {
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	p := &pool{db: db, dialect: d, prelude: prelude, slots: make(chan struct{}, size)}
	for range size {
		p.slots <- struct{}{}
	}
	return p
}

// get lends a session. fresh says that it was opened for this call.
func (p *pool) get(ctx context.Context) (s *session, fresh bool, err error) {
	select {
	case <-p.slots:
	default:
		select {
		case <-p.slots:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.slots <- struct{}{}
		return nil, false, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		s = p.idle[n-1]
		p.idle = p.idle[:n-1]
	}
	p.mu.Unlock()
	if s != nil {
		return s, false, nil
	}
	s, err = p.open(ctx)
	if err != nil {
		p.slots <- struct{}{}
		return nil, false, err
	}
	return s, true, nil
}

func (p *pool) open(ctx context.Context) (*session, error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: connect: %w", err)
	}
	s := &session{db: p.db, conn: conn, dialect: p.dialect, stmts: make(map[string]*sql.Stmt)}
	if p.prelude != "" {
		if err := s.exec(ctx, p.prelude); err != nil {
			s.discard()
			return nil, fmt.Errorf("store: connect: %w", err)
		}
	}
	return s, nil
}

// begin lends a session on which the statement text, a BEGIN, has run. A
// session that turns out to have died while it lay idle is replaced.
func (p *pool) begin(ctx, run context.Context, text string) (*session, error) {
	for {
		s, fresh, err := p.get(ctx)
		if err != nil {
			return nil, err
		}
		if err = s.exec(run, text); err == nil {
			return s, nil
		}
		p.put(s, true)
		if fresh || run.Err() != nil {
			return nil, fmt.Errorf("store: begin: %w", err)
		}
	}
}

// put takes a session back, or ends it when its state is unknown.
func (p *pool) put(s *session, broken bool) {
	if broken {
		s.discard()
	} else {
		s.forget()
		p.mu.Lock()
		p.idle = append(p.idle, s)
		p.mu.Unlock()
	}
	p.slots <- struct{}{}
}

// close waits until all sessions are back, and ends them.
func (p *pool) close() error {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	p.mu.Unlock()
	if closed {
		return nil
	}
	for range cap(p.slots) {
		<-p.slots
	}
	for _, s := range p.idle {
		s.close()
	}
	for range cap(p.slots) {
		p.slots <- struct{}{} // whoever comes now finds the pool closed
	}
	return p.db.Close()
}

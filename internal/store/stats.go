package store

// Stats counts what has been committed durably since the database was opened.
type Stats struct {
	Commits int64
	Writes  int64 // writes that wait together share a commit
}

// Stats returns the counts so far.
func (db *DB) Stats() Stats {
	db.durable.mu.Lock()
	defer db.durable.mu.Unlock()
	return db.durable.stats
}

// count notes a commit of so many writes.
func (l *lane) count(writes int) {
	if writes == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Commits++
	l.stats.Writes += int64(writes)
}

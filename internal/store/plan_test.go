package store

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every statement on objects finds its rows by an index that leads to the rows
// of its view: the condition that it uses of each index is listed here, and
// none lets in what was closed before the revision that is read.
func TestPlans(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "config.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	allowed := []string{
		// Live rows, by id, name, key, parent or the revision that wrote them.
		"sqlite_autoindex_object_1 (org=? AND kind=? AND rev_to=? AND id=?)",
		"sqlite_autoindex_object_1 (org=? AND kind=? AND rev_to=? AND id>?)",
		"sqlite_autoindex_object_1 (org=? AND kind=? AND rev_to=? AND id<?)",
		"sqlite_autoindex_object_1 (org=? AND kind=? AND rev_to=?)", // the first of a list
		"object_name_fold (org=? AND kind=? AND rev_to=?)",
		"object_name_fold (org=? AND kind=? AND rev_to=? AND (name_fold,id)>(?,?))",
		"object_name (org=? AND kind=? AND rev_to=? AND name=?)",
		"object_name (org=? AND kind=? AND rev_to=? AND name=? AND id>?)",
		"object_name_fold (org=? AND kind=? AND rev_to=? AND name_fold=?)",
		"object_key (org=? AND kind=? AND rev_to=? AND key=?)",
		"object_parent (org=? AND kind=? AND rev_to=? AND parent=?)",
		"object_parent (org=? AND kind=? AND rev_to=? AND parent=? AND id>?)",
		"object_begun (org=? AND rev_to=? AND rev_from>?)",
		"object_parent (org=? AND kind=? AND rev_to=?)", // the smallest to count them in
		// Rows closed after the revision that is read.
		"sqlite_autoindex_object_1 (org=? AND kind=? AND rev_to>? AND rev_to<?)",
		"object_closed (org=? AND rev_to>? AND rev_to<?)",
		// Rows to be pruned.
		"object_closed (org=? AND rev_to<?)",
	}
	search := regexp.MustCompile(`^SEARCH object USING (?:COVERING )?INDEX (.*)$`)
	seen := make(map[string]bool)
	for _, text := range statements(t, db) {
		for _, line := range explain(t, db, text) {
			if !strings.Contains(line, " object") {
				continue
			}
			found := search.FindStringSubmatch(line)
			if found == nil || !slices.Contains(allowed, found[1]) {
				t.Errorf("%s\n%s", line, text)
				continue
			}
			seen[found[1]] = true
		}
	}
	for _, plan := range allowed {
		if !seen[plan] {
			t.Errorf("no statement uses %s", plan)
		}
	}
}

// statements are the texts that the methods of a Tx prepare.
func statements(t *testing.T, db *DB) []string {
	var texts []string
	exercise := func(ctx context.Context, tx *Tx) error {
		for _, at := range []At{Working, 5} {
			_, _ = tx.Get(ctx, at, "k", 1)
			_, _ = tx.ByName(ctx, at, "k", -1, "n")
			_, _ = tx.ByName(ctx, at, "k", 1, "n")
			_, _ = tx.ByNameFold(ctx, at, "k", -1, "n")
			_, _ = tx.ByNameFold(ctx, at, "k", 1, "n")
			_, _ = tx.ByKey(ctx, at, "k", "key")
			_, _ = tx.Children(ctx, at, "k", []int64{1, 2, 3})
			_, _ = tx.GetMany(ctx, at, "k", []int64{1, 2, 3})
			_, _ = tx.IDs(ctx, at, "k")
			_, _ = tx.Count(ctx, at, "k", -1)
			_, _ = tx.Count(ctx, at, "k", 1)
			for _, q := range []Query{
				{Parent: -1},
				{Parent: 1},
				{Parent: -1, Name: "n"},
				{Parent: 1, Name: "n"},
				{Parent: -1, Contains: "n"},
				{Parent: -1, Offset: 1, Limit: 1},
				{Parent: -1, Desc: true},
			} {
				for range tx.List(ctx, at, "k", q) {
					break
				}
				_, _ = tx.listChunk(ctx, at, "k", q, &Row{ID: 1}, 1, 0) // a further chunk
			}
		}
		for range tx.List(ctx, Working, "k", Query{Parent: -1, ByName: true}) {
			break
		}
		_, _ = tx.listChunk(ctx, Working, "k", Query{Parent: -1, ByName: true}, &Row{ID: 1, Name: "n"}, 1, 0)
		for range tx.Pending(ctx) {
			break
		}
		_ = tx.Put(ctx, Row{Kind: "k", ID: 1}, Staged)
		_ = tx.SetActive(ctx, "", "")
		_ = tx.Put(ctx, Row{Kind: "k", ID: 2}, BornActive)
		_ = tx.Amend(ctx, Row{Kind: "k", ID: 1})
		_ = tx.Delete(ctx, "k", 1, Immediate)
		_, _ = tx.prune(ctx, 1, 1)
		for text := range tx.s.stmts {
			texts = append(texts, text)
		}
		return nil
	}
	err := db.Write(t.Context(), func(ctx context.Context, tx *Tx) error { return tx.CreateOrg(ctx, Org{ID: 1}) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Update(t.Context(), 1, exercise); err != nil {
		t.Fatal(err)
	}
	return texts
}

// explain is how SQLite runs a statement.
func explain(t *testing.T, db *DB, text string) []string {
	var args []any
	for strings.Contains(text, "$"+strconv.Itoa(len(args)+1)) {
		args = append(args, 1)
	}
	var lines []string
	err := db.View(t.Context(), 0, func(ctx context.Context, tx *Tx) error {
		rows, err := tx.Query(ctx, "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id, parent, unused int
			var line string
			if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
				return err
			}
			lines = append(lines, line)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return lines
}

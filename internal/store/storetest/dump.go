package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/spurline/spurline/internal/store"
)

// RunAcross checks that what one database dumps the other loads.
func RunAcross(t *testing.T, openOne, openOther Opener) {
	for name, open := range map[string][2]Opener{"there": {openOne, openOther}, "back": {openOther, openOne}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := open[0](t, store.Options{Now: clock}), open[1](t, store.Options{Now: clock})
			fill(t, from, 1)
			text := dump(t, from)
			fill(t, to, 2) // to be replaced
			load(t, to, text)
			same(t, lines(dump(t, to)), lines(text))
		})
	}
}

// fill puts something into every table: texts and blobs of every sort, the
// largest and the smallest numbers, NULL and the empty blob.
func fill(t *testing.T, db *store.DB, id int64) {
	t.Helper()
	o := createOrg(t, db, id)
	o.put(store.Immediate, store.Row{Kind: "thing", ID: 9, Name: "straße \u2028 \"quoted\" <&> \\ \U0001F600", Body: []byte{0, 1, 0xff, '\n'}}, store.Row{Kind: "thing", ID: 10})
	o.put(store.Staged, thing(11, "a"), thing(12, "b"))
	o.activate()
	o.put(store.Staged, thing(11, "c"))
	o.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.SetRefs(ctx, "thing", 11, []store.Ref{{ToKind: "thing", ToID: 12}})
	})
	o.update(func(ctx context.Context, tx *store.Tx) error { return tx.SetBaseline(ctx, nil) })
	o.must(db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, text := range []string{
			`INSERT INTO edit_state (org, principal, login, state, ended, at) VALUES ($1, 1, 'l', 's', 0, -9223372036854775808)`,
			`INSERT INTO credential (org, kind, id, lookup, secret, changed) VALUES ($1, 'k', 1, '', '', 0)`,
			`INSERT INTO audit (org, seq, at, action, category, subcategory, resource, kind, object, admin, login, ip, interface, result, rev, before_body, after_body, hash)
				VALUES ($1, 1, 2, 'a', 'b', 'c', 'd', 'e', 3, 4, 'f', 'g', 'h', 'i', 5, NULL, $2, $2)`,
			`INSERT INTO audit_chain (org, anchor_seq, anchor_hash, head_seq, head_hash, old) VALUES ($1, 0, NULL, 1, $2, 0)`,
			`INSERT INTO session (hash, org, admin, created) VALUES ($2, $1, 1, 2)`,
			`INSERT INTO connector_token (hash, org, vm, replaced) VALUES ($2, $1, 1, 0)`,
		} {
			args := []any{id, []byte(fmt.Sprint("bytes", id))}[:1+min(strings.Count(text, "$2"), 1)]
			if strings.Contains(text, "credential") {
				text, args = strings.Replace(text, `'', 0`, `$2, 0`, 1), append(args, []byte{})
			}
			if _, err := tx.Exec(ctx, text, args...); err != nil {
				return err
			}
		}
		return nil
	}))
	o.must(db.WriteLive(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, text := range []string{
			`INSERT INTO live (org, vm, seen_ms, state, bundle, build) VALUES ($1, 1, 2, 's', 'b', 'c')`,
			`INSERT INTO session_seen (hash, seen_ms) VALUES ($2, $1)`,
			`INSERT INTO principal_seen (org, principal, seen_ms) VALUES ($1, 1, 2)`,
		} {
			if _, err := tx.Exec(ctx, text, []any{id, []byte(fmt.Sprint("bytes", id))}[:1+strings.Count(text, "$2")]...); err != nil {
				return err
			}
		}
		return nil
	}))
}

func dump(t *testing.T, db *store.DB) string {
	t.Helper()
	var b bytes.Buffer
	if err := db.Dump(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func load(t *testing.T, db *store.DB, text string) {
	t.Helper()
	// Patiently: a database that others use may be too busy.
	if err := patiently(func() error { return db.Load(t.Context(), strings.NewReader(text), nil) }); err != nil {
		t.Fatal(err)
	}
}

// lines are those of a dump in an order that is the same on both databases,
// without the last, which depends on it.
func lines(text string) []string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	all = all[:len(all)-1]
	slices.Sort(all)
	return all
}

func same(t *testing.T, got, want any) {
	t.Helper()
	org{tb: t}.same("the dump", got, want)
}

// A dump has every table that the migrations make, and Load brings all of it
// back, whatever was there before.
func testDumpLoad(t *testing.T, s *suite) {
	db := s.open(t, store.Options{Now: clock})
	fill(t, db, 1)
	text := dump(t, db)
	rows := map[string]int{}
	var table string
	for _, line := range strings.Split(text, "\n") {
		var head struct{ Table string }
		if json.Unmarshal([]byte(line), &head) == nil && head.Table != "" {
			table = head.Table
		} else if strings.HasPrefix(line, "[") {
			rows[table]++
		}
	}
	for _, name := range s.tables(t, db) {
		if rows[name] == 0 {
			t.Errorf("the dump has no row of %s", name)
		}
	}
	epoch := db.Epoch()
	createOrg(t, db, 2).put(store.Staged, thing(1, "more"))
	load(t, db, text)
	if db.Epoch() == epoch {
		t.Error("the epoch stays the same")
	}
	// The org was there: its revision moves on, and nothing else does.
	want := strings.Replace(text, `[1,"org 1","cloud",6,`, `[1,"org 1","cloud",7,`, 1)
	if want == text {
		t.Fatalf("the org is not at revision 6: %s", text)
	}
	same(t, lines(dump(t, db)), lines(want))
	// What the org gives out goes on where it was.
	o := org{tb: t, db: db, id: 1}
	if head := o.put(store.Staged, thing(13, "d")); head.Rev != 8 {
		t.Errorf("head %+v", head)
	}
}

// tables lists the tables of both parts but for those about the database
// itself.
func (s *suite) tables(t *testing.T, db *store.DB) (names []string) {
	t.Helper()
	const (
		lite     = `SELECT name FROM sqlite_master WHERE type = 'table'`
		postgres = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	)
	read := func(view func(context.Context, func(context.Context, *store.Tx) error) error) {
		for _, text := range []string{lite, postgres} {
			_ = view(t.Context(), func(ctx context.Context, tx *store.Tx) error { // one of them is of the other database
				rows, err := tx.Query(ctx, text)
				if err != nil {
					return err
				}
				for rows.Next() {
					var name string
					if err := rows.Scan(&name); err != nil {
						t.Fatal(err)
					}
					if name != "migration" && name != "lease" && !strings.HasPrefix(name, "sqlite_") {
						names = append(names, name)
					}
				}
				return rows.Err()
			})
		}
	}
	read(func(ctx context.Context, f func(context.Context, *store.Tx) error) error { return db.View(ctx, 0, f) })
	read(db.ViewLive)
	if len(names) < 13 {
		t.Fatalf("tables %v", names)
	}
	return names
}

// What is no whole dump changes nothing, wherever it ends and whatever in it
// is wrong; nor does one whose last step fails.
func testLoadAllOrNothing(t *testing.T, s *suite) {
	db := s.open(t, store.Options{Now: clock})
	fill(t, db, 1)
	good := dump(t, db)
	fill(t, db, 2)
	before, epoch := lines(dump(t, db)), db.Epoch()
	all := strings.SplitAfter(good, "\n")
	bad := map[string]string{
		"empty":   "",
		"foreign": "hello\n",
		"newer":   strings.Replace(good, `"config":`, `"config":9`, 1),
		"more":    good + "x",
		"table":   strings.Replace(good, `{"table":"org"`, `{"table":"migration"`, 1),
		"column":  strings.Replace(good, `"cloud","rev"`, `"cloud","1; DROP TABLE org"`, 1),
		"type":    strings.Replace(good, `[1,"org 1"`, `["1","org 1"`, 1),
		"value":   strings.Replace(good, `[1,"org 1"`, `[1,"org 2"`, 1),
		"null":    strings.Replace(good, `[1,"org 1"`, `[1,null`, 1),
		"order":   strings.Join(append(slices.Clone(all[4:]), all[:4]...), ""),
	}
	for i := range all[:len(all)-1] {
		bad[fmt.Sprint("cut at line ", i)] = strings.Join(all[:i], "") + all[i][:len(all[i])/2]
		bad[fmt.Sprint("without line ", i)] = strings.Join(all[:i], "") + strings.Join(all[i+1:], "")
	}
	for name, text := range bad {
		if text == good {
			t.Errorf("%s: not spoiled", name)
		}
		err := db.Load(t.Context(), strings.NewReader(text), nil)
		if name != "null" && !errors.Is(err, store.ErrDump) || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	failed := errors.New("failed")
	if err := db.Load(t.Context(), iotest.TimeoutReader(strings.NewReader(good)), nil); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("a reader that fails: %v", err)
	}
	err := db.Load(t.Context(), strings.NewReader(good), func(context.Context, *store.Tx) error { return failed })
	if !errors.Is(err, failed) {
		t.Errorf("then: %v", err)
	}
	same(t, lines(dump(t, db)), before)
	if db.Epoch() != epoch {
		t.Error("the epoch is another one")
	}
}

// A dump taken while others write is of one moment: each of the writers
// changes two objects in one write, and the reference between them.
func testDumpConsistent(t *testing.T, s *suite) {
	const writers = 8
	db := s.open(t, store.Options{Now: clock})
	stop := make(chan struct{})
	var all sync.WaitGroup
	for n := range int64(writers) {
		o := createOrg(t, db, n+1)
		all.Go(func() {
			for i := int64(0); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_, err := db.Update(context.Background(), o.id, func(ctx context.Context, tx *store.Tx) error {
					text := fmt.Sprint(i)
					return errors.Join(
						tx.Put(ctx, store.Row{Kind: "thing", ID: 1, Name: text}, store.Staged),
						tx.Put(ctx, store.Row{Kind: "thing", ID: 2 + i%5, Name: text}, store.Staged),
						tx.SetRefs(ctx, "thing", 1, []store.Ref{{ToKind: "thing", ToID: 2 + i%5}}))
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var dumps []string
	for range 5 {
		dumps = append(dumps, dump(t, db))
	}
	close(stop)
	all.Wait()
	into := s.open(t, store.Options{Now: clock})
	for _, text := range dumps {
		load(t, into, text)
		for n := range int64(writers) {
			o := org{tb: t, db: into, id: n + 1}
			o.view(func(ctx context.Context, tx *store.Tx) error {
				one, err := tx.Get(ctx, store.Working, "thing", 1)
				if errors.Is(err, store.ErrNotFound) {
					return nil // it had not begun
				}
				o.must(err)
				for id := int64(2); id < 7; id++ {
					refs, err := tx.Referrers(ctx, "thing", []int64{id}, "", 0)
					o.must(err)
					if len(refs) == 0 {
						continue
					}
					other, err := tx.Get(ctx, store.Working, "thing", id)
					o.must(err)
					o.same("the object that is referred to", other.Name, one.Name)
				}
				return nil
			})
		}
	}
}

// A baseline comes back as the working and the active view, whatever happened
// since; kinds that are left alone are as they were, and revisions go on.
func testBaseline(t *testing.T, s *suite) {
	o := s.org(t)
	leave := []string{"admin"}
	o.put(store.Staged, thing(1, "a"), thing(2, "b"), store.Row{Kind: "admin", ID: 3, Body: []byte("old")})
	o.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.SetRefs(ctx, "thing", 1, []store.Ref{{ToKind: "thing", ToID: 2}}),
			tx.SetRefs(ctx, "admin", 3, []store.Ref{{ToKind: "admin", ToID: 3}}))
	})
	o.activate()
	if _, err := o.db.Update(t.Context(), o.id, func(ctx context.Context, tx *store.Tx) error { return tx.Revert(ctx, leave) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("without a baseline: %v", err)
	}
	o.update(func(ctx context.Context, tx *store.Tx) error { return tx.SetBaseline(ctx, leave) })

	o.put(store.Staged, thing(1, "changed"), thing(4, "new"), store.Row{Kind: "admin", ID: 3, Body: []byte("now")})
	o.delete(store.Staged, "thing", 2)
	o.activate()
	before := o.put(store.Staged, thing(1, "pending"))

	head := o.update(func(ctx context.Context, tx *store.Tx) error { return tx.Revert(ctx, leave) })
	o.want([]string{"a", "b"}, []string{"a", "b"})
	if head.Rev != before.Rev+1 || head.Active != head.Rev {
		t.Errorf("head %+v, before %+v", head, before)
	}
	if working, _ := o.bodies("admin"); !slices.Equal(working, []string{"now"}) {
		t.Errorf("admins %v", working)
	}
	o.view(func(ctx context.Context, tx *store.Tx) error {
		for row, err := range tx.Pending(ctx) {
			if err != nil || row.Kind != "admin" { // staged by this test, and left alone
				t.Errorf("pending: %+v %v", row, err)
			}
		}
		for kind, id := range map[string]int64{"thing": 2, "admin": 3} {
			refs, err := tx.Referrers(ctx, kind, []int64{id}, "", 0)
			if err != nil || len(refs) != 1 {
				t.Errorf("references to %s: %v, %v", kind, refs, err)
			}
		}
		return nil
	})
	o.put(store.Staged, thing(1, "again"))
	o.want([]string{"again", "b"}, []string{"a", "b"})
}

package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/store"
)

// ruleModel is the naive model of a family of rules: each knows its number.
type ruleModel struct {
	ids  []int64 // in order
	rank map[int64]int
}

// fits reports whether a rule of that rank may stand at n (from 1) once it has
// left its old place.
func (m *ruleModel) fits(id int64, rank, n int) (rest []int64, at int, ok bool) {
	for _, other := range m.ids {
		if other != id {
			rest = append(rest, other)
		}
	}
	at = min(n, len(rest)+1)
	for i, other := range rest {
		if i+1 < at && m.rank[other] > rank || i+1 >= at && m.rank[other] < rank {
			return rest, at, false
		}
	}
	return rest, at, true
}

type listedRule struct {
	ID, Order, Rank int64
	Name            string
}

func rules(t *testing.T, a *servertest.Admin) (out []listedRule) {
	t.Helper()
	for _, r := range servertest.Decode[[]listedRule](t, a.Must(t, "GET", "/ecRules/ecRdr?sortOrder=ruleExecution&pageSize=1000", "")) {
		if r.Order > 0 {
			out = append(out, r)
		}
	}
	return out
}

// Random creates, moves, deletions and activations agree with the model, in
// the working and in the active configuration, on both databases.
func TestRuleOrderAgainstModel(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		editor := s.SignIn(t, servertest.Editor)
		m := &ruleModel{rank: map[int64]int{}}
		var active []int64
		random := rand.New(rand.NewPCG(7, uint64(len(db))))
		for step := range 250 {
			n, rank, id := random.IntN(len(m.ids)+3)+1, 7-random.IntN(2)*random.IntN(3), int64(0)
			if len(m.ids) > 0 {
				id = m.ids[random.IntN(len(m.ids))]
			}
			body := fmt.Sprintf(`{"name":"rule-%d","order":%d,"rank":%d,"forwardMethod":"DIRECT"}`, step, n, rank)
			switch what := random.IntN(10); {
			case what < 4 || id == 0:
				rest, at, ok := m.fits(0, rank, n)
				a := editor.Do(t, "POST", "/ecRules/ecRdr", body)
				if a.Status == 200 != ok {
					t.Fatalf("step %d: create at %d with rank %d among %v: %d %s", step, n, rank, m, a.Status, a.Body)
				}
				if ok {
					id = servertest.Decode[listedRule](t, a.Body).ID
					m.ids, m.rank[id] = slices.Insert(rest, at-1, id), rank
				}
			case what < 7:
				rest, at, ok := m.fits(id, rank, n)
				a := editor.Do(t, "PUT", fmt.Sprintf("/ecRules/ecRdr/%d", id), body)
				if a.Status == 200 != ok {
					t.Fatalf("step %d: move of %d to %d with rank %d among %v: %d %s", step, id, n, rank, m, a.Status, a.Body)
				}
				if ok {
					m.ids, m.rank[id] = slices.Insert(rest, at-1, id), rank
				}
			case what < 9:
				editor.Must(t, "DELETE", fmt.Sprintf("/ecRules/ecRdr/%d", id), "")
				m.ids, _, _ = m.fits(id, 0, 1)
			default:
				editor.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
				active = slices.Clone(m.ids)
			}
			var have []int64
			for i, r := range rules(t, editor) {
				have = append(have, r.ID)
				if r.Order != int64(i+1) || r.Rank != int64(m.rank[r.ID]) {
					t.Fatalf("step %d: %+v at place %d", step, r, i+1)
				}
			}
			if diff := gocmp.Diff(m.ids, have, sameEmpty); diff != "" {
				t.Fatalf("step %d: working order: %s", step, diff)
			}
			if diff := gocmp.Diff(active, activeOrder(t, s), sameEmpty); diff != "" {
				t.Fatalf("step %d: active order: %s", step, diff)
			}
		}
	})
}

var sameEmpty = gocmp.FilterValues(func(a, b []int64) bool { return len(a) == 0 && len(b) == 0 }, gocmp.Ignore())

// activeOrder reads the rules as connectors are to run them.
func activeOrder(t *testing.T, s *servertest.Server) (ids []int64) {
	t.Helper()
	engine := s.API().Engine
	var found []listedRule
	err := engine.View(context.Background(), s.Credentials.Org, func(ctx context.Context, tx *store.Tx) error {
		for row, err := range tx.List(ctx, tx.Active(), kinds.ForwardingRuleKind, store.Query{Parent: -1}) {
			if err != nil {
				return err
			}
			body, err := engine.Active(tx).Get(ctx, kinds.ForwardingRuleKind, row.ID)
			if err != nil {
				return err
			}
			var r listedRule
			if err := json.Unmarshal(body, &r); err != nil {
				return err
			}
			if r.Order > 0 {
				found = append(found, r)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b listedRule) int { return cmp.Compare(a.Order, b.Order) })
	for i, r := range found {
		if r.Order != int64(i+1) {
			t.Fatalf("active orders are not dense: %+v", found)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// A family has 1,020 rules, those that came with the org not counted, and the
// list has them all.
func TestRuleLimit(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	editor := s.SignIn(t, servertest.Editor)
	for n := range 1020 {
		editor.Must(t, "POST", "/ecRules/ecDns", fmt.Sprintf(`{"name":"r%d","order":1,"action":"ALLOW"}`, n))
	}
	a := editor.Do(t, "POST", "/ecRules/ecDns", `{"name":"more","order":1,"action":"ALLOW"}`)
	if a.Status != 403 || !strings.Contains(a.Body, `"LIMIT_EXCEEDED"`) || !strings.Contains(a.Body, "Maximum 1020 ") {
		t.Errorf("rule 1,021: %d %s", a.Status, a.Body)
	}
	if n := len(servertest.Decode[[]listedRule](t, editor.Must(t, "GET", "/ecRules/ecDns", ""))); n != 1022 {
		t.Errorf("%d rules in the list", n)
	}
	first := servertest.Decode[[]listedRule](t, editor.Must(t, "GET", "/ecRules/ecDns?sortOrder=ruleExecution&pageSize=1", ""))[0]
	editor.Must(t, "DELETE", fmt.Sprintf("/ecRules/ecDns/%d", first.ID), "")
	editor.Must(t, "POST", "/ecRules/ecDns", `{"name":"more","order":1020,"action":"ALLOW"}`)
}

// Whoever read a rule before somebody else changed it is told so; a read after
// that may be sent back whole.
func TestStaleRule(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	editor, second := s.SignIn(t, servertest.Editor), s.SignIn(t, servertest.Second)
	id := servertest.Decode[listedRule](t, editor.Must(t, "POST", "/ecRules/ecRdr", `{"name":"shared","order":1,"forwardMethod":"DIRECT"}`)).ID
	path := fmt.Sprintf("/ecRules/ecRdr/%d", id)
	read := editor.Must(t, "GET", path, "")
	s.Clock.Advance(time.Minute)
	second.Must(t, "PUT", path, `{"name":"shared","order":1,"forwardMethod":"DROP"}`)
	if a := editor.Do(t, "PUT", path, read); a.Status != 409 || !strings.Contains(a.Body, "STALE_CONFIGURATION_ERROR") {
		t.Errorf("an outdated rule: %d %s", a.Status, a.Body)
	}
	editor.Must(t, "PUT", path, editor.Must(t, "GET", path, ""))
}

// A move leaves the stamps of the rules that it shifts, and the trail shows
// where the moved rule came from and where it went.
func TestMoveLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	editor, second := s.SignIn(t, servertest.Editor), s.SignIn(t, servertest.Second)
	var ids []int64
	for n := range 3 {
		ids = append(ids, servertest.Decode[listedRule](t, editor.Must(t, "POST", "/ecRules/ecRdr", fmt.Sprintf(`{"name":"r%d","order":9,"forwardMethod":"DIRECT"}`, n))).ID)
	}
	editor.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	s.Clock.Advance(time.Minute)
	second.Must(t, "PUT", fmt.Sprintf("/ecRules/ecRdr/%d", ids[2]), `{"name":"r2","order":1,"forwardMethod":"DIRECT"}`)
	shifted := editor.Must(t, "GET", fmt.Sprintf("/ecRules/ecRdr/%d", ids[0]), "")
	if !strings.Contains(shifted, `"order":2`) || !strings.Contains(shifted, servertest.Editor) {
		t.Errorf("the shifted rule: %s", shifted)
	}
	pending := second.Must(t, "GET", "/spurline/v1/pending", "")
	if strings.Count(pending, `"kind"`) != 1 || !strings.Contains(pending, `"name":"r2"`) {
		t.Errorf("pending: %s", pending)
	}
	var before, after string
	err := s.API().Engine.View(context.Background(), s.Credentials.Org, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `SELECT before_body, after_body FROM audit WHERE org = $1 AND object = $2 ORDER BY seq DESC LIMIT 1`, tx.Org(), ids[2]).Scan(&before, &after)
	})
	if err != nil || !strings.Contains(before, `"order":3`) || !strings.Contains(after, `"order":1`) {
		t.Errorf("the trail (%v): %s\n%s", err, before, after)
	}
}

// An import of several batches is all there, and one with replace=true marks
// what it lacks, in every batch.
func TestImportOfManySegments(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		editor := s.SignIn(t, servertest.Editor)
		const n = 1203
		for _, c := range []struct {
			path       string
			from, to   int
			want, word string
		}{
			{"/spurline/v1/zpa/segments", 0, n, `{"created":1203,"updated":0,"unchanged":0,"deleted":0}`, "app"},
			{"/spurline/v1/zpa/segments", 0, n, `{"created":0,"updated":0,"unchanged":1203,"deleted":0}`, "app"},
			{"/spurline/v1/zpa/segments", 0, 700, `{"created":0,"updated":700,"unchanged":0,"deleted":0}`, "APP"},
			{"/spurline/v1/zpa/segments?replace=true", 600, 701, `{"created":0,"updated":1,"unchanged":100,"deleted":1102}`, "APP"},
			{"/spurline/v1/zpa/segments?replace=true", 600, 701, `{"created":0,"updated":0,"unchanged":101,"deleted":0}`, "APP"},
		} {
			if got := editor.Must(t, "POST", c.path, segments(c.word, c.from, c.to)); got != c.want {
				t.Fatalf("%s of %d to %d: %s, want %s", c.path, c.from, c.to, got, c.want)
			}
		}
		var deleted, all int
		for page := 1; page <= 2; page++ {
			list := editor.Must(t, "GET", fmt.Sprintf("/zpaResources/applicationSegments?pageSize=1000&page=%d", page), "")
			deleted, all = deleted+strings.Count(list, `"deleted":true`), all+strings.Count(list, `"deleted"`)
		}
		if deleted != 1102 || all != n {
			t.Errorf("%d of %d are deleted", deleted, all)
		}
		if a := editor.Do(t, "GET", "/spurline/v1/pending", ""); !strings.Contains(a.Body, `"changes":[]`) {
			t.Errorf("an import is pending: %s", a.Body)
		}
	})
}

func segments(word string, from, to int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := from; i < to; i++ {
		if i > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"zpaId":%d,"name":"%s-%05d.corp","description":"segment of the team %d"}`, 216196000000000001+i, word, i, i%97)
	}
	b.WriteByte(']')
	return b.String()
}

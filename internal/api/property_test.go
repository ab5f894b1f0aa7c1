package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/store"
)

// Random writes of several kinds that name each other, by three admins, end as
// the model says they do, and leave what it has: in working, and in what is
// active. 10,000 steps on SQLite, 1,000 on PostgreSQL.
func TestConfigurationAgainstModel(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		seed, steps, direct := rand.Uint64(), 1_000, strings.HasPrefix(db, "sqlite:")
		if direct {
			steps = 10_000
		}
		t.Logf("seed %d", seed)
		p := &gambler{T: t, direct: direct, trio: newTrio(t, db), world: newWorld(), random: rand.New(rand.NewPCG(seed, 0)), born: map[int64]bool{}, tally: map[string]int{}}
		for _, f := range families {
			for id := range p.list(f) {
				p.born[id] = true
			}
		}
		for p.step = 1; p.step <= steps; p.step++ {
			p.play()
			if p.step%125 == 0 || p.step == steps {
				p.compare()
			}
		}
		t.Logf("%d steps ended like this: %v", steps, p.tally)
		for _, end := range []string{
			"POST 200", "PUT 200", "DELETE 204", "POST 409 DUPLICATE_ITEM", "PUT 409 DUPLICATE_ITEM", "DELETE 409 RESOURCE_IN_USE",
			"POST 400 INVALID_INPUT_ARGUMENT", "PUT 400 INVALID_INPUT_ARGUMENT", "PUT 404 RESOURCE_NOT_FOUND", "DELETE 404 RESOURCE_NOT_FOUND",
			"PUT 403 SCOPE_LIMITED", "queued", "active",
		} {
			if p.tally[end] == 0 {
				t.Errorf("no step ended with %s", end)
			}
		}
	})
}

// gambler plays random steps on the server and on the model.
type gambler struct {
	*testing.T
	*trio
	*world
	random *rand.Rand
	direct bool // asks the handler, without HTTP
	step   int
	born   map[int64]bool // ids of what came with the org
	gone   []int64
	tally  map[string]int // of how steps ended
	recent []string
}

// most is how many objects of a kind there are: few, so that names meet.
const most = 15

func (p *gambler) play() {
	who := []string{"A", "B", "C"}[p.random.IntN(3)]
	f := families[p.random.IntN(len(families))]
	if p.random.IntN(3) == 0 {
		f = families[len(families)-1] // rules name most
	}
	switch n := p.random.IntN(100); {
	case n < 30 && len(p.working.things[f.kind]) < most:
		p.save(who, f, 0)
	case n < 65:
		p.save(who, f, p.pick(f.kind))
	case n < 88:
		p.drop(who, f, p.pick(f.kind))
	default:
		p.push(who, n >= 94)
	}
}

// pick chooses an id of a kind, now and then one that is not there.
func (p *gambler) pick(kind string) int64 {
	ids := slices.Sorted(maps.Keys(p.working.things[kind])) // so that a seed plays the same again
	if len(ids) == 0 || p.random.IntN(25) == 0 {
		return p.nowhere(kind)
	}
	return ids[p.random.IntN(len(ids))]
}

// nowhere is an id that no object of a kind has: one of the past, of another
// kind, or of nothing at all.
func (p *gambler) nowhere(kind string) int64 {
	others := slices.Clone(p.gone)
	for _, f := range families {
		if f.kind != kind {
			others = slices.AppendSeq(others, maps.Keys(p.working.things[f.kind]))
		}
	}
	if len(others) == 0 {
		return 1 << 40
	}
	slices.Sort(others)
	return others[p.random.IntN(len(others))]
}

// save creates (id 0), or renames, moves or refits what is there.
func (p *gambler) save(who string, f family, id int64) {
	th, had := p.working.things[f.kind][id]
	order := slices.Index(p.working.order, id) + 1
	what := p.random.IntN(3)
	if !had || what == 0 {
		th.name = fmt.Sprintf("n%d", p.random.IntN(4*most))
	}
	if !had || what == 1 {
		order = 1 + p.random.IntN(most+3)
	}
	if !had || what == 2 {
		th.refs = p.refs(f)
	}
	if p.random.IntN(60) == 0 {
		order = -1
	}
	want := p.judge(f, id, th, order)
	method, path := "POST", f.path
	if id != 0 {
		method, path = "PUT", fmt.Sprintf("%s/%d", f.path, id)
	}
	answer := p.expect(want, who, method, path, th.body(f, order))
	if want != fine {
		return
	}
	if id == 0 {
		id = servertest.Decode[named](p, answer).ID
		if _, taken := p.working.things[f.kind][id]; taken || p.born[id] || slices.Contains(p.gone, id) {
			p.Fatalf("step %d: the id %d is not new", p.step, id)
		}
	}
	p.put(who, f, id, th, order)
	if p.random.IntN(4) > 0 {
		return
	}
	_, have, err := f.read([]byte(p.ask(who, "GET", fmt.Sprintf("%s/%d", f.path, id), "").Body))
	p.same("the saved object", p.working.show(f, id), have, err)
}

// refs chooses what an object names.
func (p *gambler) refs(f family) map[string][]int64 {
	out := map[string][]int64{}
	for _, m := range f.members {
		n := p.random.IntN(3)
		if m.single {
			n = min(n, 1)
		}
		for range max(n, f.least) {
			if id := p.pick(m.to); !slices.Contains(out[m.name], id) {
				out[m.name] = append(out[m.name], id)
			}
		}
	}
	return out
}

func (p *gambler) drop(who string, f family, id int64) {
	want := p.remove(who, f, id)
	p.expect(want, who, "DELETE", fmt.Sprintf("%s/%d", f.path, id), "")
	if want == deleted {
		p.gone = append(p.gone, id)
	}
}

func (p *gambler) push(who string, force bool) {
	path := "/ecAdminActivateStatus/activate"
	if force {
		path = "/ecAdminActivateStatus/forcedActivate"
	}
	if force && who != "A" {
		p.expect(forbidden, who, "PUT", path, "")
		return
	}
	want, end := config.Done, "active"
	if p.activate(who, force) {
		want, end = config.Queued, "queued"
	}
	p.tally[end]++
	answer := servertest.Decode[config.Activation](p, p.expect(fine, who, "PUT", path, ""))
	p.same("the state of "+who, want, answer.AdminActivateStatus, nil)
}

// ask makes a request: over HTTP, or of the handler itself, which is the same
// and lets many steps fit into a run with the race detector.
func (p *gambler) ask(who, method, path, body string) servertest.Answer {
	if !p.direct {
		return p.admins[who].Do(p, method, path, body)
	}
	r, w := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body)), httptest.NewRecorder()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", "JSESSIONID="+p.admins[who].Session)
	p.server.API().ServeHTTP(w, r)
	return servertest.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
}

// expect makes a request that has to end as the model says.
func (p *gambler) expect(want verdict, who, method, path, body string) string {
	a := p.ask(who, method, path, body)
	have := verdict{status: a.Status}
	if a.Status >= 400 {
		have.code = servertest.Decode[struct{ Code string }](p, a.Body).Code
	}
	p.recent = append(p.recent, fmt.Sprintf("%d: %s %s %s %s = %d", p.step, who, method, path, body, a.Status))
	p.recent = p.recent[max(0, len(p.recent)-15):]
	p.tally[strings.TrimSpace(fmt.Sprintf("%s %d %s", method, have.status, have.code))]++
	if have != want {
		p.Fatalf("%s\nanswered %s; want %v", strings.Join(p.recent, "\n"), a.Body, want)
	}
	return a.Body
}

func (p *gambler) same(what string, want, have any, err error) {
	p.Helper()
	if diff := cmp.Diff(want, have); diff != "" || err != nil {
		p.Fatalf("%s\nstep %d: %s: %v %s", strings.Join(p.recent, "\n"), p.step, what, err, diff)
	}
}

// compare holds all that the server has against all that the model has.
func (p *gambler) compare() {
	working := map[string]map[int64]seen{}
	for _, f := range families {
		working[f.kind] = p.list(f)
	}
	for _, c := range []struct {
		what   string
		want   estate
		server map[string]map[int64]seen
	}{{"working", p.working, working}, {"active", p.active, p.readActive()}} {
		p.same(c.what, c.want.showAll(), c.server, nil)
		p.same("references in "+c.what, "", dangling(c.server), nil)
		p.same("orders in "+c.what, "", sparse(c.server), nil)
	}
}

// list reads what is saved of a kind, without what came with the org.
func (p *gambler) list(f family) map[int64]seen {
	out := map[int64]seen{}
	for _, body := range servertest.Decode[[]json.RawMessage](p, p.ask("A", "GET", f.path+"?pageSize=1000", "").Body) {
		id, o, err := f.read(body)
		if err != nil {
			p.Fatal(err)
		}
		if !p.born[id] {
			out[id] = o
		}
	}
	return out
}

// readActive reads all kinds as connectors are to run them.
func (p *gambler) readActive() map[string]map[int64]seen {
	engine, out := p.server.API().Engine, map[string]map[int64]seen{}
	read := func(ctx context.Context, tx *store.Tx, f family) error {
		out[f.kind] = map[int64]seen{}
		for row, err := range tx.List(ctx, tx.Active(), f.kind, store.Query{Parent: -1}) {
			if err != nil {
				return err
			}
			if p.born[row.ID] {
				continue
			}
			body, err := engine.Active(tx).Get(ctx, f.kind, row.ID)
			if err != nil {
				return err
			}
			if _, out[f.kind][row.ID], err = f.read(body); err != nil {
				return err
			}
		}
		return nil
	}
	err := engine.View(context.Background(), p.server.Credentials.Org, func(ctx context.Context, tx *store.Tx) error {
		for _, f := range families {
			if err := read(ctx, tx, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
	return out
}

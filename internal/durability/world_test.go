//go:build unix

package durability_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/wire"
)

const (
	writers = 32
	orgs    = 4
	admins  = 2 // of an org, with a session each
)

// world is what several lives of a server have in common: their data, and what
// the writers know of it.
type world struct {
	config  childConfig
	rng     *rand.Rand
	orgs    []*org
	writers []*writer
}

// newWorld runs the first server, makes the orgs and signs everybody in.
func newWorld(t *testing.T, db string, under ...string) (*world, *process) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SPURLINE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SPURLINE_SEED: %v", err)
		}
	}
	t.Logf("SPURLINE_SEED=%d", seed)
	w := &world{config: childConfig{DataDir: t.TempDir(), DB: db}, rng: rand.New(rand.NewPCG(seed, 0))}
	first := w.config
	for i := range orgs {
		plan := wire.OrgPlan{Name: fmt.Sprint("org ", i), Cloud: fmt.Sprintf("zs%d.example", i)}
		for j := range admins {
			plan.Admins = append(plan.Admins, wire.AdminPlan{
				Login: fmt.Sprintf("admin%d@zs%d.example", j, i), Name: fmt.Sprint("Admin ", j), Role: kinds.SuperAdmin,
			})
		}
		first.Orgs = append(first.Orgs, plan)
	}
	p := start(t, first, under...)
	for _, made := range p.Orgs {
		o := &org{id: made.Org, cloud: made.Cloud}
		w.orgs = append(w.orgs, o)
		for _, admin := range made.Admins {
			c := p.client("")
			if err := c.SignIn(t.Context(), admin.Login, admin.Password, made.APIKey); err != nil {
				t.Fatal(err)
			}
			o.sessions = append(o.sessions, &session{org: o, login: admin.Login, cookie: c.Session(), id: number{low: 1, high: 1<<31 - 1}})
		}
	}
	for i := range writers {
		o := w.orgs[i%orgs]
		w.writers = append(w.writers, &writer{
			number: i, rng: rand.New(rand.NewPCG(seed, uint64(i)+1)), session: o.sessions[i/orgs%admins],
		})
	}
	w.meet(t, p)
	return w, p
}

// meet has each writer make an object and read it, one after the other: from
// the first of a session the admin's id is known.
func (w *world) meet(t *testing.T, p *process) {
	t.Helper()
	for _, each := range w.writers {
		each.c = p.client(each.session.cookie)
		if _, err := each.write(&life{p: p}, each.create(template)); err != nil {
			t.Fatal(err)
		}
		o := each.objects[template][0]
		if err := o.compare(do(each.c, http.MethodGet, o.path(), "")); err != nil {
			t.Fatal(err)
		}
	}
}

// together runs f for every writer at once. The first that fails ends the
// test; what the others then say is about the end of their server.
func (w *world) together(t *testing.T, p *process, f func(*writer) error) {
	t.Helper()
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	for _, each := range w.writers {
		wg.Go(func() {
			if err := f(each); err != nil {
				once.Do(func() { first = fmt.Errorf("writer %d of org %d: %w", each.number, each.session.org.id, err) })
				p.kill()
			}
		})
	}
	wg.Wait()
	if first != nil {
		t.Fatal(first)
	}
}

// check holds a new server to all that was ever acknowledged.
func (w *world) check(t *testing.T, p *process, everything bool) {
	t.Helper()
	lists := map[*org]*[kindCount]listing{}
	for _, o := range w.orgs {
		c := p.client(o.sessions[0].cookie)
		lists[o] = &[kindCount]listing{}
		for k := range kindCount {
			var err error
			if lists[o][k], err = list(c, k); err != nil {
				t.Fatal(err)
			}
		}
		o.checkActivated(t, c)
	}
	w.together(t, p, func(each *writer) error {
		each.c = p.client(each.session.cookie)
		return each.check(*lists[each.session.org], everything)
	})
	// What the writers own has been found. Nothing else may be there.
	have := map[*org]*[kindCount]int{}
	for _, o := range w.orgs {
		have[o] = &[kindCount]int{template: 1} // every org is born with one
	}
	for _, each := range w.writers {
		for k, objects := range each.objects {
			have[each.session.org][k] += len(objects)
		}
	}
	for _, o := range w.orgs {
		for k := range kindCount {
			if got := len(lists[o][k].elements); got != have[o][k] {
				t.Fatalf("org %d lists %d of %s, want %d", o.id, got, paths[k], have[o][k])
			}
		}
	}
}

// checkActivated asks for the only activation that the writers make, once one
// was acknowledged.
func (o *org) checkActivated(t *testing.T, c *client.Client) {
	t.Helper()
	a := do(c, http.MethodGet, "/ecAdminActivateStatus", "")
	if a.err != nil || a.status != http.StatusOK || o.forced.Load() && !strings.Contains(a.body, `"orgLastActivateStatus":"CAC_ACTV_SUPERADMIN"`) {
		t.Fatalf("org %d, activated: %t; its state: %s", o.id, o.forced.Load(), a)
	}
}

// sum adds something up over all writers.
func (w *world) sum(of func(*writer) int) (n int) {
	for _, each := range w.writers {
		n += of(each)
	}
	return n
}

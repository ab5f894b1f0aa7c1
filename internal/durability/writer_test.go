//go:build unix

package durability_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spurline/spurline/internal/client"
)

// org is one of the orgs that are written to, and session one of its admins'.
// A session is opened once and outlives every server.
type org struct {
	id       int64
	cloud    string
	sessions []*session
	forced   atomic.Bool // an activation was acknowledged
}

type session struct {
	org    *org
	login  string
	cookie string
	id     number // of the admin
}

// writer makes one request at a time, and owns what it makes.
type writer struct {
	number  int
	rng     *rand.Rand
	session *session
	names   int // given so far

	objects [kindCount][]*object
	deleted []*object // acknowledged in this life
	pending *request  // nobody knows yet what came of it
	writes  int       // took place for certain
	acked   int       // of these, acknowledged
	busy    int       // refused because the org was busy: nothing was done
	c       *client.Client
}

// most bounds what a writer has at a time. Eight writers stay below the API's
// 500 location templates of an org.
var most = [kindCount]int{template: 12, provURL: 8}

// request is one change of one object.
type request struct {
	object   *object
	next     *state // nil = deleted
	accepted bool   // a status of success arrived, though not the whole answer
}

// life is the run of one server under the writers.
type life struct {
	p      *process
	target int64 // acknowledgements until the kill
	acked  atomic.Int64
}

// run writes until the server is gone.
func (w *writer) run(l *life) error {
	for {
		if w.rng.IntN(100) == 0 {
			if gone, err := w.activate(l); gone || err != nil {
				return err
			}
		}
		if gone, err := w.write(l, w.choose()); gone || err != nil {
			return err
		}
		if w.acked%4 == 0 {
			if gone, err := w.readBack(l); gone || err != nil {
				return err
			}
		}
	}
}

// choose makes up the next change.
func (w *writer) choose() *request {
	k := pick(w.rng, template, template, template, provURL, provURL)
	if len(w.objects[template]) == 0 {
		k = template
	}
	have := w.objects[k]
	free := slices.DeleteFunc(slices.Clone(have), w.isUsed)
	switch n := w.rng.IntN(100); {
	case len(have) == 0, n < 40 && len(have) < most[k]:
		return w.create(k)
	case n < 70 && len(free) > 0:
		return &request{object: pick(w.rng, free...)}
	default:
		return w.replace(pick(w.rng, have...))
	}
}

func (w *writer) create(k kind) *request {
	o := &object{kind: k, author: w.session, id: number{low: 1, high: 1<<31 - 1}}
	return &request{object: o, next: w.state(k, w.name())}
}

// replace keeps the name half of the time; the other half is a rename, which
// also rewrites what names the object.
func (w *writer) replace(o *object) *request {
	name := o.state.name
	if w.rng.IntN(2) == 0 {
		name = w.name()
	}
	return &request{object: o, next: w.state(o.kind, name)}
}

func (w *writer) state(k kind, name string) *state {
	if k == template {
		return newState(w.rng, k, name, nil)
	}
	return newState(w.rng, k, name, pick(w.rng, w.objects[template]...))
}

func (w *writer) name() string {
	w.names++
	return fmt.Sprintf("writer %d no. %d", w.number, w.names)
}

// isUsed tells whether a provisioning template names the object.
func (w *writer) isUsed(o *object) bool {
	return slices.ContainsFunc(w.objects[provURL], func(p *object) bool { return p.state.uses == o })
}

// write makes one change. gone means that the server was killed before it
// answered in full; what became of the change is then pending.
func (w *writer) write(l *life, r *request) (gone bool, err error) {
	method, path, v := http.MethodPut, fmt.Sprintf("%s/%d", paths[r.object.kind], r.object.id.low), inPut
	var body string
	switch {
	case r.next == nil:
		method = http.MethodDelete
	case r.object.state == nil:
		method, path, v = http.MethodPost, paths[r.object.kind], inPost
	}
	if r.next != nil {
		body = r.next.body(r.object.kind)
		r.next.time.low = time.Now().Unix()
	}
	a := do(w.c, method, path, body)
	if r.next != nil {
		r.next.time.high = time.Now().Unix()
	}
	switch {
	case a.err != nil && l.p.killed.Load():
		r.accepted = a.good()
		w.pending = r
		return true, nil
	case a.err != nil:
		return false, fmt.Errorf("%s %s, and nobody killed the server: %w", method, path, a.err)
	case a.status == http.StatusConflict && strings.Contains(a.body, "EDIT_LOCK"):
		w.busy++
		return false, nil
	case !a.good():
		return false, fmt.Errorf("%s %s %s: %s", method, path, body, a)
	}
	w.acked++
	w.apply(r)
	if r.next != nil {
		err = r.object.shown(r.next, v).match(a.body)
	} else if a.status != http.StatusNoContent || a.body != "" {
		err = fmt.Errorf("%d %q", a.status, a.body)
	}
	if err != nil {
		return false, fmt.Errorf("the answer to %s %s: %w", method, path, err)
	}
	w.count(l)
	return false, nil
}

// apply is what a change does when it takes place.
func (w *writer) apply(r *request) {
	w.writes++
	o := r.object
	switch {
	case r.next == nil:
		w.objects[o.kind] = slices.DeleteFunc(w.objects[o.kind], func(other *object) bool { return other == o })
		w.deleted = append(w.deleted, o)
	case o.state == nil:
		w.objects[o.kind] = append(w.objects[o.kind], o)
	}
	o.state, o.changed = r.next, true
}

// count counts an acknowledgement, and kills the server when there were as
// many as it gets: at once, when others of the same commit are not answered
// yet, or after some work of no fixed amount, somewhere in the next commits.
func (w *writer) count(l *life) {
	if l.acked.Add(1) != l.target {
		return
	}
	var sum [sha256.Size]byte
	for range w.rng.IntN(pick(w.rng, 1, 3_000, 200_000)) {
		sum = sha256.Sum256(sum[:])
	}
	l.p.kill()
}

// activate makes everybody's changes active, so that later ones leave closed
// rows behind instead of overwriting their own.
func (w *writer) activate(l *life) (gone bool, err error) {
	a := do(w.c, http.MethodPut, "/ecAdminActivateStatus/forcedActivate", "")
	switch {
	case a.err != nil && l.p.killed.Load():
		return true, nil
	case a.err != nil:
		return false, a.err
	case a.status == http.StatusConflict && strings.Contains(a.body, "EDIT_LOCK"):
		return false, nil
	case !a.good():
		return false, fmt.Errorf("activate: %s", a)
	}
	w.session.org.forced.Store(true)
	return false, nil
}

// readBack reads one of the writer's objects while the others write.
func (w *writer) readBack(l *life) (gone bool, err error) {
	all := slices.Concat(w.objects[:]...)
	if len(all) == 0 {
		return false, nil
	}
	o := pick(w.rng, all...)
	a := do(w.c, http.MethodGet, o.path(), "")
	if a.err != nil && l.p.killed.Load() {
		return true, nil
	}
	return false, o.compare(a)
}

func (o *object) path() string { return fmt.Sprintf("%s/%d", paths[o.kind], o.id.low) }

// compare holds the answer to a GET against what was acknowledged.
func (o *object) compare(a answer) error {
	if a.err != nil || a.status != http.StatusOK {
		return fmt.Errorf("GET %s, which was acknowledged: %s", o.path(), a)
	}
	if err := o.shown(o.state, inGet).match(a.body); err != nil {
		return fmt.Errorf("GET %s: %w", o.path(), err)
	}
	return nil
}

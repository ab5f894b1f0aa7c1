package cli

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Whatever request is lost on the way there or back, this run or the same
// command again ends the deletion, and no write is sent twice that did
// something.
func TestEveryRequestLost(t *testing.T) {
	t.Parallel()
	for _, native := range []bool{true, false} {
		w := newWorld(t)
		w.enrol()
		for n, last := 1, false; !last; n++ {
			for _, a := range []act{{drop: true}, {lose: true}} {
				c := w.stopped()
				deleted := 0
				w.gate.set(func(i int, r *http.Request) act {
					if r.Method == http.MethodDelete && !(i == n && a.drop) {
						deleted++
					}
					if i == n {
						return a
					}
					return act{}
				})
				first, said := w.deletion(c.target(), editor)
				first.native = native
				err := run(t.Context(), first)
				all, _ := w.gate.requests()
				last = len(all) < n
				w.gate.set(nil)
				if err != nil {
					if begun := slices.Index(all, "DELETE /api/v1"+c.path()); begun >= 0 && begun < n {
						t.Errorf("request %d of %v: having begun, it did not see to the end: %v", n, all, err)
					}
					again, _ := w.deletion(c.target(), editor)
					again.native = native
					if err := run(t.Context(), again); err != nil {
						t.Errorf("request %d of %v: again: %v", n, all, err)
					}
					if again.out.VM.Name != c.VMName || again.out.Activation != "DONE" {
						t.Errorf("request %d of %v: the outcome is %+v", n, all, again.out)
					}
				}
				if deleted > 1 {
					t.Errorf("request %d of %v: the VM was deleted %d times\n%s", n, all, deleted, said)
				}
				w.done(c)
			}
		}
	}
}

// The process is killed at any of its requests, before or after the server has
// carried it out: the same command ends the deletion.
func TestEveryRequestTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	for n, last := 1, false; !last; n++ {
		for _, reached := range []bool{false, true} {
			c := w.stopped()
			ctx, cancel := context.WithCancel(t.Context())
			w.gate.set(func(i int, r *http.Request) act {
				switch {
				case i == n && reached:
					return act{after: cancel, lose: true}
				case i == n:
					return act{before: cancel, drop: true}
				}
				return act{}
			})
			d, _ := w.deletion(c.target(), editor)
			err := run(ctx, d)
			cancel()
			all, writes := w.gate.requests()
			last = len(all) < n
			// Of the last one, which only informs, nothing depends.
			informs := strings.HasSuffix(all[len(all)-1], "/ecVm/uuid/"+c.nativeID)
			if !last && (len(all) != n || err == nil && !informs) {
				t.Errorf("killed at request %d, it went on: %v, %v", n, all, err)
			}
			w.gate.set(nil)
			if err != nil {
				if began := len(writes) > 0; began != d.begun() {
					t.Errorf("killed at request %d of %v: begun is %v", n, all, d.begun())
				}
				again, _ := w.deletion(c.target(), editor)
				if err := run(t.Context(), again); err != nil {
					t.Errorf("killed at request %d of %v: again: %v", n, all, err)
				}
			}
			w.done(c)
		}
	}
}

func TestRetriesTheServerAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	limit := &answered{429, map[string]string{"Retry-After": "7"}, `{"message":"Rate Limit (1/SECOND) exceeded","Retry-After":"7 seconds"}`}
	lock := &answered{409, nil, `{"code":"EDIT_LOCK_NOT_AVAILABLE","message":"busy"}`}
	for _, request := range []string{"DELETE ", "PUT /activate"} {
		for _, tt := range []struct {
			answer *answered
			wait   time.Duration
		}{{limit, 7 * time.Second}, {lock, time.Second}} {
			c := w.stopped()
			w.gate.set(once(request, act{answer: tt.answer}))
			d, _ := w.deletion(c.target(), editor)
			if err := run(t.Context(), d); err != nil {
				t.Errorf("%s answered %d: %v", request, tt.answer.status, err)
			}
			if diff := cmp.Diff([]time.Duration{tt.wait}, w.gate.waits); diff != "" {
				t.Errorf("%s answered %d: waits\n%s", request, tt.answer.status, diff)
			}
			w.done(c)
		}
	}
}

// Without a success in the end nothing is left behind by a DELETE that the
// server has refused, and by an activation there is something to go on with.
func TestRefusedWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	always := func(method string) func(int, *http.Request) act {
		return func(_ int, r *http.Request) act {
			if r.Method != method {
				return act{}
			}
			return act{answer: &answered{429, map[string]string{"Retry-After": "301"}, `{"message":"m"}`}}
		}
	}
	w.gate.set(always("DELETE"))
	d, _ := w.deletion(c.target(), editor)
	if err := run(t.Context(), d); !refusedWith(err, 429) || d.begun() || len(w.journals()) > 0 {
		t.Errorf("%v, begun %v, journals %v", err, d.begun(), w.journals())
	}
	w.gate.set(always("PUT"))
	d, _ = w.deletion(c.target(), editor)
	if err := run(t.Context(), d); !refusedWith(err, 429) || !d.begun() || len(w.journals()) != 1 {
		t.Errorf("%v, begun %v, journals %v", err, d.begun(), w.journals())
	}
	w.gate.set(nil)
	d, _ = w.deletion(c.target(), editor)
	if err := run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.done(c)
}

// A session that ends on the way is replaced; what was saved in it has been
// activated by its end.
func TestSessionEndsMidRun(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"GET /ecgroup", "DELETE ", "PUT /activate", "GET /ecAdminActivateStatus"} {
		w := newWorld(t)
		w.enrol()
		c := w.stopped()
		w.gate.set(once(request, act{before: w.idle}))
		d, _ := w.deletion(c.target(), editor)
		d.allow.last = true // nobody reports while the clock is moved on
		if err := run(t.Context(), d); err != nil {
			t.Errorf("%s: %v", request, err)
		}
		w.done(c)

		d, _ = w.deletion(w.stopped().target(), editor)
		d.allow.last, d.signIn = true, nil
		w.gate.set(once(request, act{before: w.idle}))
		if err := run(t.Context(), d); !refusedWith(err, http.StatusUnauthorized) {
			t.Errorf("%s, and no way to sign in: %v", request, err)
		}
	}
}

// A journal is of one server and one VM; the others are mentioned.
func TestJournalsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c, other := w.stopped(), w.stopped()
	ctx, cancel := context.WithCancel(t.Context())
	w.gate.set(once("PUT /activate", act{drop: true, before: cancel}))
	d, _ := w.deletion(c.target(), editor)
	if err := run(ctx, d); err == nil || len(w.journals()) != 1 {
		t.Fatalf("%v, journals %v", err, w.journals())
	}
	w.gate.set(nil)

	d, said := w.deletion(other.target(), editor)
	wantUnsafe(t, run(t.Context(), d), "--with-pending")
	if !strings.Contains(said.String(), "'spurline delete "+c.target().path+"' goes on with it") {
		t.Error(said)
	}
	d, said = w.deletion(other.target(), editor)
	d.journal.server = "elsewhere"
	wantUnsafe(t, run(t.Context(), d), "--with-pending")
	if strings.Contains(said.String(), "earlier deletion") {
		t.Error(said)
	}

	for _, name := range []target{{nativeID: c.nativeID}, {path: d.at.group.Name + "/" + c.VMName}} {
		if r := mustEarlier(t, w, name); r == nil || r.VM.ID != c.VMID {
			t.Errorf("%s goes on with %+v", name, r)
		}
	}
	d, _ = w.deletion(target{nativeID: c.nativeID}, editor)
	if err := run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.done(c)
}

// A sandbox that was made anew has given the ids of a journal to another VM,
// which is looked at like any other.
func TestJournalOfAnotherVM(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	d, _ := w.deletion(c.target(), editor)
	old := &record{Group: identified{c.GroupID, "g"}, VM: identified{c.VMID, "g-VM-older"}, Hand: handOurs}
	if err := d.journal.write(old, phaseDeleted); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), d); err != nil || d.out.VM.Name != c.VMName {
		t.Errorf("%v, %+v", err, d.out)
	}
	w.done(c)
}

func mustEarlier(t *testing.T, w *world, name target) *record {
	t.Helper()
	d, _ := w.deletion(name, editor)
	r, err := d.earlier()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

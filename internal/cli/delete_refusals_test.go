package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/wire"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	active, other := w.enrol(), w.enrol()
	alone := w.enrolAs(sandbox.DemoSites()[1], "azure-1")
	for _, tt := range []struct {
		name     string
		c        connector
		pending  bool
		allow    allowances
		refusals []string
	}{
		{"active", active, false, allowances{}, []string{"--force"}},
		{"active, and other flags", active, false, allowances{last: true, withPending: true}, []string{"--force"}},
		{"active and last", alone, false, allowances{}, []string{"--force", "--last"}},
		{"last, and other flags", alone, false, allowances{force: true, withPending: true}, []string{"--last"}},
		{"all three", alone, true, allowances{}, []string{"--force", "--with-pending", "--last"}},
		{"pending, and other flags", other, true, allowances{force: true, last: true}, []string{"--with-pending"}},
	} {
		for _, native := range []bool{true, false} {
			if tt.pending {
				w.do(editor, "POST", "/locationTemplate", fmt.Sprintf(`{"name":"%s %t"}`, tt.name, native))
			}
			d, _ := w.deletion(tt.c.target(), editor)
			d.allow, d.native = tt.allow, native
			w.gate.set(nil)
			wantUnsafe(t, run(t.Context(), d), tt.refusals...)
			if _, writes := w.gate.requests(); len(writes) > 0 || len(w.journals()) > 0 {
				t.Errorf("%s: a refused deletion has sent %v and kept %v", tt.name, writes, w.journals())
			}
			if len(d.out.Refused) != len(tt.refusals) || d.out.Deleted || d.out.Activation != "NONE" {
				t.Errorf("%s: the outcome is %+v", tt.name, d.out)
			}
		}
	}
}

// Another admin's edits do not stop a deletion of this one, and are not pushed
// along.
func TestPendingIsThisAdminsOwn(t *testing.T) {
	t.Parallel()
	for _, native := range []bool{true, false} {
		w := newWorld(t)
		w.enrol()
		c := w.stopped()
		w.do(second, "POST", "/locationTemplate", `{"name":"theirs"}`)
		d, said := w.deletion(c.target(), editor)
		d.native = native
		if err := run(t.Context(), d); !errors.Is(err, errQueued) {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{second}, d.out.QueuedBy); diff != "" || d.out.Activation != "QUEUED" || !d.out.Deleted {
			t.Errorf("the outcome is %+v", d.out)
		}
		if !strings.Contains(said.String(), second+": the activation will wait for them") {
			t.Errorf("it does not say who is editing:\n%s", said)
		}
		// The same command sees that it still waits, and sends nothing.
		again, _ := w.deletion(c.target(), editor)
		again.native = native
		w.gate.set(nil)
		if err := run(t.Context(), again); !errors.Is(err, errQueued) {
			t.Fatal(err)
		}
		if _, writes := w.gate.requests(); len(writes) > 0 {
			t.Errorf("it has sent %v", writes)
		}
		// A dry run says so as well, and leaves the journal alone.
		before := w.journal()
		w.server.Clock.Advance(time.Minute)
		again, _ = w.deletion(c.target(), editor)
		again.native, again.dryRun = native, true
		if err := run(t.Context(), again); !errors.Is(err, errQueued) || w.journal() != before {
			t.Errorf("a dry run: %v\n%s", err, w.journal())
		}
		// They activate and begin anew, which is nothing to this deletion.
		w.do(second, "PUT", "/ecAdminActivateStatus/activate", "")
		w.do(second, "POST", "/locationTemplate", `{"name":"theirs as well"}`)
		again, _ = w.deletion(c.target(), editor)
		again.native = native
		if err := run(t.Context(), again); err != nil || again.out.Activation != "DONE" {
			t.Errorf("after they have activated: %v, %+v", err, again.out)
		}
		w.done(c)
	}
}

func TestWithPending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	w.do(editor, "POST", "/locationTemplate", `{"name":"mine"}`)
	d, said := w.deletion(c.target(), editor)
	d.allow.withPending = true
	if err := run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), `location template "mine" created`) {
		t.Errorf("it does not say what goes along:\n%s", said)
	}
	w.done(c)
}

// An edit that this admin saves elsewhere after the checks is not pushed along
// either.
func TestPendingAfterTheChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	w.gate.set(once("DELETE "+c.path(), act{after: func() { w.do(editor, "POST", "/locationTemplate", `{"name":"late"}`) }}))
	d, _ := w.deletion(c.target(), editor)
	wantUnsafe(t, run(t.Context(), d), "--with-pending")
	if _, writes := w.gate.requests(); len(writes) != 1 {
		t.Errorf("it has sent %v", writes)
	}
	d, _ = w.deletion(c.target(), editor)
	d.allow.withPending = true
	if err := run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.done(c)
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	for _, native := range []bool{true, false} {
		w := newWorld(t)
		w.enrol()
		c := w.stopped()
		dry := func() error {
			d, _ := w.deletion(c.target(), editor)
			d.dryRun, d.native = true, native
			w.gate.set(nil)
			err := run(t.Context(), d)
			if all, writes := w.gate.requests(); len(writes) > 0 || len(all) == 0 {
				t.Errorf("a dry run has sent %v of %v", writes, all)
			}
			return err
		}
		if err := dry(); err != nil || len(w.journals()) > 0 {
			t.Errorf("%v, journals %v", err, w.journals())
		}
		// Also where a deletion has begun.
		d, _ := w.deletion(c.target(), editor)
		d.native = native
		ctx, cancel := context.WithCancel(t.Context())
		w.gate.set(once("PUT /activate", act{drop: true, before: cancel}))
		if err := run(ctx, d); err == nil {
			t.Fatal("it was not interrupted")
		}
		before := w.journals()
		if err := dry(); err != nil || len(before) != 1 || !slices.Equal(before, w.journals()) {
			t.Errorf("%v, journals %v and %v", err, before, w.journals())
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	vm := func(id int, name string) connectorVM { return connectorVM{ID: wire.Int(id), Name: name} }
	groups := []connectorGroup{
		{ID: 1, Name: "a", ECVMs: []connectorVM{vm(11, "x"), vm(12, "y"), vm(13, "y")}},
		{ID: 2, Name: "a/b", ECVMs: []connectorVM{vm(21, "x"), vm(22, "12")}},
		{ID: 3, Name: "1", ECVMs: []connectorVM{vm(31, "11"), vm(32, "c/d")}},
		{ID: 4, Name: "empty"},
	}
	for _, tt := range []struct {
		path string
		want int64
		says string
	}{
		{"a/x", 11, ""},
		{"1/x", 11, ""},
		{"a/11", 11, ""},
		{"a/b/x", 21, ""},
		{"2/12", 22, ""},
		{"2/22", 22, ""},
		{"3/c/d", 32, ""},
		{"a/y", 0, "\n  1/12  a/y\n  1/13  a/y"},
		{"1/11", 0, "\n  1/11  a/x\n  3/31  1/11"},
		{"a/z", 0, "the group a (id 1) has no VM z; it has x (id 11), y (id 12), y (id 13)"},
		{"empty/z", 0, "it is empty"},
		{"z/x", 0, "there is no group and VM z/x"},
	} {
		f, err := choose(groups, target{path: tt.path})
		if int64(f.vm.ID) != tt.want || (err == nil) != (tt.want != 0) || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %d, %v", tt.path, f.vm.ID, err)
		}
	}
}

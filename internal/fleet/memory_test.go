package fleet

import (
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/store"
)

// Enrolments commit in one order and may come to memory in another.
func TestAdmitOutOfOrder(t *testing.T) {
	t.Parallel()
	_, first := newToken()
	_, second := newToken()
	_, third := newToken()
	for name, order := range map[string][]int{"in order": {0, 1, 2}, "reversed": {2, 1, 0}, "mixed": {1, 2, 0}} {
		f := &Fleet{tokens: map[tokenHash]*connector{}, vms: map[vmKey]*connector{}}
		steps := []func(){
			func() { f.admit(1, first, enrolled{vm: store.Row{ID: 10}, rev: 5}) },
			func() { f.admit(1, second, enrolled{vm: store.Row{ID: 10}, rev: 6, replaced: []int64{10}}) },
			// The VM 10 was deleted in between: 11 is the same instance.
			func() { f.admit(1, third, enrolled{vm: store.Row{ID: 11}, rev: 8, replaced: []int64{10}}) },
		}
		for _, i := range order {
			steps[i]()
		}
		if c := f.tokens[third]; len(f.tokens) != 1 || c == nil || c.vm != 11 || c.enrolled != 8 {
			t.Errorf("%s: tokens in force: %v", name, f.tokens)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	b := newBodies(100)
	body := []byte(strings.Repeat("x", 40))
	b.put("a", body)
	b.put("b", body)
	b.get("a")
	b.put("c", body)
	b.put("c", body)
	if b.get("a") == nil || b.get("b") != nil || b.get("c") == nil || b.bytes != 80 {
		t.Errorf("%d bytes are kept, of which a: %t, b: %t, c: %t", b.bytes, b.get("a") != nil, b.get("b") != nil, b.get("c") != nil)
	}
	b.put("d", []byte(strings.Repeat("x", 101)))
	if b.bytes != 0 || b.order.Len() != 0 || len(b.byTag) != 0 {
		t.Errorf("%d bytes are kept after one that is too large", b.bytes)
	}
}

// What is reported while a flush writes is left for the next one.
func TestReportDuringFlush(t *testing.T) {
	t.Parallel()
	f := &Fleet{}
	c := &connector{}
	f.note(c, report{seen: 1})
	f.note(c, report{seen: 2})
	if len(f.changed) != 1 {
		t.Fatalf("%d entries to write for one connector", len(f.changed))
	}
	f.changed = nil
	f.note(c, report{seen: 3})
	f.written(c, report{seen: 2})
	if len(f.changed) != 1 || !c.dirty {
		t.Errorf("%d entries to write after a report that came meanwhile", len(f.changed))
	}
	f.changed = nil
	f.written(c, report{seen: 3})
	if len(f.changed) != 0 || c.dirty {
		t.Errorf("%d entries to write after none", len(f.changed))
	}
}

// Nothing is kept of a connector that is gone.
func TestForget(t *testing.T) {
	t.Parallel()
	f := &Fleet{tokens: map[tokenHash]*connector{}, vms: map[vmKey]*connector{}}
	_, hash := newToken()
	f.admit(1, hash, enrolled{vm: store.Row{ID: 10}, rev: 5})
	c := f.tokens[hash]
	f.forget(c)
	f.forget(c)
	f.note(c, report{seen: 1}) // of a heartbeat that was on its way
	if len(f.tokens)+len(f.vms)+len(f.changed) != 0 || len(f.gone) != 1 {
		t.Errorf("kept: %v, %v, %v, %v", f.tokens, f.vms, f.changed, f.gone)
	}
}

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

const (
	editor = servertest.Editor
	second = servertest.Second
)

func TestDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	d, said := w.deletion(target{nativeID: c.nativeID}, editor)
	if err := run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.done(c)
	want := outcome{
		Group: identified{c.GroupID, d.record.Group.Name}, VM: identified{c.VMID, c.VMName}, NativeID: c.nativeID,
		Deleted: true, Activation: "DONE", QueuedBy: []string{},
		Remove: appliance{Platform: "AWS", NativeID: c.nativeID, Region: "us-west-2", Zone: "us-west-2a", Location: "DEMO-us-west-2-vpc-0d5e3a7c91b24f608"},
	}
	if diff := cmp.Diff(want, d.out); diff != "" {
		t.Error(diff)
	}
	_, writes := w.gate.requests()
	if diff := cmp.Diff([]string{"DELETE /api/v1" + c.path(), "PUT /api/v1/ecAdminActivateStatus/activate"}, writes); diff != "" {
		t.Error(diff)
	}
	for _, s := range []string{c.VMName, "INACTIVE, last seen", "ok: Verified"} {
		if !strings.Contains(said.String(), s) {
			t.Errorf("it does not say %q:\n%s", s, said)
		}
	}
}

// Somebody else is faster.
func TestDeletedByAnother(t *testing.T) {
	t.Parallel()
	for _, native := range []bool{true, false} {
		for _, before := range []string{"GET /vm", "DELETE "} {
			for _, activated := range []bool{true, false} {
				w := newWorld(t)
				w.enrol()
				c := w.stopped()
				if before == "GET /vm" {
					before = "GET " + c.path()
				}
				w.gate.set(once(before, act{before: func() {
					w.do(second, "DELETE", c.path(), "")
					if activated {
						w.do(second, "PUT", "/ecAdminActivateStatus/activate", "")
					}
				}}))
				d, _ := w.deletion(c.target(), editor)
				d.native = native
				err := run(t.Context(), d)
				_, writes := w.gate.requests()
				if activated != (err == nil) || !activated && !errors.Is(err, errQueued) || slices.Contains(writes, "PUT /api/v1/ecAdminActivateStatus/activate") {
					t.Errorf("native %v, before %s, activated %v: %v after %v", native, before, activated, err, writes)
				}
				if !activated {
					if diff := cmp.Diff([]string{second}, d.out.QueuedBy); diff != "" {
						t.Error(diff)
					}
					w.do(second, "PUT", "/ecAdminActivateStatus/activate", "")
					again, _ := w.deletion(c.target(), editor)
					again.native = native
					if err := run(t.Context(), again); err != nil {
						t.Errorf("native %v, before %s: again: %v", native, before, err)
					}
				}
				w.done(c)
			}
		}
	}
}

// Done means that the server knows the VM no more, whatever it has said of the
// activation.
func TestVerifies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	activated := false
	w.gate.set(func(_ int, r *http.Request) act {
		activated = activated || r.Method == http.MethodPut
		if activated && r.URL.Path == "/api/v1"+c.path() {
			return act{answer: &answered{200, nil, fmt.Sprintf(`{"id":%d}`, c.VMID)}}
		}
		return act{}
	})
	d, _ := w.deletion(c.target(), editor)
	if err := run(t.Context(), d); err == nil || !strings.Contains(err.Error(), "shows "+c.VMName+" again") || d.out.Deleted || len(w.journals()) != 1 {
		t.Errorf("%v, %+v, journals %v", err, d.out, w.journals())
	}
}

// The appliance is powered on before the end: it registers as another VM.
func TestRegistersAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	var back connector
	w.gate.set(once("PUT /activate", act{after: func() { back = w.enrolAs(sandbox.DemoSites()[0], c.nativeID) }}))
	d, said := w.deletion(target{nativeID: c.nativeID}, editor)
	if err := run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if d.out.RegisteredAgain != back.VMID || back.VMID == c.VMID {
		t.Errorf("the outcome is %+v, and it is back as %d", d.out, back.VMID)
	}
	d.tell.result(&d.out, "")
	if !strings.Contains(said.String(), fmt.Sprintf("has registered again, as the VM with id %d", back.VMID)) {
		t.Error(said)
	}
}

// What was checked before the question is checked after it as well.
func TestChangesWhileTheUserIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol()
	c := w.stopped()
	d, _ := w.deletion(c.target(), editor)
	d.confirm = func(_ context.Context, name string) error {
		if name != c.VMName {
			t.Errorf("it asks for %s", name)
		}
		w.report(c, wire.ReportRunning)
		return nil
	}
	w.gate.set(nil)
	wantUnsafe(t, run(t.Context(), d), "--force")
	d.confirm = func(context.Context, string) error { return errUnconfirmed }
	w.report(c, wire.ReportStopping)
	if err := run(t.Context(), d); !errors.Is(err, errUnconfirmed) {
		t.Error(err)
	}
	if _, writes := w.gate.requests(); len(writes) > 0 {
		t.Errorf("it has sent %v", writes)
	}
}

func TestNarrator(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	n := &narrator{out: &b, printer: &printer{}, terminal: true}
	n.doing("Deleting")
	n.done("Deleted \x1b[31m%s", "x")
	if want := "… Deleting\r\x1b[K✓ Deleted \uFFFD[31mx\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

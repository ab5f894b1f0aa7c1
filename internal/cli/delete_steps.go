package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// step is where a deletion stands. Each one looks at the server before it does
// anything, so that it can be taken again after an interruption anywhere.
type step int

const (
	stepResolve  step = iota // which VM is meant; or which deletion goes on
	stepLook                 // what is known of it, and does anything stand against it
	stepConfirm              // does the user mean it
	stepDelete               // until the VM is gone from the saved configuration
	stepActivate             // until that is what connectors run
	stepVerify               // the VM is gone and stays so
	stepDone
)

// deletion takes one connector out of an org, safely. It knows neither command
// lines nor terminals.
type deletion struct {
	remote
	journal journal
	target  target
	allow   allowances
	dryRun  bool
	confirm func(ctx context.Context, name string) error // nil: it is confirmed already
	tell    *narrator

	at     found
	record *record // its Phase is "" until the first write
	out    outcome
}

// outcome is what has become of a deletion.
type outcome struct {
	Group      identified `json:"group"`
	VM         identified `json:"vm"`
	NativeID   string     `json:"nativeId"`
	Deleted    bool       `json:"deleted"`
	Activation string     `json:"activation"`
	QueuedBy   []string   `json:"queuedBy"` // who is editing, while the activation waits for them
	Remove     appliance  `json:"remove"`   // what is left to remove at the provider
	// RegisteredAgain is the id of the VM as which the appliance has come
	// back.
	RegisteredAgain int64     `json:"registeredAgain,omitempty"`
	Refused         []refusal `json:"refused,omitempty"`
	DryRun          bool      `json:"dryRun,omitempty"`
}

// The activations of an outcome.
const (
	activationNone   = "NONE" // not asked for
	activationQueued = "QUEUED"
	activationDone   = "DONE"
)

// errQueued ends a run whose activation waits for other admins.
var errQueued = errors.New("the activation is queued")

// run takes the steps from wherever the deletion stands.
func (d *deletion) run(ctx context.Context) error {
	d.out = outcome{Activation: activationNone, QueuedBy: []string{}, DryRun: d.dryRun}
	for at := stepResolve; at != stepDone; {
		next, err := d.take(ctx, at)
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

func (d *deletion) take(ctx context.Context, at step) (step, error) {
	switch at {
	case stepResolve:
		return d.resolve(ctx)
	case stepLook:
		return d.inspect(ctx)
	case stepConfirm:
		return d.ask(ctx)
	case stepDelete:
		return d.remove(ctx)
	case stepActivate:
		return d.activate(ctx)
	default:
		return d.verify(ctx)
	}
}

// resolve finds the VM, or the unfinished deletion that the target means.
func (d *deletion) resolve(ctx context.Context) (step, error) {
	earlier, err := d.earlier()
	if err != nil {
		return 0, err
	}
	if earlier != nil {
		var vm connectorVM
		err := d.get(ctx, "see whether "+earlier.VM.Name+" is still there", vmPath(earlier.Group.ID, earlier.VM.ID), &vm)
		switch {
		case refusedWith(err, http.StatusNotFound):
			d.adopt(earlier)
			d.tell.done("Going on with the deletion of %s: it is gone from the saved configuration", earlier.VM.Name)
			return stepActivate, nil
		case err != nil:
			return 0, err
		case earlier.is(vm):
			d.adopt(earlier)
			d.tell.done("Going on with the deletion of %s: it is still there", vm.Name)
			d.at = found{group: connectorGroup{ID: wire.Int(earlier.Group.ID), Name: earlier.Group.Name}, vm: vm}
			return stepLook, nil
		}
	}
	d.at, err = d.find(ctx, d.target)
	return stepLook, err
}

// earlier returns the unfinished deletion that the target means, and mentions
// the others.
func (d *deletion) earlier() (*record, error) {
	all, err := d.journal.unfinished()
	if err != nil {
		return nil, err
	}
	var mine *record
	for _, r := range all {
		if !r.names(d.target) {
			d.tell.note("An earlier deletion, of %s/%s, is not finished: 'spurline delete %s' goes on with it", r.Group.Name, r.VM.Name, r.Target)
		} else if mine == nil || r.Updated.After(mine.Updated) {
			mine = r
		}
	}
	return mine, nil
}

// adopt makes a record the one of this run.
func (d *deletion) adopt(r *record) {
	d.record = r
	d.out.Group, d.out.VM, d.out.Remove, d.out.NativeID = r.Group, r.VM, r.Remove, r.Remove.NativeID
}

// begin makes a record of the VM that was looked at.
func (d *deletion) begin(at found) {
	d.adopt(&record{
		Target: d.target.String(), Login: d.login, Remove: applianceOf(at),
		Group: identified{int64(at.group.ID), at.group.Name}, VM: identified{int64(at.vm.ID), at.vm.Name},
	})
}

// inspect gathers and shows what is known, and stops where a check says so.
func (d *deletion) inspect(ctx context.Context) (step, error) {
	gone, err := d.check(ctx, d.tell.show)
	switch {
	case err != nil:
		return 0, err
	case gone:
		return stepActivate, nil
	case d.dryRun:
		d.tell.note("Dry run: nothing was sent but reads. Without --dry-run, the VM would be deleted and that activated")
		return stepDone, nil
	}
	d.tell.done("Checked, and nothing stands against it%s", d.allow.overrides())
	return stepConfirm, nil
}

// check gathers what is known, passes it to show, and fails where something
// stands against the deletion. gone is true when somebody else has deleted
// the VM meanwhile.
func (d *deletion) check(ctx context.Context, show func(*facts)) (gone bool, err error) {
	f, err := d.gather(ctx, d.at)
	if refusedWith(err, http.StatusNotFound) {
		if d.record == nil {
			d.begin(d.at)
		}
		if d.record.Phase == "" {
			d.record.Hand = handOther
		}
		d.tell.done("%s has been deleted meanwhile", d.at.vm.Name)
		return true, nil
	}
	if err != nil {
		return false, err
	}
	d.at = f.found
	if d.record == nil {
		d.begin(f.found)
	}
	show(f)
	if d.out.Refused = d.allow.refusals(f); len(d.out.Refused) > 0 {
		return false, &unsafe{f.vm.Name, "deleted", d.out.Refused}
	}
	return false, nil
}

// ask has the user confirm. That may take its time, so what was checked before
// is checked again.
func (d *deletion) ask(ctx context.Context) (step, error) {
	if d.confirm == nil {
		return stepDelete, nil
	}
	if err := d.confirm(ctx, d.at.vm.Name); err != nil {
		return 0, err
	}
	gone, err := d.check(ctx, func(*facts) {})
	if gone {
		return stepActivate, err
	}
	return stepDelete, err
}

// unsafe is the failure of a deletion that a check refuses.
type unsafe struct {
	what     string // that is not …
	verb     string // "deleted", "activated"
	refusals []refusal
}

func (u *unsafe) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is not %s:", u.what, u.verb)
	for _, r := range u.refusals {
		fmt.Fprintf(&b, "\n  - %s (%s overrides this)", r.Reason, r.Flag)
	}
	return b.String()
}

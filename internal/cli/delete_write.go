package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// sends is how often a write is sent whose outcome has to be looked up; each
// time the server has shown first that the one before has come to nothing.
const sends = 3

// remove deletes the VM from the saved configuration.
func (d *deletion) remove(ctx context.Context) (step, error) {
	path := vmPath(d.record.Group.ID, d.record.VM.ID)
	for try := 1; ; try++ {
		guess := d.record.Phase == phaseDeleting // one before this may still arrive
		if err := d.journal.write(d.record, phaseDeleting); err != nil {
			return 0, err
		}
		d.tell.doing("Deleting %s", d.record.VM.Name)
		err := d.send(ctx, "delete "+d.record.VM.Name, http.MethodDelete, path, nil)
		switch {
		case err == nil:
			d.record.Hand = handOurs
			d.tell.done("Deleted from the saved configuration")
			return stepActivate, d.journal.write(d.record, phaseDeleted)
		case refusedWith(err, http.StatusNotFound):
			if !guess {
				d.record.Hand = handOther
			}
			d.tell.done("Gone from the saved configuration: somebody has deleted it meanwhile")
			return stepActivate, d.journal.write(d.record, phaseDeleted)
		case ctx.Err() != nil:
			return 0, err
		case !uncertain(err):
			return 0, errors.Join(err, d.abandon())
		}
		d.tell.note("The deletion had no answer; looking what has become of it")
		gone, lookErr := d.isGone(ctx)
		switch {
		case lookErr != nil:
			return 0, errors.Join(err, lookErr)
		case gone:
			d.tell.done("Gone from the saved configuration")
			return stepActivate, nil
		case try == sends:
			return 0, err
		}
		if err := d.wait(ctx, time.Second); err != nil {
			return 0, err
		}
	}
}

// abandon forgets a deletion that the server has refused: there is nothing to
// go on with.
func (d *deletion) abandon() error {
	d.record.Phase = ""
	return d.journal.remove(d.record)
}

// isGone looks whether the VM is still in the saved configuration.
func (d *deletion) isGone(ctx context.Context) (bool, error) {
	err := d.look(ctx, "see whether "+d.record.VM.Name+" is gone", vmPath(d.record.Group.ID, d.record.VM.ID), nil)
	if refusedWith(err, http.StatusNotFound) {
		return true, nil
	}
	return false, err
}

// activate makes the deletion what connectors run, or finds out for whom it
// has to wait.
func (d *deletion) activate(ctx context.Context) (step, error) {
	const patience = 60 // looks at an activation under way
	sent, waited := 0, 0
	for {
		status, gone, err := d.standing(ctx)
		if err != nil {
			return 0, err
		}
		ours := d.record.Hand == handOurs && d.record.Login == d.login
		move := next(status, d.login, gone, ours, sent > 0)
		switch {
		case move == moveDone:
			d.tell.done("Activated: connectors run without it")
			return stepVerify, nil
		case move == moveHeld:
			return 0, d.held(status)
		case move == moveLost:
			return 0, errors.New("the activation was accepted, but the server does not say what has become of it; 'spurline status' shows it")
		case d.dryRun:
			d.tell.note("Dry run: nothing was sent but reads. Without --dry-run, the deletion would be activated")
			return stepDone, nil
		case move == moveWait:
			if waited++; waited > patience {
				return 0, errors.New("the server has been activating for a minute and has not ended")
			}
			err = d.wait(ctx, time.Second)
		case sent == sends || sent > 0 && status.own(d.login) == stateFailed:
			return 0, fmt.Errorf("the activation has failed; the server says %s", status.own(d.login))
		default:
			sent++
			err = d.sendActivation(ctx, status)
		}
		if err != nil {
			return 0, err
		}
	}
}

// standing reads how things stand with the activation of the deletion.
func (d *deletion) standing(ctx context.Context) (orgStatus, removal, error) {
	status, err := d.status(ctx)
	if err != nil || !d.native {
		return status, removal{}, err
	}
	pending, err := d.pending(ctx)
	return status, removalOf(pending, d.record.VM.ID), err
}

// sendActivation activates, unless something of this admin that is not the
// deletion would go along. An answer that does not come is no failure: the
// next look tells.
func (d *deletion) sendActivation(ctx context.Context, status orgStatus) error {
	edits, err := d.otherEdits(ctx, status)
	if err != nil {
		return err
	}
	if len(edits) > 0 && !d.allow.withPending {
		d.out.Refused = []refusal{pendingRefusal(edits)}
		return &unsafe{"the deletion of " + d.record.VM.Name, "activated", d.out.Refused}
	}
	if err := d.journal.write(d.record, phaseActivating); err != nil {
		return err
	}
	d.tell.doing("Activating")
	err = d.send(ctx, "activate the deletion", http.MethodPut, activationPath+"/activate", nil)
	if err == nil || !uncertain(err) {
		return err
	}
	d.tell.note("The activation had no answer; looking what has become of it")
	return d.wait(ctx, time.Second)
}

// otherEdits lists what this admin has saved beside the deletion, as far as
// the server tells.
func (d *deletion) otherEdits(ctx context.Context, status orgStatus) ([]string, error) {
	if d.native {
		pending, err := d.pending(ctx)
		return editsOf(pending, d.login, d.record.VM.ID), err
	}
	// A status alone does not tell the deletion from other edits; but where
	// somebody else has deleted the VM, all there is are others.
	if own := status.own(d.login); d.record.Hand == handOther && own != "" {
		return []string{"the activation status says that you have saved something (" + own + ")"}, nil
	}
	return nil, nil
}

// held reports that the activation waits for other admins. The journal stays,
// so that the same command later sees whether it has happened.
func (d *deletion) held(status orgStatus) error {
	d.out.Deleted, d.out.Activation = true, activationQueued
	if by := status.holders(d.login); len(by) > 0 {
		d.out.QueuedBy = by
	}
	if d.dryRun {
		return errQueued
	}
	return errors.Join(errQueued, d.journal.write(d.record, phaseQueued))
}

// verify sees that the VM is gone, and whether its appliance has come back.
func (d *deletion) verify(ctx context.Context) (step, error) {
	gone, err := d.isGone(ctx)
	if err != nil {
		return 0, err
	}
	if !gone {
		return 0, fmt.Errorf("the deletion was activated, and yet the server shows %s again", d.record.VM.Name)
	}
	d.out.Deleted, d.out.Activation = true, activationDone
	d.tell.done("Verified: the server answers 404 for it")
	if id := d.record.Remove.NativeID; id != "" {
		var again connectorVM
		// What goes wrong here is not worth failing for.
		if err := d.get(ctx, "see whether the appliance has come back", "/ecVm/uuid/"+url.PathEscape(id), &again); err == nil && int64(again.ID) != d.record.VM.ID {
			d.out.RegisteredAgain = int64(again.ID)
		}
	}
	return stepDone, nil
}

// begun reports whether a write may have happened, so that there is something
// for the same command to go on with.
func (d *deletion) begun() bool {
	return d.record != nil && d.record.Phase != ""
}

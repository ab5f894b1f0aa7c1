package cli

import (
	"context"
	"fmt"

	"github.com/spurline/spurline/internal/wire"
)

// The words of the activation status (behaviours.md section 3).
const (
	editsCleared       = "EDITS_CLEARED"
	editsPushedAtStart = "EDITS_ACTIVATED_ON_RESTART"
	stateEditing       = "ADM_EDITING"
	stateQueued        = "ADM_ACTV_QUEUED"
	stateActivating    = "ADM_ACTIVATING"
	stateFailed        = "ADM_ACTV_FAIL"
)

func (r *remote) status(ctx context.Context) (st orgStatus, err error) {
	err = r.look(ctx, "read the activation status", activationPath, &st)
	return st, err
}

// cleared reports whether nothing of anybody waits.
func cleared(st orgStatus) bool {
	return st.OrgEditStatus == editsCleared || st.OrgEditStatus == editsPushedAtStart
}

func (r *remote) pending(ctx context.Context) (p wire.Pending, err error) {
	err = r.look(ctx, "read what is pending", "/spurline/v1/pending", &p)
	return p, err
}

// editsOf lists an admin's pending edits beside the deletion of a VM. What the
// VM owns goes with it and has nobody's name.
func editsOf(p wire.Pending, login string, vm int64) []string {
	var edits []string
	for _, c := range p.Changes {
		if c.By == login && !(c.Kind == "ecVm" && c.ID == vm) {
			edits = append(edits, fmt.Sprintf("%s %q %s", c.Title, c.Name, c.Change))
		}
	}
	return edits
}

// removal says whether the deletion of a VM waits for an activation, and who
// made it. known is false where the server does not tell single changes.
type removal struct {
	known, pending bool
	by             string
}

func removalOf(p wire.Pending, vm int64) removal {
	for _, c := range p.Changes {
		if c.Kind == "ecVm" && c.ID == vm && c.Change == wire.ChangeDeleted {
			return removal{known: true, pending: true, by: c.By}
		}
	}
	return removal{known: true}
}

// move is what to do next about the activation of a deletion.
type move int

const (
	moveDone move = iota // the deletion is active
	moveSend             // it is this admin's to activate
	moveWait             // the activation is under way
	moveHeld             // it waits for other admins
	moveLost             // the server does not say what has become of it
)

// next decides by what the server says alone. ours is whether this command has
// seen its own DELETE succeed; sent is whether it has seen an activation do.
func next(st orgStatus, login string, gone removal, ours, sent bool) move {
	own, others := st.own(login), len(st.holders(login)) > 0
	saved := own == stateEditing || own == stateQueued || own == stateFailed
	switch {
	case gone.known && !gone.pending, !gone.known && cleared(st):
		return moveDone
	case own == stateActivating:
		return moveWait
	case gone.known && gone.by != login && !saved: // somebody else's deletion is theirs to activate
		return moveHeld
	case own == stateQueued && others:
		return moveHeld
	case gone.known, saved:
		return moveSend
	case own == "" && st.OrgEditStatus == "": // members may be missing
		if sent {
			return moveLost
		}
		return moveSend
	case ours: // and nothing of this admin waits any more
		return moveDone
	default: // gone by whoever's hand; others' edits may hold it
		return moveHeld
	}
}

package cli

import "testing"

// What is done next about an activation, by what a server says: a server that
// tells single changes, and the vendor's, which may leave members out.
func TestNext(t *testing.T) {
	t.Parallel()
	const me, other = "me@x", "other@x"
	status := func(org, own string, editors ...string) orgStatus {
		st := orgStatus{OrgEditStatus: org, AdminActivateStatus: own, AdminStatusMap: map[string]string{}}
		for _, e := range editors {
			st.AdminStatusMap[e] = stateEditing
		}
		if own != "" {
			st.AdminStatusMap[me] = own
		}
		return st
	}
	mine, theirs, nobodys := removal{true, true, me}, removal{true, true, other}, removal{known: true}
	const present, done, loggedIn = "EDITS_PRESENT", "ADM_ACTV_DONE", "ADM_LOGGED_IN"
	for _, tt := range []struct {
		name       string
		st         orgStatus
		gone       removal
		ours, sent bool
		want       move
	}{
		{"not pending any more", status(present, stateEditing, other), nobodys, true, true, moveDone},
		{"mine, editing", status(present, stateEditing), mine, true, false, moveSend},
		{"mine, editing as others are", status(present, stateEditing, other), mine, true, false, moveSend},
		{"mine, queued behind others", status(present, stateQueued, other), mine, true, true, moveHeld},
		{"mine, queued behind nobody", status(present, stateQueued), mine, true, false, moveSend},
		{"mine, under way", status(present, stateActivating), mine, true, true, moveWait},
		{"mine, failed", status(present, stateFailed), mine, true, true, moveSend},
		{"mine by a lost answer, state forgotten", status(present, loggedIn), mine, false, false, moveSend},
		{"theirs", status(present, loggedIn, other), theirs, false, false, moveHeld},
		{"theirs, and they are queued behind me", status(present, stateEditing), theirs, false, false, moveSend},

		{"cloud, cleared", status(editsCleared, done), removal{}, true, true, moveDone},
		{"cloud, cleared by a restart", status(editsPushedAtStart, loggedIn), removal{}, false, false, moveDone},
		{"cloud, editing", status(present, stateEditing), removal{}, true, false, moveSend},
		{"cloud, editing, perhaps mine", status(present, stateEditing), removal{}, false, false, moveSend},
		{"cloud, queued", status(present, stateQueued, other), removal{}, true, true, moveHeld},
		{"cloud, done, others began anew", status(present, done, other), removal{}, true, true, moveDone},
		{"cloud, not seen to be mine, others edit", status(present, loggedIn, other), removal{}, false, false, moveHeld},
		{"cloud, says nothing", orgStatus{}, removal{}, true, false, moveSend},
		{"cloud, says nothing after an activation", orgStatus{}, removal{}, true, true, moveLost},
		{"cloud, says it in the map only", orgStatus{AdminStatusMap: map[string]string{me: stateQueued, other: stateEditing}}, removal{}, true, true, moveHeld},
	} {
		if got := next(tt.st, me, tt.gone, tt.ours, tt.sent); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

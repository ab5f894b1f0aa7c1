package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// facts are what is known of a connector before it is deleted. A member whose
// name ends in Unknown says why a fact is not known; it is empty where it is.
type facts struct {
	found
	lastSeen        time.Time // zero = never
	lastSeenUnknown string
	othersActive    []string // the other active members of the group

	references        []string
	referencesUnknown string

	edits   []string // of this admin, saved and not activated, beside this deletion
	editing []string // others who are editing, behind whom the activation will queue
}

// refusal is a reason not to delete, and the flag that overrides it.
type refusal struct {
	Reason string `json:"reason"`
	Flag   string `json:"flag"`
}

// allowances are the reasons that the user has overridden. None implies
// another.
type allowances struct {
	force       bool // the connector still reports
	withPending bool // other edits of this admin go along
	last        bool // no other member of the group is active
}

// overrides says which flags have kept checks from refusing, or could have.
func (a allowances) overrides() string {
	var flags []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"--force", a.force}, {"--with-pending", a.withPending}, {"--last", a.last}} {
		if f.set {
			flags = append(flags, f.name)
		}
	}
	if len(flags) == 0 {
		return ""
	}
	return " but what " + strings.Join(flags, " and ") + " overrides"
}

// refusals lists what stands against the deletion.
func (a allowances) refusals(f *facts) []refusal {
	var all []refusal
	if f.vm.active() && !a.force {
		all = append(all, refusal{"it still reports (ACTIVE): stop the appliance first, so that you see whether it is the right one", "--force"})
	}
	if len(f.edits) > 0 && !a.withPending {
		all = append(all, pendingRefusal(f.edits))
	}
	if len(f.othersActive) == 0 && !a.last {
		reason := fmt.Sprintf("no other member of the group %s is active: its traffic has nowhere else to go", f.group.Name)
		all = append(all, refusal{reason, "--last"})
	}
	return all
}

func pendingRefusal(edits []string) refusal {
	return refusal{fmt.Sprintf("you have other edits that the activation would push along: %s", shorten(edits, 5)), "--with-pending"}
}

// shorten joins a list, with the number of what it leaves out.
func shorten(list []string, most int) string {
	out := ""
	for i, item := range list {
		if i == most {
			return fmt.Sprintf("%s and %d more", out, len(list)-most)
		}
		if i > 0 {
			out += ", "
		}
		out += item
	}
	return out
}

// gather reads everything that the checks need. It only reads.
func (r *remote) gather(ctx context.Context, at found) (*facts, error) {
	f := &facts{found: at}
	if err := r.get(ctx, "read the group "+at.group.Name, "/ecgroup/"+strconv.FormatInt(int64(at.group.ID), 10), &f.group); err != nil {
		return nil, err
	}
	if err := r.get(ctx, "read the VM "+at.vm.Name, at.path(), &f.vm); err != nil {
		return nil, err
	}
	for _, v := range f.group.ECVMs {
		if v.ID != f.vm.ID && v.active() {
			f.othersActive = append(f.othersActive, v.Name)
		}
	}
	for _, read := range []func(context.Context, *facts) error{r.readLastSeen, r.readReferences, r.readEdits} {
		if err := read(ctx, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (r *remote) readLastSeen(ctx context.Context, f *facts) error {
	if !r.native {
		f.lastSeenUnknown = "this server does not say when a connector was last heard of"
		return nil
	}
	var all []wire.VMState
	if err := r.get(ctx, "read when connectors were last heard of", "/spurline/v1/vms", &all); err != nil {
		return err
	}
	for _, v := range all {
		if v.ID == int64(f.vm.ID) && v.LastSeen != 0 {
			f.lastSeen = time.Unix(int64(v.LastSeen), 0)
		}
	}
	return nil
}

// readReferences finds what names the group. It informs and stops nothing, so
// a server or a role that does not let it be seen is no failure.
func (r *remote) readReferences(ctx context.Context, f *facts) error {
	if r.native {
		var refs []wire.Reference
		err := r.get(ctx, "read what names the group", fmt.Sprintf("/spurline/v1/references?kind=ecGroup&id=%d", f.group.ID), &refs)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			f.references = append(f.references, fmt.Sprintf("%s %q", ref.Title, ref.Name))
		}
		return nil
	}
	var unread []string
	for _, list := range []struct{ path, title string }{
		{"/ecRules/ecRdr", "forwarding rule"},
		{"/ecRules/ecDns", "DNS rule"},
		{"/ecRules/self", "log and control rule"},
	} {
		names, err := r.rulesNaming(ctx, "read the "+list.title+"s", list.path, f.group.ID)
		switch {
		case absent(err) || refusedWith(err, http.StatusForbidden):
			unread = append(unread, list.title+"s")
		case err != nil:
			return err
		}
		for _, name := range names {
			f.references = append(f.references, fmt.Sprintf("%s %q", list.title, name))
		}
	}
	if len(unread) > 0 {
		f.referencesUnknown = "this server does not let its " + shorten(unread, len(unread)) + " be read"
	}
	return nil
}

// rulesNaming lists the rules of one family that name a group.
func (r *remote) rulesNaming(ctx context.Context, doing, path string, group wire.Int) ([]string, error) {
	const size = 1000
	var names []string
	for page := 1; ; page++ {
		var rules []struct {
			Name     string     `json:"name"`
			ECGroups []wire.Ref `json:"ecGroups"`
		}
		if err := r.get(ctx, doing, fmt.Sprintf("%s?page=%d&pageSize=%d", path, page, size), &rules); err != nil {
			return nil, err
		}
		for _, rule := range rules {
			if slices.ContainsFunc(rule.ECGroups, func(ref wire.Ref) bool { return ref.ID == group }) {
				names = append(names, rule.Name)
			}
		}
		if len(rules) < size {
			return names, nil
		}
	}
}

// readEdits finds what of this admin waits for an activation, and who else is
// editing.
func (r *remote) readEdits(ctx context.Context, f *facts) error {
	status, err := r.status(ctx)
	if err != nil {
		return err
	}
	f.editing = status.holders(r.login)
	if r.native {
		pending, err := r.pending(ctx)
		if err != nil {
			return err
		}
		f.edits = editsOf(pending, r.login, int64(f.vm.ID))
		return nil
	}
	switch status.own(r.login) {
	case stateEditing, stateActivating, stateFailed:
		f.edits = []string{"the activation status says that you have saved something (" + status.own(r.login) + ")"}
	case stateQueued:
		f.edits = []string{"the activation status says that an activation of yours is queued"}
	}
	return nil
}

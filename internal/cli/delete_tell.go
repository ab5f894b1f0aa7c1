package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spurline/spurline/internal/wire"
)

// narrator tells people what a deletion finds and does. At a terminal a step
// under way is shown until it is done; elsewhere there are lines only.
type narrator struct {
	out      io.Writer
	printer  *printer
	terminal bool
	open     bool // a step under way is on the line
}

// doing says what is being done.
func (n *narrator) doing(format string, args ...any) {
	if !n.terminal {
		return
	}
	n.clear()
	fmt.Fprintf(n.out, "%s %s", n.printer.paint(faint, "…"), printable(fmt.Sprintf(format, args...)))
	n.open = true
}

// done says what has been done or seen.
func (n *narrator) done(format string, args ...any) {
	n.line(good, "✓", "ok:", format, args...)
}

// note says what people should know beside that.
func (n *narrator) note(format string, args ...any) {
	n.line(warn, "…", "note:", format, args...)
}

func (n *narrator) line(t tone, sign, word, format string, args ...any) {
	n.clear()
	if !n.terminal {
		sign = word
	}
	fmt.Fprintf(n.out, "%s %s\n", n.printer.paint(t, sign), printable(fmt.Sprintf(format, args...)))
}

// clear takes a step under way off its line.
func (n *narrator) clear() {
	if n.open {
		fmt.Fprint(n.out, "\r\x1b[K")
		n.open = false
	}
}

// show prints what is known of a connector.
func (n *narrator) show(f *facts) {
	n.clear()
	p := *n.printer
	p.out = n.out
	p.title("connector to delete")
	w := tabwriter.NewWriter(n.out, 0, 0, 2, ' ', 0)
	row := func(head, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", head, printable(fmt.Sprintf(format, args...)))
	}
	a := applianceOf(f.found)
	row("vm", "%s (id %d)", f.vm.Name, f.vm.ID)
	row("group", "%s (id %d), %s", f.group.Name, f.group.ID, count(len(f.group.ECVMs), "member", "members"))
	row("appliance", "%s at %s", a.NativeID, a.place())
	row("status", "%s", n.status(f))
	row("others active", "%s", orNone(f.othersActive, "none: no other member of the group is active"))
	switch {
	case f.referencesUnknown != "":
		row("group named by", "%s; %s", orNone(f.references, "nothing that is known"), f.referencesUnknown)
	default:
		row("group named by", "%s", orNone(f.references, "nothing"))
	}
	row("your other edits", "%s", orNone(f.edits, "none"))
	if len(f.editing) > 0 {
		row("editing now", "%s: the activation will wait for them", shorten(f.editing, 5))
	}
	w.Flush()
}

// status says how the connector is and when it was last heard of.
func (n *narrator) status(f *facts) string {
	status := f.vm.OperationalStatus
	if status == "" {
		status = strings.Join(f.vm.Status, " ")
	}
	switch {
	case f.lastSeenUnknown != "":
		return status + "; " + f.lastSeenUnknown
	case f.lastSeen.IsZero():
		return status + ", never heard of"
	default:
		return fmt.Sprintf("%s, last seen %s (%s)", status, f.lastSeen.UTC().Format("2006-01-02 15:04:05 UTC"), n.printer.ago(wire.At(f.lastSeen)))
	}
}

func orNone(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return shorten(list, 5)
}

// result says how the deletion has ended and what is left to do.
func (n *narrator) result(o *outcome, again string) {
	switch {
	case o.Activation == activationQueued:
		by := "other admins, whom the server does not name,"
		if len(o.QueuedBy) > 0 {
			by = shorten(o.QueuedBy, 5) + ","
		}
		n.note("Deleted, and not active yet: the activation is queued behind %s still editing", by)
		n.note("When they have activated, '%s' sees whether it is done", again)
	case o.RegisteredAgain != 0:
		n.note("The appliance %s has registered again, as the VM with id %d: power it off, and delete that one", o.NativeID, o.RegisteredAgain)
	case o.Activation == activationDone:
		fmt.Fprintf(n.out, "\nNow remove the appliance %s at %s.\n", printable(o.Remove.NativeID), printable(o.Remove.place()))
		fmt.Fprintf(n.out, "Until it is removed, powering it on again undoes this: it would register anew.\n")
	}
}

// outcomes is how an outcome is printed in CSV.
func outcomes() noun[outcome] {
	return noun[outcome]{one: "deletion", many: "deletions", columns: []column[outcome]{
		{head: "GROUP", text: func(o outcome) string { return o.Group.Name }},
		{head: "VM", text: func(o outcome) string { return o.VM.Name }},
		{head: "NATIVE ID", text: func(o outcome) string { return o.NativeID }},
		{head: "DELETED", text: func(o outcome) string { return fmt.Sprint(o.Deleted) }},
		{head: "ACTIVATION", text: func(o outcome) string { return o.Activation }},
		{head: "QUEUED BY", text: func(o outcome) string { return strings.Join(o.QueuedBy, " ") }},
		{head: "PLATFORM", text: func(o outcome) string { return o.Remove.Platform }},
		{head: "REGION", text: func(o outcome) string { return o.Remove.Region }},
		{head: "ZONE", text: func(o outcome) string { return o.Remove.Zone }},
	}}
}

package operation

import (
	"errors"
	"fmt"
	"strings"
)

// Check finds what is wrong with a table: an entry that is incomplete, or two
// that collide. A server refuses to start with such a table.
func Check(table []Operation) error {
	var faults []error
	ids, routes := map[string]bool{}, map[string]bool{}
	for _, o := range table {
		for _, fault := range o.faults() {
			faults = append(faults, fmt.Errorf("operation %s (%s %s): %s", o.ID, o.Method, o.Path, fault))
		}
		if ids[o.ID] {
			faults = append(faults, fmt.Errorf("operation id %s is used twice", o.ID))
		}
		route := o.Method + " " + o.Path
		if o.Root {
			route += " at the root"
		}
		if routes[route] {
			faults = append(faults, fmt.Errorf("%s is served twice", route))
		}
		ids[o.ID], routes[route] = true, true
	}
	return errors.Join(faults...)
}

func (o *Operation) faults() (out []string) {
	if o.ID == "" || o.Summary == "" || o.Status == 0 {
		out = append(out, "has no id, summary or status")
	}
	if !strings.HasPrefix(o.Path, "/") || o.Native != strings.HasPrefix(o.Path, "/spurline/") || o.Native && o.Root {
		out = append(out, "has a path of the wrong plane")
	}
	if o.Handle == nil {
		out = append(out, "has no handler")
	}
	if o.Area == "" {
		out = append(out, "stands in no area")
	}
	if o.Feature == "" {
		out = append(out, "says nothing of who may call it")
	}
	if o.Limit.Short.N < 0 {
		out = append(out, "has a limit that cannot be read")
	}
	if !o.Native && !o.Root && o.Limit.Unlimited() && !strings.HasPrefix(o.Path, "/auth") {
		out = append(out, "has no limit")
	}
	if bodyless(o.Method) && (o.In != nil || o.Stream) {
		out = append(out, "takes a body that its method does not carry")
	}
	if o.Stream && o.In == nil {
		out = append(out, "reads a body and does not say of what type")
	}
	for _, p := range append(o.PathParams(), o.Query...) {
		if p.Says == "" {
			out = append(out, "does not say what its parameter "+p.Name+" is for")
		}
	}
	return out
}

package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
)

// explain gives a verb the help that the table has for it: what it calls, who
// may, how often, and what it sends. It is made when somebody asks for it,
// because no other command line has a use for it.
func (v *apiVerb) explain(cmd *cobra.Command) {
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		cmd.Long = v.long()
		cmd.Example = v.example()
		cmd.Parent().HelpFunc()(cmd, args)
	})
}

func (v *apiVerb) long() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\n%s %s\n%s; ", v.op.Summary, v.op.Method, apiPathOf(v.op), permission(v.op))
	if v.op.Limit.Unlimited() {
		b.WriteString("no rate limit")
	} else {
		b.WriteString("rate limit " + v.op.Limit.String())
	}
	if v.staged() {
		b.WriteString("; takes effect with an activation")
	}
	if v.reader() != nil {
		b.WriteString("\n\nThe whole object is replaced. Without -f it is read first, and --set changes it.")
	}
	if v.op.In != nil {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprint(w, "\n\nMembers:")
		v.listMembers(w, shapeOf(v.op.In).leaf(), "  ")
		w.Flush()
	}
	return b.String()
}

func apiPathOf(o *operation.Operation) string {
	if o.Native {
		return o.Path
	}
	return "/api/v1" + o.Path
}

// permission says who may call an operation.
func permission(o *operation.Operation) string {
	switch o.Feature {
	case access.Public:
		return "for anybody"
	case access.AnyAdmin:
		return "for every admin"
	default:
		return fmt.Sprintf("needs %s of %s", o.Level, o.Feature)
	}
}

// listMembers lists what an object can be sent with. What the server says itself
// is not among it.
func (v *apiVerb) listMembers(w *tabwriter.Writer, s *shape, indent string) {
	for _, m := range s.slots {
		if m.kept {
			continue
		}
		fmt.Fprintf(w, "\n%s%s\t%s", indent, m.name, v.says(m))
		if leaf := m.shape.leaf(); leaf.sort == anObject {
			v.listMembers(w, leaf, indent+"  ")
		}
	}
}

// says is a member's type and limits.
func (v *apiVerb) says(m slot) string {
	leaf := m.shape.leaf()
	what, how := leaf.sort.String(), ""
	if leaf.sort == aReference {
		how = ", by id"
		if kind := v.all.kinds.Kind(leaf.kind); kind != nil {
			what = kindTitle(kind)
			how = ", by id or name"
		}
	}
	if m.shape.sort == aList {
		what = "list of " + plural(what)
	}
	what += how
	if leaf.secret {
		what = "secret; --ask " + m.name
	}
	if words := leaf.enum; len(words) > 0 {
		what = strings.Join(words[:min(len(words), 8)], "|")
		if len(words) > 8 {
			what += "|…"
		}
		if m.shape.sort == aList {
			what = "list of " + what
		}
	}
	for _, limit := range []struct{ text, says string }{{m.min, "at least "}, {m.max, "at most "}} {
		if limit.text == "" {
			continue
		}
		what += ", " + limit.says + limit.text
		if leaf.sort == aText && limit.says == "at most " {
			what += " characters"
		}
	}
	if m.required {
		what += ", required"
	}
	return what
}

// example is a command line that does something, or the beginning of one.
func (v *apiVerb) example() string {
	use := "  spurline " + v.noun.name + " " + v.name
	for _, p := range v.pathParams() {
		if p.flag != "" {
			use += " --" + p.flag + " " + strings.ToUpper(p.flag)
		}
	}
	for _, a := range v.arguments() {
		use += " " + v.argumentName(a)
	}
	if v.lists() {
		return use + "\n" + use + " -o json --query '[].id'"
	}
	if v.op.In == nil {
		return ""
	}
	lines := []string{use + " -f file.yaml"}
	s := shapeOf(v.op.In)
	i := slices.IndexFunc(s.slots, func(m slot) bool { return m.name == "description" || m.name == "desc" })
	switch {
	case v.reader() != nil && i >= 0:
		lines = append(lines, use+" --set "+s.slots[i].name+"='a better one' --dry-run")
	case s.sort == anObject:
		line := use
		for _, m := range s.slots {
			if m.required && !m.kept && !m.shape.secret {
				line += " --set " + m.name + "=" + strings.ToUpper(kebab(m.name))
			}
		}
		if line != use {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// completeAssignment offers the members of --set, and the words of one that
// has some.
func (v *apiVerb) completeAssignment(_ *cobra.Command, _ []string, sofar string) ([]cobra.Completion, cobra.ShellCompDirective) {
	s := shapeOf(v.op.In)
	path, _, assigned := strings.Cut(sofar, "=")
	if assigned {
		at, err := memberAt(s, path, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		words := at.leaf().enum
		if at.sort == aBoolean {
			words = []string{"true", "false"}
		}
		var all []string
		for _, word := range words {
			all = append(all, path+"="+word)
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
	above, _, nested := cutLast(path, ".")
	if nested {
		at, err := memberAt(s, above, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		s = at.leaf()
		above += "."
	}
	var all []string
	for _, m := range s.slots {
		if m.kept || m.shape.secret {
			continue
		}
		end := "="
		if m.shape.sort == anObject {
			end = "."
		}
		all = append(all, above+m.name+end)
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

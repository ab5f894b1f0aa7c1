package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
)

// calls is the annotation of a command with the id of the operation that it is
// made from.
const calls = "operation"

// configuration is the title under which help lists the nouns that the
// operation table alone makes.
const configuration = "Configuration, a verb for every operation of the API:"

// addTo gives every operation of the catalogue its verb, below a noun of its
// own or beside the hand-made ones of a noun that is there. Verbs of nouns that
// a command line has no word of are not made for it; nil is for all.
func (c *catalogue) addTo(root *cobra.Command, args []string) {
	for _, n := range c.nouns {
		at := child(root, n.name)
		if at == nil {
			at = n.command()
			root.AddCommand(at)
		}
		if args != nil && !slices.ContainsFunc(args, func(arg string) bool { return arg == at.Name() || at.HasAlias(arg) }) {
			continue
		}
		for _, v := range n.verbs {
			if child(at, v.name) != nil {
				continue
			}
			at.AddCommand(v.command())
			if v.name == "update" && v.reader() != nil {
				at.AddCommand(v.editCommand())
			}
		}
	}
}

func child(of *cobra.Command, name string) *cobra.Command {
	i := slices.IndexFunc(of.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
	if i < 0 {
		return nil
	}
	return of.Commands()[i]
}

// command is the noun alone, which means its list where it has one.
func (n *apiNoun) command() *cobra.Command {
	changes := slices.ContainsFunc(n.verbs, func(v *apiVerb) bool { return v.op.Method != http.MethodGet })
	short := "List the " + n.many
	if changes && n.kind != nil {
		short = "List and change the " + n.many
	}
	cmd := &cobra.Command{Use: n.name, Aliases: n.aliases, Short: short, Args: noArgs, Annotations: map[string]string{calls: ""}}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	if i := slices.IndexFunc(n.verbs, func(v *apiVerb) bool { return v.name == "list" }); i >= 0 {
		n.verbs[i].bind(cmd)
	} else if n.kind == nil {
		cmd.Short = n.verbs[0].op.Summary
	}
	cmd.GroupID = configuration
	return cmd
}

// command is the verb.
func (v *apiVerb) command() *cobra.Command {
	cmd := &cobra.Command{Use: v.use(v.name), Short: v.op.Summary, Args: cobra.NoArgs, Annotations: map[string]string{calls: v.op.ID}}
	v.bindArguments(cmd)
	v.bind(cmd)
	v.explain(cmd)
	return cmd
}

func (v *apiVerb) bindArguments(cmd *cobra.Command) {
	if n := len(v.arguments()); n > 0 {
		cmd.Args, cmd.ValidArgsFunction = cobra.ExactArgs(n), v.completeArgument
	}
}

// use is a verb of that name with its arguments.
func (v *apiVerb) use(name string) string {
	for _, a := range v.arguments() {
		name += " " + v.argumentName(a)
	}
	return name
}

// argumentName is what help calls the argument: NAME where names are looked up.
func (v *apiVerb) argumentName(a pathParam) string {
	switch {
	case a.kind != nil && v.looksUp(a.kind), v.lister(a) != nil:
		return "NAME"
	case a.name == "id":
		return "ID"
	default:
		return strings.ToUpper(kebab(a.name))
	}
}

// looksUp reports whether something lists the objects of a kind.
func (v *apiVerb) looksUp(kind *resource.Spec) bool {
	if kind.Ops&(resource.List|resource.Lite) != 0 {
		return true
	}
	parent := v.all.kinds.Kind(kind.Parent.Kind)
	return parent != nil && childrenMember(parent, kind) != ""
}

// lists reports whether the verb answers a list.
func (v *apiVerb) lists() bool {
	return v.op.Method == http.MethodGet && v.op.Out != nil && v.op.Out.Kind() == reflect.Slice
}

// bindParents makes flags of what the verb's objects hang on.
func (v *apiVerb) bindParents(cmd *cobra.Command) {
	for _, p := range v.pathParams() {
		if p.flag == "" {
			continue
		}
		what := p.name
		if p.kind != nil {
			what = kindTitle(p.kind) + ", by name or id"
		}
		cmd.Flags().String(p.flag, "", "the "+what)
		if p.kind != nil && p.kind.Ops&(resource.List|resource.Lite) != 0 {
			_ = cmd.RegisterFlagCompletionFunc(p.flag, completing(v.all.namesOf(p.kind)))
		}
	}
}

// bind gives a command the verb's flags and handler.
func (v *apiVerb) bind(cmd *cobra.Command) {
	v.bindParents(cmd)
	switch {
	case v.lists():
		v.bindList(cmd)
	case v.op.Method == http.MethodGet:
		v.bindGet(cmd)
	case v.op.Method == http.MethodDelete:
		v.bindDelete(cmd)
	default:
		v.bindWrite(cmd)
	}
	bindQuery(cmd, v.op)
}

// bindQuery makes flags of the parameters that an operation declares. Pages are
// not among them: lists are fetched whole.
func bindQuery(cmd *cobra.Command, o *operation.Operation) {
	fl := cmd.Flags()
	for _, p := range o.Query {
		if p.Name == "page" || p.Name == "pageSize" {
			continue
		}
		name, says := queryFlag(p), paramSays(p)
		switch {
		case p.Repeated:
			fl.StringArray(name, nil, says)
		case p.Type == resource.Boolean:
			fl.Bool(name, false, says)
		case p.Type == resource.Integer:
			fl.Int64(name, p.Default, says)
		default:
			fl.String(name, "", says)
		}
		if len(p.Enum) > 0 {
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(p.Enum, cobra.ShellCompDirectiveNoFileComp))
		}
	}
}

// queryFlag is the flag of a parameter. Those that every verb has go first.
func queryFlag(p operation.Param) string {
	name := kebab(p.Name)
	switch name {
	case "data-dir", "profile", "debug", "help", "output", "query", "watch", "every", "filter", "sort", "file", "set", "ask", "yes", "activate", "dry-run", "allow-unknown":
		return "param-" + name
	default:
		return name
	}
}

// paramSays is what a parameter is for, as help has it.
func paramSays(p operation.Param) string {
	says := strings.TrimSuffix(p.Says, ".")
	if says != "" {
		says = lowerFirst(says)
	}
	if len(p.Enum) > 0 && len(p.Enum) < 9 {
		says += " (" + strings.Join(p.Enum, ", ") + ")"
	}
	if p.Repeated {
		says += "; repeatable"
	}
	return says
}

// queryOf reads the flags of parameters.
func queryOf(cmd *cobra.Command, o *operation.Operation) (url.Values, error) {
	query := url.Values{}
	for _, p := range o.Query {
		f := cmd.Flags().Lookup(queryFlag(p))
		if f == nil || !f.Changed {
			if p.Required {
				return nil, usage("it needs --%s", queryFlag(p))
			}
			continue
		}
		values := []string{f.Value.String()}
		if p.Repeated {
			values, _ = cmd.Flags().GetStringArray(f.Name)
		}
		for _, value := range values {
			if len(p.Enum) > 0 && !slices.Contains(p.Enum, value) {
				return nil, unknown("value of --"+f.Name, value, p.Enum)
			}
			query.Add(p.Name, value)
		}
	}
	return query, nil
}

// offered refuses on the vendor's cloud what only a Spurline server has.
func (v *apiVerb) offered(s *session) error {
	if !v.op.Native {
		return nil
	}
	return s.needSandbox(v.noun.name + " " + v.name)
}

// target is the path of a call to a server that has the operation.
func (v *apiVerb) target(ctx context.Context, s *session, flags func(string) string, args []string) (string, error) {
	if err := v.offered(s); err != nil {
		return "", err
	}
	return v.address(ctx, s, flags, args)
}

// doing is what the verb does, for errors.
func (v *apiVerb) doing() string { return lowerFirst(v.op.Summary) }

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// flagText reads a string flag by its name.
func flagText(cmd *cobra.Command) func(string) string {
	return func(name string) string {
		text, err := cmd.Flags().GetString(name)
		if err != nil {
			return ""
		}
		return text
	}
}

// withQuery is a path with parameters.
func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return fmt.Sprintf("%s?%s", path, query.Encode())
}

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// bindList makes a command one that lists.
func (v *apiVerb) bindList(cmd *cobra.Command) {
	lookFlags(cmd)
	filters := cmd.Flags().StringArray("filter", nil, "only those with `MEMBER=VALUE`, MEMBER!=VALUE or MEMBER~PART; repeatable")
	sorts := cmd.Flags().StringSlice("sort", nil, "sort by `MEMBER`, or -MEMBER to fall; several with commas")
	var n narrowing
	var element *shape
	cmd.PreRunE = verb(func(cmd *cobra.Command) (err error) {
		element = v.elementShape()
		if n, err = narrow(v.op, element, *filters, *sorts); err != nil {
			return err
		}
		query, err := queryOf(cmd, v.op)
		for name, values := range query {
			n.query[name] = append(n.query[name], values...)
		}
		return err
	})
	cmd.RunE = looking(func(ctx context.Context, s *session, args []string) error {
		path, err := v.target(ctx, s, flagText(cmd), args)
		if err != nil {
			return err
		}
		all, err := s.listAll(ctx, v.op, v.doing(), path, n.query)
		if err != nil {
			return err
		}
		all = n.apply(all)
		return show(s.printer, v.titled(v.noun.nounOf(element, s.printer, false, all)), all)
	})
	completeMembers := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return append(queryNames(v.op), v.elementShape().names()...), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	_ = cmd.RegisterFlagCompletionFunc("filter", completeMembers)
	_ = cmd.RegisterFlagCompletionFunc("sort", completeMembers)
}

// elementShape is what a list has of each object. Members that a short list
// leaves out cannot be told apart by.
func (v *apiVerb) elementShape() *shape {
	s := shapeOf(v.op.Out).element
	if s.sort == aReference {
		return &shape{sort: anObject, slots: []slot{{name: "id", shape: s.at("id")}, {name: "name", shape: s.at("name")}}}
	}
	if v.op.Verb == resource.Lite {
		s.slots = slices.DeleteFunc(s.slots, func(m slot) bool { return !m.lite && m.name != "id" && m.name != "name" })
	}
	return s
}

// bindGet makes a command one that shows one thing.
func (v *apiVerb) bindGet(cmd *cobra.Command) {
	lookFlags(cmd)
	var query url.Values
	cmd.PreRunE = verb(func(cmd *cobra.Command) (err error) {
		query, err = queryOf(cmd, v.op)
		return err
	})
	cmd.RunE = looking(func(ctx context.Context, s *session, args []string) error {
		path, err := v.target(ctx, s, flagText(cmd), args)
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := s.do(ctx, v.doing(), http.MethodGet, withQuery(path, query), nil, &raw); err != nil {
			return err
		}
		return v.showAnswer(s, raw)
	})
}

// showAnswer prints what an operation answered, whatever it is.
func (v *apiVerb) showAnswer(s *session, raw json.RawMessage) error {
	p := s.printer
	value, err := valueOf(raw)
	if err != nil {
		return fmt.Errorf("cannot %s: the answer is not what was expected: %w", v.doing(), err)
	}
	shape := &shape{}
	if v.op.Out != nil {
		shape = shapeOf(v.op.Out)
	}
	switch value := value.(type) {
	case map[string]any:
		rows := []entry[tree]{{object: value, raw: raw}}
		return showOne(p, v.titled(v.noun.nounOf(shape, p, true, rows)), rows[0])
	case []any:
		rows, err := entriesOf(raw)
		if err != nil || shape.element == nil {
			return p.data(raw)
		}
		return show(p, v.titled(v.noun.nounOf(shape.element, p, false, rows)), rows)
	case nil:
		return nil
	}
	if p.format == "json" || p.format == "yaml" {
		return p.data(raw)
	}
	_, err = fmt.Fprintln(p.out, printable(plainly(value)))
	return err
}

// titled calls what an operation answers by what it does, where that is not an
// object of the noun's kind.
func (v *apiVerb) titled(n noun[entry[tree]]) noun[entry[tree]] {
	out := v.op.Out
	if out != nil && out.Kind() == reflect.Slice {
		out = out.Elem()
	}
	switch {
	case v.noun.kind != nil && (out == v.noun.kind.Type || out == reflect.TypeFor[wire.Ref]()):
	case v.lists():
		n.one, n.many = "entry: "+v.doing(), "entries: "+v.doing()
	default:
		n.one = v.doing()
	}
	return n
}

// namesOf lists the names of a kind's objects, for completion.
func (c *catalogue) namesOf(kind *resource.Spec) func(context.Context, *session) ([]string, error) {
	return func(ctx context.Context, s *session) ([]string, error) {
		all, _, err := c.objects(ctx, s, kind.Path, kind)
		return namesIn(all), err
	}
}

// completeArgument offers the names of what a verb can be about.
func (v *apiVerb) completeArgument(cmd *cobra.Command, args []string, sofar string) ([]cobra.Completion, cobra.ShellCompDirective) {
	all := v.arguments()
	if len(args) > 0 || len(all) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	a := all[0]
	if o := v.lister(a); o != nil && !strings.Contains(o.Path, "{") {
		return completing(func(ctx context.Context, s *session) ([]string, error) {
			all, err := s.listAll(ctx, o, lowerFirst(o.Summary), o.Path, nil)
			return namesIn(all), err
		})(cmd, args, sofar)
	}
	if a.kind == nil || !v.looksUp(a.kind) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if len(v.ancestors()) == 0 {
		return completing(v.all.namesOf(a.kind))(cmd, args, sofar)
	}
	return completing(func(ctx context.Context, s *session) ([]string, error) {
		// The path up to the argument: what the object hangs on comes by flags.
		path, err := v.address(ctx, s, flagText(cmd), []string{"0"})
		if err != nil {
			return nil, err
		}
		all, _, err := v.all.objects(ctx, s, path[:strings.LastIndex(path, "/")], a.kind)
		return namesIn(all), err
	})(cmd, args, sofar)
}

func namesIn(all []entry[tree]) (names []string) {
	for _, e := range all {
		names = append(names, e.object.names()[0])
	}
	return names
}

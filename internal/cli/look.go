package cli

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// outputFlags gives a verb what newPrinter reads.
func outputFlags(cmd *cobra.Command) { bindOutput(cmd.Flags()) }

func bindOutput(fl *pflag.FlagSet) {
	fl.VarP(newChoice("table", "json", "yaml", "csv"), "output", "o", "how to print it")
	fl.String("query", "", "JMESPath `EXPRESSION` to pick from the output; for JSON, which it implies, and YAML")
}

// lookFlags are those of the verbs that show something.
func lookFlags(cmd *cobra.Command) {
	fl := cmd.Flags()
	bindOutput(fl)
	fl.BoolP("watch", "w", false, "show it again and again, until Ctrl-C")
	fl.Duration("every", 2*time.Second, "pause of --watch")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml", "csv"}, cobra.ShellCompDirectiveNoFileComp))
}

// looker shows something to whoever looks.
type looker func(ctx context.Context, s *session, args []string) error

// looking is the handler of a verb that shows something, once or again and
// again.
func looking(look looker) func(*cobra.Command, []string) error {
	return verbArgs(func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		again, err := cmd.Flags().GetBool("watch")
		if err != nil {
			return err
		}
		every, err := cmd.Flags().GetDuration("every")
		if err != nil {
			return err
		}
		if every < time.Second {
			return usage("--every %s: it is a second at least", every)
		}
		s, err := openSession(ctx, cmd)
		if err != nil {
			return err
		}
		defer s.close()
		if !again {
			return look(ctx, s, args)
		}
		return watch(ctx, s, every, func() error { return look(ctx, s, args) })
	})
}

// clearScreen moves to the top of the terminal and clears what is below.
const clearScreen = "\x1b[H\x1b[2J"

// watch looks until Ctrl-C. On a terminal each look replaces the one before;
// elsewhere they follow each other.
func watch(ctx context.Context, s *session, every time.Duration, look func() error) error {
	out := s.printer.out
	defer func() { s.printer.out = out }()
	for {
		var b bytes.Buffer
		s.printer.out = &b
		if err := look(); ctx.Err() != nil {
			return nil //nolint:nilerr // the end that --watch has
		} else if err != nil {
			return err
		}
		text := b.String()
		if s.printer.width > 0 {
			text = clearScreen + text
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
		if pause(ctx, every) != nil {
			return nil
		}
	}
}

// shown declares a noun's verbs: list, which is also what the noun alone
// means, and get.
type shown struct {
	name, short, example string
	list                 looker
	getShort             string
	get                  looker
	names                func(ctx context.Context, s *session) ([]string, error) // that get can be given
}

func (n shown) command() *cobra.Command {
	list := looking(n.list)
	cmd := &cobra.Command{Use: n.name, Short: n.short, Example: n.example, Args: noArgs, RunE: list}
	cmd.AddCommand(&cobra.Command{Use: "list", Short: n.short, Example: n.examples(false), Args: cobra.NoArgs, RunE: list})
	if n.get != nil {
		one := strings.ToUpper(strings.TrimSuffix(n.name, "s"))
		cmd.AddCommand(&cobra.Command{
			Use: "get " + one, Short: n.getShort, Example: n.examples(true), Args: cobra.ExactArgs(1),
			RunE: looking(n.get), ValidArgsFunction: completing(n.names),
		})
	}
	for _, c := range append(cmd.Commands(), cmd) {
		lookFlags(c)
	}
	return cmd
}

// examples are those of get, or those of list.
func (n shown) examples(ofGet bool) string {
	var some []string
	for _, example := range strings.Split(n.example, "\n") {
		if strings.Contains(example, " get ") == ofGet {
			some = append(some, example)
		}
	}
	return strings.Join(some, "\n")
}

// completionTime bounds how long the shell waits for live names.
const completionTime = 3 * time.Second

// completing offers live names for a verb's one argument. It asks nobody for a
// password and fails in silence: the user is in the middle of a command line.
func completing(names func(ctx context.Context, s *session) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 || names == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(contextOf(cmd)), completionTime)
		defer cancel()
		cmd.SetIn(strings.NewReader(""))
		cmd.SetErr(io.Discard)
		s, err := openSession(ctx, cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer s.close()
		found, err := names(ctx, s)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

func contextOf(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

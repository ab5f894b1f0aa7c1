package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

const summaryPath = requestsPath + "/summary"

func newRequestsSummary() *cobra.Command {
	var reset bool
	cmd := &cobra.Command{
		Use: "summary", Short: "Tell how long the calls so far would have taken on the real service", Args: cobra.NoArgs,
		Long: "summary tells what the vendor's rate limits would have made of the calls since the\n" +
			"server's start or the last --reset: how long they would have taken a client that\n" +
			"makes them one after the other, and waits where it is told to.",
		Example: "  spurline requests summary --reset && ./my-script && spurline requests summary\n  spurline requests --waited",
		RunE: withAsker("requests summary", func(ctx context.Context, a *asker, _ []string) error {
			var runs []wire.Run
			if err := a.ask(ctx, "summarise the requests", http.MethodGet, summaryPath, &runs); err != nil {
				return err
			}
			if reset {
				if err := a.ask(ctx, "begin a new run", http.MethodDelete, summaryPath, nil); err != nil {
					return err
				}
			}
			return showRuns(a.printer, runs, reset)
		}),
	}
	cmd.Flags().BoolVar(&reset, "reset", false, "begin to count anew, after this summary")
	outputFlags(cmd)
	return cmd
}

// showRuns prints what calls came to: a run for each org that called.
func showRuns(p *printer, runs []wire.Run, reset bool) error {
	switch p.format {
	case "json", "yaml":
		return p.data(runs)
	case "csv":
		return showCSV(p, runNoun(), parts(runs))
	}
	if len(runs) == 0 {
		p.title("no calls that the vendor limits yet")
	}
	for _, r := range runs {
		what := fmt.Sprintf("%s in %s", count(int(r.Calls), "call", "calls"), seconds(r.ElapsedSeconds))
		if len(runs) > 1 {
			what = fmt.Sprintf("org %d: %s", r.Org, what)
		}
		p.title(what)
		fmt.Fprintln(p.out, p.paint(verdictTone(r), verdict(r)))
		g := grid{}
		n := runNoun()
		for _, c := range n.columns {
			if !c.detail {
				g.heads, g.spare = append(g.heads, c.head), append(g.spare, c.spare)
			}
		}
		for _, part := range parts([]wire.Run{r}) {
			var cells []cell
			for _, c := range n.columns {
				if !c.detail {
					cells = append(cells, c.cell(p, part))
				}
			}
			g.rows = append(g.rows, cells)
		}
		if err := p.grid(g); err != nil {
			return err
		}
		if r.Waited+r.Refused > 0 {
			fmt.Fprintln(p.out, p.paint(faint, "'spurline requests --waited' lists the calls."))
		}
	}
	if reset {
		fmt.Fprintln(p.out, "A new run begins.")
	}
	return nil
}

// verdict says in a sentence what the limits would have made of a run.
func verdict(r wire.Run) string {
	switch {
	case r.Enforced && r.Refused > 0:
		return fmt.Sprintf("The vendor's limits hold here: they refused %s, and asked to wait %s.", count(int(r.Refused), "call", "calls"), seconds(float64(r.WaitSeconds)))
	case r.Enforced:
		return "The vendor's limits hold here, and refused none."
	case r.Waited == 0:
		return "On the real service none of them would have waited."
	default:
		return fmt.Sprintf("On the real service it would have taken %s: %s would have waited %s.",
			seconds(r.TotalSeconds), count(int(r.Waited), "call", "calls"), seconds(float64(r.WaitSeconds)))
	}
}

func verdictTone(r wire.Run) tone {
	if r.Waited+r.Refused > 0 {
		return warn
	}
	return good
}

// seconds is a time as people read it: 0.3s, 12s, 1h2m5s.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// runRow is an operation of an org's run.
type runRow struct {
	org int64
	wire.RunPart
}

func parts(runs []wire.Run) []runRow {
	rows := []runRow{}
	for _, r := range runs {
		for _, part := range r.Operations {
			rows = append(rows, runRow{r.Org, part})
		}
	}
	return rows
}

func runNoun() noun[runRow] {
	return noun[runRow]{one: "operation", many: "operations", columns: []column[runRow]{
		{head: "OPERATION", text: func(r runRow) string { return r.Operation }, tone: always[runRow](strong)},
		{head: "LIMIT", text: func(r runRow) string { return r.Limit }, tone: always[runRow](faint), spare: true},
		{head: "CALLS", text: func(r runRow) string { return fmt.Sprint(r.Calls) }},
		{head: "WAITED", text: func(r runRow) string { return fmt.Sprint(r.Waited) }},
		{head: "REFUSED", text: func(r runRow) string { return fmt.Sprint(r.Refused) }, spare: true},
		{head: "WAIT", text: func(r runRow) string { return seconds(float64(r.WaitSeconds)) }, tone: func(r runRow) tone {
			if r.WaitSeconds > 0 {
				return warn
			}
			return plain
		}},
		{head: "ORG", text: func(r runRow) string { return fmt.Sprint(r.org) }, detail: true},
	}}
}

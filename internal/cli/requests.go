package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

const requestsPath = "/spurline/v1/requests"

// asker asks a Spurline server about itself: as the owner where the data
// directory is at hand, because only the owner sees requests of callers that
// were not recognised, and as the profile's admin elsewhere.
type asker struct {
	*session
	owner *owner // nil: as an admin
}

func openAsker(ctx context.Context, cmd *cobra.Command, what string) (*asker, error) {
	p, err := chooseProfile(cmd)
	if err != nil {
		return nil, err
	}
	if p.Kind == kindSandbox && p.DataDir != "" {
		token, err := server.ReadOwnerToken(p.DataDir)
		if err == nil {
			s, err := connect(cmd, p)
			if err != nil {
				return nil, err
			}
			s.sandbox, s.printer.sandbox = true, true
			return &asker{s, &owner{session: s, dir: p.DataDir, token: token}}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	s, err := openSession(ctx, cmd)
	if err != nil {
		return nil, err
	}
	if err := s.needSandbox(what); err != nil {
		s.close()
		return nil, err
	}
	return &asker{session: s}, nil
}

// ask calls one of the server's own operations.
func (a *asker) ask(ctx context.Context, doing, method, path string, out any) error {
	if a.owner != nil {
		return a.owner.call(ctx, doing, method, path, nil, out)
	}
	return a.do(ctx, doing, method, path, nil, out)
}

// withAsker is the handler of a verb that needs one.
func withAsker(what string, run func(ctx context.Context, a *asker, args []string) error) func(*cobra.Command, []string) error {
	return verbArgs(func(cmd *cobra.Command, args []string) error {
		a, err := openAsker(cmd.Context(), cmd, what)
		if err != nil {
			return err
		}
		defer a.close()
		return run(cmd.Context(), a, args)
	})
}

// requestFilter is which requests to list.
type requestFilter struct {
	follow, bodies, tolerated, waited      bool
	last                                   int
	operation, method, path, status, login string
}

func (f *requestFilter) bind(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVarP(&f.follow, "follow", "f", false, "go on with what comes, until Ctrl-C")
	fl.IntVarP(&f.last, "last", "n", 30, "how many of the last to begin with")
	fl.BoolVar(&f.bodies, "bodies", false, "show what was sent and answered")
	fl.StringVar(&f.operation, "operation", "", "only those of an operation, by its id")
	fl.StringVar(&f.method, "method", "", "only those with a method")
	fl.StringVar(&f.path, "path", "", "only those whose path contains this")
	fl.StringVar(&f.status, "status", "", "only those with a status, such as 404, or a class of them, such as 4xx")
	fl.StringVar(&f.login, "login", "", "only those of an admin or an API client")
	fl.BoolVar(&f.tolerated, "tolerated", false, "only those with something that --strict would refuse")
	fl.BoolVar(&f.waited, "waited", false, "only those that the vendor's rate limits would have held up")
	outputFlags(cmd)
}

func (f *requestFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"operation": f.operation, "method": f.method, "path": f.path, "status": f.status, "login": f.login} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range map[string]bool{"bodies": f.bodies, "tolerated": f.tolerated, "waited": f.waited} {
		if value {
			q.Set(name, "true")
		}
	}
	return q
}

func newRequests() *cobra.Command {
	const short = "Show what clients sent to the server, and what they got"
	const example = "  spurline requests --follow\n  spurline requests --status 4xx --bodies\n  spurline requests --operation createForwardingRule -o json\n  spurline requests show 17"
	var whole, part requestFilter
	cmd := &cobra.Command{
		Use: "requests", Short: short, Args: cobra.NoArgs, Example: example,
		Long: "requests shows the last 10,000 requests that the server answered, the oldest first.\n" +
			"Secrets are masked. Next to the server's data directory it shows all of them, and\n" +
			"to a super admin those in the name of the org.",
		RunE: withAsker("requests", func(ctx context.Context, a *asker, _ []string) error { return a.listRequests(ctx, whole) }),
	}
	whole.bind(cmd)
	list := &cobra.Command{
		Use: "list", Short: short, Args: cobra.NoArgs, Example: example,
		RunE: withAsker("requests", func(ctx context.Context, a *asker, _ []string) error { return a.listRequests(ctx, part) }),
	}
	part.bind(list)
	one := &cobra.Command{
		Use: "show REQUEST", Short: "Show a request and its answer whole, by number or request id", Args: cobra.ExactArgs(1),
		Example: "  spurline requests show 17\n  spurline requests show 4f1c9a0b7d2e6358 -o json",
		RunE: withAsker("requests", func(ctx context.Context, a *asker, args []string) error {
			var e wire.Exchange
			if err := a.ask(ctx, "show the request", http.MethodGet, requestsPath+"/"+url.PathEscape(args[0]), &e); err != nil {
				return err
			}
			return showRequest(a.printer, e)
		}),
	}
	outputFlags(one)
	cmd.AddCommand(list, one, newRequestsSummary())
	return cmd
}

// maxListed is how many requests one answer has at most.
const maxListed = 1000

// newestRequests asks for the last of them, the oldest first.
func (a *asker) newestRequests(ctx context.Context, f requestFilter) (all []wire.Exchange, err error) {
	q := f.query()
	for f.last > len(all) {
		q.Set("pageSize", strconv.Itoa(min(f.last-len(all), maxListed)))
		if len(all) > 0 {
			q.Set("before", strconv.FormatInt(all[0].Seq, 10))
		}
		var some []wire.Exchange
		if err := a.ask(ctx, "list the requests", http.MethodGet, requestsPath+"?"+q.Encode(), &some); err != nil {
			return nil, err
		}
		if len(some) == 0 {
			break
		}
		all = append(some, all...)
	}
	return all, nil
}

func (a *asker) listRequests(ctx context.Context, f requestFilter) error {
	if f.last < 0 {
		return usage("--last %d: how many is it to be?", f.last)
	}
	if f.follow {
		return a.followRequests(ctx, f)
	}
	all, err := a.newestRequests(ctx, f)
	if err != nil {
		return err
	}
	if !f.bodies || a.printer.format != "table" {
		return show(a.printer, requestNoun(), all)
	}
	a.printer.title(count(len(all), "request", "requests"))
	s := newStream(a.printer, requestNoun(), printBodies)
	return s.add(all)
}

// followEvery is how often a follower asks for what is new.
const followEvery = 300 * time.Millisecond

func (a *asker) followRequests(ctx context.Context, f requestFilter) error {
	// The last number is asked for before the last of those that are wanted:
	// what comes in between is then shown, and nothing twice.
	newest, err := a.newestRequests(ctx, requestFilter{last: 1})
	if err != nil {
		return err
	}
	after := int64(0)
	if len(newest) > 0 {
		after = newest[0].Seq
	}
	q := f.query()
	more := printBodies
	if !f.bodies {
		more = nil
	}
	s := newStream(a.printer, requestNoun(), more)
	if f.last > 0 {
		q.Set("before", strconv.FormatInt(after+1, 10))
		q.Set("pageSize", strconv.Itoa(min(f.last, maxListed)))
		var some []wire.Exchange
		if err := a.ask(ctx, "list the requests", http.MethodGet, requestsPath+"?"+q.Encode(), &some); err != nil {
			return err
		}
		if err := s.add(some); err != nil {
			return err
		}
		q.Del("before")
	}
	q.Set("pageSize", strconv.Itoa(maxListed))
	for {
		q.Set("after", strconv.FormatInt(after, 10))
		var some []wire.Exchange
		err := a.ask(ctx, "list the requests", http.MethodGet, requestsPath+"?"+q.Encode(), &some)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end that --follow has
		}
		if err != nil {
			return err
		}
		if len(some) > 0 {
			after = some[len(some)-1].Seq
		}
		if err := s.add(some); err != nil {
			return err
		}
		if len(some) < maxListed && pause(ctx, followEvery) != nil {
			return nil
		}
	}
}

func requestTone(e wire.Exchange) tone {
	switch e.Status / 100 {
	case 2, 3:
		return good
	case 4:
		return warn
	default:
		return bad
	}
}

func requestTarget(e wire.Exchange) string {
	if e.Query != "" {
		return e.Path + "?" + e.Query
	}
	return e.Path
}

func milliseconds(ms float64) string { return strconv.FormatFloat(ms, 'f', 1, 64) }

func waitText(w *wire.Wait) string {
	if w == nil {
		return "-"
	}
	return fmt.Sprintf("%d s (%s)", w.Seconds, w.Limit)
}

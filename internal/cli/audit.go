package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/wire"
)

func newAudit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Show who did what: the audit trail", Args: noArgs,
		Long: "audit lists the trail of the org, newest first: sign-ins, changes, activations, imports,\n" +
			"with who, from where and with what result. Rows are kept for six months. Times are UTC.\n" +
			"--installation shows what belongs to no org, such as sign-ins with unknown login names,\n" +
			"to the owner of the data directory.",
		Example: "  spurline audit --from 24h\n  spurline audit --admin admin@demo.example --action Delete\n" +
			"  spurline audit --kind locationTemplate --id 5000123 --changes\n  spurline audit --result failure --limit 0 -o csv\n" +
			"  spurline audit --follow --changes",
	}
	bindOutput(cmd.PersistentFlags())
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.PersistentFlags().Bool("installation", false, "the installation's own trail, as the owner of the data directory")
	var find auditSearch
	find.bind(cmd)
	cmd.RunE = auditVerb(func(ctx context.Context, t *trail, _ []string) error {
		query, err := find.query(time.Now())
		if err != nil {
			return err
		}
		if find.follow {
			return t.follow(ctx, find, query)
		}
		return t.list(ctx, find, query)
	})
	show := &cobra.Command{
		Use: "show NUMBER", Short: "Show a row of the audit trail, and what changed field by field", Args: cobra.ExactArgs(1),
		Example: "  spurline audit show 1234\n  spurline audit show 1234 -o json --query after.name",
		RunE:    auditVerb(func(ctx context.Context, t *trail, args []string) error { return t.show(ctx, args[0]) }),
	}
	var head string
	verify := &cobra.Command{
		Use: "verify", Short: "Look for changes and gaps in the audit trail", Args: noArgs,
		Long: "verify computes the chain of hashes anew that the rows of the trail form, and names the\n" +
			"first row that was changed, removed or put in. The exit code is 1 then.\n\n" +
			"Who can write to the database can compute a whole chain anew. Keep the head that verify\n" +
			"prints somewhere else: --head compares with it.",
		Example: "  spurline audit verify\n  spurline audit verify --head 1234:9f86d081…",
		RunE:    auditVerb(func(ctx context.Context, t *trail, _ []string) error { return t.verify(ctx, head) }),
	}
	verify.Flags().StringVar(&head, "head", "", "a head that was printed earlier, as `NUMBER:HASH`; that row must have the hash still")
	cmd.AddCommand(show, verify)
	return cmd
}

// auditSearch is what the flags of audit ask for.
type auditSearch struct {
	from, to, admin, action, category, sub, resource, kind, of, result string
	id, before                                                         int64
	limit                                                              int
	changes, follow                                                    bool
	every                                                              time.Duration
}

func (a *auditSearch) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.from, "from", "", "rows of this `TIME` and later: 2026-05-01, 2026-05-01T08:00:00Z, or 90m, 24h, 7d ago")
	f.StringVar(&a.to, "to", "", "rows of before this `TIME`")
	f.StringVar(&a.admin, "admin", "", "login name of who did it, in any case")
	f.StringVar(&a.action, "action", "", "what was done, such as Update")
	f.StringVar(&a.category, "category", "", "area that it was done in, such as \"Location Management\"")
	f.StringVar(&a.sub, "sub-category", "", "part of the area, such as \"Location Template\"")
	f.StringVar(&a.resource, "resource", "", "part of the name of what it was done to, in any case")
	f.StringVar(&a.kind, "kind", "", "kind of the object that it was done to, such as locationTemplate")
	f.Int64Var(&a.id, "id", 0, "id of the object that it was done to")
	f.StringVar(&a.of, "interface", "", "interface that it came through: API or \"Admin UI\"")
	f.StringVar(&a.result, "result", "", "success or failure")
	f.IntVarP(&a.limit, "limit", "n", 50, "rows at most; 0 = all")
	f.Int64Var(&a.before, "before", 0, "rows that follow this one in the list")
	f.BoolVar(&a.changes, "changes", false, "what changed field by field, below each row; in JSON and YAML the object before and after")
	f.BoolVarP(&a.follow, "follow", "f", false, "go on with new rows, oldest first, until Ctrl-C")
	f.DurationVar(&a.every, "every", 2*time.Second, "pause of --follow")
}

// query is the search as the server takes it.
func (a *auditSearch) query(now time.Time) (url.Values, error) {
	if a.limit < 0 {
		return nil, usage("--limit %d: it is 0 for all rows, or how many", a.limit)
	}
	if a.follow && (a.to != "" || a.before != 0) {
		return nil, usage("--follow has no end, so it goes with neither --to nor --before")
	}
	if a.every < time.Second {
		return nil, usage("--every %s: it is a second at least", a.every)
	}
	q := url.Values{}
	for name, value := range map[string]string{
		"admin": a.admin, "action": a.action, "category": a.category, "subCategory": a.sub, "resource": a.resource, "kind": a.kind,
		"interface": a.of, "result": a.result, "from": since(a.from, now), "to": since(a.to, now),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if a.id != 0 {
		q.Set("id", strconv.FormatInt(a.id, 10))
	}
	if a.changes {
		q.Set("bodies", "true")
	}
	return q, nil
}

// since makes a time of how long ago it was; the server reads all others.
func since(text string, now time.Time) string {
	ago, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago < 0 {
		return text
	}
	return now.Add(-ago).UTC().Format(time.RFC3339)
}

// trail is an audit trail to be read: the org's, in a session, or the
// installation's, as its owner.
type trail struct {
	*session
	owner *owner // nil = the org's
	base  string
}

// auditVerb is the handler of a verb on a trail.
func auditVerb(run func(ctx context.Context, t *trail, args []string) error) func(*cobra.Command, []string) error {
	return verbArgs(func(cmd *cobra.Command, args []string) (err error) {
		ctx := cmd.Context()
		all, err := cmd.Flags().GetBool("installation")
		if err != nil {
			return err
		}
		if all {
			o, err := openOwner(ctx, cmd, "", false)
			if err != nil {
				return err
			}
			t := &trail{session: o.session, owner: o, base: "/spurline/v1/installation/audit"}
			return endedWith(run(ctx, t, args), o.end(context.WithoutCancel(ctx)))
		}
		s, err := openSession(ctx, cmd)
		if err != nil {
			return err
		}
		defer s.close()
		if !s.sandbox {
			return errors.New("the vendor's API has no audit trail; its portal shows it")
		}
		return run(ctx, &trail{session: s, base: "/spurline/v1/audit"}, args)
	})
}

// get reads from the trail.
func (t *trail) get(ctx context.Context, doing, path string, out any) error {
	if t.owner != nil {
		return t.owner.call(ctx, doing, http.MethodGet, path, nil, out)
	}
	return t.do(ctx, doing, http.MethodGet, path, nil, out)
}

func (t *trail) page(ctx context.Context, query url.Values) (page wire.AuditPage, err error) {
	return page, t.get(ctx, "list the audit trail", t.base+"?"+query.Encode(), &page)
}

// auditPage is how many rows are asked for at a time.
const auditPage = 500

// walk hands out what the search finds, newest first, page by page. It tells
// from where more would follow, and the newest row of the trail.
func (t *trail) walk(ctx context.Context, a auditSearch, query url.Values, each func([]wire.AuditRow) error) (next, head int64, err error) {
	next = a.before
	for found := 0; ; {
		size := auditPage
		if a.limit > 0 {
			size = min(size, a.limit-found)
		}
		query.Set("limit", strconv.Itoa(size))
		if next != 0 {
			query.Set("before", strconv.FormatInt(next, 10))
		}
		page, err := t.page(ctx, query)
		if err != nil {
			return 0, 0, err
		}
		if err := each(page.Rows); err != nil {
			return 0, 0, err
		}
		if head == 0 {
			head = page.Head
		}
		found, next = found+len(page.Rows), page.Next
		if next == 0 || a.limit > 0 && found >= a.limit {
			return next, head, nil
		}
	}
}

// verify has the server look at the whole trail, which takes as long as it
// takes.
func (t *trail) verify(ctx context.Context, noted string) error {
	const doing = "verify the audit trail"
	path := t.base + "/verify?" + url.Values{"head": {noted}}.Encode()
	var v wire.AuditVerdict
	if t.owner != nil {
		resp, err := t.owner.stream(ctx, doing, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
			return fmt.Errorf("cannot %s: the server's answer: %w", doing, err)
		}
	} else {
		c := client.New(client.Config{BaseURL: t.profile.URL, HTTP: &http.Client{Transport: t.line}, Wait: t.wait, UserAgent: "spurline/" + version()})
		c.UseSession(t.client.Session())
		if err := c.Do(ctx, http.MethodGet, path, nil, &v); err != nil {
			return t.failed(doing, http.MethodGet, path, err)
		}
	}
	err := t.verdict(v)
	if err == nil && !v.OK {
		err = &failure{code: exitFailed}
	}
	return err
}

func (t *trail) verdict(v wire.AuditVerdict) error {
	p := t.printer
	if p.format != "table" {
		return showOne(p, verdictNoun(), v)
	}
	p.title(count(int(v.Rows), "row", "rows") + " of the audit trail")
	if v.Anchor != "" {
		fmt.Fprintf(p.out, "       pruned up to %s\n", v.Anchor)
	}
	if v.Fault != nil {
		fmt.Fprintf(p.out, "%s  row %d: %s\n", p.paint(bad, "wrong"), v.Fault.Seq, printable(v.Fault.Reason))
		return nil
	}
	fmt.Fprintf(p.out, "%s     every row is as it was written\n", p.paint(good, "ok"))
	if v.Head != "" {
		fmt.Fprintf(p.out, "head   %s\n       Keep it somewhere else, and compare later with 'spurline audit verify --head'.\n", v.Head)
	}
	return nil
}

func verdictNoun() noun[wire.AuditVerdict] {
	return noun[wire.AuditVerdict]{one: "verdict", many: "verdicts", columns: []column[wire.AuditVerdict]{
		{head: "OK", text: func(v wire.AuditVerdict) string { return yesNo(v.OK) }},
		{head: "ROWS", text: func(v wire.AuditVerdict) string { return strconv.FormatInt(v.Rows, 10) }},
		{head: "ANCHOR", text: func(v wire.AuditVerdict) string { return dash(v.Anchor) }},
		{head: "HEAD", text: func(v wire.AuditVerdict) string { return dash(v.Head) }},
		{head: "ROW", text: func(v wire.AuditVerdict) string {
			if v.Fault == nil {
				return "-"
			}
			return strconv.FormatInt(v.Fault.Seq, 10)
		}},
		{head: "FAULT", text: func(v wire.AuditVerdict) string { return cmp.Or(v.Fault, &wire.AuditFault{Reason: "-"}).Reason }},
	}}
}

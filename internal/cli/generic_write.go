package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// writing is one call of a verb that changes something.
type writing struct {
	*apiVerb
	shape *shape // of what is sent

	file                                string
	set, ask                            []string
	allowUnknown, dryRun, activate, yes bool

	given       any  // from the file
	asRead      tree // the object that is to be replaced
	assignments []assignment
	query       url.Values
	done        string // what was done, where nothing is answered
}

// bindWrite makes a command one that sends something.
func (v *apiVerb) bindWrite(cmd *cobra.Command) {
	outputFlags(cmd)
	w := &writing{apiVerb: v}
	fl := cmd.Flags()
	if v.op.In != nil {
		fl.StringVarP(&w.file, "file", "f", "", "`FILE` with the object as JSON or YAML; - reads standard input")
		fl.BoolVar(&w.allowUnknown, "allow-unknown", false, "send members and words that are not known here; the API ignores or refuses them")
	}
	if v.op.In != nil && v.op.In.Kind() != reflect.Slice {
		fl.StringArrayVar(&w.set, "set", nil, "`MEMBER=VALUE` to set: member.member, member[0], member[] for a new element; repeatable")
		fl.StringArrayVar(&w.ask, "ask", nil, "`MEMBER` to type at the terminal, where it is not shown; repeatable")
		_ = cmd.RegisterFlagCompletionFunc("set", v.completeAssignment)
	}
	v.bindSending(cmd, w)
	cmd.PreRunE = verb(func(cmd *cobra.Command) error { return w.read(cmd) })
	cmd.RunE = withSession(func(ctx context.Context, s *session, args []string) error { return w.run(ctx, s, flagText(cmd), args) })
}

// bindSending gives a command the flags of everything that is sent.
func (v *apiVerb) bindSending(cmd *cobra.Command, w *writing) {
	cmd.Flags().BoolVar(&w.dryRun, "dry-run", false, "show what would be sent, and send nothing but reads")
	if v.staged() {
		cmd.Flags().BoolVar(&w.activate, "activate", false, "activate afterwards, with all that you have saved")
	}
}

// read takes in the command line and the file, and refuses what is wrong in
// itself before anybody is called.
func (w *writing) read(cmd *cobra.Command) (err error) {
	if w.query, err = queryOf(cmd, w.op); err != nil {
		return err
	}
	w.shape = shapeOf(w.op.In)
	for _, arg := range w.set {
		a, err := parseAssignment(arg)
		if err != nil {
			return err
		}
		w.assignments = append(w.assignments, a)
	}
	if w.file != "" {
		if w.given, err = readBody(w.file, cmd.InOrStdin()); err != nil {
			return err
		}
		if _, list := w.given.([]any); list != (w.shape.sort == aList) || !list && !isObject(w.given) {
			return usage("-f %s: it is to hold a %s", quote(w.file), w.shape.sort)
		}
		w.given = w.cleaned(w.given)
		if err := w.check(w.given, nil); err != nil {
			return err
		}
	}
	if w.op.In != nil && w.file == "" && len(w.set)+len(w.ask) == 0 && w.wantsInput() {
		how := "-f FILE"
		if w.shape.sort == anObject {
			how += " or --set MEMBER=VALUE"
		}
		return usage("say what to send: %s", how)
	}
	// What --set cannot mean is found on an object that has nothing yet;
	// elements of lists are there once the object is read.
	if w.file == "" && w.reader() == nil {
		_, err = w.assigned(map[string]any{}, nil)
	}
	return err
}

// wantsInput reports whether nothing at all cannot be meant: a replace has
// something to change, and a list or what is required has to come from somewhere.
func (w *writing) wantsInput() bool {
	return w.reader() != nil || w.shape.sort == aList || slices.ContainsFunc(w.shape.slots, func(m slot) bool { return m.required && !m.kept })
}

// cleaned is what a file holds without what is the server's to say: files are
// often what was read before. An import is another product's and stays as it
// is, and so does the id where nothing else says which object is meant.
func (w *writing) cleaned(given any) any {
	m, ok := given.(map[string]any)
	if !ok {
		return given
	}
	out := sendable(w.shape, m).(map[string]any)
	if id, there := m["id"]; there && w.op.Method == http.MethodPut && !strings.HasSuffix(w.op.Path, "}") {
		out["id"] = id
	}
	return out
}

// check refuses names and words that are not known, unless it is not to.
func (w *writing) check(body, before any) error {
	if w.allowUnknown || w.op.Stream {
		return nil
	}
	return w.shape.fault(body, before, "")
}

// assigned is a body with what --set says.
func (w *writing) assigned(body, before any) (any, error) {
	as := &assigner{allowUnknown: w.allowUnknown, seen: map[string]bool{}}
	for _, a := range w.assignments {
		var err error
		if body, err = as.assign(body, w.shape, a); err != nil {
			return nil, err
		}
	}
	return body, w.check(body, before)
}

func (w *writing) run(ctx context.Context, s *session, flags func(string) string, args []string) error {
	path, err := w.target(ctx, s, flags, args)
	if err != nil {
		return err
	}
	path = withQuery(path, w.query)
	if w.op.In == nil {
		return w.send(ctx, s, path, nil, nil)
	}
	var before any // what a client would send of the object as it is
	if w.reader() != nil && (w.given == nil || w.dryRun) {
		if before, err = w.readBefore(ctx, s, path); err != nil {
			return err
		}
	}
	body, err := w.body(ctx, s, before)
	if err != nil {
		return err
	}
	if before != nil && reflect.DeepEqual(before, body) {
		fmt.Fprintln(s.stderr, "Nothing differs from what is there, so nothing is sent.")
		return nil
	}
	return w.send(ctx, s, path, before, body)
}

// readBefore reads what a replace replaces.
func (w *writing) readBefore(ctx context.Context, s *session, path string) (any, error) {
	path, _, _ = strings.Cut(path, "?")
	e, err := get[tree](ctx, s, w.doing(), path)
	if err != nil {
		return nil, err
	}
	w.asRead = e.object
	return sendable(w.shape, map[string]any(e.object)), nil
}

// body is what is sent: the file or the object as it is, and on it what was set
// and typed, with the ids of what is named.
func (w *writing) body(ctx context.Context, s *session, before any) (body any, err error) {
	switch {
	case w.given != nil:
		body = w.given
	case before != nil:
		body = sendable(w.shape, before) // a copy
	default:
		body = map[string]any{}
	}
	if body, err = w.assigned(body, before); err != nil {
		return nil, err
	}
	for _, member := range w.ask {
		m := w.shape.slot(member)
		if m == nil || m.shape.sort != aText {
			return nil, unknown("member", member, w.shape.names())
		}
		typed, err := s.askSecret(ctx, member)
		if errors.Is(err, errNoTerminal) {
			return nil, usage("--ask %s: there is no terminal to ask at; put it into a file for -f", member)
		}
		if err != nil {
			return nil, err
		}
		body.(map[string]any)[member] = typed
	}
	return w.lookUps(s, before).refs(ctx, w.shape, body, "")
}

// send sends it, or shows it in a dry run.
func (w *writing) send(ctx context.Context, s *session, path string, before, body any) error {
	var sent json.RawMessage
	var changes []change
	var err error
	if before != nil {
		if changes, err = w.changes(before, body); err != nil {
			return err
		}
	}
	if body != nil {
		body = w.forVendor(s, path, body)
		sent = encodeBody(w.shape, body)
	}
	if w.dryRun {
		return w.showDry(s, path, body, changes)
	}
	if s.printer.format == "table" && len(changes) > 0 {
		s.errPrinter().differences(s.stderr, "  ", changes)
	}
	return w.deliver(ctx, s, path, sent)
}

// changes are what a replace changes of what can be changed.
func (w *writing) changes(before, body any) ([]change, error) {
	found, err := differences(encodeBody(w.shape, before), encodeBody(w.shape, withoutSecrets(w.shape, body)))
	return slices.DeleteFunc(found, func(c change) bool { return c.path == "id" }), err
}

// deliver makes the call and tells what came of it.
func (w *writing) deliver(ctx context.Context, s *session, path string, sent json.RawMessage) error {
	raw, err := w.call(ctx, s, path, sent)
	if err != nil {
		return err
	}
	return w.tell(ctx, s, raw)
}

func (w *writing) call(ctx context.Context, s *session, path string, sent json.RawMessage) (raw json.RawMessage, err error) {
	var in any
	if sent != nil {
		in = sent
	}
	err = s.do(ctx, w.doing(), w.op.Method, path, in, &raw)
	return raw, err
}

// tell prints the answer, and what is to be done for it to take effect.
func (w *writing) tell(ctx context.Context, s *session, raw json.RawMessage) error {
	switch {
	case len(raw) > 0 && string(raw) != "{}" && w.op.Out != nil:
		if err := w.showAnswer(s, raw); err != nil {
			return err
		}
	case s.printer.format == "table":
		s.printer.title(s.printer.paint(good, cmp.Or(w.done, "done: "+w.doing())))
	}
	return w.settle(ctx, s)
}

// settle activates what was saved, or says that it waits.
func (w *writing) settle(ctx context.Context, s *session) error {
	switch {
	case !w.staged():
	case w.activate:
		st, err := s.activate(ctx, false)
		if err != nil {
			return err
		}
		if s.printer.format != "table" { // standard output has the answer
			s.printer = &printer{out: s.stderr, format: "table", now: s.printer.now, sandbox: s.printer.sandbox, server: s.printer.server}
		}
		return s.reportActivation(st)
	default:
		fmt.Fprintln(s.stderr, "Saved. It takes effect with 'spurline activate'.")
	}
	return nil
}

// forVendor is a body as the vendor's own clients would send it: they put back
// what they have read, whole, and the id. Spurline knows what is the server's
// to say, and as a strict server refuses it.
func (w *writing) forVendor(s *session, path string, body any) any {
	m, ok := body.(map[string]any)
	if !ok || s.sandbox || w.reader() == nil {
		return body
	}
	m = restored(w.shape, w.asRead, m)
	if m["id"] == nil && w.shape.slot("id") != nil && strings.HasSuffix(w.op.Path, "}") {
		path, _, _ = strings.Cut(path, "?")
		m["id"] = json.Number(path[strings.LastIndex(path, "/")+1:])
	}
	return m
}

// restored is a body with what is the server's to say as it was read, in it and
// in the objects in it.
func restored(s *shape, read, body map[string]any) map[string]any {
	out := maps.Clone(body)
	for _, m := range s.slots {
		value, there := read[m.name]
		_, sent := body[m.name]
		if there && !sent && m.kept {
			out[m.name] = value
		}
		in, isObject := body[m.name].(map[string]any)
		of, was := value.(map[string]any)
		if isObject && was && m.shape.sort == anObject {
			out[m.name] = restored(m.shape, of, in)
		}
	}
	return out
}

// showDry shows what would be sent.
func (w *writing) showDry(s *session, path string, body any, changes []change) error {
	p := s.printer
	shown := encodeBody(w.shape, withoutSecrets(w.shape, body))
	if p.format == "json" || p.format == "yaml" {
		type told struct {
			Path   string          `json:"path"`
			Before json.RawMessage `json:"before,omitempty"`
			After  json.RawMessage `json:"after,omitempty"`
		}
		out := struct {
			DryRun  bool            `json:"dryRun"`
			Method  string          `json:"method"`
			Path    string          `json:"path"`
			Body    json.RawMessage `json:"body,omitempty"`
			Changes []told          `json:"changes,omitempty"`
		}{DryRun: true, Method: w.op.Method, Path: rootedPath(path)}
		if body != nil {
			out.Body = shown
		}
		for _, c := range changes {
			out.Changes = append(out.Changes, told{c.path, c.before, c.after})
		}
		return p.data(out)
	}
	p.title("nothing is sent; this would be:")
	fmt.Fprintln(p.out, w.op.Method, rootedPath(path))
	p.differences(p.out, "  ", changes)
	if body == nil {
		return nil
	}
	var text bytes.Buffer
	if err := json.Indent(&text, shown, "", "  "); err != nil {
		return err
	}
	fmt.Fprintln(p.out, text.String())
	return nil
}

// rootedPath is a path from the server's root, with its query.
func rootedPath(path string) string {
	_, query, has := strings.Cut(path, "?")
	if has {
		query = "?" + query
	}
	return apiPath(path) + query
}

// withoutSecrets is a body as it may be shown.
func withoutSecrets(s *shape, body any) any {
	m, ok := body.(map[string]any)
	if !ok {
		return body
	}
	m = maps.Clone(m)
	for name := range m {
		if sub := s.slot(name); sub != nil && sub.shape.secret {
			m[name] = "***"
		}
	}
	return m
}

// errPrinter prints on standard error, in colour where that is a terminal.
func (s *session) errPrinter() *printer {
	return &printer{out: s.stderr, format: "table", color: colored(s.stderr)}
}

// bindDelete makes a command one that deletes.
func (v *apiVerb) bindDelete(cmd *cobra.Command) {
	outputFlags(cmd)
	w := &writing{apiVerb: v}
	cmd.Flags().BoolVar(&w.yes, "yes", false, "do not ask")
	v.bindSending(cmd, w)
	cmd.PreRunE = verb(func(cmd *cobra.Command) (err error) {
		w.query, err = queryOf(cmd, w.op)
		return err
	})
	cmd.RunE = withSession(func(ctx context.Context, s *session, args []string) error {
		path, err := w.target(ctx, s, flagText(cmd), args)
		if err != nil {
			return err
		}
		if w.dryRun {
			return w.showDry(s, withQuery(path, w.query), nil, nil)
		}
		if err := w.confirm(ctx, s, path); err != nil {
			return err
		}
		w.done = v.doing()
		if v.noun.kind != nil && len(args) > 0 {
			w.done = "deleted " + v.noun.one + " " + args[0]
		}
		return w.deliver(ctx, s, withQuery(path, w.query), nil)
	})
}

// confirm asks before something is deleted, and says by name what.
func (w *writing) confirm(ctx context.Context, s *session, path string) error {
	if w.yes {
		return nil
	}
	what := w.doing() + ", " + apiPath(path)
	if o := w.all.operation(http.MethodGet, w.op.Path); o != nil && shapeOf(o.Out).sort == anObject {
		e, err := get[tree](ctx, s, w.doing(), path)
		if err != nil {
			return err
		}
		what = fmt.Sprintf("delete the %s %s (%d)", w.noun.one, quote(e.object.names()[0]), e.object.id())
	}
	return s.confirm(ctx, what, w.noun.name+" "+w.name)
}

// confirm asks whether to do something. what is what it does, for people at a
// terminal, and command the verb, for those without one.
func (s *session) confirm(ctx context.Context, what, command string) error {
	answer, err := s.ask(ctx, strings.ToUpper(what[:1])+what[1:]+"? Type yes")
	if errors.Is(err, errNoTerminal) {
		return usage("%s asks first, and there is no terminal to ask at; add --yes", command)
	}
	if err != nil {
		return err
	}
	if answer != "yes" {
		return &failure{exitUnsafe, errors.New("nothing was changed")}
	}
	return nil
}

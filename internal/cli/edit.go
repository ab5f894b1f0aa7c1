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
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// editCommand is the verb that lets an editor change what update replaces.
func (v *apiVerb) editCommand() *cobra.Command {
	w := &writing{apiVerb: v}
	var asJSON bool
	cmd := &cobra.Command{
		Use: v.use("edit"), Short: "Change " + operation.Article(v.noun.one) + " in an editor",
		Args: cobra.NoArgs, Annotations: map[string]string{calls: ""},
	}
	v.bindArguments(cmd)
	outputFlags(cmd)
	v.bindParents(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "edit it as JSON and not as YAML")
	cmd.Flags().BoolVar(&w.yes, "yes", false, "send it without asking")
	cmd.Flags().BoolVar(&w.allowUnknown, "allow-unknown", false, "send members and words that are not known here; the API ignores or refuses them")
	v.bindSending(cmd, w)
	bindQuery(cmd, v.op)
	cmd.PreRunE = verb(func(cmd *cobra.Command) (err error) {
		w.shape = shapeOf(w.op.In)
		w.query, err = queryOf(cmd, w.op)
		return err
	})
	cmd.RunE = withSession(func(ctx context.Context, s *session, args []string) error {
		path, err := w.target(ctx, s, flagText(cmd), args)
		if err != nil {
			return err
		}
		return w.edit(ctx, s, path, asJSON)
	})
	cmd.Long = cmd.Short + ", $VISUAL or $EDITOR, as YAML. What differs afterwards is shown and\n" +
		"asked about before it is sent; a file that is left as it was sends nothing. What the server\n" +
		"or the editor refuses is not lost: the editor opens again with the reason on top, or the\n" +
		"file stays where the message says."
	cmd.Example = "  spurline " + v.noun.name + " " + cmd.Use + "\n  EDITOR='code --wait' spurline " + v.noun.name + " " + cmd.Use + " --json"
	return cmd
}

// draft is an object on its way through an editor.
type draft struct {
	file   string
	asJSON bool
	head   string // comment lines on top of a YAML file
	start  []byte // what stood in the file, without comments
	keep   bool   // the file has something that is not saved
}

func (w *writing) edit(ctx context.Context, s *session, path string, asJSON bool) (err error) {
	e, err := get[tree](ctx, s, w.doing(), path)
	if err != nil {
		return err
	}
	w.asRead = e.object
	before := sendable(w.shape, map[string]any(e.object)).(map[string]any)
	locks := w.locks(before)
	editable := maps.Clone(before)
	for name := range locks {
		delete(editable, name)
	}
	d, err := w.newDraft(editable, fmt.Sprintf("%s %s (%d)", w.noun.one, quote(e.object.names()[0]), e.object.id()), asJSON)
	if err != nil {
		return err
	}
	defer func() {
		if d.keep {
			fmt.Fprintf(s.stderr, "spurline: what you wrote is kept in %s\n", d.file)
			return
		}
		err = errors.Join(err, os.Remove(d.file))
	}()
	for {
		done, fault := w.round(ctx, s, d, path, before, locks)
		if done || fault == nil {
			return fault
		}
		if s.terminal() == nil || ctx.Err() != nil || !mendable(fault) {
			return fault
		}
		fmt.Fprintf(s.stderr, "spurline: %v\n", fault)
		if err := d.explain(fault); err != nil {
			return errors.Join(fault, err)
		}
	}
}

// mendable reports whether writing something else can help: against a sign-in
// that has ended, an object that is gone or a stale one it cannot.
func mendable(fault error) bool {
	var f *failure
	if errors.As(fault, &f) {
		return f.code == exitUsage || f.code == exitNotFound
	}
	status := wire.Status(fault)
	return status == http.StatusBadRequest || status == http.StatusConflict && !wire.HasCode(fault, wire.CodeStale)
}

// locks are the members by which the server sees that nobody else has changed
// the object since. They go back as they came and are not for editing.
func (w *writing) locks(before map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range w.shape.slots {
		if v, ok := before[m.name]; ok && m.lock {
			out[m.name] = v
		}
	}
	return out
}

// round is one turn at the editor, and sending what came of it. done says that
// there is no other one: it was sent, or nothing was to be.
func (w *writing) round(ctx context.Context, s *session, d *draft, path string, before, locks map[string]any) (done bool, err error) {
	text, err := d.open(s)
	if err != nil {
		return true, err
	}
	if bytes.Equal(text, d.start) {
		if d.keep { // opened again, and left as it is
			return true, &failure{exitFailed, errors.New("nothing was sent")}
		}
		fmt.Fprintln(s.stderr, "Nothing was changed, so nothing is sent.")
		return true, nil
	}
	d.keep, d.start = true, text
	value, err := decodeBody(text)
	if err != nil {
		return false, &failure{exitUsage, err}
	}
	body, ok := sendable(w.shape, value).(map[string]any)
	if !ok {
		return false, usage("the file holds no object")
	}
	maps.Copy(body, locks)
	if err := w.check(body, before); err != nil {
		return false, err
	}
	if _, err := w.lookUps(s, before).refs(ctx, w.shape, body, ""); err != nil {
		return false, err
	}
	changes, err := w.changes(before, body)
	if err != nil {
		return false, err
	}
	if len(changes) == 0 {
		d.keep = false
		fmt.Fprintln(s.stderr, "Nothing differs from what is there, so nothing is sent.")
		return true, nil
	}
	if w.dryRun { // what was written is for 'update -f'
		return true, w.showDry(s, withQuery(path, w.query), w.forVendor(s, path, body), changes)
	}
	s.errPrinter().differences(s.stderr, "  ", changes)
	if !w.yes {
		if err := s.confirm(ctx, "send these changes", w.noun.name+" edit"); err != nil {
			return true, err
		}
	}
	raw, err := w.call(ctx, s, withQuery(path, w.query), encodeBody(w.shape, w.forVendor(s, path, body)))
	if err != nil {
		return false, err
	}
	d.keep = false
	return true, w.tell(ctx, s, raw)
}

// newDraft writes an object into a file for an editor.
func (w *writing) newDraft(object map[string]any, what string, asJSON bool) (*draft, error) {
	d := &draft{asJSON: asJSON}
	var text bytes.Buffer
	end := ".yaml"
	if asJSON {
		end = ".json"
		if err := json.Indent(&text, encodeBody(w.shape, object), "", "  "); err != nil {
			return nil, err
		}
		text.WriteByte('\n')
	} else if err := writeYAML(&text, encodeBody(w.shape, object)); err != nil {
		return nil, err
	}
	d.start = text.Bytes()
	if !asJSON {
		d.head = "# " + what + ". Lines that start with # are not read.\n" +
			"# What is left as it is sends nothing; a member that is taken out is emptied.\n"
	}
	f, err := os.CreateTemp("", "spurline-*"+end) // 0600
	if err != nil {
		return nil, err
	}
	d.file = f.Name()
	_, err = f.WriteString(d.head + text.String())
	return d, errors.Join(err, f.Close())
}

// open lets the user edit, and returns what stands in the file then.
func (d *draft) open(s *session) ([]byte, error) {
	editor := editorOf()
	if editor == "" && s.terminal() == nil {
		return nil, usage("there is neither $EDITOR nor a terminal to edit at; use update with -f or --set")
	}
	editor = cmp.Or(editor, "vi")
	words := strings.Fields(editor)
	// The context ends with Ctrl-C, which is the editor's own: it is not to be
	// killed with what was typed in it.
	cmd := exec.Command(words[0], append(words[1:], d.file)...) //nolint:noctx // see above
	if runtime.GOOS != "windows" {                              // a shell reads what people put into $EDITOR
		cmd = exec.Command("sh", "-c", editor+` "$1"`, "sh", d.file) //nolint:noctx // see above
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.stdin, s.stdout, s.stderr
	if err := cmd.Run(); err != nil {
		d.keep = d.keep || d.changed()
		return nil, fmt.Errorf("the editor %s: %w", quote(editor), err)
	}
	return d.text()
}

// editorOf is the command that the user edits files with; empty where the
// environment has none.
func editorOf() string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if editor := strings.TrimSpace(os.Getenv(name)); editor != "" {
			return editor
		}
	}
	return ""
}

func (d *draft) text() ([]byte, error) {
	data, err := os.ReadFile(d.file)
	if err != nil || d.asJSON {
		return data, err
	}
	var text bytes.Buffer
	for line := range bytes.Lines(data) {
		if !bytes.HasPrefix(line, []byte("#")) {
			text.Write(line)
		}
	}
	return text.Bytes(), nil
}

func (d *draft) changed() bool {
	text, err := d.text()
	return err == nil && !bytes.Equal(text, d.start)
}

// explain puts what was wrong on top of the file. JSON has no comments, so it
// is said on standard error alone.
func (d *draft) explain(fault error) error {
	if d.asJSON {
		return nil
	}
	head := d.head + "#\n"
	for _, line := range strings.Split(fault.Error(), "\n") {
		head += "# " + printable(line) + "\n"
	}
	return os.WriteFile(d.file, append([]byte(head), d.start...), 0o600)
}

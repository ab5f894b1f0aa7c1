package api_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/store"
)

var update = flag.Bool("update", false, "rewrite the bodies of the cases; statuses stay as they are")

const cases = "../../testdata/api"

// tokens is where an API client gets its tokens, with a form.
const tokens = "@/oauth2/"

// TestCases plays the exchanges in testdata/api against a fresh org each.
//
// A file holds steps: "N.request" (method, path, "as" and an admin, then a
// body), "N.status", "N.body", and "N.header" for headers that matter.
// Several requests that are answered alike are one step: "N.requests" has
// one on each line, with its body on the same line. "N.fill" makes objects
// past the API: a kind, how many and what they hang on, then one of them,
// with $n for its number and $N for one of six digits.
//
// A line "name = member.path" in "N.set" keeps a part of the answer as
// $name for later steps. $ORG, $ENROLKEY, $CLIENTID and $CLIENTSECRET are
// the org's, $NOW is the time, $PASSWORD the reader's; an admin that a case
// makes signs in with "Secret-1234". $LONG(5) stands for xxxxx, and
// $MANY(2 "h$N") for "h1","h2". In an expected body <any> stands for text that is random, #1,
// #2… for ids in the order in which they are first seen; a body that is
// <binary> is no JSON, and $BINARY is the last of that sort. The admins
// "client" and "stranger" go through the gateway, with a token and without;
// a path after an @ is an absolute one.
func TestCases(t *testing.T) {
	t.Parallel()
	seen := outcomes{seen: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(cases, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases (%v)", err)
	}
	var api *api.API
	t.Run("cases", func(t *testing.T) {
		api = servertest.Start(t, server.Config{}).API()
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
				t.Parallel()
				play(t, file, api.Operations(), &seen)
			})
		}
	})
	if seen.files == len(files) { // none left out by -run, none broken off
		checkOutcomes(t, api, &seen)
	}
}

type player struct {
	server *servertest.Server
	admins map[string]*servertest.Admin
	vars   map[string]string
	labels map[string]string // of ids, by their first appearance in an answer
}

// objectID finds the ids of objects.
var objectID = regexp.MustCompile(`\b5\d{6}\b`)

// label writes #1, #2… for ids, so that a case does not change with the number
// of objects that an org is born with.
func (p *player) label(body string) string {
	return objectID.ReplaceAllStringFunc(body, func(id string) string {
		if p.labels[id] == "" {
			p.labels[id] = fmt.Sprintf("#%d", len(p.labels)+1)
		}
		return p.labels[id]
	})
}

func play(t *testing.T, file string, table []operation.Operation, seen *outcomes) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := servertest.Start(t, server.Config{Simulator: simulated{}})
	if err := s.EnsureBaseline(t.Context(), s.Credentials.Org); err != nil {
		t.Fatal(err)
	}
	p := &player{server: s, labels: map[string]string{}, admins: map[string]*servertest.Admin{"nobody": s.Nobody(), "owner": s.Owner(t), "stranger": s.Gateway("")}, vars: map[string]string{
		"ORG": strconv.FormatInt(s.Credentials.Org, 10), "ENROLKEY": s.Credentials.EnrolmentKey, "CLOUD": servertest.Cloud,
		"NOW": strconv.FormatInt(s.Clock.Now().Unix(), 10), "CLIENTID": s.Credentials.ClientID, "CLIENTSECRET": s.Credentials.ClientSecret,
	}}
	for _, a := range s.Credentials.Admins {
		if a.Login == servertest.Reader {
			p.vars["PASSWORD"] = a.Password
		}
	}
	parts := map[string]*txtar.File{}
	for i := range archive.Files {
		parts[archive.Files[i].Name] = &archive.Files[i]
	}
	for n := 1; ; n++ {
		step := step{n: n, part: func(what string) *txtar.File { return parts[fmt.Sprintf("%d.%s", n, what)] }}
		if f := step.part("fill"); f != nil {
			p.fill(t, p.expand(string(f.Data)))
			continue
		}
		requests, err := step.requests(p.expand)
		if err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		if len(requests) == 0 {
			break
		}
		for _, r := range requests {
			p.play(t, step, r, table, seen)
		}
	}
	seen.played()
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// step is a numbered part of a case.
type step struct {
	n    int
	part func(what string) *txtar.File
}

// request is what an admin sends.
type request struct{ method, path, admin, body string }

func (s step) requests(expand func(string) string) (out []request, err error) {
	var texts []string
	if f := s.part("request"); f != nil {
		texts = []string{string(f.Data)}
	}
	if f := s.part("requests"); f != nil {
		texts = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
	}
	for _, text := range texts {
		first, body, _ := strings.Cut(expand(text), "\n")
		word := strings.SplitN(first, " ", 5)
		if len(word) < 4 || word[2] != "as" {
			return nil, fmt.Errorf("want METHOD PATH as ADMIN, have %q", first)
		}
		if len(word) > 4 {
			body = word[4]
		}
		out = append(out, request{word[0], word[1], word[3], body})
	}
	return out, nil
}

func (p *player) play(t *testing.T, s step, r request, table []operation.Operation, seen *outcomes) {
	if part := strings.TrimSuffix(r.body, "\n"); part != "" && part == p.vars["BINARY"] {
		r.body = part
	}
	if strings.HasPrefix(r.path, tokens) {
		r.body = strings.TrimSuffix(r.body, "\n")
	}
	admin, rows := p.admin(t, r.admin), p.trail(t)
	answer := admin.Do(t, r.method, r.path, r.body)
	if want := strings.TrimSpace(string(s.part("status").Data)); strconv.Itoa(answer.Status) != want {
		t.Fatalf("step %d, %s %s: status %d, want %s: %s", s.n, r.method, r.path, answer.Status, want, answer.Body)
	}
	if o := find(table, r.method, r.path); o != nil {
		seen.note(o, answer)
		p.recorded(t, o, r.path, answer.Status, p.trail(t)-rows)
	}
	if f := s.part("header"); f != nil {
		for _, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
			if name, want, _ := strings.Cut(line, ": "); answer.Header.Get(name) != want {
				t.Errorf("step %d: %s is %q, want %q", s.n, name, answer.Header.Get(name), want)
			}
		}
	}
	p.compare(t, s.n, r.path, s.part("body"), answer)
	if set := s.part("set"); set != nil {
		p.keep(t, string(set.Data), answer.Body)
	}
}

// fill makes objects as an import would, at once in force: limits of thousands
// are reached without as many requests.
func (p *player) fill(t *testing.T, text string) {
	head, body, _ := strings.Cut(text, "\n")
	var kind string
	var count int
	var parent int64
	if n, err := fmt.Sscan(head, &kind, &count, &parent); n < 2 {
		t.Fatalf("fill %q: %v", head, err)
	}
	engine := p.server.API().Engine
	spec := engine.Kinds().Kind(kind)
	err := engine.Update(t.Context(), config.By{Org: p.server.Credentials.Org}, func(ctx context.Context, w *config.Writer) error {
		var order []int64
		var first store.Row
		for n := range count {
			id, err := int64(0), error(nil)
			if parent > 0 || n == 0 {
				id, err = p.fillOne(ctx, w, spec, body, n, parent)
			} else {
				id, err = copyRow(ctx, w, first, n)
			}
			if n == 0 && err == nil {
				first, err = w.Get(ctx, store.Working, kind, id)
			}
			if err != nil {
				return err
			}
			order = append(order, id)
		}
		if !spec.Ordered() || count == 1 {
			return nil
		}
		row, err := w.ByKey(ctx, store.Working, spec.Name+"Order", "|order")
		if err == nil {
			row.Body, err = json.Marshal(order)
		}
		if err != nil {
			return err
		}
		return w.Put(ctx, row, store.BornActive)
	})
	if err != nil {
		t.Fatalf("fill %s: %v", head, err)
	}
}

// sixDigits is a number as $N is written.
func sixDigits(n int) string { return strconv.Itoa(100_001 + n) }

func (p *player) fillOne(ctx context.Context, w *config.Writer, spec *resource.Spec, body string, n int, parent int64) (int64, error) {
	o, err := spec.Decode([]byte(strings.NewReplacer("$N", sixDigits(n), "$n", strconv.Itoa(n+1)).Replace(body)))
	if err != nil {
		return 0, err
	}
	if parent > 0 {
		_, err = w.Create(ctx, o, parent)
	} else {
		_, err = w.Insert(ctx, o, config.Place{Mode: store.BornActive})
	}
	return o.ID(), err
}

// copyRow stores one more object like the first, which was found to be valid,
// without looking at it again: under the race detector thousands take long.
func copyRow(ctx context.Context, w *config.Writer, first store.Row, n int) (int64, error) {
	row := first
	row.ID = w.NextID()
	other := strings.NewReplacer(sixDigits(0), sixDigits(n), fmt.Sprintf(`"id":%d,`, first.ID), fmt.Sprintf(`"id":%d,`, row.ID))
	row.Name, row.Body = other.Replace(first.Name), []byte(other.Replace(string(first.Body)))
	return row.ID, w.Put(ctx, row, store.BornActive)
}

func (p *player) admin(t *testing.T, name string) *servertest.Admin {
	if token, ok := strings.CutPrefix(name, "token:"); ok {
		return p.server.Connector(token)
	}
	if p.admins[name] == nil && name == "client" {
		p.admins[name] = p.server.Client(t)
	}
	if p.admins[name] == nil {
		login, password := name+"@example.net", first // which a case gives to admins of its own
		for _, a := range p.server.Credentials.Admins {
			if a.Login == login {
				password = a.Password
			}
		}
		p.admins[name] = mustSignIn(t, p.server, login, password)
	}
	return p.admins[name]
}

var variable = regexp.MustCompile(`\$(\w+)`)

var (
	long = regexp.MustCompile(`\$LONG\((\d+)\)`)
	many = regexp.MustCompile(`\$MANY\((\d+) (.*?)\)`)
)

func (p *player) expand(text string) string {
	text = long.ReplaceAllStringFunc(text, func(m string) string {
		n, _ := strconv.Atoi(long.FindStringSubmatch(m)[1])
		return strings.Repeat("x", n)
	})
	text = many.ReplaceAllStringFunc(text, func(m string) string {
		part := many.FindStringSubmatch(m)
		n, _ := strconv.Atoi(part[1])
		all := make([]string, n)
		for i := range all {
			all[i] = strings.ReplaceAll(part[2], "$N", strconv.Itoa(i+1))
		}
		return strings.Join(all, ",")
	})
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if name == "$SIGNIN" {
			if key := p.vars["KEY"]; key != "" { // which a case has seen replace the first one
				p.server.Credentials.APIKey = key
			}
			for _, a := range p.server.Credentials.Admins {
				if a.Login == servertest.Super {
					return p.server.SignInBody(noTest{}, a.Login, a.Password)
				}
			}
		}
		if v, ok := p.vars[name[1:]]; ok {
			return v
		}
		return name
	})
}

// compare holds the body against what is expected, member by member in order:
// the answers are compact JSON, so byte by byte.
func (p *player) compare(t *testing.T, n int, path string, want *txtar.File, got servertest.Answer) {
	t.Helper()
	if want == nil {
		// A client parses whatever is said to be JSON (behaviours.md 11.11).
		if kind := got.Header.Get("Content-Type"); got.Body != "" || kind != "" {
			t.Errorf("step %d: a body where none is expected: %s %s", n, kind, got.Body)
		}
		return
	}
	if strings.TrimSpace(string(want.Data)) == "<binary>" {
		if kind := got.Header.Get("Content-Type"); kind != "application/octet-stream" {
			t.Errorf("step %d: content type %q", n, kind)
		}
		p.vars["BINARY"] = got.Body
		return
	}
	wanted := "application/json"
	if strings.HasPrefix(path, tokens) {
		wanted += ";charset=UTF-8"
	}
	if kind := got.Header.Get("Content-Type"); kind != wanted {
		t.Errorf("step %d: content type %q", n, kind)
	}
	body := p.label(got.Body)
	expected := p.label(compact(t, p.expand(string(want.Data))))
	pattern := strings.ReplaceAll(regexp.QuoteMeta(expected), "<any>", `[^"]*?`)
	if regexp.MustCompile("^" + pattern + "$").MatchString(body) {
		return
	}
	if *update {
		named := strings.NewReplacer(p.vars["NOW"], "$NOW", p.vars["ORG"], "$ORG", "},{", "},\n{").Replace(body)
		want.Data = []byte(random.ReplaceAllString(random.ReplaceAllString(named, "${1}<any>${2}"), "${1}<any>${2}") + "\n")
		return
	}
	t.Errorf("step %d: body\n%s\nwant\n%s", n, body, expected)
}

// compact takes the blanks out of an expected body, without touching the order
// of its members.
func compact(t *testing.T, body string) string {
	t.Helper()
	var lines []string
	for _, line := range strings.Split(body, "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	joined := strings.Join(lines, "")
	return strings.NewReplacer(`": `, `":`, `, "`, `,"`, `, {`, `,{`).Replace(joined)
}

// random finds what differs from run to run: secrets, uuids, and the letters
// that make generated names unique.
var random = regexp.MustCompile(`("externalId":"ext-|"(?:token|uuid|password|apiKey|clientId|clientSecret|access_token|keyValue|enrolmentKey)":"|"bundle":"\\"|-VM-|_INSTANCE_\d_)[\w-]+?("|\\"|_INSTANCE)`)

func (p *player) keep(t *testing.T, set, body string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(set), "\n") {
		name, path, ok := strings.Cut(line, " = ")
		if !ok {
			t.Fatalf("set: %q", line)
		}
		var v any
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		for _, step := range strings.Split(path, ".") {
			switch node := v.(type) {
			case map[string]any:
				v = node[step]
			case []any:
				i, err := strconv.Atoi(step)
				if err != nil || i >= len(node) {
					t.Fatalf("set: no %s in %s", path, body)
				}
				v = node[i]
			}
		}
		p.vars[name] = fmt.Sprint(v)
	}
}

// find returns the operation that a request belongs to.
func find(table []operation.Operation, method, path string) *operation.Operation {
	path, _, _ = strings.Cut(path, "?")
	path, root := strings.CutPrefix(path, "@")
	best := -1
	for i, o := range table {
		if o.Method != method || o.Root != root {
			continue
		}
		pattern := regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(o.Path, `[^/]+`) + "$")
		if pattern.MatchString(path) && (best < 0 || strings.Count(o.Path, "{") < strings.Count(table[best].Path, "{")) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return &table[best]
}

// noTest stands in where no test can be failed.
type noTest struct{ testing.TB }

func (noTest) Helper()           {}
func (noTest) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func TestFind(t *testing.T) {
	t.Parallel()
	table := []operation.Operation{{ID: "byID", Method: "GET", Path: "/x/{id}"}, {ID: "lite", Method: "GET", Path: "/x/lite"}}
	if o := find(table, "GET", "/x/lite?page=1"); o == nil || o.ID != "lite" {
		t.Errorf("found %v", o)
	}
	if o := find(table, http.MethodPost, "/x/lite"); o != nil {
		t.Errorf("found %v", o)
	}
}

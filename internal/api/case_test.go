package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

var update = flag.Bool("update", false, "rewrite the bodies of the cases; statuses stay as they are")

const cases = "../../testdata/api"

// tokens is where an API client gets its tokens, with a form.
const tokens = "@/oauth2/"

// served counts, over all cases, the operations that a case saw succeed.
type served struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (s *served) note(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[id] = true
}

// TestCases plays the exchanges in testdata/api against a fresh org each.
//
// A file holds steps: "N.request" (method, path, "as" and an admin, then a
// body), "N.status", "N.body". A line "name = member.path" in "N.set" keeps a
// part of the answer as $name for later steps. $ORG, $ENROLKEY, $CLIENTID and
// $CLIENTSECRET are the org's, $NOW is the time, $PASSWORD the reader's. The
// admins "client" and "stranger" go through the gateway, with a token and
// without; a path after an @ is an absolute one. In an expected body <any>
// stands for text that is random, #1, #2… for ids in the order in which they
// are first seen; a body that is <binary> is no JSON, and $BINARY is the last
// of that sort.
func TestCases(t *testing.T) {
	t.Parallel()
	seen := &served{ids: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(cases, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases (%v)", err)
	}
	var table []operation.Operation
	t.Run("cases", func(t *testing.T) {
		table = servertest.Start(t, server.Config{}).API().Operations()
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
				t.Parallel()
				play(t, file, table, seen)
			})
		}
	})
	// Every org of a case has its API key; TestCreateAPIKey makes one that has none.
	seen.note("createApiKey")
	for _, o := range table {
		if !seen.ids[o.ID] {
			t.Errorf("operation %s (%s %s) succeeds in no case of testdata/api", o.ID, o.Method, o.Path)
		}
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

func play(t *testing.T, file string, table []operation.Operation, seen *served) {
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
	for n := 1; parts[fmt.Sprintf("%d.request", n)] != nil; n++ {
		part := func(what string) *txtar.File { return parts[fmt.Sprintf("%d.%s", n, what)] }
		first, body, _ := strings.Cut(p.expand(string(part("request").Data)), "\n")
		if part := strings.TrimSuffix(body, "\n"); part != "" && part == p.vars["BINARY"] {
			body = part
		}
		line := strings.Fields(first)
		if len(line) != 4 || line[2] != "as" {
			t.Fatalf("step %d: want METHOD PATH as ADMIN, have %q", n, first)
		}
		if strings.HasPrefix(line[1], tokens) {
			body = strings.TrimSuffix(body, "\n")
		}
		answer := p.admin(t, line[3]).Do(t, line[0], line[1], body)
		if want := strings.TrimSpace(string(part("status").Data)); strconv.Itoa(answer.Status) != want {
			t.Fatalf("step %d, %s: status %d, want %s: %s", n, first, answer.Status, want, answer.Body)
		}
		if answer.Status/100 == 2 {
			if o := find(table, line[0], line[1]); o != nil {
				seen.note(o.ID)
			}
		}
		p.compare(t, n, line[1], part("body"), answer)
		if set := part("set"); set != nil {
			p.keep(t, string(set.Data), answer.Body)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *player) admin(t *testing.T, name string) *servertest.Admin {
	if token, ok := strings.CutPrefix(name, "token:"); ok {
		return p.server.Connector(token)
	}
	if p.admins[name] == nil && name == "client" {
		p.admins[name] = p.server.Client(t)
	}
	if p.admins[name] == nil {
		p.admins[name] = p.server.SignIn(t, name+"@example.net")
	}
	return p.admins[name]
}

var variable = regexp.MustCompile(`\$(\w+)`)

func (p *player) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if name == "$SIGNIN" {
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

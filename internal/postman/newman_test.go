package postman_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurline/spurline/docs"
	"github.com/spurline/spurline/internal/document"
	"github.com/spurline/spurline/internal/npmtest"
	"github.com/spurline/spurline/internal/postman"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// report is what newman tells of a run.
type report struct {
	Run struct {
		Stats      map[string]struct{ Total, Failed int }
		Executions []struct {
			Item       struct{ Name string }
			Response   struct{ Code int }
			Assertions []struct {
				Assertion string
				Error     *struct{ Message string }
			}
		}
		Failures []struct {
			Source struct{ Name string }
			Error  struct{ Message string }
		}
	}
}

func write(t *testing.T, dir, name string, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, c postman.Collection, e postman.Environment) report {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "report.json")
	said, _ := exec.CommandContext(t.Context(), npmtest.Bin(t, "newman"), "run", write(t, dir, "collection.json", c), "-e", write(t, dir, "environment.json", e),
		"--color", "off", "--reporters", "cli,json", "--reporter-json-export", out).CombinedOutput()
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("newman has made no report: %v\n%s", err, said)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Newman runs the whole collection, twice, against one server: every answer is
// one that the document knows, what a request makes is found and deleted by
// those that follow, and nothing is left that stands in the way of the next run.
func TestNewmanRunsTheCollection(t *testing.T) {
	t.Parallel()
	d, err := document.Read(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	s := servertest.Start(t, server.Config{})
	super := s.Credentials.Admins[0]
	c := postman.New(d)
	e := postman.NewEnvironment("test", s.URL(), postman.Secrets{Login: super.Login, Password: super.Password, APIKey: s.Credentials.APIKey})
	for range 2 {
		r := run(t, c, e)
		for _, f := range r.Run.Failures {
			t.Errorf("%s: %s", f.Source.Name, f.Error.Message)
		}
		answered, found, refused := map[string]bool{}, map[string]int{}, 0
		for _, x := range r.Run.Executions { // sign-ins are among them, under the name of the request that they come before
			answered[x.Item.Name] = true
			if x.Response.Code >= 400 {
				refused++
			}
			for _, a := range x.Assertions {
				found[a.Assertion]++
			}
		}
		for _, f := range c.Folders {
			for _, i := range f.Items {
				if !answered[i.Name] {
					t.Errorf("%s was not sent", i.Name)
				}
			}
		}
		if n := found["what was made is there"]; n < leastMade {
			t.Errorf("%d times an object of the run's own was found, want %d: what creates send is no longer taken", n, leastMade)
		}
		t.Logf("%d requests, %d of them refused; %v", len(r.Run.Executions), refused, found)
	}
}

// leastMade is how often an object that the run has made is read and deleted:
// of most kinds, one is. Others need an object that only a connector makes.
const leastMade = 24

// With a wrong key nothing passes for a run.
func TestNewmanFailsWithAWrongKey(t *testing.T) {
	t.Parallel()
	d, err := document.Read(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	s := servertest.Start(t, server.Config{})
	super := s.Credentials.Admins[0]
	c := postman.New(d)
	c.Folders = c.Folders[:1]
	r := run(t, c, postman.NewEnvironment("test", s.URL(), postman.Secrets{Login: super.Login, Password: super.Password, APIKey: "000000000000"}))
	if len(r.Run.Failures) == 0 || !strings.Contains(r.Run.Failures[0].Error.Message, "INVALID_USERNAME_OR_PASSWORD") {
		t.Errorf("the run's failures are %+v", r.Run.Failures)
	}
}

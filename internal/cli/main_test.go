package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spurline/spurline/internal/cli"
	"github.com/spurline/spurline/internal/client"
)

// patience bounds what a test waits for. It is what a machine may need that is
// busy with other things, and nothing takes that long.
const patience = time.Minute

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		// As cmd/spurline has it.
		"spurline": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			context.AfterFunc(ctx, stop)
			os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// tests runs them without the variables of somebody's own shell, and without
// their profiles.
type tests struct{ *testing.M }

func (m tests) Run() int {
	for _, name := range []string{
		"SPURLINE_URL", "SPURLINE_DATA_DIR", "SPURLINE_ENROLMENT_KEY", "SPURLINE_PROFILE", "SPURLINE_PASSWORD", "SPURLINE_API_KEY",
		"HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_COLOR",
	} {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
	config, err := os.MkdirTemp("", "spurline-config")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(config)
	if err := os.Setenv("SPURLINE_CONFIG", filepath.Join(config, "profiles.json")); err != nil {
		panic(err)
	}
	return m.M.Run()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			data := filepath.Join(env.WorkDir, "data")
			env.Setenv("SPURLINE_DATA_DIR", data)
			env.Setenv("SPURLINE_CONFIG", filepath.Join(env.WorkDir, "config", "profiles.json"))
			env.Defer(func() { // what a script that fails leaves behind
				var said testWriter
				if code := cli.Run(context.Background(), []string{"down", "--data-dir", data}, nil, &said, &said); code != 0 {
					env.T().Log("spurline down:", string(said))
				}
			})
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await,
			"mode":  mode,
			"exits": exits,
			"api":   api,
		},
	})
}

type testWriter []byte

func (w *testWriter) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

// await FILE REGEXP returns when a line of the file, which a command in the
// background writes, matches.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await file regexp")
	}
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("%v", err)
		}
		if want.Match(data) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("%s never had a line like %s; it has\n%s", args[0], args[1], data)
		}
	}
}

// exits CODE COMMAND… runs a command that is to end with the given code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("%s ended with %d, want %d", args[1], code, want)
	}
}

// api PROFILE METHOD PATH [BODY] calls the API with the profile's session.
func api(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: api profile method path [body]")
	}
	var saved struct{ URL, Session string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("config/"+args[0]+".session.json")), &saved))
	c := client.New(client.Config{BaseURL: saved.URL, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	c.UseSession(saved.Session)
	var in, out any
	if len(args) == 4 {
		in = json.RawMessage(args[3])
	}
	ts.Check(c.Do(context.Background(), args[1], args[2], in, &out))
	ts.Logf("%v", out)
}

// mode OCTAL FILE… checks the permissions of files.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode octal file…")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, file := range args[1:] {
		info, err := os.Stat(ts.MkAbs(file))
		ts.Check(err)
		if got := info.Mode().Perm(); got != fs.FileMode(want) {
			ts.Fatalf("%s has mode %o, want %o", file, got, want)
		}
	}
}

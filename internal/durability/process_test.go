//go:build unix

package durability_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/client"
)

// process is one life of the server.
type process struct {
	greeting
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer // to be read when the process has ended
	killed atomic.Bool
	wait   func() error // of cmd; may be called again
	http   *http.Client
}

// start runs the server, under another command if one is given. Of a killed
// server PostgreSQL may not have heard yet; then there is another try.
func start(t *testing.T, c childConfig, under ...string) *process {
	t.Helper()
	const tries = 50
	for try := 1; ; try++ {
		p, err := launch(t, c, under)
		if err != nil {
			t.Fatal(err)
		}
		if p.Error == "" {
			t.Cleanup(func() { _ = p.stop() })
			return p
		}
		_ = p.stop()
		if !p.Lease || try == tries {
			t.Fatalf("the server does not start: %s\n%s", p.Error, p.stderr.String())
		}
	}
}

func launch(t *testing.T, c childConfig, under []string) (*process, error) {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := append(append([]string{}, under...), self)
	p := &process{cmd: exec.Command(command[0], command[1:]...)}
	p.cmd.Env = append(os.Environ(), envChild+"="+string(text), "GORACE=halt_on_error=1")
	p.cmd.Stderr = &p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.wait = sync.OnceValue(p.cmd.Wait)
	if err := json.NewDecoder(stdout).Decode(&p.greeting); err != nil {
		_ = p.stop()
		return nil, fmt.Errorf("the server did not start: %w\n%s", err, p.stderr.String())
	}
	// Requests are few and short; one that takes this long is stuck.
	p.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	return p, nil
}

// kill ends the server as a power cut ends it, as far as a process can tell.
func (p *process) kill() {
	p.killed.Store(true)
	_ = p.cmd.Process.Kill()
}

// buried waits for a killed server and says if it ended otherwise.
func (p *process) buried() error {
	_ = p.wait()
	p.http.CloseIdleConnections()
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("the server ended by itself: %v\n%s", p.cmd.ProcessState, p.stderr.String())
	}
	return p.complaint()
}

// complaint is what the log of an ended server holds against it: an error is a
// defect even if every answer was right.
func (p *process) complaint() error {
	if log := p.stderr.String(); strings.Contains(log, "level=ERROR") {
		return fmt.Errorf("the server complains:\n%s", log)
	}
	return nil
}

// stop lets the server end in order.
func (p *process) stop() error {
	_ = p.stdin.Close()
	if p.http != nil {
		p.http.CloseIdleConnections()
	}
	if err := p.wait(); err != nil {
		return fmt.Errorf("stop the server: %w\n%s", err, p.stderr.String())
	}
	return p.complaint()
}

// client speaks to this life of the server with a session of any life.
func (p *process) client(session string) *client.Client {
	c := client.New(client.Config{BaseURL: p.URL, HTTP: p.http})
	c.UseSession(session)
	return c
}

// answer is what came back of a request. With an error the rest is what was
// read until then: status 0 means nothing at all.
type answer struct {
	status int
	body   string
	err    error
}

func (a answer) good() bool { return a.status/100 == 2 }

func (a answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprint(a.status, " ", a.body)
}

// do makes one request, once.
func do(c *client.Client, method, path, body string) (a answer) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	resp, err := c.Raw(context.Background(), method, path, nil, reader)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, string(text), err}
}

package conformance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/conformance"
)

// patience bounds what a test waits for. It is what a machine may need that is
// busy with other things, and nothing takes that long.
const patience = time.Minute

// world is what all tests share: the binary, and the servers that run from it.
var world = struct {
	dir string // of the binary and of all data
	// The servers, each started by the first test that needs it.
	sandbox, strict, limited, locked, maintained *configuration
}{
	sandbox:    serverWith("up", "--rate-limits", "off"),
	strict:     serverWith("serve", "--rate-limits", "off", "--strict"),
	limited:    serverWith("serve", "--rate-limits", "vendor"),
	locked:     serverWith("serve", "--rate-limits", "off", "--edit-lock", "vendor"),
	maintained: serverWith("serve", "--rate-limits", "off"),
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "spurline-conformance")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	world.dir = dir
	build := exec.Command("go", "build", "-o", binary(), "../cmd/spurline")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the binary: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	for _, c := range []*configuration{world.sandbox, world.strict, world.limited, world.locked, world.maintained} {
		if err := c.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

func binary() string { return filepath.Join(world.dir, "spurline") }

// configuration is a way to run the server, and the server once it runs.
type configuration struct {
	args []string
	once sync.Once
	err  error
	server
	cmd *exec.Cmd
}

// server is what clients know of a server.
type server struct {
	dir, url string
	creds    credentials // of its first org
	roots    *x509.CertPool
}

// credentials are an org's, as credentials.json and spurline org create have
// them.
type credentials struct {
	Org    int64
	Cloud  string
	APIKey string
	Admins []struct{ Login, Password, Role string }

	ClientID, ClientSecret, VanityDomain string
}

func serverWith(args ...string) *configuration { return &configuration{args: args} }

// get returns the server and starts it before if nobody has.
func (c *configuration) get(t *testing.T) *server {
	t.Helper()
	c.once.Do(func() { c.err = c.start() })
	if c.err != nil {
		t.Fatal(c.err)
	}
	return &c.server
}

func (c *configuration) start() error {
	dir, err := os.MkdirTemp(world.dir, "data")
	if err != nil {
		return err
	}
	c.dir = dir
	c.cmd = exec.Command(binary(), append(c.args, "--listen", "127.0.0.1:0", "--data-dir", dir, "--log-level", "error")...)
	c.cmd.Env = bareEnv(dir)
	var said strings.Builder
	c.cmd.Stderr = &said
	if err := c.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.cmd.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		select {
		case err := <-ended:
			c.cmd = nil
			return errors.Join(fmt.Errorf("spurline %s has ended\n%s", strings.Join(c.args, " "), said.String()), err)
		case <-late:
			return errors.Join(errors.New("the server has not said where it answers"), c.cmd.Process.Kill())
		case <-tick.C:
			if c.read() == nil && c.populated() {
				return nil
			}
		}
	}
}

// populated reports whether the demo org has its connectors.
func (c *configuration) populated() bool {
	if c.args[0] != "up" {
		return true
	}
	_, err := os.Stat(filepath.Join(c.dir, "profiles.json"))
	return err == nil
}

// read reads what a running server says of itself.
func (s *server) read() error {
	var state struct{ URL, CABundle string }
	if err := readJSON(filepath.Join(s.dir, "run.json"), &state); err != nil {
		return err
	}
	if err := readJSON(filepath.Join(s.dir, "credentials.json"), &s.creds); err != nil {
		return err
	}
	pem, err := os.ReadFile(state.CABundle)
	if err != nil {
		return err
	}
	s.url, s.roots = state.URL, x509.NewCertPool()
	if !s.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no roots", state.CABundle)
	}
	return nil
}

func readJSON(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// stop ends the server as an operator would and sees that it ends well.
func (c *configuration) stop() error {
	if c.cmd == nil {
		return nil
	}
	out, err := spurline(context.Background(), c.dir, "down")
	if err != nil {
		return fmt.Errorf("spurline down: %w\n%s", err, out)
	}
	return nil
}

// bareEnv has nothing of the tester's own shell.
func bareEnv(dir string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8", "TERM=dumb",
		"SPURLINE_CONFIG=" + filepath.Join(dir, "profiles.json"),
	}
}

// spurline runs a verb of the command line against a data directory.
func spurline(ctx context.Context, dir string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(), append(args, "--data-dir", dir)...)
	cmd.Env = bareEnv(dir)
	return cmd.Output()
}

// proxied is the transport of a client that has the variables of spurline env:
// everything goes through the proxy, and the CA is trusted.
func (s *server) proxied(t *testing.T) *http.Transport {
	t.Helper()
	proxy, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	through := func(r *http.Request) (*url.URL, error) {
		if r.URL.Host == proxy.Host { // NO_PROXY
			return nil, nil
		}
		return proxy, nil
	}
	tr := &http.Transport{Proxy: through, TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// account is how the server's first admin is configured in a client.
func (s *server) account() conformance.Account { return s.creds.account() }

func (c credentials) account() conformance.Account {
	return conformance.Account{
		Login: c.Admins[0].Login, Password: c.Admins[0].Password, APIKey: c.APIKey, Cloud: strings.TrimSuffix(c.Cloud, ".net"),
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Vanity: c.VanityDomain,
	}
}

// org makes an org for one test, so that tests do not see each other's edits.
// Its API client is a super admin, as the first admin is.
func (s *server) org(t *testing.T) conformance.Account {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(s.dir, "owner.token"))
	must(t, err)
	name := fmt.Sprintf("%.20s-%d", strings.ToLower(strings.TrimPrefix(t.Name(), "Test")), time.Now().UnixNano())
	plan, err := json.Marshal(map[string]any{
		"name": name, "cloud": s.creds.Cloud, "client": "tools", "admins": []any{map[string]string{"login": "root@" + name + ".example", "role": "Super Admin"}},
	})
	must(t, err)
	a := answerOf(t, s, http.MethodPost, s.url+"/spurline/v1/orgs", string(plan), "Authorization", "Bearer "+strings.TrimSpace(string(token)))
	var made credentials
	if err := json.Unmarshal([]byte(a.Body), &made); err != nil || a.Status > 299 {
		t.Fatalf("an org: %v, %d %s", err, a.Status, a.Body)
	}
	return made.account()
}

// answerOf sends a request that no client of its own makes. The header is that
// of names and values.
func answerOf(t *testing.T, s *server, method, url, text string, header ...string) conformance.Answer {
	t.Helper()
	var in io.Reader
	if text != "" {
		in = strings.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, in)
	must(t, err)
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := s.proxied(t).RoundTrip(r)
	must(t, err)
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	must(t, err)
	return conformance.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(read)}
}

// Package servertest runs real servers for tests, over real HTTP, on SQLite
// and on PostgreSQL, with a clock that the test moves.
package servertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/store/pgtest"
	"github.com/spurline/spurline/internal/wire"
)

// The admins of the org that every server starts with.
const (
	Super  = "super@example.net"
	Editor = "editor@example.net"
	Second = "second@example.net" // another editor
	Reader = "reader@example.net"
)

// Cloud and Vanity are the org's domains, Client the name of its API client.
const (
	Cloud  = "zsexample.net"
	Vanity = "example"
	Client = "program"
)

// Clock is a clock that a test moves. The zero Clock is not usable; see
// NewClock.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at the present.
func NewClock() *Clock { return &Clock{now: time.Now().Truncate(time.Second)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Databases runs a test on SQLite and on a real PostgreSQL.
func Databases(t *testing.T, test func(t *testing.T, db string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "spurline.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.DSN(t))
	})
}

// Server is a server under test.
type Server struct {
	*server.Server
	Clock       *Clock
	Credentials wire.Credentials

	cfg  server.Config
	stop func() error
}

// Start runs a server until the test ends. The zero Config will do; its clock
// is the test's to move.
func Start(t testing.TB, cfg server.Config) *Server {
	t.Helper()
	s := &Server{Clock: NewClock(), cfg: cfg}
	if s.cfg.DataDir == "" {
		s.cfg.DataDir = t.TempDir()
	}
	if s.cfg.Now == nil {
		s.cfg.Now = s.Clock.Now
	}
	if s.cfg.Log == nil {
		s.cfg.Log = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	s.run(t)
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("stop the server: %v", err)
		}
	})
	return s
}

func (s *Server) run(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.cfg.Listener = listener
	if s.Server, err = server.New(ctx, s.cfg); err != nil {
		t.Fatal(err)
	}
	err = s.EnsureOrg(ctx, wire.OrgPlan{Name: "Example", Cloud: Cloud, Vanity: Vanity, Client: Client, Admins: []wire.AdminPlan{
		{Login: Super, Name: "Super", Role: kinds.SuperAdmin},
		{Login: Editor, Name: "Editor", Role: kinds.Editor},
		{Login: Second, Name: "Second", Role: kinds.Editor},
		{Login: Reader, Name: "Reader", Role: kinds.ReadOnlyAdmin},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Credentials, err = server.ReadCredentials(s.cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
}

// Restart stops the server and starts it on the same data.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.run(t)
}

// Admin is a signed-in admin, nobody when Session is empty, a connector, or the
// owner.
type Admin struct {
	server  *Server
	Login   string
	Session string
	token   string // of a connector or a client, or the owner's
	base    string // of the API; empty = the connector host's
}

// Answer is what the server said.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Nobody makes requests without a session.
func (s *Server) Nobody() *Admin { return &Admin{server: s} }

// Connector makes requests with a connector's token.
func (s *Server) Connector(token string) *Admin { return &Admin{server: s, token: token} }

// Client makes requests behind the gateway, with a token of the org's API client.
func (s *Server) Client(t testing.TB) *Admin {
	t.Helper()
	return s.Gateway(s.Token(t, s.Credentials.ClientID, s.Credentials.ClientSecret))
}

// Gateway makes requests behind the gateway, with that token; empty = none.
func (s *Server) Gateway(token string) *Admin {
	return &Admin{server: s, Login: Client, token: token, base: "/ztw/api/v1"}
}

// Token gets a token for an API client.
func (s *Server) Token(t testing.TB, clientID, secret string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}, "audience": {"https://api.zscaler.com"}}
	return Decode[struct {
		Token string `json:"access_token"`
	}](t, s.Nobody().Must(t, "POST", "@/oauth2/v1/token", form.Encode())).Token
}

// Owner makes requests with the owner's token.
func (s *Server) Owner(t testing.TB) *Admin {
	t.Helper()
	token, err := server.ReadOwnerToken(s.cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	return &Admin{server: s, token: token}
}

// SignIn begins a session of one of the org's admins.
func (s *Server) SignIn(t testing.TB, login string) *Admin {
	t.Helper()
	a := &Admin{server: s, Login: login}
	for _, c := range s.Credentials.Admins {
		if c.Login != login {
			continue
		}
		answer := s.Nobody().Do(t, "POST", "/auth", s.SignInBody(t, login, c.Password))
		if answer.Status != http.StatusOK {
			t.Fatalf("sign in as %s: %d %s", login, answer.Status, answer.Body)
		}
		cookie := answer.Header.Get("Set-Cookie")
		a.Session, _, _ = strings.Cut(strings.TrimPrefix(cookie, "JSESSIONID="), ";")
		return a
	}
	t.Fatalf("there is no admin %s", login)
	return nil
}

// SignInBody returns the body of a sign-in at the test's time.
func (s *Server) SignInBody(t testing.TB, login, password string) string {
	t.Helper()
	now := s.Clock.Now().UnixMilli()
	key, err := wire.ObfuscateKey(s.Credentials.APIKey, now)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"apiKey": key, "username": login, "password": password, "timestamp": strconv.FormatInt(now, 10)})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Do makes a request; path is relative to /api/v1, or to /ztw/api/v1, unless it
// starts with /spurline, or with an @ before an absolute path. The body is JSON,
// but a form where tokens are got.
func (a *Admin) Do(t testing.TB, method, path, body string) Answer {
	t.Helper()
	answer, err := a.Try(method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

// Try is Do for goroutines that a test must not fail from.
func (a *Admin) Try(method, path, body string) (Answer, error) {
	contentType := "application/json"
	if absolute, ok := strings.CutPrefix(path, "@"); ok {
		path = absolute
	} else if !strings.HasPrefix(path, "/spurline") {
		path = cmp.Or(a.base, "/api/v1") + path
	}
	if strings.HasPrefix(path, "/oauth2/") {
		contentType = "application/x-www-form-urlencoded"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, a.server.URL()+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", contentType)
	if a.Session != "" {
		req.Header.Set("Cookie", "JSESSIONID="+a.Session)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header, string(text)}, err
}

// Must is Do for a request that is to succeed.
func (a *Admin) Must(t testing.TB, method, path, body string) string {
	t.Helper()
	answer := a.Do(t, method, path, body)
	if answer.Status/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	return answer.Body
}

// Decode reads a JSON answer.
func Decode[T any](t testing.TB, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// testWriter sends the log to the test that caused it.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Log(string(bytes.TrimSpace(line)))
	return len(line), nil
}

package api_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// trio is three admins of one org: A is a super admin, B and C are editors.
type trio struct {
	server *servertest.Server
	admins map[string]*servertest.Admin // signed in
	saved  int
}

var logins = map[string]string{"A": servertest.Super, "B": servertest.Editor, "C": servertest.Second}

func newTrio(t *testing.T, db string) *trio {
	tr := &trio{server: servertest.Start(t, server.Config{DB: db}), admins: map[string]*servertest.Admin{}}
	for _, name := range []string{"A", "B", "C"} {
		tr.admins[name] = tr.server.SignIn(t, logins[name])
	}
	return tr
}

// do takes one step: "A write", "B activate", "A force", "C logout", "C login",
// "idle", "restart".
func (tr *trio) do(t *testing.T, step string) {
	t.Helper()
	name, verb, _ := strings.Cut(step, " ")
	a := tr.admins[name]
	switch {
	case step == "restart":
		tr.server.Restart(t)
	case step == "idle":
		tr.server.Clock.Advance(31 * time.Minute)
		if err := tr.server.ActivateIdle(context.Background()); err != nil {
			t.Fatal(err)
		}
		clear(tr.admins)
	case verb == "write":
		tr.saved++
		a.Must(t, "POST", "/locationTemplate", fmt.Sprintf(`{"name":"t%d"}`, tr.saved))
	case verb == "activate":
		a.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	case verb == "force":
		a.Must(t, "PUT", "/ecAdminActivateStatus/forcedActivate", "")
	case verb == "logout":
		a.Must(t, "DELETE", "/auth", "")
		delete(tr.admins, name)
	case verb == "login":
		tr.admins[name] = tr.server.SignIn(t, logins[name])
	default:
		t.Fatalf("what is %q?", step)
	}
}

// see returns the states as the signed-in admins are told them, in short:
// "A=EDITING B=QUEUED PRESENT UI". Everybody must be told the same.
func (tr *trio) see(t *testing.T) string {
	t.Helper()
	var seen string
	for _, name := range slices.Sorted(maps.Keys(tr.admins)) {
		status := servertest.Decode[config.Activation](t, tr.admins[name].Must(t, "GET", "/ecAdminActivateStatus", ""))
		var words []string
		for _, n := range []string{"A", "B", "C"} {
			if s, ok := status.AdminStatusMap[logins[n]]; ok {
				words = append(words, n+"="+strings.TrimPrefix(strings.TrimPrefix(s, "ADM_"), "ACTV_"))
			}
		}
		words = append(words, strings.TrimPrefix(status.OrgEditStatus, "EDITS_"), strings.TrimPrefix(status.OrgLastActivateStatus, "CAC_ACTV_"))
		own := status.AdminStatusMap[logins[name]]
		if own == "" {
			own = config.LoggedIn
		}
		if status.AdminActivateStatus != own {
			t.Errorf("%s is told %s of itself and %s in the map", name, status.AdminActivateStatus, own)
		}
		now := strings.Join(words, " ")
		if seen != "" && seen != now {
			t.Errorf("%s is told %q, another %q", name, now, seen)
		}
		seen = now
	}
	return seen
}

func TestActivationTransitions(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		// One server plays all the stories; each starts where nobody has
		// anything pending and everybody is signed in.
		tr := newTrio(t, db)
		for _, story := range []string{
			"A write: A=EDITING PRESENT UNKNOWN; A activate: A=DONE CLEARED UI",
			"A write; A write: A=EDITING PRESENT; A activate: A=DONE CLEARED UI; A activate: A=DONE CLEARED UI; A write: A=EDITING PRESENT UI",
			"A write; B write: A=EDITING B=EDITING PRESENT; A activate: A=QUEUED B=EDITING PRESENT; B activate: A=DONE B=DONE CLEARED UI",
			"A write; B write; C write; A activate; B activate: A=QUEUED B=QUEUED C=EDITING PRESENT; C activate: A=DONE B=DONE C=DONE CLEARED UI",
			"A write; B write; B activate: A=EDITING B=QUEUED PRESENT; B write: A=EDITING B=EDITING PRESENT; A activate: A=QUEUED B=EDITING PRESENT; B activate: A=DONE B=DONE CLEARED UI",
			"B write; C activate: B=EDITING C=QUEUED PRESENT; B activate: B=DONE C=DONE CLEARED UI",
			"A write; B write; C write; B activate; A force: A=DONE B=DONE C=DONE CLEARED SUPERADMIN",
			"B write; C write; A force: A=DONE B=DONE C=DONE CLEARED SUPERADMIN; B write: A=DONE B=EDITING C=DONE PRESENT SUPERADMIN",
			"B write; B logout: B=EXPIRED CLEARED SESSION_LOGOUT; B login: CLEARED SESSION_LOGOUT",
			"A write; B write; B logout: A=EDITING B=QUEUED PRESENT; A activate: A=DONE B=EXPIRED CLEARED UI; B login: A=DONE CLEARED UI",
			"A write; B write; B logout; B login: A=EDITING B=QUEUED PRESENT; A logout: A=EXPIRED B=DONE CLEARED SESSION_LOGOUT",
			"A write; B write; B activate; B logout: A=EDITING B=QUEUED PRESENT; A logout: A=EXPIRED B=EXPIRED CLEARED SESSION_LOGOUT",
			"A write; A activate; A logout: CLEARED UI",
			"B write; C logout: B=EDITING PRESENT; B activate: B=DONE CLEARED UI",
			"A write; restart: A=EDITING PRESENT; A activate: A=DONE CLEARED UI",
			"A write; B write; A activate; restart: A=QUEUED B=EDITING PRESENT; B activate: A=DONE B=DONE CLEARED UI",
			"A write; B write; idle; A login: B=EXPIRED CLEARED TIMER; B login: CLEARED TIMER",
			"A write; B write; C write; C activate; restart; idle; restart; A login: B=EXPIRED C=EXPIRED CLEARED TIMER",
		} {
			tr.tell(t, story)
			tr.settle(t)
		}
	})
}

// tell plays a story. The states it names are those that must be seen, in
// order; a last activation that it leaves out may be any.
func (tr *trio) tell(t *testing.T, story string) {
	t.Helper()
	for _, item := range strings.Split(story, "; ") {
		step, want, checked := strings.Cut(item, ": ")
		tr.do(t, step)
		if !checked {
			continue
		}
		if got := tr.see(t); got != want && !strings.HasPrefix(got, want+" ") {
			t.Errorf("%s\nafter %q: %q, want %q", story, step, got, want)
		}
	}
}

// settle brings everybody to LOGGED_IN with nothing pending.
func (tr *trio) settle(t *testing.T) {
	t.Helper()
	for _, name := range []string{"A", "B", "C"} {
		if tr.admins[name] == nil {
			tr.do(t, name+" login")
		}
	}
	tr.do(t, "A force")
	for _, name := range []string{"A", "B", "C"} {
		tr.do(t, name+" logout")
		tr.do(t, name+" login")
	}
	if got := tr.see(t); !strings.HasPrefix(got, "CLEARED ") {
		t.Fatalf("not settled: %s", got)
	}
}

// staging is what the states should be, told by the rules alone.
type staging struct {
	state  map[string]string // "" = LOGGED_IN
	ended  map[string]bool   // queued, and no session is left
	signed map[string]bool
	last   string
}

func (m *staging) editing(but string) bool {
	for name, s := range m.state {
		if s == "EDITING" && name != but {
			return true
		}
	}
	return false
}

func (m *staging) push(who, how, own string) {
	for name, s := range m.state {
		if s == "EDITING" || s == "QUEUED" {
			m.state[name] = "DONE"
			if m.ended[name] {
				m.state[name] = "EXPIRED"
			}
			m.ended[name] = false
		}
	}
	m.state[who], m.last = own, how
}

func (m *staging) end(who, how string) {
	m.signed[who] = false
	switch m.state[who] {
	case "QUEUED":
		m.ended[who] = true
	case "DONE":
		delete(m.state, who)
	case "EDITING":
		if m.editing(who) {
			m.state[who], m.ended[who] = "QUEUED", true
		} else {
			m.push(who, how, "EXPIRED")
		}
	}
}

func (m *staging) do(step string) {
	who, verb, _ := strings.Cut(step, " ")
	switch {
	case step == "restart":
	case step == "idle":
		for _, s := range []string{"QUEUED", "EDITING"} { // and in the order of their ids
			for _, name := range []string{"A", "B", "C"} {
				if m.state[name] == s && !m.ended[name] {
					m.end(name, "TIMER")
				}
			}
		}
		clear(m.signed)
	case verb == "write":
		m.state[who], m.ended[who] = "EDITING", false
	case verb == "activate" && m.editing(who):
		m.state[who], m.ended[who] = "QUEUED", false
	case verb == "activate":
		m.push(who, "UI", "DONE")
	case verb == "force":
		m.push(who, "SUPERADMIN", "DONE")
	case verb == "logout":
		m.end(who, "SESSION_LOGOUT")
	case verb == "login":
		m.signed[who], m.ended[who] = true, false
		if m.state[who] == "EXPIRED" {
			delete(m.state, who)
		}
	}
}

func (m *staging) String() string {
	var words []string
	org := "CLEARED"
	for _, name := range []string{"A", "B", "C"} {
		if s := m.state[name]; s != "" {
			words = append(words, name+"="+s)
			if s == "EDITING" || s == "QUEUED" {
				org = "PRESENT"
			}
		}
	}
	return strings.Join(append(words, org, m.last), " ")
}

func (m *staging) choose(r *rand.Rand) string {
	name := []string{"A", "B", "C"}[r.IntN(3)]
	if !m.signed[name] {
		return name + " login"
	}
	switch n := r.IntN(40); {
	case n == 0:
		return "restart"
	case n == 1:
		return "idle"
	case n < 5:
		return name + " logout"
	case n < 7:
		return "A force"
	case n < 22:
		return name + " activate"
	default:
		return name + " write"
	}
}

func TestActivationAtRandom(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		tr := newTrio(t, db)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		m := &staging{state: map[string]string{}, ended: map[string]bool{}, signed: map[string]bool{"A": true, "B": true, "C": true}, last: "UNKNOWN"}
		var story []string
		for range 150 {
			step := m.choose(r)
			if step == "A force" && !m.signed["A"] {
				continue
			}
			story = append(story, step)
			tr.do(t, step)
			m.do(step)
			if len(tr.admins) == 0 {
				continue
			}
			if diff := cmp.Diff(m.String(), tr.see(t)); diff != "" {
				t.Fatalf("after %s\n%s", strings.Join(story, "; "), diff)
			}
		}
	})
}

func TestForceIsTheSuperAdmins(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	for _, login := range []string{servertest.Editor, servertest.Reader} {
		if a := s.SignIn(t, login).Do(t, "PUT", "/ecAdminActivateStatus/forcedActivate", ""); a.Status != http.StatusForbidden {
			t.Errorf("%s: %d %s", login, a.Status, a.Body)
		}
	}
}

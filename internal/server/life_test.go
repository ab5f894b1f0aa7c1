package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// appliance is a real connector over real HTTP, but for its waiting: it rests
// between heartbeats until the test wakes it.
type appliance struct {
	dir     string
	resting chan struct{}
	wake    chan struct{}
	done    chan error
	events  chan sandbox.Event
	off     context.CancelFunc
}

func powerOn(t *testing.T, s *servertest.Server, dir string) *appliance {
	t.Helper()
	ctx, off := context.WithCancel(context.Background())
	a := &appliance{dir: dir, resting: make(chan struct{}), wake: make(chan struct{}), done: make(chan error, 1), events: make(chan sandbox.Event, 100), off: off}
	go func() {
		a.done <- sandbox.RunConnector(ctx, sandbox.ConnectorConfig{
			Server: s.URL(), StateDir: dir, Name: "cc-1", Key: s.Credentials.EnrolmentKey, Template: "aws-west",
			Cloud: "AWS", Region: "us-west-2", Zone: "us-west-2a", Network: "vpc-0a1b2c3d4e5f60718",
			Report: func(e sandbox.Event) { a.events <- e },
			Wait: func(ctx context.Context, _ time.Duration) error {
				select {
				case a.resting <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
				select {
				case <-a.wake:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			},
		})
	}()
	t.Cleanup(off)
	return a
}

// rest waits until the connector has nothing to do before its next heartbeat.
func (a *appliance) rest(t *testing.T) {
	t.Helper()
	select {
	case <-a.resting:
	case err := <-a.done:
		t.Fatalf("the connector ended: %v", err)
	}
}

// beat lets one heartbeat, and what follows from it, happen.
func (a *appliance) beat(t *testing.T) {
	t.Helper()
	a.wake <- struct{}{}
	a.rest(t)
}

// bundle reads what the connector has written down that it runs.
func (a *appliance) bundle(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(a.dir, "bundle.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (a *appliance) enrolled(t *testing.T) sandbox.Event {
	t.Helper()
	for e := range a.events {
		if e.Kind == sandbox.EventEnrolled {
			return e
		}
	}
	t.Fatal("never enrolled")
	return sandbox.Event{}
}

// health asks the connector itself.
func health(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var h json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&h); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(h)
}

// prepare makes and activates what a connector enrols with.
func prepare(t *testing.T, a *servertest.Admin) (template int64) {
	t.Helper()
	template = servertest.Decode[struct{ ID int64 }](t, a.Must(t, "POST", "/locationTemplate", `{"name":"west","template":{"templatePrefix":"OLD"}}`)).ID
	a.Must(t, "POST", "/provUrl", fmt.Sprintf(`{"name":"aws-west","provUrlType":"CLOUD","provUrlData":{"locationTemplate":{"id":%d},"cloudProviderType":"AWS"}}`, template))
	a.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	return template
}

// A connector runs what is active, not what is saved: an edit reaches it after
// the activation and not before, and so does its deletion.
func TestConnectorProvesActivation(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		super := s.SignIn(t, servertest.Super)
		template := prepare(t, super)

		dir := t.TempDir()
		a := powerOn(t, s, dir)
		a.rest(t)
		first := a.enrolled(t)
		a.beat(t)
		old := a.bundle(t)
		if !strings.Contains(old, `"templatePrefix":"OLD"`) {
			t.Fatalf("the bundle lacks the template: %s", old)
		}
		if status, body := health(t, first.Health); status != 200 || !strings.Contains(body, `"cc-1"`) {
			t.Errorf("health: %d %s", status, body)
		}

		edit := fmt.Sprintf("/locationTemplate/%d", template)
		super.Must(t, "PUT", edit, `{"name":"renamed","template":{"templatePrefix":"NEW"}}`)
		a.beat(t)
		if diff := cmp.Diff(old, a.bundle(t)); diff != "" {
			t.Errorf("saved and not activated, and the connector runs it: %s", diff)
		}
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		a.beat(t)
		if b := a.bundle(t); !strings.Contains(b, `"templatePrefix":"NEW"`) || !strings.Contains(b, `"name":"renamed"`) {
			t.Errorf("activated, and the connector runs %s", b)
		}

		vm := deleteVM(t, super, first.VMID)
		a.beat(t) // its token still works
		if got := super.Do(t, "GET", vm, ""); got.Status != 404 {
			t.Errorf("deleted, and a get answers %d", got.Status)
		}
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		a.wake <- struct{}{}
		if err := <-a.done; !errors.Is(err, sandbox.ErrGone) {
			t.Errorf("deleted and activated, and the connector ends with %v", err)
		}

		// Powered on again it is a new VM of the same name and instance.
		b := powerOn(t, s, dir)
		b.rest(t)
		second := b.enrolled(t)
		if second.Name != "cc-1" || second.NativeID != first.NativeID || second.VMID == first.VMID {
			t.Errorf("enrolled as %+v, before as %+v", second, first)
		}
		b.off()
		if err := <-b.done; err != nil {
			t.Errorf("a graceful stop: %v", err)
		}
	})
}

// deleteVM deletes the VM by its group and answers its path.
func deleteVM(t *testing.T, a *servertest.Admin, id int64) (path string) {
	t.Helper()
	type group struct {
		ID    int64
		EcVMs []struct{ ID int64 }
	}
	for _, g := range servertest.Decode[[]group](t, a.Must(t, "GET", "/ecgroup", "")) {
		for _, vm := range g.EcVMs {
			if vm.ID == id {
				path = fmt.Sprintf("/ecgroup/%d/vm/%d", g.ID, id)
				a.Must(t, "DELETE", path, "")
				return path
			}
		}
	}
	t.Fatalf("VM %d is in no group", id)
	return ""
}

// A connector that is not heard of for three intervals is INACTIVE, as is one
// that stopped gracefully, at once; a restart of the server changes neither.
func TestConnectorStatus(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{Heartbeat: 30 * time.Second})
	super := s.SignIn(t, servertest.Super)
	prepare(t, super)
	a := powerOn(t, s, t.TempDir())
	a.rest(t)
	vm := fmt.Sprintf("/ecVm/uuid/%s", a.enrolled(t).NativeID)
	status := func() string {
		return servertest.Decode[struct{ OperationalStatus string }](t, super.Must(t, "GET", vm, "")).OperationalStatus
	}
	a.beat(t)
	if got := status(); got != "ACTIVE" {
		t.Errorf("after a heartbeat: %s", got)
	}
	s.Clock.Advance(89 * time.Second)
	if got := status(); got != "ACTIVE" {
		t.Errorf("two heartbeats missed: %s", got)
	}
	s.Clock.Advance(2 * time.Second)
	if got := status(); got != "INACTIVE" {
		t.Errorf("three heartbeats missed: %s", got)
	}
	a.beat(t)
	if got := status(); got != "ACTIVE" {
		t.Errorf("heard of again: %s", got)
	}
	a.off()
	if err := <-a.done; err != nil {
		t.Fatal(err)
	}
	if got := status(); got != "INACTIVE" {
		t.Errorf("stopped gracefully: %s", got)
	}
	s.Restart(t)
	if got := status(); got != "INACTIVE" {
		t.Errorf("after a restart: %s", got)
	}
}

package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// Without limits the server still tells what they would have cost.
func TestTheWait(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super, owner := s.SignIn(t, servertest.Super), s.Owner(t)
	for n := range 4 {
		super.Must(t, "POST", "/locationTemplate", fmt.Sprintf(`{"name":"t%d"}`, n))
	}
	super.Must(t, "GET", "/locationTemplate", "")
	s.Clock.Advance(10 * time.Second)
	super.Must(t, "POST", "/locationTemplate", `{"name":"later"}`)
	super.Must(t, "GET", "/spurline/v1/whoami", "") // nothing of the vendor's

	runs := servertest.Decode[[]wire.Run](t, owner.Must(t, "GET", "/spurline/v1/requests/summary", ""))
	if len(runs) != 1 {
		t.Fatalf("%+v", runs)
	}
	r := runs[0]
	if r.Org != s.Credentials.Org || r.Enforced || r.Calls != 6 || r.Waited != 3 || r.Refused != 3 || r.WaitSeconds != 3 || r.ElapsedSeconds != 10 || r.TotalSeconds != 13 {
		t.Errorf("%+v", r)
	}
	if want := (wire.RunPart{Operation: "createLocationTemplate", Limit: "1/s 400/h", Calls: 5, Waited: 3, Refused: 3, WaitSeconds: 3}); len(r.Operations) != 2 || r.Operations[0] != want {
		t.Errorf("%+v", r.Operations)
	}
	waited := requests(t, super, "waited=true")
	if len(waited) != 3 || waited[0].Wait == nil || *waited[0].Wait != (wire.Wait{Limit: "1/SECOND", Seconds: 1}) {
		t.Errorf("%+v", waited)
	}

	for _, a := range []*servertest.Admin{s.SignIn(t, servertest.Reader), s.SignIn(t, servertest.Editor)} {
		for _, method := range []string{"GET", "DELETE"} {
			if answer := a.Do(t, method, "/spurline/v1/requests/summary", ""); answer.Status != 403 {
				t.Errorf("%s as %s: %d", method, a.Login, answer.Status)
			}
		}
	}
	super.Must(t, "DELETE", "/spurline/v1/requests/summary", "")
	if text := super.Must(t, "GET", "/spurline/v1/requests/summary", ""); text != "[]" {
		t.Errorf("a new run: %s", text)
	}
}

// With limits, what they refused is told.
func TestTheWaitWithLimits(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{RateLimits: true})
	super := s.SignIn(t, servertest.Super)
	super.Must(t, "POST", "/locationTemplate", `{"name":"a"}`)
	if a := super.Do(t, "POST", "/locationTemplate", `{"name":"b"}`); a.Status != 429 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	s.Clock.Advance(time.Second)
	super.Must(t, "POST", "/locationTemplate", `{"name":"b"}`)
	r := servertest.Decode[[]wire.Run](t, super.Must(t, "GET", "/spurline/v1/requests/summary", ""))[0]
	if !r.Enforced || r.Calls != 3 || r.Waited != 0 || r.Refused != 1 || r.TotalSeconds != 1 {
		t.Errorf("%+v", r)
	}
	if e := requests(t, super, "waited=true"); len(e) != 1 || e[0].Status != 429 || e[0].Response.RetryAfter != "1" {
		t.Errorf("%+v", e)
	}
}

package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Every sign-in and every write leaves a row in the trail, with the object
// before and after; a refused write leaves none.
func TestTrail(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		s.Nobody().Do(t, "POST", "/auth", s.SignInBody(t, servertest.Super, "Wrong-1234"))
		super := s.SignIn(t, servertest.Super)
		id := servertest.Decode[struct{ ID int64 }](t, super.Must(t, "POST", "/locationTemplate", `{"name":"one"}`)).ID
		path := fmt.Sprintf("/locationTemplate/%d", id)
		super.Must(t, "PUT", path, `{"name":"two"}`)
		super.Do(t, "PUT", path, `{"name":""}`)
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		super.Must(t, "DELETE", path, "")
		super.Must(t, "PUT", "/ecAdminActivateStatus/forcedActivate", "")
		super.Must(t, "DELETE", "/auth", "")

		var got []string
		ctx := context.Background()
		err := s.API().Engine.View(ctx, s.Credentials.Org, func(ctx context.Context, tx *store.Tx) error {
			records, err := audit.List(ctx, tx, s.Credentials.Org, 0, 100)
			for _, r := range records {
				got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%s|%t|%t", r.Action, r.SubCategory, r.Resource, r.Login, r.IP, r.Result, r.Before != nil, r.After != nil))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		const who = "super@example.net|127.0.0.1"
		want := []string{
			"Sign In|Login|super@example.net|" + who + "|failure|false|false",
			"Sign In|Login|super@example.net|" + who + "|success|false|false",
			"Create|Location Template|one|" + who + "|success|false|true",
			"Update|Location Template|two|" + who + "|success|true|true",
			"Activate|Activation|CAC_ACTV_UI|" + who + "|success|false|false",
			"Delete|Location Template|two|" + who + "|success|true|false",
			"Force Activate|Activation|CAC_ACTV_SUPERADMIN|" + who + "|success|false|false",
			"Sign Out|Login|super@example.net|" + who + "|success|false|false",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// While one admin saves, another's write waits its turn, or is refused at once
// when the server is told to do as the vendor's does (behaviours.md 3.12).
func TestEditLock(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{true, false} {
		s := servertest.Start(t, server.Config{EditLockAtOnce: atOnce})
		editor := s.SignIn(t, servertest.Editor)
		holds, release := make(chan struct{}), make(chan struct{})
		saved := make(chan error, 1)
		go func() {
			saved <- s.API().Engine.Update(context.Background(), config.By{Org: s.Credentials.Org}, func(context.Context, *config.Writer) error {
				close(holds)
				<-release
				return nil
			})
		}()
		<-holds
		answers := make(chan servertest.Answer, 1)
		go func() {
			a, err := editor.Try("POST", "/locationTemplate", `{"name":"waits"}`)
			if err != nil {
				a.Body = err.Error()
			}
			answers <- a
		}()
		if atOnce {
			a := <-answers
			if a.Status != http.StatusConflict || !strings.Contains(a.Body, wire.CodeEditLock) {
				t.Errorf("while another saves: %d %s", a.Status, a.Body)
			}
			close(release)
		} else {
			close(release)
			if a := <-answers; a.Status != http.StatusOK {
				t.Errorf("after another has saved: %d %s", a.Status, a.Body)
			}
		}
		if err := <-saved; err != nil {
			t.Error(err)
		}
	}
}

// trail is how many rows all trails of the server have.
func (p *player) trail(t *testing.T) (rows int64) {
	t.Helper()
	err := p.server.API().Engine.View(t.Context(), 0, func(ctx context.Context, tx *store.Tx) error {
		orgs, err := tx.Orgs(ctx)
		if err != nil {
			return err
		}
		for _, org := range append(orgs, store.Org{ID: 0}) {
			page, err := audit.Find(ctx, tx, org.ID, audit.Query{Limit: 1})
			if err != nil {
				return err
			}
			rows += page.Head
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// unlike are the operations whose rows are not one for each write and none for
// each read.
var unlike = map[string]struct {
	rows []int64
	why  string
}{
	"backup":                        {[]int64{1}, "it hands out every secret"},
	"restore":                       {nil, "it brings the trails of the backup, and one row more"},
	"enrolConnector":                {[]int64{0, 2, 3}, "a row for each object that it makes, and none when a connector comes again"},
	"reportConnector":               {[]int64{0}, "a heartbeat is no action"},
	"deleteEcRoutes":                {[]int64{0, 1}, "a row for each route"},
	"deleteFromPublicCloudAccounts": {[]int64{2}, "a row for each account"},
	"updateLocation":                {[]int64{1, 2}, "and a row for each sub-location that follows it"},
	"createPublicCloudInfo":         {[]int64{1, 2}, "and a row for each account group that it joins"},
	"updatePublicCloudInfo":         {[]int64{1, 3}, "and a row for each account group that it joins or leaves"},
	"generateExternalId":            {[]int64{0}, "nothing is kept of it"},
	"growFleet":                     {[]int64{0}, "simulated machines are no part of an org; what they enrol is"},
	"stopFleet":                     {[]int64{0}, "the same"},
	"beginRun":                      {[]int64{0}, "what is measured is not the org"},
	"startSimulatedConnector":       {[]int64{0}, "the same"},
	"stopSimulatedConnector":        {[]int64{0}, "the same"},
}

// recorded checks that an operation has left a row in a trail if it writes, and
// none if it does not.
func (p *player) recorded(t *testing.T, o *operation.Operation, path string, status int, rows int64) {
	t.Helper()
	if status/100 != 2 {
		return
	}
	want := []int64{1}
	if o.Method == http.MethodGet {
		want = []int64{0}
	}
	if odd, ok := unlike[o.ID]; ok {
		want = odd.rows
	}
	if want != nil && !slices.Contains(want, rows) {
		t.Errorf("%s %s left %d rows in the trail, want %v", o.Method, path, rows, want)
	}
}

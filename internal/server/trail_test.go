package server_test

import (
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// verified checks that a trail is as it was written, from a head that was
// noted earlier, and answers the head that it has now.
func verified(t *testing.T, who *servertest.Admin, path, noted string) (head string) {
	t.Helper()
	v := servertest.Decode[wire.AuditVerdict](t, who.Must(t, "GET", path+"/verify?head="+noted, ""))
	if !v.OK || v.Fault != nil || v.Head == "" {
		t.Errorf("%s, from %q: %+v, %+v", path, noted, v, v.Fault)
	}
	return v.Head
}

// Rows go six months after they were written, in the trail of the org and in
// that of the installation, and what is left is verified from there on.
func TestTrailIsKeptForSixMonths(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		const org, all = "/spurline/v1/audit", "/spurline/v1/installation/audit"
		begun := s.Clock.Now()
		s.SignIn(t, servertest.Editor)
		s.Owner(t).Must(t, "GET", "/spurline/v1/backup", "")
		s.Clock.Advance(begun.AddDate(0, 5, 0).Sub(begun))
		super := s.SignIn(t, servertest.Super)
		old := verified(t, super, org, "")
		oldest := func(now *servertest.Admin, path string) (seq int64, anchor string) {
			if err := s.PruneTrail(t.Context()); err != nil {
				t.Fatal(err)
			}
			page := servertest.Decode[wire.AuditPage](t, now.Must(t, "GET", path+"?after=0", ""))
			v := servertest.Decode[wire.AuditVerdict](t, now.Must(t, "GET", path+"/verify", ""))
			if !v.OK || len(page.Rows) == 0 {
				t.Fatalf("%s: %+v, %d rows", path, v, len(page.Rows))
			}
			return page.Rows[0].Seq, v.Anchor
		}
		if seq, anchor := oldest(super, org); seq != 1 || anchor != "" {
			t.Errorf("after five months the trail begins with %d, anchor %q", seq, anchor)
		}
		s.Clock.Advance(begun.AddDate(0, 6, 1).Sub(s.Clock.Now()))
		super = s.SignIn(t, servertest.Super)
		if seq, anchor := oldest(super, org); seq != 2 || !strings.HasPrefix(anchor, "1:") {
			t.Errorf("after six months the trail begins with %d, anchor %q", seq, anchor)
		}
		verified(t, super, org, old) // the newest of then is here still
		// Of the installation's trail everything is old, and its newest row stays.
		if seq, anchor := oldest(s.Owner(t), all); seq != 2 || !strings.HasPrefix(anchor, "1:") {
			t.Errorf("the installation's begins with %d, anchor %q", seq, anchor)
		}
	})
}

package client_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/wire"
)

func TestFleet(t *testing.T) {
	t.Parallel()
	f := serve(t,
		step{status: 200, body: `{"token":"T","groupId":3,"vmId":4,"vmName":"vm","uuid":"u","heartbeatSeconds":30}`},
		step{status: 200, body: `{"bundle":"\"e1\"","heartbeatSeconds":15}`},
		step{status: 200, body: `{"b":1}`, header: map[string]string{"ETag": `"e1"`}},
		step{status: http.StatusNotModified, header: map[string]string{"ETag": `"e1"`}},
		step{status: 410, body: `{"message":"gone"}`})
	c := f.client()
	c.UseSession("ADMIN") // which connectors have no business with
	ctx := t.Context()

	enrolled, err := c.Enrol(ctx, wire.Enrolment{Key: "K", Template: "aws"})
	want := wire.Enrolled{Token: "T", GroupID: 3, VMID: 4, VMName: "vm", UUID: "u", HeartbeatSeconds: 30}
	if diff := cmp.Diff(want, enrolled); err != nil || diff != "" {
		t.Error(err, diff)
	}
	beat, err := c.Heartbeat(ctx, "T", wire.Heartbeat{State: wire.ReportRunning})
	if err != nil || beat != (wire.HeartbeatAnswer{Bundle: `"e1"`, HeartbeatSeconds: 15}) {
		t.Error(beat, err)
	}
	body, etag, err := c.Bundle(ctx, "T", "")
	if err != nil || string(body) != `{"b":1}` || etag != `"e1"` {
		t.Error(string(body), etag, err)
	}
	body, etag, err = c.Bundle(ctx, "T", etag)
	if err != nil || body != nil || etag != `"e1"` {
		t.Error(body, etag, err)
	}
	if _, _, err = c.Bundle(ctx, "T", etag); wire.Status(err) != http.StatusGone {
		t.Error(err)
	}

	type seen struct{ method, uri, authorization, cookie, ifNoneMatch string }
	var got []seen
	for _, e := range f.seen {
		got = append(got, seen{e.method, e.uri, e.header.Get("Authorization"), e.header.Get("Cookie"), e.header.Get("If-None-Match")})
	}
	bundle := seen{"GET", wire.FleetBundlePath, "Bearer T", "", `"e1"`}
	first := bundle
	first.ifNoneMatch = ""
	if diff := cmp.Diff([]seen{
		{"POST", wire.FleetEnrolPath, "", "", ""}, {"POST", wire.FleetHeartbeatPath, "Bearer T", "", ""}, first, bundle, bundle,
	}, got, cmp.AllowUnexported(seen{})); diff != "" {
		t.Error(diff)
	}
}

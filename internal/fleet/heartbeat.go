package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// maxETag bounds what a connector says it runs.
const maxETag = 64

// Heartbeat takes a connector's report and answers which bundle it should be
// running. It fails with 401 when the connector is to enrol again, and with
// 410 when it is to stop.
func (f *Fleet) Heartbeat(ctx context.Context, token string, h wire.Heartbeat) (wire.HeartbeatAnswer, error) {
	c, enrolled := f.byToken(token)
	if c == nil {
		return wire.HeartbeatAnswer{}, f.refused(ctx, token)
	}
	if err := checkHeartbeat(h); err != nil {
		return wire.HeartbeatAnswer{}, err
	}
	etag, err := f.current(ctx, c, enrolled)
	if errors.Is(err, errNoVM) {
		f.forget(c)
		return wire.HeartbeatAnswer{}, errGone()
	}
	if err != nil {
		return wire.HeartbeatAnswer{}, err
	}
	f.note(c, report{seen: f.now().UnixMilli(), state: h.State, bundle: h.Bundle, build: h.Build})
	return wire.HeartbeatAnswer{Bundle: etag, HeartbeatSeconds: f.seconds()}, nil
}

// Bundle answers what a connector is to run, as JSON, and its ETag with the
// quotes of the HTTP header. It fails as Heartbeat does. The body is not to be
// changed.
func (f *Fleet) Bundle(ctx context.Context, token string) (body []byte, etag string, err error) {
	c, enrolled := f.byToken(token)
	if c == nil {
		return nil, "", f.refused(ctx, token)
	}
	etag, err = f.current(ctx, c, enrolled)
	if err == nil {
		if body = f.bodies.get(etag); body == nil {
			body, etag, err = f.render(ctx, c, enrolled)
		}
	}
	if errors.Is(err, errNoVM) {
		f.forget(c)
		return nil, "", errGone()
	}
	return body, etag, err
}

// checkHeartbeat bounds what is kept of a report.
func checkHeartbeat(h wire.Heartbeat) error {
	if h.State != wire.ReportRunning && h.State != wire.ReportStopping {
		return wire.Invalid("state", "must be %s or %s", wire.ReportRunning, wire.ReportStopping)
	}
	if len(h.Bundle) > maxETag {
		return wire.Invalid("bundle", "must be at most %d characters", maxETag)
	}
	for _, b := range []byte(h.Bundle) {
		if b < '!' || b > '~' {
			return wire.Invalid("bundle", "must be an ETag")
		}
	}
	return checkBuild(h.Build)
}

// note keeps a report, for the next Flush to write.
func (f *Fleet) note(c *connector, r report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.UnixMilli(r.seen)
	before, _ := f.stateOf(c.last, now)
	after, _ := f.stateOf(r, now)
	c.last = r
	if before != after {
		f.changes.Add(1)
	}
	if c.dirty || c.absent {
		return
	}
	c.dirty = true
	f.pending.Lock()
	f.changed = append(f.changed, c)
	f.pending.Unlock()
}

// forget drops a connector whose VM is gone: ids do not come back. Its token
// is still found in the database, and refused.
func (f *Fleet) forget(c *connector) {
	f.mu.Lock()
	delete(f.tokens, c.token)
	delete(f.vms, c.vmKey)
	f.mu.Unlock()
	f.changes.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.absent {
		return
	}
	c.absent = true
	f.pending.Lock()
	f.gone = append(f.gone, c.vmKey)
	f.pending.Unlock()
}

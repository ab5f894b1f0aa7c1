package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// errUnknownToken means that the server does not know the connector's token.
var errUnknownToken = errors.New("the server does not know the token")

// Bounds of the waits.
const (
	defaultInterval = 30 * time.Second
	maxInterval     = time.Hour
	firstPause      = time.Second
	maxPause        = 30 * time.Second
	maxAskedPause   = 5 * time.Minute // the longest that a server may ask for
	graceTime       = time.Second     // that a request has to end after a stop
	stopTime        = 2 * time.Second // that a graceful stop has to say so
)

// reportedBuild is the build that connectors say they are.
const reportedBuild = "401122"

// run enrols, over and over if need be, and sends heartbeats in between.
func (c *connector) run(ctx context.Context) error {
	for {
		err := c.enrol(ctx)
		if err == nil {
			err = c.beat(ctx)
		}
		switch {
		case errors.Is(err, ErrGone):
			return c.gone()
		case ctx.Err() != nil:
			return c.stop(ctx)
		case !errors.Is(err, errUnknownToken):
			return err
		}
		c.log.Info("the server does not know the token; enrolling again")
		c.token = ""
		// The first time it is done at once, but a server that forgets every
		// token must not be enrolled with in a tight loop.
		if c.failures++; c.failures == 1 {
			continue
		}
		if err := c.pause(ctx, nil); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// enrol enrols, and tries again until it is done, refused or told to stop.
func (c *connector) enrol(ctx context.Context) error {
	in := c.enrolment()
	for ctx.Err() == nil {
		requestCtx, cancel := withGrace(ctx)
		out, err := c.client.Enrol(requestCtx, in)
		cancel()
		if err == nil && out.Token == "" {
			err = errors.New("the answer has no token")
		}
		switch {
		case err == nil:
			return c.enrolled(out)
		case ctx.Err() != nil:
			return ctx.Err()
		case isRefusal(err):
			return fmt.Errorf("the server refuses the enrolment: %w", err)
		}
		c.log.Warn("enrolment failed; trying again", "error", err)
		c.failures++
		if err := c.pause(ctx, err); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// enrolment is what the connector enrols with.
func (c *connector) enrolment() wire.Enrolment {
	id := &c.state.id
	return wire.Enrolment{
		Key: c.cfg.Key, Template: c.cfg.Template, Name: id.Name,
		Cloud: c.cfg.Cloud, Region: c.cfg.Region, Zone: c.cfg.Zone, Network: c.cfg.Network,
		NativeID: id.NativeID, Image: imageOf(c.cfg.Cloud), FormFactor: c.cfg.FormFactor, Build: reportedBuild,
		Management: id.Management, Service: id.Service, NatIP: id.NatIP,
	}
}

// enrolled takes what an enrolment gave.
func (c *connector) enrolled(out wire.Enrolled) error {
	id := &c.state.id
	c.token, id.Token = out.Token, out.Token
	id.VMID, id.VMName, id.UUID = out.VMID, out.VMName, out.UUID
	c.setInterval(out.HeartbeatSeconds)
	if err := c.enter(stateRunning); err != nil {
		return err
	}
	c.log.Info("enrolled", "vmId", id.VMID, "vmName", id.VMName)
	c.report(EventEnrolled, nil)
	return nil
}

// beat sends heartbeats until the connector is to do something else.
func (c *connector) beat(ctx context.Context) error {
	for ctx.Err() == nil {
		err := c.beatOnce(ctx)
		switch {
		case hasStatus(err, http.StatusUnauthorized):
			return errUnknownToken
		case hasStatus(err, http.StatusGone):
			return ErrGone
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			c.failures = 0
			err = c.cfg.Wait(ctx, c.interval)
		default:
			c.log.Warn("heartbeat failed; trying again", "error", err)
			c.failures++
			err = c.pause(ctx, err)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// beatOnce sends one heartbeat and fetches the bundle that it names.
func (c *connector) beatOnce(ctx context.Context) error {
	requestCtx, cancel := withGrace(ctx)
	out, err := c.client.Heartbeat(requestCtx, c.token, wire.Heartbeat{State: wire.ReportRunning, Bundle: c.bundle, Build: reportedBuild})
	cancel()
	if err != nil {
		return err
	}
	c.setInterval(out.HeartbeatSeconds)
	if out.Bundle == "" || out.Bundle == c.bundle {
		return nil
	}
	body, etag, err := c.client.Bundle(ctx, c.token, c.bundle)
	if err != nil {
		return fmt.Errorf("fetching the bundle: %w", err)
	}
	if body == nil || etag == c.bundle {
		return nil
	}
	if etag == "" {
		return errors.New("fetching the bundle: it has no ETag")
	}
	if err := c.state.writeBundle(body, etag); err != nil {
		return fmt.Errorf("writing the bundle down: %w", err)
	}
	c.bundle = etag
	c.page.set(c.health())
	c.log.Info("runs another bundle", "bundle", etag, "bytes", len(body))
	c.report(EventBundle, nil)
	return nil
}

// stop says goodbye, so that the server need not wait for missed heartbeats.
func (c *connector) stop(ctx context.Context) error {
	c.show(stateStopping)
	if c.token != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		_, err := c.client.Heartbeat(ctx, c.token, wire.Heartbeat{State: wire.ReportStopping, Bundle: c.bundle, Build: reportedBuild})
		if err != nil {
			c.log.Warn("the server was not told of the stop", "error", err)
		}
	}
	c.log.Info("stopped")
	return c.enter(stateStopped)
}

// gone ends the connector because the server says so. Its identity stays: when
// it is started again, it enrols anew.
func (c *connector) gone() error {
	c.log.Info("told to stop: the connector is gone")
	c.state.id.Token = ""
	if err := c.enter(stateGone); err != nil {
		return errors.Join(ErrGone, err)
	}
	return ErrGone
}

// enter writes down and shows that the connector is in another state.
func (c *connector) enter(state string) error {
	c.state.id.State = state
	c.show(state)
	return c.state.save()
}

// show puts a state on the health page.
func (c *connector) show(state string) {
	c.status = state
	c.page.set(c.health())
}

// setInterval takes the interval that the server wants.
func (c *connector) setInterval(seconds int) {
	if seconds <= 0 {
		c.interval = defaultInterval
		return
	}
	// The bound comes before the multiplication, which could overflow.
	c.interval = time.Duration(min(seconds, int(maxInterval/time.Second))) * time.Second
}

// pause waits after a failure: twice as long after each, within bounds, less a
// random part, so that a fleet does not come back all at once, and no shorter
// than the server asks for.
func (c *connector) pause(ctx context.Context, failure error) error {
	d := maxPause
	if c.failures <= 5 {
		d = min(maxPause, firstPause<<(max(c.failures, 1)-1))
	}
	d -= rand.N(d / 4)
	var asked *wire.Error
	if errors.As(failure, &asked) {
		d = max(d, min(maxAskedPause, time.Duration(min(asked.RetryAfter, 3600))*time.Second))
	}
	return c.cfg.Wait(ctx, d)
}

// withGrace returns a context that ends a moment after ctx. A stop lets a
// request that is under way come to its end: an enrolment that was broken off
// would leave a machine that nobody speaks for, and a heartbeat one that the
// server may take for the last word.
func withGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, cancel) })
	return longer, func() {
		forget()
		cancel()
	}
}

// isRefusal reports whether an enrolment failed in a way that trying again
// does not mend. A busy edit lock is not one.
func isRefusal(err error) bool {
	var e *wire.Error
	if !errors.As(err, &e) || e.Status < 400 || e.Status > 499 || e.Code == wire.CodeEditLock {
		return false
	}
	return e.Status != http.StatusTooManyRequests && e.Status != http.StatusRequestTimeout
}

// hasStatus reports whether the server answered with that status.
func hasStatus(err error, status int) bool {
	var e *wire.Error
	return errors.As(err, &e) && e.Status == status
}

// imageOf is the image that a connector says it was started from.
func imageOf(cloud string) string {
	switch cloud {
	case cloudAWS:
		return "ami-05b0c1d2e3f405162"
	case cloudAzure:
		return "spurline:connector:simulated:1.0.0"
	default:
		return "projects/spurline/global/images/connector-1-0-0"
	}
}

// waitTimer waits in real time.
func waitTimer(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

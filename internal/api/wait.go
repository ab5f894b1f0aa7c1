package api

import (
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/limit"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// limit enforces the vendor's rate limits, or where it is not to, notes what
// they would have made of the call.
func (a *API) limit(o *operation.Operation, org int64, r *http.Request) error {
	if a.Limiter != nil {
		if v := a.Limiter.Take(org, o.ID, o.Limit); !v.OK {
			a.shadow.Refuse(org, o.ID, o.Limit, v.RetryAfter)
			noteWait(r, v.Exceeded, v.RetryAfter)
			return &wire.Error{Status: http.StatusTooManyRequests, Message: v.Message(), RetryAfter: v.RetryAfter}
		}
	}
	if w := a.shadow.Take(org, o.ID, o.Limit); w.Seconds > 0 {
		noteWait(r, w.Exceeded, w.Seconds)
	}
	return nil
}

func noteWait(r *http.Request, exceeded limit.Window, seconds int) {
	if v := visitOf(r.Context()); v != nil {
		v.Wait = wire.Wait{Limit: exceeded.PerUnit(), Seconds: seconds}
	}
}

func (a *API) getRun(c *operation.Call) error {
	org, err := reader(c)
	if err != nil {
		return err
	}
	out := []wire.Run{}
	for _, r := range a.shadow.Runs(org) {
		out = append(out, a.run(r))
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) run(r limit.Run) wire.Run {
	out := wire.Run{
		Org: r.Org, Enforced: a.Limiter != nil, Began: r.Began.UTC().Format(time.RFC3339), Last: r.Last.UTC().Format(time.RFC3339),
		ElapsedSeconds: r.Last.Sub(r.Began).Round(time.Millisecond).Seconds(), Operations: make([]wire.RunPart, 0, len(r.Operations)),
	}
	for _, o := range r.Operations {
		part := wire.RunPart{
			Operation: o.Operation, Limit: o.Rate.String(), Calls: o.Calls, Waited: o.Waited, Refused: o.Refused, WaitSeconds: int64(o.Wait / time.Second),
		}
		out.Operations = append(out.Operations, part)
		out.Calls += part.Calls
		out.Waited += part.Waited
		out.Refused += part.Refused
		out.WaitSeconds += part.WaitSeconds
	}
	out.TotalSeconds = out.ElapsedSeconds
	if !out.Enforced { // else the waits are in the time that it took
		out.TotalSeconds += float64(out.WaitSeconds)
	}
	return out
}

func (a *API) beginRun(c *operation.Call) error {
	org, err := reader(c)
	if err != nil {
		return err
	}
	a.shadow.Reset(org)
	c.Empty()
	return nil
}

// BeginRun forgets the requests so far and counts anew: a sandbox calls its own
// API to fill itself, and nobody asks for that.
func (a *API) BeginRun() {
	a.recent.Clear()
	a.shadow.Reset(0)
}

package client

import (
	"context"
	"net/http"

	"github.com/spurline/spurline/internal/wire"
)

// Enrol registers a connector. The session, if any, is not sent: a connector
// is known by the enrolment key in its message.
func (c *Client) Enrol(ctx context.Context, in wire.Enrolment) (wire.Enrolled, error) {
	var out wire.Enrolled
	a, err := c.call(ctx, request{method: http.MethodPost, path: wire.FleetEnrolPath}, in)
	if err != nil {
		return out, err
	}
	return out, a.decode(&out)
}

// Heartbeat reports a connector's state. A *wire.Error with status 401 means
// that the connector is to enrol again, one with 410 that it is to stop.
func (c *Client) Heartbeat(ctx context.Context, token string, in wire.Heartbeat) (wire.HeartbeatAnswer, error) {
	var out wire.HeartbeatAnswer
	a, err := c.call(ctx, request{method: http.MethodPost, path: wire.FleetHeartbeatPath, token: token}, in)
	if err != nil {
		return out, err
	}
	return out, a.decode(&out)
}

// Bundle fetches what the connector is to run, and its ETag. When the server's
// bundle is still the one named by etag, body is nil and newETag is etag. An
// ETag is passed on exactly as the server spells it.
func (c *Client) Bundle(ctx context.Context, token, etag string) (body []byte, newETag string, err error) {
	header := http.Header{}
	if etag != "" {
		header.Set("If-None-Match", etag)
	}
	a, err := c.call(ctx, request{method: http.MethodGet, path: wire.FleetBundlePath, token: token, header: header}, nil)
	if err != nil {
		return nil, "", err
	}
	if a.status == http.StatusNotModified {
		return nil, etag, nil
	}
	return a.body, a.header.Get("ETag"), nil
}

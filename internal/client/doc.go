// Package client owns the HTTP client of the API: sign-in and the session it
// yields, JSON both ways, errors as wire.Error, and retries where the API asks
// for them. CLI, tests and simulated connectors use it alike.
package client

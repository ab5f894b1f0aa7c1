package cli

import (
	"context"
	"errors"
	"net/http"

	"github.com/spurline/spurline/internal/wire"
)

// The exit codes. docs/cli.md explains them to people; scripts rely on them,
// so they stay.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitGone        = 3 // of connector run: the server has told the connector to stop
	exitUnsafe      = 4 // a safety check refused, and nothing was changed
	exitQueued      = 5 // saved, but the activation waits for other admins
	exitSignedOut   = 6 // not signed in, or not allowed
	exitNotFound    = 7 // the object is not there
	exitInterrupted = 8 // stopped by Ctrl-C or a signal before the end
)

// exitCode is the code that a failed call of the API asks for.
func exitCode(err error) int {
	var refused *wire.Error
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case !errors.As(err, &refused):
		return exitFailed
	case refused.Code == wire.CodeBadLogin, refused.Status == http.StatusUnauthorized, refused.Status == http.StatusForbidden:
		return exitSignedOut
	case refused.Status == http.StatusNotFound:
		return exitNotFound
	default:
		return exitFailed
	}
}

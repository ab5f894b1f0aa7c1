package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

// remote is the server as a deletion uses it: it signs in again where the
// session has ended, and tells refusals from failures whose outcome nobody
// knows.
type remote struct {
	// call makes one request as session.do does: doing is what for, as in
	// "cannot …".
	call   func(ctx context.Context, doing, method, path string, in, out any) error
	signIn func(context.Context) error                      // opens a new session; nil where there is no way to
	wait   func(ctx context.Context, d time.Duration) error // between looks
	native bool                                             // the server has /spurline/v1
	login  string                                           // of the admin, as the server writes it; "" where it is not known
}

// send makes one request. A 401 says that the server has done nothing, so with
// a new session the request is made again, a write as well.
func (r *remote) send(ctx context.Context, doing, method, path string, out any) error {
	err := r.call(ctx, doing, method, path, nil, out)
	if !refusedWith(err, http.StatusUnauthorized) || r.signIn == nil {
		return err
	}
	if signErr := r.signIn(ctx); signErr != nil {
		return fmt.Errorf("the session has ended, and a new sign-in failed: %w", signErr)
	}
	return r.call(ctx, doing, method, path, nil, out)
}

// get reads once. What fails before anything was written costs nobody
// anything.
func (r *remote) get(ctx context.Context, doing, path string, out any) error {
	return r.send(ctx, doing, http.MethodGet, path, out)
}

// looks is how often a deletion tries to see what has become of a write.
const looks = 4

// look reads until the server answers: after a write, knowing is worth some
// patience.
func (r *remote) look(ctx context.Context, doing, path string, out any) error {
	for try := 1; ; try++ {
		err := r.get(ctx, doing, path, out)
		if err == nil || !uncertain(err) || try == looks || ctx.Err() != nil {
			return err
		}
		if err := r.wait(ctx, time.Duration(try)*time.Second); err != nil {
			return err
		}
	}
}

// uncertain reports whether a request that failed with err may have been
// carried out all the same: there was no answer, or one that does not speak
// for the server behind it.
func uncertain(err error) bool {
	var refused *wire.Error
	if !errors.As(err, &refused) {
		return err != nil
	}
	return refused.Status >= http.StatusInternalServerError || refused.Status == http.StatusRequestTimeout
}

// absent reports whether the server says that there is no such object, or no
// such operation.
func absent(err error) bool {
	return refusedWith(err, http.StatusNotFound) || refusedWith(err, http.StatusMethodNotAllowed)
}

// refusedWith reports whether the server has answered with that status.
func refusedWith(err error, status int) bool {
	var refused *wire.Error
	return errors.As(err, &refused) && refused.Status == status
}

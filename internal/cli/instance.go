package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// instance is a server that runs, with its proxy and its simulated connectors.
type instance struct {
	options
	url         string
	http        *http.Client // reaches the server from this process
	fresh       bool         // its org was made at this start
	credentials wire.Credentials

	lock   io.Closer
	server *server.Server
	proxy  *sandbox.Proxy // nil where there is none
	fleet  fleet
	cancel context.CancelFunc // ends the server
	ended  chan error         // what it ended with
}

// stopTime bounds how long connectors and requests under way have to finish.
const stopTime = 5 * time.Second

// start runs a server on the data directory until stop. ctx bounds the start
// only.
func start(ctx context.Context, o options) (_ *instance, err error) {
	in := &instance{options: o}
	if err := os.MkdirAll(o.dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w; name another one with --data-dir", err)
	}
	if in.lock, err = hold(ctx, o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.lock.Close())
		}
	}()
	state, err := in.open(ctx)
	if err != nil {
		return nil, err
	}
	serverCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	in.cancel, in.ended = cancel, make(chan error, 1)
	go func() { in.ended <- in.server.Run(serverCtx) }()
	if o.bare {
		return in, nil // nobody else is to find a server that is gone in a moment
	}
	if err := writeRunState(o.dataDir, state); err != nil {
		return nil, errors.Join(err, in.end())
	}
	return in, nil
}

// open makes everything that a start needs and that can fail, up to a server
// that has yet to run.
func (in *instance) open(ctx context.Context) (state runState, err error) {
	l, err := listen(ctx, "--listen", in.listen, in.tlsCert != "")
	if err != nil {
		return state, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	in.url = urlOf(l, in.tlsCert != "")
	if in.http, err = ownHTTP(in.tlsCert); err != nil {
		return state, err
	}
	cfg := server.Config{
		DataDir: in.dataDir, DB: in.db, Listener: l, TLSCert: in.tlsCert, TLSKey: in.tlsKey,
		RateLimits: in.rateLimits.value == "vendor", EditLockAtOnce: in.editLock.value == "vendor",
		Strict: in.strict, PasswordExpiry: in.expiry.duration(), Heartbeat: in.heartbeat, Simulator: &in.fleet, Log: in.log,
	}
	state = runState{URL: in.url, PID: os.Getpid(), Started: time.Now(), TLSCert: in.tlsCert}
	var proxyErr error
	if onLoopback(l) && !in.bare {
		ca, err := sandbox.OpenCA(in.dataDir, time.Now)
		if err != nil {
			return state, err
		}
		if state.CABundle, err = ca.Bundle(); err != nil {
			return state, err
		}
		state.Allow = in.allow
		cfg.Wrap = func(api http.Handler) http.Handler {
			in.proxy, proxyErr = sandbox.NewProxy(sandbox.ProxyConfig{CA: ca, Handler: api, Allow: in.allow, Log: in.log})
			if proxyErr != nil {
				return api
			}
			return sandbox.Wrap(api, in.proxy)
		}
	} else if len(in.allow) > 0 || in.direct != "" {
		return state, usage("--allow and --direct are for the proxy, which is there on loopback only")
	}
	if in.server, err = server.New(ctx, cfg); err != nil {
		return state, fmt.Errorf("cannot start the server: %w", err)
	}
	if err = errors.Join(proxyErr, in.settle(ctx)); err == nil {
		state.Direct, err = in.answerDirectly(ctx)
	}
	if err != nil {
		return state, errors.Join(err, in.closeProxy(ctx), in.server.Close(ctx))
	}
	return state, nil
}

// answerDirectly begins to answer TLS for the vendor's hosts, where that was
// asked for, and returns where. It ends with the proxy.
func (in *instance) answerDirectly(ctx context.Context) (addr string, err error) {
	if in.direct == "" {
		return "", nil
	}
	l, err := listen(ctx, "--direct", in.direct, false)
	if err != nil {
		return "", err
	}
	go func() {
		if err := in.proxy.ServeDirect(l); err != nil {
			in.log.ErrorContext(ctx, "direct TLS has ended", "address", l.Addr(), "error", err)
		}
	}()
	return l.Addr().String(), nil
}

// hold takes the data directory. Other commands take it for a moment to see
// whether a server runs, so being refused counts only when it lasts or when
// the holder has said where it is.
func hold(ctx context.Context, o options) (io.Closer, error) {
	for tries := 0; ; tries++ {
		lock, err := sandbox.HoldDataDir(o.dataDir)
		if err == nil {
			return lock, removeRunState(o.dataDir) // a crashed server's
		}
		if !errors.Is(err, sandbox.ErrRunning) {
			return nil, err
		}
		state, err := running(o.dataDir)
		if state != nil {
			return nil, o.runsAlready(state)
		}
		if err != nil && tries >= 40 {
			return nil, fmt.Errorf("%w; wait for it, or name another directory with --data-dir", err)
		}
		if err := pause(ctx, 25*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func (o *options) runsAlready(state *runState) error {
	return fmt.Errorf("a server runs on %s already, at %s (process %d); stop it with 'spurline down%s', or name another directory with --data-dir",
		o.dataDir, state.URL, state.PID, o.dirArg)
}

// settle makes the org of a new database and reads its credentials.
func (in *instance) settle(ctx context.Context) error {
	if in.bare {
		return nil
	}
	_, err := os.Stat(credentialsPath(in.dataDir))
	in.fresh = errors.Is(err, fs.ErrNotExist)
	if err := in.server.EnsureOrg(ctx, in.org); err != nil {
		return fmt.Errorf("cannot make the org: %w", err)
	}
	in.credentials, err = server.ReadCredentials(in.dataDir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the database has an org, but its credentials are not in %s; start with the data directory that it was made with", in.dataDir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", credentialsPath(in.dataDir), err)
	}
	if in.cloudAsked && in.cloud != in.credentials.Cloud {
		return fmt.Errorf("--cloud %s: the org of %s is on %s already; leave the flag out, or name another directory with --data-dir", in.cloud, in.dataDir, in.credentials.Cloud)
	}
	return nil
}

// wait returns when ctx ends or the server does by itself.
func (in *instance) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-in.ended:
		in.ended <- err
		return fmt.Errorf("the server has ended: %w", err)
	}
}

// stop ends everything in the order of who talks to whom: connectors say
// goodbye, requests through the proxy finish, then the server closes. That ctx
// has ended is the usual reason for a stop and does not cut it short.
func (in *instance) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return errors.Join(in.fleet.close(ctx), in.closeProxy(ctx), in.end())
}

// end ends the server and gives the data directory back.
func (in *instance) end() error {
	// A connection that was opened ahead and never used counts as busy for
	// seconds, so this process lets go of its own first.
	in.http.CloseIdleConnections()
	in.cancel()
	err := <-in.ended
	return errors.Join(err, removeRunState(in.dataDir), in.lock.Close())
}

func (in *instance) closeProxy(ctx context.Context) error {
	if in.proxy == nil {
		return nil
	}
	return in.proxy.Shutdown(ctx)
}

// pause waits, or returns ctx's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// credentialsPath is where the org's credentials are.
func credentialsPath(dir string) string { return filepath.Join(dir, server.CredentialsFile) }

package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// owner talks to the server of a data directory as the directory's owner: with
// the token in it. Where no server runs, one runs for the command.
type owner struct {
	*session
	dir     string
	token   string
	started *instance // nil where a server ran already
}

// ownerVerb makes run the handler of a verb. empty says that it may begin with
// a data directory that holds nothing yet.
func ownerVerb(cmd *cobra.Command, empty bool, run func(ctx context.Context, o *owner, args []string) error) *cobra.Command {
	db := cmd.Flags().String("db", "", "database that the directory's server uses, where it is not the default one and no server runs")
	cmd.RunE = verbArgs(func(cmd *cobra.Command, args []string) error {
		o, err := openOwner(cmd.Context(), cmd, *db, empty)
		if err != nil {
			return err
		}
		return endedWith(run(cmd.Context(), o, args), o.end(cmd.Context()))
	})
	return cmd
}

// endedWith prefers what a verb says over how its server ended.
func endedWith(err, end error) error {
	if err != nil {
		return err
	}
	return end
}

func openOwner(ctx context.Context, cmd *cobra.Command, db string, empty bool) (*owner, error) {
	dir, err := dataDir(cmd)
	if err != nil {
		return nil, err
	}
	o := &owner{dir: dir}
	state, err := settled(ctx, dir)
	switch {
	case err != nil:
		return nil, err
	case state != nil && db != "":
		return nil, usage("--db: a server runs on %s already and has its database", dir)
	case state == nil:
		if !empty && db == "" && !holdsDatabase(dir) {
			return nil, fmt.Errorf("there is nothing in %s yet; 'spurline up' or 'spurline serve' begins, or name another directory with --data-dir", dir)
		}
		if o.started, err = startForCommand(ctx, cmd, dir, db); err != nil {
			return nil, err
		}
	}
	if err := o.connect(cmd); err != nil {
		return nil, errors.Join(err, o.end(ctx))
	}
	return o, nil
}

// settled is running for those who can wait for a server that starts or ends,
// such as another command's own.
func settled(ctx context.Context, dir string) (*runState, error) {
	for tries := 0; ; tries++ {
		state, err := running(dir)
		if !errors.Is(err, errStarting) {
			return state, err
		}
		if tries >= 200 {
			return nil, fmt.Errorf("%w, or a command like this one is at work; try again when it is done", err)
		}
		if err := pause(ctx, 25*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// defaultDB is the default database's file in a data directory.
const defaultDB = "spurline.db"

func holdsDatabase(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, defaultDB))
	return err == nil
}

// startForCommand starts a server that nobody else is to use: on a free port of
// loopback, without proxy, connectors or an org of its own making.
func startForCommand(ctx context.Context, cmd *cobra.Command, dir, db string) (*instance, error) {
	return start(ctx, options{
		dataDir: dir, db: db, listen: ":0", heartbeat: 30 * time.Second, bare: true,
		rateLimits: newChoice("off"), editLock: newChoice("wait"),
		log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError})),
	})
}

func (o *owner) connect(cmd *cobra.Command) error {
	var err error
	if o.token, err = server.ReadOwnerToken(o.dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the server's data directory %s has no owner.token; it is made when the server starts anew", o.dir)
	} else if err != nil {
		return err
	}
	p := profile{Name: sandboxName, Kind: kindSandbox, DataDir: o.dir}
	if o.started != nil {
		p.DataDir, p.URL = "", o.started.url
	}
	if o.session, err = connect(cmd, p); err != nil {
		return err
	}
	o.sandbox, o.printer.sandbox = true, true
	return nil
}

// end ends the command's own server.
func (o *owner) end(ctx context.Context) error {
	if o.session != nil {
		o.close()
	}
	if o.started == nil {
		return nil
	}
	return o.started.stop(ctx)
}

// call does one of the owner's operations.
func (o *owner) call(ctx context.Context, doing, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	resp, err := o.client.Raw(ctx, method, path, o.header(""), body)
	if err != nil {
		return o.failed(doing, method, path, err)
	}
	defer resp.Body.Close()
	if err := o.refused(doing, method, path, resp); err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("cannot %s: the server's answer: %w", doing, err)
	}
	return nil
}

// stream does an operation whose body takes as long as it takes. The caller
// closes the answer's.
func (o *owner) stream(ctx context.Context, doing, method, path string, body io.Reader) (*http.Response, error) {
	c := client.New(client.Config{BaseURL: o.profile.URL, HTTP: &http.Client{Transport: o.http.Transport}, UserAgent: "spurline/" + version()})
	resp, err := c.Raw(ctx, method, path, o.header("application/octet-stream"), body)
	if err != nil {
		return nil, o.failed(doing, method, path, err)
	}
	if err := o.refused(doing, method, path, resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

func (o *owner) header(contentType string) http.Header {
	h := http.Header{"Authorization": {"Bearer " + o.token}}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return h
}

// refused makes an error for people of an answer that is no success.
func (o *owner) refused(doing, method, path string, resp *http.Response) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	e := &wire.Error{}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		_ = json.Unmarshal(text, e) // a body of another form says nothing to people
	}
	e.Status = resp.StatusCode
	e.Message = cmp.Or(e.Message, http.StatusText(e.Status))
	advice := ""
	switch {
	case e.Status == http.StatusUnauthorized:
		advice = "start the server anew; the token in " + o.dir + " is not the one that it started with"
	case e.Code == wire.CodeEditLock:
		advice = "something was being saved; try again"
	case e.Status >= http.StatusInternalServerError:
		advice = "look for the request id in the server's log"
	}
	return &callError{doing: doing, tried: method + " " + o.profile.URL + path, said: said(e), advice: advice, request: resp.Header.Get("X-Request-Id"), err: e}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// barePath is where a world's server answers the same bytes as an operation
// does, from memory: plain net/http, in the same http.Server.
const barePath = "/bare"

// world is a server in this process, with an org, a signed-in admin and maybe
// a fleet.
type world struct {
	*server.Server
	org     int64
	admin   *client.Client
	session http.Header // of requests in the admin's name
	bare    atomic.Pointer[[]byte]
	fleet   []connector
	end     context.CancelFunc
	ended   chan error
}

// connector is one that has enrolled.
type connector struct {
	wire.Enrolled
	beat call
}

// openWorld starts a server on a data directory and signs in.
func openWorld(ctx context.Context, dir string) (_ *world, err error) {
	w := &world{ended: make(chan error, 1)}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	cfg := server.Config{
		DataDir: dir, Listener: listener, Wrap: w.wrap,
		Heartbeat: time.Hour, // nobody becomes INACTIVE while lists are compared
	}
	if w.Server, err = server.New(ctx, cfg); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	w.end = end
	err = w.EnsureOrg(ctx, wire.OrgPlan{Name: "Bench", Cloud: "zscloud.net", Admins: []wire.AdminPlan{
		{Login: "admin@bench.test", Name: "Admin", Role: kinds.SuperAdmin},
	}})
	go func() { w.ended <- w.Run(serving) }()
	if err == nil {
		err = w.signIn(ctx, dir)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error {
	w.end()
	return <-w.ended
}

// wrap lays the baseline beside the API.
func (w *world) wrap(api http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != barePath {
			api.ServeHTTP(rw, r)
			return
		}
		body := *w.bare.Load()
		rw.Header().Set("Content-Type", "application/json")
		rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = rw.Write(body) // the client finds out
	})
}

func (w *world) signIn(ctx context.Context, dir string) error {
	secrets, err := server.ReadCredentials(dir)
	if err != nil {
		return err
	}
	w.org = secrets.Org
	w.admin = client.New(client.Config{BaseURL: w.URL(), HTTP: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}})
	if err := w.admin.SignIn(ctx, secrets.Admins[0].Login, secrets.Admins[0].Password, secrets.APIKey); err != nil {
		return err
	}
	w.session = http.Header{"Cookie": {"JSESSIONID=" + w.admin.Session()}}
	return nil
}

// get is an authenticated read of the path.
func (w *world) get(path string) *call {
	return &call{method: http.MethodGet, url: w.URL() + path, header: w.session, status: http.StatusOK}
}

// versus returns the two sides of a read: the answer of the path from memory,
// and from the API.
func (w *world) versus(ctx context.Context, callers []*caller, path string) (base, subject side, err error) {
	resp, err := w.admin.Raw(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	body, err := readAll(resp)
	if err != nil {
		return nil, nil, err
	}
	w.bare.Store(&body)
	plain, api := w.get(barePath), w.get(path)
	plain.length, api.length = len(body), len(body)
	return same(callers, plain), same(callers, api), nil
}

// enrolAll makes groups of connectors as connectors do it, by enrolment, and
// has each of them report once.
func (w *world) enrolAll(ctx context.Context, groups, each int) error {
	err := w.admin.Do(ctx, http.MethodPost, "/provUrl", map[string]any{
		"name": "bench", "provUrlType": "CLOUD", "provUrlData": map[string]any{"cloudProviderType": "AWS", "formFactor": "SMALL"},
	}, nil)
	if err == nil {
		err = w.activate(ctx)
	}
	if err != nil {
		return err
	}
	w.fleet = make([]connector, groups*each)
	return together(writers, func(i int) error {
		for n := i; n < len(w.fleet); n += writers {
			if err := w.enrol(ctx, n, n%groups); err != nil {
				return fmt.Errorf("connector %d: %w", n, err)
			}
		}
		return nil
	})
}

func (w *world) enrol(ctx context.Context, n, group int) (err error) {
	c := &w.fleet[n]
	address := func(net int) wire.Interface {
		return wire.Interface{
			IP: fmt.Sprintf("10.%d.%d.%d", net, n/250, n%250+1), Netmask: "255.255.0.0",
			Gateway: fmt.Sprintf("10.%d.255.254", net), DNS: []string{"10.0.0.2", "10.0.0.3"},
		}
	}
	c.Enrolled, err = w.API().Fleet.Enrol(ctx, w.org, wire.Enrolment{
		Key: "checked by the API", Template: "bench", Name: fmt.Sprintf("cc-%d", n),
		Cloud: "AWS", Region: "us-west-2", Zone: "us-west-2a", Network: fmt.Sprintf("vpc-%017x", group),
		NativeID: fmt.Sprintf("i-%017x", n), Image: "ami-0b5eea76982371e91", Build: "24001",
		Management: address(1), Service: address(2),
	}, "127.0.0.1")
	if err != nil {
		return err
	}
	c.beat = call{
		method: http.MethodPost, url: w.URL() + wire.FleetHeartbeatPath, status: http.StatusOK,
		header: http.Header{"Authorization": {"Bearer " + c.Token}, "Content-Type": {"application/json"}},
		body:   []byte(`{"state":"` + wire.ReportRunning + `","bundle":"","build":"24001"}`),
	}
	_, err = w.API().Fleet.Heartbeat(ctx, c.Token, wire.Heartbeat{State: wire.ReportRunning, Build: "24001"})
	return err
}

func (w *world) activate(ctx context.Context) error {
	return w.admin.Do(ctx, http.MethodPut, "/ecAdminActivateStatus/activate", nil, nil)
}

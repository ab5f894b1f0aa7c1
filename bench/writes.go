package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
)

// writers is how many clients write at a time.
const writers = 32

// batch is how many objects one half of a round makes; with the predefined
// one they are within the 500 that an org may have.
const batch = 480

// writes compares creates through HTTP with the same creates without it.
//
// Both sides run the same statements, because HTTP ends in the very call that
// the other side makes, with the same bodies. Their groups are comparable,
// because both sides have 32 callers of whom each waits for its commit before
// it asks again, and what waits together is committed together: a group is
// whoever has come while the one before was written. Only the time that HTTP
// keeps a caller away from the queue can make groups smaller, and that is part
// of what the row measures.
func (b *bench) writes(ctx context.Context) (err error) {
	w, err := openWorld(ctx, b.folder("writes"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	callers := newCallers(writers)
	defer hangUp(callers)
	who, _, err := w.API().Auth.Authenticate(ctx, []string{w.admin.Session()})
	if err != nil {
		return err
	}
	header := http.Header{"Cookie": w.session["Cookie"], "Content-Type": {"application/json"}}
	url := w.URL() + "/api/v1/locationTemplate"
	return b.compete(ctx, contest{
		id: "create", what: "durable create, 32 clients, of the same without HTTP", target: atLeast(0.6),
		reset: w.clearTemplates,
		base:  creates(func(ctx context.Context, _ int, body []byte) error { return w.create(ctx, who, body) }),
		subject: creates(func(ctx context.Context, client int, body []byte) error {
			return callers[client].do(ctx, &call{method: http.MethodPost, url: url, header: header, body: body, status: http.StatusOK})
		}),
	})
}

// creates is a side on which the writers make one batch, however long that
// takes.
func creates(create func(ctx context.Context, client int, body []byte) error) side {
	return func(ctx context.Context, _ time.Duration) (c cost, err error) {
		return c, c.measure(func() (int, error) {
			return batch, together(writers, func(i int) error {
				for n := i; n < batch; n += writers {
					if err := create(ctx, i, templateBody(n)); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

func templateBody(n int) []byte {
	return fmt.Appendf(nil, `{"name":"Template %d","desc":"Made to see how long it takes.","template":{"templatePrefix":"bench",`+
		`"aupEnabled":true,"aupTimeoutInDays":30,"ofwEnabled":true,"ipsControl":true,"enforceBandwidthControl":true,"upBandwidth":10000,"dnBandwidth":10000}}`, n)
}

// create does what the handler of a create does, between HTTP and HTTP.
func (w *world) create(ctx context.Context, who *access.Principal, body []byte) error {
	engine := w.API().Engine
	o, err := engine.Kinds().Kind(kinds.LocationTemplateKind).Decode(body)
	if err != nil {
		return err
	}
	_, err = engine.Create(ctx, config.Caller(who, "127.0.0.1"), o, 0)
	return err
}

// clearTemplates takes away what a half has made. Nothing of it was ever
// active, so its rows go, in one commit.
func (w *world) clearTemplates(ctx context.Context) error {
	return w.API().Engine.Update(ctx, config.By{Org: w.org}, func(ctx context.Context, tx *config.Writer) error {
		var made []int64
		for row, err := range tx.List(ctx, store.Working, kinds.LocationTemplateKind, store.Query{Parent: -1}) {
			if err != nil {
				return err
			}
			if row.Key == "" { // the predefined one has a key
				made = append(made, row.ID)
			}
		}
		for _, id := range made {
			if err := tx.Tx.Delete(ctx, kinds.LocationTemplateKind, id, store.Staged); err != nil {
				return err
			}
		}
		return nil
	})
}

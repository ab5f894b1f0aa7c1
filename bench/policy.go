package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
)

const (
	forwardingRules = 1020 // as many as a family may have
	dnsRules        = 580  // with the forwarding rules, the referrers of a group
	referrers       = forwardingRules + dnsRules

	listed   = 1000 // the largest page
	listPath = "/api/v1/ecRules/ecRdr?pageSize=1000"
)

// policy measures an org whose rule families are large and whose rules all
// name one group of addresses.
func (b *bench) policy(ctx context.Context) (err error) {
	w, err := openWorld(ctx, b.folder("policy"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	group, rule, err := w.rules(ctx)
	if err != nil {
		return err
	}
	callers := newCallers(readers)
	defer hangUp(callers)
	if err := w.holds(ctx, listPath, listed); err != nil {
		return err
	}
	list := contest{id: "list-1000", what: "list of 1,000 rules, cached, of the same bytes from bare net/http", target: atLeast(0.7)}
	if list.base, list.subject, err = w.versus(ctx, callers, listPath); err != nil {
		return err
	}
	if err := b.compete(ctx, list); err != nil {
		return err
	}
	stay, move := w.replaces(callers[0], rule, group)
	err = b.compete(ctx, contest{
		id: "move", what: "move from end to end of 1,020 rules, to a replace that leaves the rule in its place",
		target: atMost(moveSlack), base: stay, subject: move,
	})
	if err != nil {
		return err
	}
	return b.rename(ctx, w, group)
}

// moveSlack is how much more a durable replace over HTTP may cost when it
// moves its rule past all the others. To write each of the others once would
// cost many times that.
const moveSlack = 2

// rules makes the group and the rules that name it. It answers the ids of the
// group and of the rule that is first.
func (w *world) rules(ctx context.Context) (group, first int64, err error) {
	by, err := w.by(ctx)
	if err != nil {
		return 0, 0, err
	}
	err = w.API().Engine.Update(ctx, by, func(ctx context.Context, tx *config.Writer) error {
		row, err := w.add(ctx, tx, kinds.IPSourceGroupKind, groupBody(0))
		if err != nil {
			return err
		}
		group = row.ID
		for i := range dnsRules {
			body := fmt.Appendf(nil, `{"name":"DNS rule %d","order":%d,"action":"ALLOW","srcIpGroups":[{"id":%d}]}`, i, i+1, group)
			if _, err := w.add(ctx, tx, kinds.DNSRuleKind, body); err != nil {
				return err
			}
		}
		for i := range forwardingRules {
			row, err := w.add(ctx, tx, kinds.ForwardingRuleKind, ruleBody(fmt.Sprint("Rule ", i), "", i+1, group))
			if err != nil {
				return err
			}
			if i == 0 {
				first = row.ID
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return group, first, w.activate(ctx)
}

// holds reports a list that does not have so many objects.
func (w *world) holds(ctx context.Context, path string, objects int) error {
	resp, err := w.admin.Raw(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	body, err := readAll(resp)
	if err != nil {
		return err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	if len(list) != objects {
		return fmt.Errorf("%s: %d objects in %d bytes, not %d", path, len(list), len(body), objects)
	}
	return nil
}

// by is the admin, as the engine knows callers.
func (w *world) by(ctx context.Context) (config.By, error) {
	who, _, err := w.API().Auth.Authenticate(ctx, []string{w.admin.Session()})
	if err != nil {
		return config.By{}, err
	}
	return config.Caller(who, "127.0.0.1"), nil
}

// add creates an object within a transaction.
func (w *world) add(ctx context.Context, tx *config.Writer, kind string, body []byte) (store.Row, error) {
	o, err := w.API().Engine.Kinds().Kind(kind).Decode(body)
	if err != nil {
		return store.Row{}, err
	}
	return tx.Create(ctx, o, 0)
}

func groupBody(n int) []byte {
	return fmt.Appendf(nil, `{"name":"Group of the name %d","ipAddresses":["10.1.0.0/16"]}`, n)
}

func ruleBody(name, text string, order int, group int64) []byte {
	in := `{"name":%q,"description":%q,"order":%d,"forwardMethod":"DIRECT","state":"ENABLED","srcIpGroups":[{"id":%d}],"destAddresses":["*.example.org"]}`
	return fmt.Appendf(nil, in, name, text, order, group)
}

// replaces are two ways to replace one rule again and again, each time with
// another text: where it is, and at the other end of its family.
func (w *world) replaces(c *caller, rule, group int64) (stay, move side) {
	put := &call{
		method: http.MethodPut, url: fmt.Sprintf("%s/api/v1/ecRules/ecRdr/%d", w.URL(), rule), status: http.StatusOK,
		header: http.Header{"Cookie": w.session["Cookie"], "Content-Type": {"application/json"}},
	}
	const ends = 1 + forwardingRules // the orders of the first and the last
	n, order := 0, 1
	replace := func(ctx context.Context) error {
		n++
		put.body = ruleBody("Moved rule", fmt.Sprintf("Version %d.", n), order, group)
		return c.do(ctx, put)
	}
	stay = repeat(func(ctx context.Context, _ int) error { return replace(ctx) })
	move = repeat(func(ctx context.Context, _ int) error {
		order = ends - order
		return replace(ctx)
	})
	return stay, move
}

// rename compares a rename with writing the bodies of as many rows.
//
// The baseline is the least that any rename costs while rows hold the names
// that their references show: in one transaction, it puts the bodies of all
// referrers in place with AmendWorking, without a thought about what is in
// them. What the subject adds is to find the referrers, to read, decode and
// encode each, and to save the group itself.
func (b *bench) rename(ctx context.Context, w *world, group int64) error {
	by, err := w.by(ctx)
	if err != nil {
		return err
	}
	rows, err := w.referring(ctx, group)
	if err != nil {
		return err
	}
	engine := w.API().Engine
	kind := engine.Kinds().Kind(kinds.IPSourceGroupKind)
	n := 0
	return b.compete(ctx, contest{
		id: "rename", what: "rename of a group that 1,600 rules name, to 1,600 bare AmendWorking in one transaction", target: atMost(renameSlack),
		base: repeat(func(ctx context.Context, _ int) error {
			return engine.Update(ctx, by, func(ctx context.Context, tx *config.Writer) error {
				for _, row := range rows {
					if err := tx.AmendWorking(ctx, row); err != nil {
						return err
					}
				}
				return nil
			})
		}),
		subject: repeat(func(ctx context.Context, _ int) error {
			n++
			o, err := kind.Decode(groupBody(n))
			if err != nil {
				return err
			}
			_, err = engine.Replace(ctx, by, o, group, 0)
			return err
		}),
	})
}

// renameSlack is how much more a rename may cost than the rows that it writes:
// room for a read and a write of JSON for each row, and not for another
// statement or two that write.
const renameSlack = 4

// referring are the working rows that name the group.
func (w *world) referring(ctx context.Context, group int64) (rows []store.Row, err error) {
	err = w.API().Engine.View(ctx, w.org, func(ctx context.Context, tx *store.Tx) error {
		users, err := tx.Referrers(ctx, kinds.IPSourceGroupKind, []int64{group}, "", 0)
		for _, u := range users {
			row, err := tx.Get(ctx, store.Working, u.Kind, u.ID)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return err
	})
	if err == nil && len(rows) != referrers {
		err = fmt.Errorf("%d rows name the group, not %d", len(rows), referrers)
	}
	return rows, err
}

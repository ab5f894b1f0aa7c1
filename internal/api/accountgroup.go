package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// joinGroups makes an account a member of the account groups that its body
// names, and of no others. The groups hold who is in them, so that it is they
// which change. A body without the member leaves them as they are.
func joinGroups(ctx context.Context, c *operation.Call, w *config.Writer, account store.Row) error {
	var in struct {
		Groups *[]wire.Ref `json:"accountGroups"`
	}
	if err := json.Unmarshal(c.Body, &in); err != nil {
		return wire.Invalid("accountGroups", "must be a list of references")
	}
	if in.Groups == nil {
		return nil
	}
	now, err := w.Referrers(ctx, account.Kind, []int64{account.ID}, kinds.AccountGroupKind, 0)
	if err != nil {
		return err
	}
	names := func(id int64) func(wire.Ref) bool { return func(r wire.Ref) bool { return int64(r.ID) == id } }
	for _, group := range now {
		if slices.ContainsFunc(*in.Groups, names(group.ID)) {
			continue
		}
		err := alterGroup(ctx, w, group.ID, func(g *kinds.AccountGroup) {
			g.PublicCloudAccounts = slices.DeleteFunc(g.PublicCloudAccounts, names(account.ID))
		})
		if err != nil {
			return err
		}
	}
	for i, group := range *in.Groups {
		id := int64(group.ID)
		if slices.ContainsFunc(now, func(r store.Ref) bool { return r.ID == id }) {
			continue
		}
		_, err := w.Get(ctx, store.Working, kinds.AccountGroupKind, id)
		if errors.Is(err, store.ErrNotFound) {
			return wire.Invalid(fmt.Sprintf("accountGroups[%d]", i), "names the account group %d, which does not exist", id)
		}
		if err != nil {
			return err
		}
		err = alterGroup(ctx, w, id, func(g *kinds.AccountGroup) {
			g.PublicCloudAccounts = append(g.PublicCloudAccounts, wire.Ref{ID: wire.Int(account.ID)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func alterGroup(ctx context.Context, w *config.Writer, id int64, change func(*kinds.AccountGroup)) error {
	_, err := w.Alter(ctx, w.Kind(kinds.AccountGroupKind), id, func(v any) error {
		change(v.(*kinds.AccountGroup))
		return nil
	})
	return err
}

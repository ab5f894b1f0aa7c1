package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

type handler = func(*operation.Call) error

// special returns what stands in for the handler of an operation that was
// expanded from a kind and asks or does more than a declaration says; that
// handler otherwise.
func (a *API) special(o operation.Operation) handler {
	generic := a.generic(o)
	switch o.ID {
	case "createAdminRole", "deleteAdminRole":
		return roleWrite(generic)
	case "updateAdminRole":
		return roleWrite(a.editable(o.Spec, generic))
	case "listLocationsLite":
		return a.liteLocations(o.Spec)
	case "updateLocation":
		return a.replace(o.Spec, nil, inherit)
	case "createPublicCloudInfo":
		return a.create(o.Spec, nil, joinGroups)
	case "updatePublicCloudInfo":
		return a.replace(o.Spec, nil, joinGroups)
	case "createAdminUser":
		return a.createAdmin(o.Spec)
	case "updateAdminUser":
		return a.editable(o.Spec, a.updateAdmin(o.Spec))
	case "deleteAdminUser":
		return a.editable(o.Spec, a.deleteAdmin(o.Spec))
	}
	return generic
}

// roleWrite lets only super admins pass.
func roleWrite(next handler) handler {
	return func(c *operation.Call) error {
		if !c.Who.SuperAdmin() {
			return wire.Forbidden(wire.CodeScopeLimited, "Only super admins can create, update or delete a role.")
		}
		return next(c)
	}
}

// editable lets only changes of objects pass that may be changed: not of the
// super admin role, nor of the admin that the org was made with.
func (a *API) editable(s *resource.Spec, next handler) handler {
	return func(c *operation.Call) error {
		id, err := c.PathID("id")
		if err != nil {
			return err
		}
		v, err := a.Engine.Value(c.Request.Context(), c.Who.Org, s, id)
		if err != nil {
			return err
		}
		fixed := false
		switch v := v.(type) {
		case *kinds.AdminUser:
			fixed = bool(v.IsNonEditable)
		case *kinds.AdminRole:
			fixed = bool(v.IsNonEditable)
		default:
			return wire.NotFound(s.Title, id)
		}
		if fixed {
			return wire.Forbidden(wire.CodeInvalidOperation, "This %s came with the org and can be neither changed nor deleted.", s.Title)
		}
		return next(c)
	}
}

func (a *API) createAdmin(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		o, err := a.decode(c, s)
		if err != nil {
			return err
		}
		if err := o.Check(); err != nil { // before the cost of a hash
			return err
		}
		ctx, user := c.Request.Context(), o.Value().(*kinds.AdminUser)
		hash, err := a.passwordOf(c, 0, user)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Save(ctx, config.Caller(c.Who, c.IP), resource.InPost, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			if err := mayManage(w, c.Who, user); err != nil {
				return store.Row{}, err
			}
			row, err := w.Create(ctx, o, 0)
			if err != nil {
				return row, err
			}
			return row, a.Auth.SetPassword(ctx, w.Tx, w.Org(), row.ID, user.LoginName, hash)
		})
		return a.answer(c, answer, err)
	}
}

// passwordOf checks the password that an admin is to have and returns its
// hash, "" for none: because the admin is disabled, or because the admin id
// has it already, who is then to keep it.
func (a *API) passwordOf(c *operation.Call, id int64, user *kinds.AdminUser) (hash string, err error) {
	ctx, org, password := c.Request.Context(), c.Who.Org, string(user.Password)
	switch {
	case bool(user.Disabled):
		user.Password = ""
		return "", nil
	case password == "":
		return "", a.keptPassword(c, id)
	}
	if err := auth.CheckPassword(password); err != nil {
		return "", err
	}
	if id != 0 {
		same, err := a.Auth.PasswordMatches(ctx, org, id, password)
		if err != nil {
			return "", err
		}
		if same {
			user.Password = ""
			return "", nil
		}
	}
	return a.Auth.HashPassword(ctx, password)
}

// keptPassword is what becomes of an enabled admin who is written without a
// password: one who has none needs it, another one keeps it.
//
// quirk: behaviours.md 4.1 wants it in every replace, and the vendor's Go
// client sends back what it has read, which has none.
func (a *API) keptPassword(c *operation.Call, id int64) error {
	has, err := false, error(nil)
	if id != 0 {
		has, err = a.Auth.HasPassword(c.Request.Context(), c.Who.Org, id)
	}
	switch {
	case err != nil:
		return err
	case !has:
		return wire.Invalid("password", "cannot be null")
	}
	return a.tolerances.take(c, resource.Tolerance{Kind: keptPassword})
}

// mayManage refuses what would let an admin rise above itself through another:
// to super admin, or to a wider scope.
func mayManage(w *config.Writer, who *access.Principal, user *kinds.AdminUser) error {
	if !who.Scope.Covers(user.Scope()) {
		return wire.Forbidden(wire.CodeScopeLimited, "The scope of an admin whom you manage cannot exceed your own.")
	}
	if who.SuperAdmin() || user.Role == nil {
		return nil
	}
	role, err := w.Facts.Lookup.ByID(kinds.AdminRoleKind, int64(user.Role.ID))
	if role, ok := role.(*kinds.AdminRole); ok && role.Rank == 0 {
		return wire.Forbidden(wire.CodeScopeLimited, "Only super admins can manage super admins.")
	}
	return err
}

// mayManageOld is mayManage for an admin as it is saved.
func mayManageOld(w *config.Writer, who *access.Principal, id int64) error {
	old, err := w.Facts.Lookup.ByID(kinds.AdminUserKind, id)
	if old, ok := old.(*kinds.AdminUser); ok {
		return mayManage(w, who, old)
	}
	return err
}

func (a *API) updateAdmin(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		id, err := c.PathID("id")
		if err != nil {
			return err
		}
		o, err := a.decode(c, s)
		if err != nil {
			return err
		}
		if err := o.Check(); err != nil {
			return err
		}
		ctx, user := c.Request.Context(), o.Value().(*kinds.AdminUser)
		hash, err := a.passwordOf(c, id, user)
		if err != nil {
			return err
		}
		answer, err := a.Engine.Save(ctx, config.Caller(c.Who, c.IP), resource.InPut, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			if err := mayManageOld(w, c.Who, id); err != nil {
				return store.Row{}, err
			}
			if err := mayManage(w, c.Who, user); err != nil {
				return store.Row{}, err
			}
			row, err := w.Replace(ctx, o, id, 0)
			if err != nil {
				return row, err
			}
			return row, a.keepLogin(ctx, w.Tx, id, user, hash)
		})
		if err == nil && bool(user.Disabled) {
			err = a.endAdmin(ctx, &access.Principal{Org: c.Who.Org, ID: id, Login: user.LoginName}, c.IP)
		}
		return a.answer(c, answer, err)
	}
}

// keepLogin makes the credential of an admin what a replace says. Disabling
// clears the password (behaviours.md 4.7).
func (a *API) keepLogin(ctx context.Context, tx *store.Tx, id int64, user *kinds.AdminUser, hash string) error {
	if hash != "" {
		return a.Auth.SetPassword(ctx, tx, tx.Org(), id, user.LoginName, hash)
	}
	if err := a.Auth.RenameLogin(ctx, tx, tx.Org(), id, user.LoginName); err != nil || !bool(user.Disabled) {
		return err
	}
	return a.Auth.ClearPassword(ctx, tx, tx.Org(), id)
}

// endAdmin ends the sessions of an admin who was disabled or deleted, which
// counts as that admin's activation.
func (a *API) endAdmin(ctx context.Context, who *access.Principal, ip string) error {
	if err := a.Auth.EndSessions(ctx, who.Org, who.ID); err != nil {
		return err
	}
	return a.Engine.End(ctx, config.Caller(who, ip), config.BySessionLogout, true)
}

func (a *API) deleteAdmin(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		id, err := c.PathID("id")
		if err != nil {
			return err
		}
		ctx, gone := c.Request.Context(), &access.Principal{Org: c.Who.Org, ID: id}
		_, err = a.Engine.Save(ctx, config.Caller(c.Who, c.IP), resource.InGet, func(ctx context.Context, w *config.Writer) (store.Row, error) {
			if err := mayManageOld(w, c.Who, id); err != nil {
				return store.Row{}, err
			}
			old, err := w.Facts.Lookup.ByID(kinds.AdminUserKind, id)
			if old, ok := old.(*kinds.AdminUser); ok {
				gone.Login = old.LoginName
			}
			if err == nil {
				err = w.Delete(ctx, s, id, 0)
			}
			if err == nil {
				err = a.Auth.DropLogin(ctx, w.Tx, w.Org(), id)
			}
			return store.Row{}, err
		})
		if err == nil {
			err = a.endAdmin(ctx, gone, c.IP)
		}
		if err == nil {
			err = a.Engine.Forget(ctx, gone.Org, gone.ID)
		}
		return emptied(c, err)
	}
}

// widen adds a location that an admin with a scope has created to that scope.
func widen(ctx context.Context, w *config.Writer, who *access.Principal, row store.Row) error {
	if who.Scope == nil || row.Kind != kinds.LocationKind || who.Scope.Holds(row.Parent) {
		return nil
	}
	return w.Change(ctx, kinds.AdminUserKind, who.ID, func(v any) error {
		user := v.(*kinds.AdminUser)
		user.ScopeEntities = append(user.ScopeEntities, wire.Ref{ID: wire.Int(row.ID)})
		return nil
	})
}

// passwordChange is the body of POST /passwordChange.
type passwordChange struct {
	UserName    string      `json:"userName" required:"true"` // the caller's own login name
	OldPassword wire.Secret `json:"oldPassword" required:"true"`
	NewPassword wire.Secret `json:"newPassword" required:"true"`
}

const changePasswordID = "changePassword"

func (a *API) passwordOperations() []operation.Operation {
	if a.kinds.Kind(kinds.AdminUserKind) == nil { // a set of kinds of somebody's own
		return nil
	}
	return []operation.Operation{{
		ID: changePasswordID, Method: "POST", Path: "/passwordChange", Summary: "Change the caller's own password",
		Feature: access.AnyAdmin, Level: access.ReadWrite, Limit: operation.Rate("1/s 400/h"),
		In: reflect.TypeFor[passwordChange](), Status: http.StatusNoContent, Handle: a.changePassword,
	}}
}

// changePassword leaves the caller's sessions alone: the vendor's rotation
// script goes on with the one that it changed the password over.
func (a *API) changePassword(c *operation.Call) error {
	var in passwordChange
	if err := json.Unmarshal(c.Body, &in); err != nil {
		return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "Request body is invalid: userName, oldPassword and newPassword are strings."}
	}
	for _, member := range []struct{ name, value string }{
		{"userName", in.UserName}, {"oldPassword", string(in.OldPassword)}, {"newPassword", string(in.NewPassword)},
	} {
		if member.value == "" {
			return wire.Invalid(member.name, "cannot be null")
		}
	}
	if c.Who.Client || !strings.EqualFold(in.UserName, c.Who.Login) {
		return wire.Forbidden(wire.CodeScopeLimited, "Only your own password can be changed.")
	}
	if err := auth.CheckNewPassword(string(in.NewPassword)); err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := a.Auth.Confirm(ctx, c.Who, string(in.OldPassword), c.IP); err != nil {
		return err
	}
	if in.NewPassword == in.OldPassword {
		return wire.Invalid("newPassword", "must differ from the old one")
	}
	hash, err := a.Auth.HashPassword(ctx, string(in.NewPassword))
	if err != nil {
		return err
	}
	_, err = a.Engine.Save(ctx, config.Caller(c.Who, c.IP), resource.InGet, func(ctx context.Context, w *config.Writer) (store.Row, error) {
		err := w.Change(ctx, kinds.AdminUserKind, c.Who.ID, func(v any) error {
			v.(*kinds.AdminUser).Password = in.NewPassword
			return nil
		})
		if err == nil {
			err = a.Auth.SetPassword(ctx, w.Tx, w.Org(), c.Who.ID, c.Who.Login, hash)
		}
		return store.Row{}, err
	})
	return emptied(c, err)
}

package server

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Orgs lists the orgs of the installation.
func (s *Server) Orgs(ctx context.Context) ([]wire.Org, error) {
	orgs, admins, err := s.engine.Orgs(ctx, kinds.AdminUserKind)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Org, len(orgs))
	for i, o := range orgs {
		out[i] = wire.Org{ID: o.ID, Name: o.Name, Cloud: o.Cloud, Vanity: o.Vanity, Admins: admins[i]}
	}
	return out, nil
}

// password checks a password, or makes one up, and hashes it.
func (s *Server) password(ctx context.Context, wanted string) (password, hash string, err error) {
	if password = wanted; password == "" {
		password = auth.NewPassword()
	} else if err := auth.CheckPassword(password); err != nil {
		return "", "", err
	}
	hash, err = s.auth.HashPassword(ctx, password)
	return password, hash, err
}

// CreateAdmin makes an admin of an org.
func (s *Server) CreateAdmin(ctx context.Context, org int64, plan wire.AdminPlan) (c wire.AdminCredentials, err error) {
	if err := s.gate.Enter(ctx); err != nil {
		return c, err
	}
	defer s.gate.Leave()
	if _, err := s.db.Head(ctx, org); errors.Is(err, store.ErrNotFound) {
		return c, wire.NotFound("org", org)
	} else if err != nil {
		return c, err
	}
	password, hash, err := s.password(ctx, plan.Password)
	if err != nil {
		return c, err
	}
	err = s.engine.Update(ctx, config.By{Org: org}, func(ctx context.Context, w *config.Writer) error {
		admin, err := s.newAdmin(ctx, w, plan, false)
		if err != nil {
			return err
		}
		row, err := w.Create(ctx, admin, 0)
		if err != nil {
			return err
		}
		return s.auth.SetPassword(ctx, w.Tx, org, row.ID, plan.Login, hash)
	})
	if err != nil {
		return c, err
	}
	return wire.AdminCredentials{Login: plan.Login, Password: password, Role: plan.Role}, nil
}

// newAdmin makes an admin within a write. The first of an org is its default
// admin.
func (s *Server) newAdmin(ctx context.Context, w *config.Writer, a wire.AdminPlan, first bool) (resource.Object, error) {
	role, err := w.ByName(ctx, store.Working, kinds.AdminRoleKind, -1, a.Role)
	if errors.Is(err, store.ErrNotFound) {
		return resource.Object{}, wire.Invalid("role", "names no role of the org: %q", a.Role)
	}
	if err != nil {
		return resource.Object{}, err
	}
	return w.New(kinds.AdminUserKind, &kinds.AdminUser{
		LoginName: a.Login, UserName: cmp.Or(a.Name, a.Login), Email: a.Login, Role: &wire.Ref{ID: wire.Int(role.ID)},
		IsDefaultAdmin: wire.Bool(first), IsNonEditable: wire.Bool(first), PasswordModified: wire.At(s.cfg.Now()),
	}), nil
}

// admin finds an admin by login name.
func (s *Server) admin(ctx context.Context, login string) (*access.Principal, error) {
	org, id, ok, err := s.auth.Admin(ctx, login)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, &wire.Error{Status: 404, Code: wire.CodeNotFound, Message: "There is no admin " + login + "."}
	}
	return &access.Principal{Org: org, ID: id}, nil
}

// DisableAdmin takes an admin's password away (behaviours.md 4.7) and ends the
// admin's sessions, which activates what the admin saved like any end of a
// last session. Whatever of that a crash prevents, the idle timer makes good:
// a disabled admin's sessions do not count.
func (s *Server) DisableAdmin(ctx context.Context, login string) error {
	if err := s.gate.Enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	who, err := s.admin(ctx, login)
	if err != nil {
		return err
	}
	err = s.engine.Update(ctx, config.By{Org: who.Org}, func(ctx context.Context, w *config.Writer) error {
		err := w.Change(ctx, kinds.AdminUserKind, who.ID, func(value any) error {
			a := value.(*kinds.AdminUser)
			if a.IsDefaultAdmin {
				return wire.Forbidden(wire.CodeInvalidOperation, "%s is the org's default admin, who cannot be disabled.", a.LoginName)
			}
			a.Disabled, who.Login = true, a.LoginName
			return nil
		})
		if err != nil {
			return err
		}
		return s.auth.ClearPassword(ctx, w.Tx, who.Org, who.ID)
	})
	if err != nil {
		return err
	}
	if err := s.auth.EndSessions(ctx, who.Org, who.ID); err != nil {
		return err
	}
	return s.engine.End(ctx, config.Caller(who, ""), config.BySessionLogout, true)
}

// SetAdminPassword gives an admin a password, made up where it is empty, and
// enables the admin. Sessions go on.
func (s *Server) SetAdminPassword(ctx context.Context, login, wanted string) (c wire.AdminCredentials, err error) {
	if err := s.gate.Enter(ctx); err != nil {
		return c, err
	}
	defer s.gate.Leave()
	who, err := s.admin(ctx, login)
	if err != nil {
		return c, err
	}
	password, hash, err := s.password(ctx, wanted)
	if err != nil {
		return c, err
	}
	err = s.engine.Update(ctx, config.By{Org: who.Org}, func(ctx context.Context, w *config.Writer) error {
		err := w.Change(ctx, kinds.AdminUserKind, who.ID, func(value any) error {
			a := value.(*kinds.AdminUser)
			a.Disabled, a.PasswordModified = false, wire.At(s.cfg.Now())
			c = wire.AdminCredentials{Login: a.LoginName, Password: password, Role: a.Role.Name}
			return nil
		})
		if err != nil {
			return err
		}
		return s.auth.SetPassword(ctx, w.Tx, who.Org, who.ID, c.Login, hash)
	})
	if err != nil {
		return wire.AdminCredentials{}, err
	}
	return c, s.keepPassword(who.Org, c)
}

// keepPassword brings the credentials of the data directory up to date, if they
// have the admin.
func (s *Server) keepPassword(org int64, changed wire.AdminCredentials) error {
	return s.updateCredentials(org, func(kept *wire.Credentials) {
		for i, a := range kept.Admins {
			if strings.EqualFold(a.Login, changed.Login) {
				kept.Admins[i].Password = changed.Password
			}
		}
	})
}

// keepEnrolmentKey brings the credentials of the data directory up to date.
func (s *Server) keepEnrolmentKey(org int64, key string) error {
	return s.updateCredentials(org, func(kept *wire.Credentials) { kept.EnrolmentKey = key })
}

// keepClientSecret brings the credentials of the data directory up to date, if
// they have the client.
func (s *Server) keepClientSecret(org int64, secret wire.ShownSecret) error {
	return s.updateCredentials(org, func(kept *wire.Credentials) {
		if kept.ClientID == secret.ClientID {
			kept.ClientSecret = secret.ClientSecret
		}
	})
}

// updateCredentials changes the credentials of the data directory, if they are
// those of the org.
func (s *Server) updateCredentials(org int64, change func(*wire.Credentials)) error {
	kept, err := ReadCredentials(s.cfg.DataDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || kept.Org != org {
		return err
	}
	change(&kept)
	return s.writeCredentials(kept)
}

package auth

import (
	"context"
	"net/http"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Confirm checks the caller's own password once more, before it is replaced.
// It counts like a sign-in: failures lead to the lockout of behaviours.md 4.6
// and into the trail, and while the login name is locked the right password
// fails too, or a stolen session could be used to guess it.
func (a *Auth) Confirm(ctx context.Context, who *access.Principal, password, ip string) error {
	ok, err := a.PasswordMatches(ctx, who.Org, who.ID, password)
	if err != nil {
		return err
	}
	now := a.now()
	if a.lockout.decide(loginLookup(who.Login), now, ok) {
		return nil
	}
	a.log.Warn("password not confirmed", "org", who.Org, "admin", who.ID, "ip", ip)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	err = a.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Write(ctx, tx, audit.Entry{
			Org: who.Org, At: now, Action: audit.ActionUpdate, Category: audit.CategoryAdministrators, SubCategory: audit.SubAdministrator,
			Resource: who.Login, Admin: who.ID, Login: who.Login, IP: ip, Interface: audit.InterfaceAPI, Result: audit.ResultFailure,
		})
	})
	if err != nil {
		return err
	}
	return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeBadLogin, Message: "The old password is not right."}
}

package api

import (
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// expired refuses what an admin asks for whose password is older than the org
// allows, until there is a new one (behaviours.md 4.5).
func (a *API) expired(o *operation.Operation, who *access.Principal) error {
	if a.PasswordExpiry == 0 || who.Client || o.ID == changePasswordID || a.Now().Before(time.Unix(who.PasswordSet, 0).Add(a.PasswordExpiry)) {
		return nil
	}
	return wire.Forbidden("", "The password has expired. Set a new one with POST /passwordChange first.")
}

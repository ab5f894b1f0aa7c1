package api

import (
	"regexp"
	"strconv"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// passwordEnd is when a password that was set at a time, in epoch seconds,
// expires. Nothing calls it where passwords do not.
func (a *API) passwordEnd(set int64) time.Time { return time.Unix(set, 0).Add(a.PasswordExpiry) }

// expired refuses what an admin asks for whose password is older than the org
// allows, until there is a new one (behaviours.md 4.5).
func (a *API) expired(o *operation.Operation, who *access.Principal) error {
	if a.PasswordExpiry == 0 || who.Client || o.ID == changePasswordID || a.Now().Before(a.passwordEnd(who.PasswordSet)) {
		return nil
	}
	return wire.Forbidden("", "The password has expired. Set a new one with POST /passwordChange first.")
}

// passwordDays is how many days the caller's password has left, begun ones
// counted; -1 where passwords do not expire.
func (a *API) passwordDays(who *access.Principal) int {
	if a.PasswordExpiry == 0 || who == nil || who.Client {
		return -1
	}
	const day = 24 * time.Hour
	return int(max(0, (a.passwordEnd(who.PasswordSet).Sub(a.Now())+day-1)/day))
}

// A quotation mark within a text is escaped, so that this finds members only.
var passwordTime = regexp.MustCompile(`"pwdLastModifiedTime":(\d+)`)

// markExpired shows, in an answer that holds admins, whose password has
// expired. That comes with time and without a write, so no stored object has it.
func (a *API) markExpired(o *operation.Operation, body []byte) []byte {
	if a.PasswordExpiry == 0 || o.Spec == nil || o.Spec.Name != kinds.AdminUserKind {
		return body
	}
	now := a.Now()
	return passwordTime.ReplaceAllFunc(body, func(member []byte) []byte {
		set, err := strconv.ParseInt(string(passwordTime.FindSubmatch(member)[1]), 10, 64)
		if err != nil || now.Before(a.passwordEnd(set)) {
			return member
		}
		return append(member[:len(member):len(member)], `,"isPasswordExpired":true`...)
	})
}

package config

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// Activation is the answer of the three activation operations. Clients read
// all four members. Source: resources/activation.md.
type Activation struct {
	OrgEditStatus         string            `json:"orgEditStatus"`
	OrgLastActivateStatus string            `json:"orgLastActivateStatus"`
	AdminStatusMap        map[string]string `json:"adminStatusMap"`
	AdminActivateStatus   string            `json:"adminActivateStatus"`
}

// What has been saved in the org and not activated. EDITS_ACTIVATED_ON_RESTART
// is never answered: edits stay pending over a restart.
const (
	EditsCleared = "EDITS_CLEARED"
	EditsPresent = "EDITS_PRESENT"
)

// How the last activation came about.
const (
	ByNobody        = "CAC_ACTV_UNKNOWN"
	ByAdmin         = "CAC_ACTV_UI"
	ByForce         = "CAC_ACTV_SUPERADMIN"
	ByIdleTimer     = "CAC_ACTV_TIMER"
	BySessionLogout = "CAC_ACTV_SESSION_LOGOUT"
)

// Edit states of an admin. LOGGED_IN is the absence of any other. ACTIVATING
// and FAIL are never seen, because an activation is one statement.
const (
	LoggedIn = "ADM_LOGGED_IN"
	Editing  = "ADM_EDITING"
	Queued   = "ADM_ACTV_QUEUED"
	Done     = "ADM_ACTV_DONE"
	Expired  = "ADM_EXPIRED"
)

// markEditing notes that the caller has saved something. One that was queued
// is editing again. Writes of nobody leave no mark.
func (w *Writer) markEditing(ctx context.Context) error {
	if w.by.Who == nil {
		return nil
	}
	return w.setState(ctx, w.by.Who, Editing, false)
}

func (w *Writer) setState(ctx context.Context, who *access.Principal, state string, ended bool) error {
	_, err := w.Exec(ctx, `INSERT INTO edit_state (org, principal, login, state, ended, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (org, principal) DO UPDATE SET login = excluded.login, state = excluded.state, ended = excluded.ended, at = excluded.at`,
		w.Org(), who.ID, who.Login, state, flag(ended), w.Facts.Now.Unix())
	return err
}

func (w *Writer) clearState(ctx context.Context, who int64) error {
	_, err := w.Exec(ctx, `DELETE FROM edit_state WHERE org = $1 AND principal = $2`, w.Org(), who)
	return err
}

// flag writes a boolean as both databases read it.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// state reads the edit state of one admin.
func state(ctx context.Context, tx *store.Tx, who int64) (string, error) {
	var s string
	err := tx.QueryRow(ctx, `SELECT state FROM edit_state WHERE org = $1 AND principal = $2`, tx.Org(), who).Scan(&s)
	if errors.Is(err, sql.ErrNoRows) {
		return LoggedIn, nil
	}
	return s, err
}

// Status answers the activation status as an admin sees it.
func (e *Engine) Status(ctx context.Context, who *access.Principal) (a Activation, err error) {
	err = e.db.View(ctx, who.Org, func(ctx context.Context, tx *store.Tx) error {
		a, err = status(ctx, tx, who)
		return err
	})
	return a, err
}

func status(ctx context.Context, tx *store.Tx, who *access.Principal) (Activation, error) {
	a := Activation{
		OrgEditStatus: EditsCleared, OrgLastActivateStatus: ByNobody,
		AdminStatusMap: map[string]string{}, AdminActivateStatus: LoggedIn,
	}
	how, _, _, err := tx.LastActivation(ctx)
	if err != nil {
		return a, err
	}
	if how != "" {
		a.OrgLastActivateStatus = how
	}
	rows, err := tx.Query(ctx, `SELECT principal, login, state FROM edit_state WHERE org = $1`, tx.Org())
	if err != nil {
		return a, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var login, state string
		if err := rows.Scan(&id, &login, &state); err != nil {
			return a, err
		}
		a.AdminStatusMap[login] = state
		if id == who.ID {
			a.AdminActivateStatus = state
		}
		if state == Editing || state == Queued {
			a.OrgEditStatus = EditsPresent
		}
	}
	return a, rows.Err()
}

// Activate makes the saved configuration active, or queues the caller while
// another admin is editing.
func (e *Engine) Activate(ctx context.Context, by By) (a Activation, err error) {
	err = e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		if err := w.activate(ctx, ByAdmin, false); err != nil {
			return err
		}
		if err := w.recordActivation(ctx, audit.ActionActivate, ByAdmin); err != nil {
			return err
		}
		a, err = status(ctx, w.Tx, by.Who)
		return err
	})
	return a, err
}

// Force makes everybody's saved changes active at once. Only a super admin may.
func (e *Engine) Force(ctx context.Context, by By) (a Activation, err error) {
	if !by.Who.SuperAdmin() {
		return a, wire.Forbidden(wire.CodeScopeLimited, "Only super admins can force an activation.")
	}
	err = e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		if err := w.push(ctx, ByForce, Done); err != nil {
			return err
		}
		if err := w.recordActivation(ctx, audit.ActionForceActivate, ByForce); err != nil {
			return err
		}
		a, err = status(ctx, w.Tx, by.Who)
		return err
	})
	return a, err
}

// End says that a session of the caller ended by logout or by the idle timer
// (how). Saved changes are then activated, or queued, as if the admin had
// asked for it; an admin without any is simply gone. ended tells whether no
// session of the admin is left.
func (e *Engine) End(ctx context.Context, by By, how string, ended bool) error {
	var has string
	err := e.db.View(ctx, by.Org, func(ctx context.Context, tx *store.Tx) (err error) {
		has, err = state(ctx, tx, by.Who.ID)
		return err
	})
	if err != nil || has == LoggedIn || has == Expired || has == Queued && !ended {
		return err
	}
	return e.Update(ctx, by, func(ctx context.Context, w *Writer) error {
		now, err := state(ctx, w.Tx, by.Who.ID)
		switch {
		case err != nil:
			return err
		case now == Queued && ended:
			return w.setState(ctx, by.Who, Queued, true)
		case now == Done && ended:
			return w.clearState(ctx, by.Who.ID)
		case now != Editing:
			return nil
		}
		if err := w.activate(ctx, how, ended); err != nil {
			return err
		}
		return w.recordActivation(ctx, audit.ActionActivate, how)
	})
}

// SignedIn says that the admin has a session again: what the end of the last
// one left behind is over.
func (e *Engine) SignedIn(ctx context.Context, who *access.Principal) error {
	var has string
	err := e.db.View(ctx, who.Org, func(ctx context.Context, tx *store.Tx) (err error) {
		has, err = state(ctx, tx, who.ID)
		return err
	})
	if err != nil || has != Expired && has != Queued {
		return err
	}
	return Outcome(e.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM edit_state WHERE org = $1 AND principal = $2 AND state = $3`, who.Org, who.ID, Expired)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE edit_state SET ended = 0 WHERE org = $1 AND principal = $2`, who.Org, who.ID)
		return err
	}))
}

// Forget drops what an admin who is gone has left behind, unless it waits for
// an activation still.
func (e *Engine) Forget(ctx context.Context, org, admin int64) error {
	return Outcome(e.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM edit_state WHERE org = $1 AND principal = $2 AND state IN ($3, $4)`, org, admin, Expired, Done)
		return err
	}))
}

// activate queues the caller while others edit, and otherwise pushes.
func (w *Writer) activate(ctx context.Context, how string, ended bool) error {
	var others int
	err := w.QueryRow(ctx, `SELECT COUNT(*) FROM edit_state WHERE org = $1 AND state = $2 AND principal <> $3`,
		w.Org(), Editing, w.by.Who.ID).Scan(&others)
	switch {
	case err != nil:
		return err
	case others > 0:
		return w.setState(ctx, w.by.Who, Queued, ended)
	case ended:
		return w.push(ctx, how, Expired)
	default:
		return w.push(ctx, how, Done)
	}
}

// push makes the working configuration the active one: the caller gets the
// state own, and whoever was editing or queued is done, or expired when their
// sessions are over.
func (w *Writer) push(ctx context.Context, how, own string) error {
	if err := w.SetActive(ctx, how, w.by.Who.Login); err != nil {
		return err
	}
	now := w.Facts.Now.Unix()
	_, err := w.Exec(ctx, `UPDATE edit_state SET state = CASE WHEN ended = 1 THEN $1 ELSE $2 END, ended = 0, at = $3
		WHERE org = $4 AND state IN ($5, $6)`, Expired, Done, now, w.Org(), Editing, Queued)
	if err != nil {
		return err
	}
	return w.setState(ctx, w.by.Who, own, false)
}

func (w *Writer) recordActivation(ctx context.Context, action, how string) error {
	entry := w.entry(action)
	entry.Category, entry.SubCategory, entry.Resource = audit.CategoryActivation, audit.SubActivation, how
	return audit.Write(ctx, w.Tx, entry)
}

// Editor is an admin whose saved changes are not active.
type Editor struct {
	Org       int64
	Principal int64
	Login     string
	At        time.Time // since when
}

// Editors lists who is queued or editing, in all orgs: whom the idle timer
// watches. The queued come first, so that a push finds them over when they are.
func (e *Engine) Editors(ctx context.Context) (out []Editor, err error) {
	err = e.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT org, principal, login, at FROM edit_state WHERE state IN ($1, $2) AND ended = 0 ORDER BY state, org, principal`, Editing, Queued)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var ed Editor
			var at int64
			if err := rows.Scan(&ed.Org, &ed.Principal, &ed.Login, &at); err != nil {
				return err
			}
			ed.At = time.Unix(at, 0)
			out = append(out, ed)
		}
		return rows.Err()
	})
	return out, err
}

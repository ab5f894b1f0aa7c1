package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// The kinds of object that this package reads, as the kinds package names them.
const (
	kindAdmin  = "adminUser"
	kindRole   = "adminRole"
	kindAPIKey = "apiKey"
	kindClient = "apiClient"
)

// scopeLocation is the type of a scope that consists of locations; all others
// are the whole org.
const scopeLocation = "LOCATION"

// lowestRank is the rank of a role that states none. The zero value would be
// the super admin's.
const lowestRank = 7

// errNoAdmin: there is no such admin, or none that may sign in.
var errNoAdmin = errors.New("auth: no such admin, or disabled")

// readAnybody reads whose id that is: an admin's or an API client's. Ids are
// unique across kinds.
func readAnybody(ctx context.Context, tx *store.Tx, org, id int64) (*access.Principal, error) {
	who, err := readPrincipal(ctx, tx, org, id)
	if !errors.Is(err, errNoAdmin) {
		return who, err
	}
	c, err := readClient(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return c.principal(ctx, tx, org, id)
}

// readPrincipal reads an admin and its role as they are saved. Admins act at
// commit, so it is the working view that counts.
func readPrincipal(ctx context.Context, tx *store.Tx, org, admin int64) (*access.Principal, error) {
	var user struct {
		LoginName string     `json:"loginName"`
		Disabled  wire.Bool  `json:"disabled"`
		Role      wire.Ref   `json:"role"`
		ScopeType string     `json:"adminScopeType"`
		Scope     []wire.Ref `json:"adminScopeScopeEntities"`
		Creates   wire.Bool  `json:"newLocationCreateAllowed"`
		Changed   wire.Time  `json:"pwdLastModifiedTime"`
	}
	if err := readBody(ctx, tx, kindAdmin, admin, &user); err != nil {
		return nil, err
	}
	if user.Disabled {
		return nil, errNoAdmin
	}
	role, err := readRole(ctx, tx, int64(user.Role.ID))
	if err != nil {
		return nil, err
	}
	who := &access.Principal{Org: org, ID: admin, Login: user.LoginName, Role: role, PasswordSet: int64(user.Changed)}
	if user.ScopeType == scopeLocation {
		locations := make([]int64, len(user.Scope))
		for i, ref := range user.Scope {
			locations[i] = int64(ref.ID)
		}
		who.Scope = access.NewScope(locations, bool(user.Creates))
	}
	return who, nil
}

func readRole(ctx context.Context, tx *store.Tx, id int64) (access.Role, error) {
	var body struct {
		Rank     *wire.Int         `json:"rank"`
		Name     string            `json:"name"`
		Features map[string]string `json:"featurePermissions"`
	}
	if err := readBody(ctx, tx, kindRole, id, &body); err != nil {
		return access.Role{}, err
	}
	role := access.Role{ID: id, Name: body.Name, Rank: lowestRank, Features: make(map[access.Feature]access.Level, len(body.Features))}
	if body.Rank != nil {
		role.Rank = int(*body.Rank)
	}
	for feature, text := range body.Features {
		// A level that is not known grants nothing.
		var level access.Level
		if level.UnmarshalText([]byte(text)) == nil {
			role.Features[access.Feature(feature)] = level
		}
	}
	return role, nil
}

// keyEnabled reports whether the API key with that object id may be used. A
// key without an object, or whose object does not say, may.
func keyEnabled(ctx context.Context, tx *store.Tx, id int64) (bool, error) {
	var body struct {
		Enabled *wire.Bool `json:"enabled"`
	}
	err := readBody(ctx, tx, kindAPIKey, id, &body)
	if err != nil && !errors.Is(err, errNoAdmin) {
		return false, err
	}
	return body.Enabled == nil || bool(*body.Enabled), nil
}

// readBody decodes one object; an object that is missing is errNoAdmin.
func readBody(ctx context.Context, tx *store.Tx, kind string, id int64, body any) error {
	row, err := tx.Get(ctx, store.Working, kind, id)
	if errors.Is(err, store.ErrNotFound) {
		return errNoAdmin
	}
	if err != nil {
		return fmt.Errorf("auth: read %s %d: %w", kind, id, err)
	}
	if err := json.Unmarshal(row.Body, body); err != nil {
		return fmt.Errorf("auth: read %s %d: %w", kind, id, err)
	}
	return nil
}

// cachedPrincipal is a principal as of a revision of its org.
type cachedPrincipal struct {
	rev       int64
	principal *access.Principal
}

// principal returns the principal of p as of rev or later, errNoAdmin when
// there is none any more. Every write moves the org's revision, those to
// admins and roles included, so an equal revision means an equal principal.
// Callers share it and do not change it.
func (a *Auth) principal(ctx context.Context, p *person, rev int64) (*access.Principal, error) {
	if c := p.cached.Load(); c != nil && c.rev == rev {
		return c.principal, nil
	}
	principal, err := a.freshPrincipal(ctx, p.key)
	if err != nil {
		return nil, err
	}
	// The view was opened after rev was read, so it is at least as new.
	p.cached.Store(&cachedPrincipal{rev: rev, principal: principal})
	return principal, nil
}

func (a *Auth) freshPrincipal(ctx context.Context, key personKey) (principal *access.Principal, err error) {
	err = a.db.View(ctx, key.org, func(ctx context.Context, tx *store.Tx) error {
		principal, err = readAnybody(ctx, tx, key.org, key.admin)
		return err
	})
	return principal, err
}

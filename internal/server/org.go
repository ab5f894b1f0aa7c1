package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// OrgPlan is an org to be made.
type OrgPlan struct {
	Name   string
	Cloud  string // cloud domain, "zscloud.net": what generated host names end in
	Admins []AdminPlan
}

// AdminPlan is an admin to be made. The first of an org is its default admin.
type AdminPlan struct{ Login, Name, Role string }

// Credentials are the secrets of an org as they were made. They are written to
// one file of mode 0600 and nowhere else.
type Credentials struct {
	Org          int64              `json:"org"`
	Cloud        string             `json:"cloud"`
	APIKey       string             `json:"apiKey"`
	EnrolmentKey string             `json:"enrolmentKey"`
	Admins       []AdminCredentials `json:"admins"`
}

// AdminCredentials are how one admin signs in.
type AdminCredentials struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Role     string `json:"role"`
}

// CredentialsFile is the name of the credentials' file in the data directory.
const CredentialsFile = "credentials.json"

// ReadCredentials reads the credentials that a data directory holds.
func ReadCredentials(dataDir string) (c Credentials, err error) {
	body, err := os.ReadFile(filepath.Join(dataDir, CredentialsFile))
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(body, &c)
}

// EnsureOrg makes the org on an empty database, or finishes one whose making
// was cut short, and leaves its credentials in the data directory. On any
// other database it does nothing.
func (s *Server) EnsureOrg(ctx context.Context, plan OrgPlan) error {
	var orgs []store.Org
	err := s.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) (err error) {
		orgs, err = tx.Orgs(ctx)
		return err
	})
	if err != nil {
		return err
	}
	keep := func(c Credentials) error {
		return writeCredentials(filepath.Join(s.cfg.DataDir, CredentialsFile), c)
	}
	if len(orgs) == 0 {
		_, err = s.CreateOrg(ctx, plan, keep)
		return err
	}
	for _, org := range orgs {
		head, err := s.db.Head(ctx, org.ID)
		if err != nil {
			return err
		}
		if head.Rev == 0 { // no write was ever committed in it
			if _, err := s.furnish(ctx, org.ID, plan, keep); err != nil {
				return err
			}
		}
	}
	return nil
}

// CreateOrg makes an org with its predefined objects, admins and keys. keep is
// handed the credentials before they are in force: secrets that nobody has
// would lock everybody out.
func (s *Server) CreateOrg(ctx context.Context, plan OrgPlan, keep func(Credentials) error) (Credentials, error) {
	id, err := rand.Int(rand.Reader, big.NewInt(89_999_999))
	if err != nil {
		return Credentials{}, err
	}
	org := store.Org{ID: 10_000_000 + id.Int64(), Name: plan.Name, Cloud: plan.Cloud}
	err = s.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.CreateOrg(ctx, org) })
	if err != nil {
		return Credentials{}, err
	}
	return s.furnish(ctx, org.ID, plan, keep)
}

// furnish puts into a fresh org, in its first revision, what it is born with.
func (s *Server) furnish(ctx context.Context, org int64, plan OrgPlan, keep func(Credentials) error) (Credentials, error) {
	c := Credentials{Org: org, Cloud: plan.Cloud, APIKey: auth.NewAPIKey(), EnrolmentKey: auth.NewEnrolmentKey()}
	hashes := map[string]string{}
	for _, a := range plan.Admins {
		password := auth.NewPassword()
		hash, err := s.auth.HashPassword(ctx, password)
		if err != nil {
			return Credentials{}, err
		}
		hashes[a.Login] = hash
		c.Admins = append(c.Admins, AdminCredentials{a.Login, password, a.Role})
	}
	debug.FreeOSMemory() // a hash takes 19 MiB, which the runtime would hold on to while nobody signs in
	if err := keep(c); err != nil {
		return Credentials{}, fmt.Errorf("keep the credentials: %w", err)
	}
	return c, s.engine.Update(ctx, config.By{Org: c.Org}, func(ctx context.Context, w *config.Writer) error {
		if err := w.Builtins(ctx); err != nil {
			return err
		}
		if _, err := w.Insert(ctx, w.New(kinds.AdminRoleKind, ptr(kinds.EditorRole())), config.Place{Mode: store.Immediate}); err != nil {
			return err
		}
		for i, a := range plan.Admins {
			if err := s.createAdmin(ctx, w, a, i == 0, hashes[a.Login]); err != nil {
				return fmt.Errorf("admin %s: %w", a.Login, err)
			}
		}
		if err := s.auth.SetAPIKey(ctx, w.Tx, c.Org, w.NextID(), c.APIKey); err != nil {
			return err
		}
		return s.auth.SetEnrolmentKey(ctx, w.Tx, c.Org, c.EnrolmentKey)
	})
}

func ptr[T any](v T) *T { return &v }

func (s *Server) createAdmin(ctx context.Context, w *config.Writer, a AdminPlan, first bool, hash string) error {
	role, err := w.ByName(ctx, store.Working, kinds.AdminRoleKind, -1, a.Role)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no role %q", a.Role)
	}
	if err != nil {
		return err
	}
	o := w.New(kinds.AdminUserKind, &kinds.AdminUser{
		LoginName: a.Login, UserName: a.Name, Email: a.Login, Role: &wire.Ref{ID: wire.Int(role.ID)},
		IsDefaultAdmin: wire.Bool(first), IsNonEditable: wire.Bool(first), PasswordModified: wire.At(s.cfg.Now()),
	})
	row, err := w.Insert(ctx, o, config.Place{Mode: store.Immediate})
	if err != nil {
		return err
	}
	return s.auth.SetPassword(ctx, w.Tx, w.Org(), row.ID, a.Login, hash)
}

// writeCredentials replaces the file in one step, so that no reader and no
// crash sees half of it.
func writeCredentials(path string, c Credentials) error {
	body, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(temp, append(body, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// CredentialsFile is the name of the credentials' file in the data directory.
const CredentialsFile = "credentials.json"

// ReadCredentials reads the credentials that a data directory holds.
func ReadCredentials(dataDir string) (c wire.Credentials, err error) {
	body, err := os.ReadFile(filepath.Join(dataDir, CredentialsFile))
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(body, &c)
}

// writeCredentials leaves the credentials in the data directory.
func (s *Server) writeCredentials(c wire.Credentials) error {
	body, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(s.cfg.DataDir, CredentialsFile), append(body, '\n'))
}

// EnsureOrg makes the org on an empty database, and leaves its credentials in
// the data directory. On any other database it does nothing.
func (s *Server) EnsureOrg(ctx context.Context, plan wire.OrgPlan) error {
	orgs, _, err := s.engine.Orgs(ctx, kinds.AdminUserKind)
	if err != nil || len(orgs) > 0 {
		return err
	}
	_, err = s.makeOrg(ctx, plan, s.writeCredentials)
	return err
}

// CreateOrg makes an org with its predefined objects, admins and keys. The
// credentials of the first one are left in the data directory as well.
func (s *Server) CreateOrg(ctx context.Context, plan wire.OrgPlan) (c wire.Credentials, err error) {
	if err := s.gate.Enter(ctx); err != nil {
		return c, err
	}
	defer s.gate.Leave()
	orgs, _, err := s.engine.Orgs(ctx, kinds.AdminUserKind)
	if err != nil {
		return c, err
	}
	keep := func(wire.Credentials) error { return nil }
	if len(orgs) == 0 {
		keep = s.writeCredentials
	}
	return s.makeOrg(ctx, plan, keep)
}

// domain is what a cloud domain looks like.
var domain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// A vanity domain is one label of a host name. Names of the form of numbered
// are those of orgs without one.
var (
	vanity   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	numbered = regexp.MustCompile(`^org[0-9]+$`)
)

func checkPlan(plan *wire.OrgPlan) error {
	switch {
	case strings.TrimSpace(plan.Name) == "" || len(plan.Name) > 255 || !utf8.ValidString(plan.Name) || strings.ContainsRune(plan.Name, 0):
		return wire.Invalid("name", "must have 1 to 255 characters")
	case len(plan.Cloud) > 100 || !domain.MatchString(plan.Cloud):
		return wire.Invalid("cloud", "must be a domain in lower case, like zscloud.net")
	case plan.Vanity != "" && !vanity.MatchString(plan.Vanity):
		return wire.Invalid("vanityDomain", "must have 1 to 63 letters in lower case, digits and hyphens, like acme")
	case numbered.MatchString(plan.Vanity):
		return wire.Invalid("vanityDomain", "must not be org and a number, which stands for the org with that id")
	case len(plan.Admins) == 0:
		return wire.Invalid("admins", "must name at least one admin")
	}
	if plan.Admins[0].Role == "" {
		plan.Admins[0].Role = kinds.SuperAdmin
	}
	if plan.Admins[0].Role != kinds.SuperAdmin {
		return wire.Invalid("role", "of the first admin must be %q", kinds.SuperAdmin)
	}
	return nil
}

// makeOrg makes an org in one write. keep is handed the credentials before
// they are in force: secrets that nobody has would lock everybody out.
func (s *Server) makeOrg(ctx context.Context, plan wire.OrgPlan, keep func(wire.Credentials) error) (wire.Credentials, error) {
	if err := checkPlan(&plan); err != nil {
		return wire.Credentials{}, err
	}
	id, err := rand.Int(rand.Reader, big.NewInt(89_999_999))
	if err != nil {
		return wire.Credentials{}, err
	}
	org := store.Org{ID: 10_000_000 + id.Int64(), Name: plan.Name, Cloud: plan.Cloud, Vanity: plan.Vanity}
	if err := s.settleVanity(ctx, &org); err != nil {
		return wire.Credentials{}, err
	}
	c := wire.Credentials{Org: org.ID, Cloud: plan.Cloud, VanityDomain: org.Vanity, APIKey: auth.NewAPIKey(), EnrolmentKey: auth.NewEnrolmentKey()}
	if plan.Client != "" {
		c.ClientID, c.ClientSecret = auth.NewClientID(), auth.NewClientSecret()
	}
	hashes := make([]string, len(plan.Admins))
	for i, a := range plan.Admins {
		password, hash, err := s.password(ctx, a.Password)
		if err != nil {
			return wire.Credentials{}, err
		}
		hashes[i] = hash
		c.Admins = append(c.Admins, wire.AdminCredentials{Login: a.Login, Password: password, Role: a.Role})
	}
	debug.FreeOSMemory() // a hash takes 19 MiB, which the runtime would hold on to while nobody signs in
	if err := keep(c); err != nil {
		return wire.Credentials{}, fmt.Errorf("keep the credentials: %w", err)
	}
	err = s.engine.Found(ctx, org, func(ctx context.Context, w *config.Writer) error {
		if err := w.Builtins(ctx); err != nil {
			return err
		}
		if _, err := w.Insert(ctx, w.New(kinds.AdminRoleKind, ptr(kinds.EditorRole())), config.Place{Mode: store.Immediate}); err != nil {
			return err
		}
		for i, a := range plan.Admins {
			if err := s.bear(ctx, w, a, i == 0, hashes[i]); err != nil {
				return fmt.Errorf("admin %s: %w", a.Login, err)
			}
		}
		key, err := w.Insert(ctx, w.New(kinds.APIKeyKind, &kinds.APIKey{Enabled: true, LastModified: wire.At(s.cfg.Now())}), config.Place{Mode: store.Immediate})
		if err != nil {
			return err
		}
		if err := s.auth.SetAPIKey(ctx, w.Tx, c.Org, key.ID, c.APIKey); err != nil {
			return err
		}
		if plan.Client != "" {
			if err := s.bearClient(ctx, w, plan.Client, c); err != nil {
				return fmt.Errorf("API client %s: %w", plan.Client, err)
			}
		}
		return s.auth.SetEnrolmentKey(ctx, w.Tx, c.Org, c.EnrolmentKey)
	})
	if errors.Is(err, store.ErrExists) {
		return wire.Credentials{}, wire.Conflict(wire.CodeDuplicate, "An org with this vanity domain was made a moment ago.")
	}
	return c, err
}

// bearClient adds the API client that an org is born with, a super admin.
func (s *Server) bearClient(ctx context.Context, w *config.Writer, name string, c wire.Credentials) error {
	role, err := w.ByName(ctx, store.Working, kinds.AdminRoleKind, -1, kinds.SuperAdmin)
	if err != nil {
		return err
	}
	now, secret := wire.At(s.cfg.Now()), w.NextID()
	client := &kinds.APIClient{
		ClientID: c.ClientID, Name: name, Role: &wire.Ref{ID: wire.Int(role.ID)}, LastModified: now,
		Secrets: []kinds.ClientSecret{{ID: wire.Int(secret), Created: now}},
	}
	row, err := w.Insert(ctx, w.New(kinds.APIClientKind, client), config.Place{Mode: store.Immediate})
	if err != nil {
		return err
	}
	if err := s.auth.SetClient(ctx, w.Tx, w.Org(), row.ID, c.ClientID); err != nil {
		return err
	}
	return s.auth.SetClientSecret(ctx, w.Tx, w.Org(), secret, c.ClientSecret)
}

// bear adds an admin that an org is born with: the trail begins after that.
func (s *Server) bear(ctx context.Context, w *config.Writer, a wire.AdminPlan, first bool, hash string) error {
	admin, err := s.newAdmin(ctx, w, a, first)
	if err != nil {
		return err
	}
	row, err := w.Insert(ctx, admin, config.Place{Mode: store.Immediate})
	if err != nil {
		return err
	}
	return s.auth.SetPassword(ctx, w.Tx, w.Org(), row.ID, a.Login, hash)
}

func ptr[T any](v T) *T { return &v }

// EnrolmentKey returns the key that an org's connectors enrol with.
func (s *Server) EnrolmentKey(ctx context.Context, org int64) (string, error) {
	return s.auth.EnrolmentKey(ctx, org)
}

package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// Owner is what the owner of an installation may have done, with the token
// that lies in the data directory.
type Owner interface {
	Orgs(ctx context.Context) ([]wire.Org, error)
	CreateOrg(ctx context.Context, plan wire.OrgPlan) (wire.Credentials, error)
	CreateAdmin(ctx context.Context, org int64, plan wire.AdminPlan) (wire.AdminCredentials, error)
	DisableAdmin(ctx context.Context, login string) error
	SetAdminPassword(ctx context.Context, login, password string) (wire.AdminCredentials, error)
	EnableAPIKey(ctx context.Context, org int64, enabled bool) error
	DeleteAPIKey(ctx context.Context, org int64) error
	Backup(ctx context.Context, w io.Writer) error
	Restore(ctx context.Context, r io.Reader) error
	Reset(ctx context.Context) error
}

// Bounds of a restore: far beyond any installation's, and there to end.
const (
	maxRestore  = 16 << 30 // bytes as sent
	restoreTime = time.Hour
)

func (a *API) ownerOperations() []operation.Operation {
	const base = "/spurline/v1/"
	login := []operation.Param{{Name: "login", Says: "The login name of the admin."}}
	org := []operation.Param{{Name: "org", Type: resource.Integer, Says: "The id of the org."}}
	backup := reflect.TypeFor[operation.Binary]()
	table := []operation.Operation{
		{
			ID: "listOrgs", Method: "GET", Path: base + "orgs", Summary: "List the orgs of the installation",
			Out: reflect.TypeFor[[]wire.Org](), Status: http.StatusOK,
			Handle: func(c *operation.Call) error {
				orgs, err := a.Owner.Orgs(c.Request.Context())
				return answered(c, orgs, err)
			},
		},
		{
			ID: "createOrg", Method: "POST", Path: base + "orgs", Summary: "Make an org, and show its secrets once",
			In: reflect.TypeFor[wire.OrgPlan](), Out: reflect.TypeFor[wire.Credentials](), Status: http.StatusOK, Handle: a.createOrg,
		},
		{
			ID: "createOrgAdmin", Method: "POST", Path: base + "orgs/{org}/admins", Summary: "Make an admin of an org, and show the password once",
			In: reflect.TypeFor[wire.AdminPlan](), Out: reflect.TypeFor[wire.AdminCredentials](), Status: http.StatusOK, Handle: a.createOrgAdmin,
			InPath: org,
		},
		{
			ID: "disableAdmin", Method: "POST", Path: base + "admins/{login}/disable", Summary: "Disable an admin, ending sessions and activating saved changes",
			Status: http.StatusNoContent, InPath: login,
			Handle: func(c *operation.Call) error {
				return emptied(c, a.Owner.DisableAdmin(c.Request.Context(), c.Request.PathValue("login")))
			},
		},
		{
			ID: "setAdminPassword", Method: "POST", Path: base + "admins/{login}/password", Summary: "Set an admin's password, enabling the admin",
			In: reflect.TypeFor[wire.NewPassword](), Out: reflect.TypeFor[wire.AdminCredentials](), Status: http.StatusOK, InPath: login, Handle: a.setAdminPassword,
		},
		{
			ID: "setApiKeyState", Method: "PUT", Path: base + "orgs/{org}/apiKey", Summary: "Disable an org's API key, or enable it again",
			In: reflect.TypeFor[wire.KeyState](), Status: http.StatusNoContent, InPath: org, Handle: a.setKeyState,
		},
		{
			ID: "deleteApiKey", Method: "DELETE", Path: base + "orgs/{org}/apiKey", Summary: "Delete an org's API key",
			Status: http.StatusNoContent, InPath: org, Handle: a.deleteKey,
		},
		{
			ID: "backup", Method: "GET", Path: base + "backup", Summary: "Download everything, secrets included", Out: backup, Status: http.StatusOK, Handle: a.backup,
		},
		{
			ID: "restore", Method: "POST", Path: base + "restore", Summary: "Replace everything with a backup",
			In: backup, Stream: true, Status: http.StatusNoContent, Handle: a.restore,
		},
		{
			ID: "reset", Method: "POST", Path: base + "reset", Summary: "Make the demo org's objects and connectors as new", Status: http.StatusNoContent,
			Handle: func(c *operation.Call) error { return emptied(c, a.Owner.Reset(c.Request.Context())) },
		},
	}
	for i := range table {
		table[i].Native, table[i].Sign, table[i].Feature = true, operation.ByOwner, access.Public
	}
	return table
}

// isOwner reports whether a request has the owner's token. A server without
// one has no owner.
func (a *API) isOwner(r *http.Request) bool {
	want, got := sha256.Sum256([]byte(a.OwnerToken)), sha256.Sum256([]byte(bearer(r)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && a.OwnerToken != "" && a.Owner != nil
}

// authorizeOwner refuses all others.
func (a *API) authorizeOwner(r *http.Request) error {
	if a.isOwner(r) {
		return nil
	}
	return &wire.Error{
		Status: http.StatusUnauthorized, Message: "This is for the owner of the server, whose token is in its data directory.",
		Header: http.Header{"Www-Authenticate": {"Bearer"}},
	}
}

// emptied answers 204, unless there was an error.
func emptied(c *operation.Call, err error) error {
	if err == nil {
		c.Empty()
	}
	return err
}

func (a *API) createOrg(c *operation.Call) error {
	in, err := decode[wire.OrgPlan](c)
	if err != nil {
		return err
	}
	out, err := a.Owner.CreateOrg(c.Request.Context(), in)
	return answered(c, out, err)
}

func (a *API) createOrgAdmin(c *operation.Call) error {
	org, err := c.PathID("org")
	if err != nil {
		return err
	}
	in, err := decode[wire.AdminPlan](c)
	if err != nil {
		return err
	}
	out, err := a.Owner.CreateAdmin(c.Request.Context(), org, in)
	return answered(c, out, err)
}

func (a *API) setAdminPassword(c *operation.Call) error {
	var in wire.NewPassword
	if len(c.Body) > 0 {
		var err error
		if in, err = decode[wire.NewPassword](c); err != nil {
			return err
		}
	}
	out, err := a.Owner.SetAdminPassword(c.Request.Context(), c.Request.PathValue("login"), in.Password)
	return answered(c, out, err)
}

// setKeyState is what the vendor does to an org's key (behaviours.md 6.7).
func (a *API) setKeyState(c *operation.Call) error {
	org, err := c.PathID("org")
	if err != nil {
		return err
	}
	in, err := decode[wire.KeyState](c)
	if err != nil {
		return err
	}
	if in.Enabled == nil {
		return wire.Invalid("enabled", "cannot be null")
	}
	return emptied(c, a.Owner.EnableAPIKey(c.Request.Context(), org, *in.Enabled))
}

func (a *API) deleteKey(c *operation.Call) error {
	org, err := c.PathID("org")
	if err != nil {
		return err
	}
	return emptied(c, a.Owner.DeleteAPIKey(c.Request.Context(), org))
}

// backup streams. Its status is out before its end is known, so one that fails
// in the middle breaks the connection off, which no client takes for the end.
func (a *API) backup(c *operation.Call) error {
	h := c.Writer.Header()
	h.Set("Content-Type", "application/octet-stream")
	w := &begun{ResponseWriter: c.Writer}
	err := a.Owner.Backup(c.Request.Context(), w)
	if err == nil || !w.yes {
		return err
	}
	a.Log.ErrorContext(c.Request.Context(), "backup broken off", "error", err)
	panic(http.ErrAbortHandler)
}

// begun notes whether anything was answered.
type begun struct {
	http.ResponseWriter
	yes bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

func (a *API) restore(c *operation.Call) error {
	// The server's own limit is for bodies of the usual size.
	err := http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(restoreTime))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	err = a.Owner.Restore(c.Request.Context(), http.MaxBytesReader(c.Writer, c.Request.Body, maxRestore))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return tooLarge("16 GiB")
	}
	return emptied(c, err)
}

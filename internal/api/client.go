package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/auth"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// clientKeys is the body that adds public keys to a client: one as PEM, or a
// JSON Web Key Set. A single JSON Web Key, with its own members, is taken too.
type clientKeys struct {
	PEM  string            `json:"pem"`
	Keys []json.RawMessage `json:"keys"`
}

// clientOperations are not a kind's own, because the vendor's API has none on
// clients. What they write acts at once and leaves nothing to activate.
func (a *API) clientOperations() []operation.Operation {
	s := a.kinds.Kind(kinds.APIClientKind)
	if s == nil { // a set of kinds of somebody's own
		return nil
	}
	base, one := s.Path, s.Path+"/{id}"
	client, key := reflect.TypeFor[kinds.APIClient](), reflect.TypeFor[clientKeys]()
	secretID := []operation.Param{{Name: "secret", Type: resource.Integer, Says: "The id of the secret."}}
	keyID := []operation.Param{{Name: "key", Type: resource.Integer, Says: "The id of the key."}}
	table := []operation.Operation{
		{ID: "listApiClients", Method: "GET", Path: base, Summary: "List API clients", Query: operation.PageParams(0), Out: reflect.TypeFor[[]kinds.APIClient](), Handle: a.list(s, resource.InList, 0, nil)},
		{ID: "createApiClient", Method: "POST", Path: base, Summary: "Create an API client, without a secret or key", In: client, Out: client, Handle: a.createClient(s)},
		{ID: "getApiClient", Method: "GET", Path: one, Summary: "Get an API client", Out: client, Handle: a.get(s, resource.InGet, nil)},
		{ID: "updateApiClient", Method: "PUT", Path: one, Summary: "Replace an API client; disabling it ends its tokens", In: client, Out: client, Handle: a.updateClient(s)},
		{ID: "deleteApiClient", Method: "DELETE", Path: one, Summary: "Delete an API client, and end its tokens", Status: http.StatusNoContent, Handle: a.deleteClient(s)},
		{
			ID: "addClientSecret", Method: "POST", Path: one + "/secrets", Summary: "Give an API client a new secret, and show it once",
			In: reflect.TypeFor[wire.SecretPlan](), Out: reflect.TypeFor[wire.ShownSecret](), Handle: a.addClientSecret(s),
		},
		{
			ID: "deleteClientSecret", Method: "DELETE", Path: one + "/secrets/{secret}", InPath: secretID, Status: http.StatusNoContent,
			Summary: "Delete a secret of an API client, and end the tokens got by it", Handle: a.deleteClientSecret(s),
		},
		{ID: "addClientKeys", Method: "POST", Path: one + "/keys", Summary: "Add public keys, by which an API client signs", In: key, Out: client, Handle: a.addClientKeys(s)},
		{
			ID: "deleteClientKey", Method: "DELETE", Path: one + "/keys/{key}", InPath: keyID, Status: http.StatusNoContent,
			Summary: "Delete a public key of an API client, and end the tokens got by it", Handle: a.deleteClientKey(s),
		},
		{ID: "endClientTokens", Method: "DELETE", Path: one + "/tokens", Summary: "End all tokens of an API client", Status: http.StatusNoContent, Handle: a.endClientTokens(s)},
	}
	for i := range table {
		o := &table[i]
		o.Native, o.Feature, o.Level = true, s.Feature, access.ReadWrite
		if o.Method == http.MethodGet {
			o.Level = access.ReadOnly
		}
		if o.Status == 0 {
			o.Status = http.StatusOK
		}
	}
	return table
}

// mayGive refuses what would let a caller rise above itself through a client:
// clients see the whole org, and act with the rank of their role.
func mayGive(w *config.Writer, who *access.Principal, role *wire.Ref) error {
	if who.Scope != nil {
		return wire.Forbidden(wire.CodeScopeLimited, "API clients see the whole org, so they are managed by whose scope that is.")
	}
	if role == nil {
		return nil // the object's own check says so
	}
	v, err := w.Facts.Lookup.ByID(kinds.AdminRoleKind, int64(role.ID))
	if role, ok := v.(*kinds.AdminRole); ok && int(role.Rank) < who.Role.Rank {
		return wire.Forbidden(wire.CodeScopeLimited, "The role %q of the API client ranks above your own.", role.Name)
	}
	return err
}

// clientWrite is a write of an existing client that the caller may manage.
type clientWrite struct {
	*config.Writer
	old *kinds.APIClient
}

// changeClient runs a write of the client that the path names.
func (a *API) changeClient(c *operation.Call, s *resource.Spec, f func(context.Context, clientWrite) error) (id int64, err error) {
	id, err = c.PathID("id")
	if err != nil {
		return 0, err
	}
	return id, a.Engine.Update(c.Request.Context(), config.Caller(c.Who, c.IP), func(ctx context.Context, w *config.Writer) error {
		v, err := w.Facts.Lookup.ByID(s.Name, id)
		if err != nil {
			return err
		}
		old, ok := v.(*kinds.APIClient)
		if !ok {
			return wire.NotFound(s.Title, id)
		}
		if err := mayGive(w, c.Who, old.Role); err != nil {
			return err
		}
		return f(ctx, clientWrite{w, old})
	})
}

func (a *API) createClient(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		o, err := a.decode(c, s)
		if err != nil {
			return err
		}
		client, body := o.Value().(*kinds.APIClient), []byte(nil)
		client.ClientID = auth.NewClientID()
		err = a.Engine.Update(c.Request.Context(), config.Caller(c.Who, c.IP), func(ctx context.Context, w *config.Writer) error {
			if err := mayGive(w, c.Who, client.Role); err != nil {
				return err
			}
			row, err := w.Create(ctx, o, 0)
			if err != nil {
				return err
			}
			body = row.Body
			return a.Auth.SetClient(ctx, w.Tx, w.Org(), row.ID, client.ClientID)
		})
		return bodied(c, body, err)
	}
}

// bodied answers an object as it is stored, unless there was an error.
func bodied(c *operation.Call, body []byte, err error) error {
	if err == nil {
		c.Bytes(c.Op.Status, body)
	}
	return err
}

func (a *API) updateClient(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		o, err := a.decode(c, s)
		if err != nil {
			return err
		}
		client, body := o.Value().(*kinds.APIClient), []byte(nil)
		id, err := a.changeClient(c, s, func(ctx context.Context, w clientWrite) error {
			if err := mayGive(w.Writer, c.Who, client.Role); err != nil {
				return err
			}
			row, err := w.Replace(ctx, o, int64(w.old.ID), 0)
			body = row.Body
			return err
		})
		if err == nil && bool(client.Disabled) {
			err = a.endAdmin(c.Request.Context(), &access.Principal{Org: c.Who.Org, ID: id, Login: client.Name, Client: true}, c.IP)
		}
		return bodied(c, body, err)
	}
}

func (a *API) deleteClient(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		gone := &access.Principal{Org: c.Who.Org, Client: true}
		id, err := a.changeClient(c, s, func(ctx context.Context, w clientWrite) error {
			gone.Login = w.old.Name
			for _, secret := range w.old.Secrets {
				if err := a.Auth.DropClientSecret(ctx, w.Tx, w.Org(), int64(secret.ID)); err != nil {
					return err
				}
			}
			for _, key := range w.old.Keys {
				if err := a.Auth.DropClientKey(ctx, w.Tx, w.Org(), int64(key.ID)); err != nil {
					return err
				}
			}
			if err := a.Auth.DropClient(ctx, w.Tx, w.Org(), int64(w.old.ID)); err != nil {
				return err
			}
			return w.Delete(ctx, s, int64(w.old.ID), 0)
		})
		gone.ID = id
		if err == nil {
			err = a.endAdmin(c.Request.Context(), gone, c.IP)
		}
		if err == nil {
			err = a.Engine.Forget(c.Request.Context(), gone.Org, gone.ID)
		}
		return emptied(c, err)
	}
}

func (a *API) addClientSecret(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		var plan wire.SecretPlan
		if len(c.Body) > 0 {
			var err error
			if plan, err = decode[wire.SecretPlan](c); err != nil {
				return err
			}
		}
		if plan.Days != 0 && (plan.Days < kinds.MinSecretDays || plan.Days > kinds.MaxSecretDays) {
			return wire.Invalid("days", "must be from %d to %d, or 0 for a secret that does not expire", kinds.MinSecretDays, kinds.MaxSecretDays)
		}
		now := a.Now()
		out := wire.ShownSecret{ClientSecret: auth.NewClientSecret(), Created: wire.At(now)}
		if plan.Days != 0 {
			out.Expires = wire.At(now.AddDate(0, 0, int(plan.Days)))
		}
		_, err := a.changeClient(c, s, func(ctx context.Context, w clientWrite) error {
			out.ID, out.ClientID = w.NextID(), w.old.ClientID
			return a.addSecret(ctx, w, out)
		})
		if err == nil && a.SecretAdded != nil {
			err = a.SecretAdded(c.Who.Org, out)
		}
		return answered(c, out, err)
	}
}

// addSecret lists a secret with its client and keeps its hash. Those that have
// expired make room for it.
func (a *API) addSecret(ctx context.Context, w clientWrite, secret wire.ShownSecret) error {
	kept := w.old.Secrets[:0:0]
	for _, old := range w.old.Secrets {
		if old.Expires == 0 || w.Facts.Now.Before(time.Unix(int64(old.Expires), 0)) {
			kept = append(kept, old)
		} else if err := a.Auth.DropClientSecret(ctx, w.Tx, w.Org(), int64(old.ID)); err != nil {
			return err
		}
	}
	if len(kept) >= kinds.MaxSecrets {
		return wire.Forbidden(wire.CodeLimitExceeded, "An API client has at most %d secrets; delete one first. Limit has exceeded.", kinds.MaxSecrets)
	}
	kept = append(kept, kinds.ClientSecret{ID: wire.Int(secret.ID), Created: secret.Created, Expires: secret.Expires})
	err := w.Change(ctx, kinds.APIClientKind, int64(w.old.ID), func(v any) error {
		v.(*kinds.APIClient).Secrets = kept
		return nil
	})
	if err != nil {
		return err
	}
	return a.Auth.SetClientSecret(ctx, w.Tx, w.Org(), secret.ID, secret.ClientSecret)
}

func (a *API) deleteClientSecret(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		return a.dropOfClient(c, s, "secret", func(ctx context.Context, w clientWrite, id int64) (change func(*kinds.APIClient), err error) {
			i := slices.IndexFunc(w.old.Secrets, func(s kinds.ClientSecret) bool { return int64(s.ID) == id })
			if i < 0 {
				return nil, wire.NotFound("secret", id)
			}
			return func(v *kinds.APIClient) { v.Secrets = slices.Delete(v.Secrets, i, i+1) }, a.Auth.DropClientSecret(ctx, w.Tx, w.Org(), id)
		})
	}
}

func (a *API) deleteClientKey(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		return a.dropOfClient(c, s, "key", func(ctx context.Context, w clientWrite, id int64) (change func(*kinds.APIClient), err error) {
			i := slices.IndexFunc(w.old.Keys, func(k kinds.ClientKey) bool { return int64(k.ID) == id })
			if i < 0 {
				return nil, wire.NotFound("key", id)
			}
			return func(v *kinds.APIClient) { v.Keys = slices.Delete(v.Keys, i, i+1) }, a.Auth.DropClientKey(ctx, w.Tx, w.Org(), id)
		})
	}
}

// dropOfClient takes a secret or a key from a client, and ends the tokens that
// were got by it: whoever takes it away may do so because it leaked.
func (a *API) dropOfClient(c *operation.Call, s *resource.Spec, param string, drop func(context.Context, clientWrite, int64) (func(*kinds.APIClient), error)) error {
	via, err := c.PathID(param)
	if err != nil {
		return err
	}
	id, err := a.changeClient(c, s, func(ctx context.Context, w clientWrite) error {
		change, err := drop(ctx, w, via)
		if err != nil {
			return err
		}
		return w.Change(ctx, s.Name, int64(w.old.ID), func(v any) error {
			change(v.(*kinds.APIClient))
			return nil
		})
	})
	if err == nil {
		err = a.Auth.EndTokens(c.Request.Context(), c.Who.Org, id, via)
	}
	return emptied(c, err)
}

func (a *API) addClientKeys(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		keys, err := readKeys(c)
		if err != nil {
			return err
		}
		var body []byte
		_, err = a.changeClient(c, s, func(ctx context.Context, w clientWrite) error {
			now := slices.Clone(w.old.Keys)
			for _, k := range keys {
				if slices.ContainsFunc(now, func(old kinds.ClientKey) bool { return old.Thumbprint == k.Thumbprint }) {
					return wire.Conflict(wire.CodeDuplicate, "The API client has the key with the thumbprint %s already.", k.Thumbprint)
				}
				key := kinds.ClientKey{ID: wire.Int(w.NextID()), KeyID: k.KeyID, Algorithm: k.Algorithm, Thumbprint: k.Thumbprint, Created: wire.At(w.Facts.Now)}
				if now = append(now, key); len(now) > kinds.MaxKeys {
					return wire.Forbidden(wire.CodeLimitExceeded, "An API client has at most %d keys; delete one first. Limit has exceeded.", kinds.MaxKeys)
				}
				if err := a.Auth.SetClientKey(ctx, w.Tx, w.Org(), int64(key.ID), k.PKIX); err != nil {
					return err
				}
			}
			err := w.Change(ctx, s.Name, int64(w.old.ID), func(v any) error {
				v.(*kinds.APIClient).Keys = now
				return nil
			})
			if err != nil {
				return err
			}
			row, err := w.Get(ctx, store.Working, s.Name, int64(w.old.ID))
			body = row.Body
			return err
		})
		return bodied(c, body, err)
	}
}

func readKeys(c *operation.Call) ([]auth.PublicKey, error) {
	in, err := decode[clientKeys](c)
	if err != nil {
		return nil, err
	}
	if in.PEM == "" {
		return auth.ParseJWKS(c.Body)
	}
	key, err := auth.ParsePEM(in.PEM)
	return []auth.PublicKey{key}, err
}

func (a *API) endClientTokens(s *resource.Spec) handler {
	return func(c *operation.Call) error {
		id, err := a.changeClient(c, s, func(ctx context.Context, w clientWrite) error {
			// Nothing of it changes; the trail says who has done it.
			return w.Change(ctx, s.Name, int64(w.old.ID), func(any) error { return nil })
		})
		if err == nil {
			err = a.Auth.EndSessions(c.Request.Context(), c.Who.Org, id)
		}
		return emptied(c, err)
	}
}

// Package audit owns the trail of an org: who did what to which object, from
// where, with what result, and the object before and after. Rows are only
// ever appended, in the transaction of the deed itself, so a deed and its row
// are committed together or not at all. The rows of an org are chained by
// hashes, so that a change, a gap and a missing end are found.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/spurline/spurline/internal/store"
)

// Actions, in the vendor's spelling (behaviours.md section 7).
const (
	ActionSignIn        = "Sign In"
	ActionSignOut       = "Sign Out"
	ActionCreate        = "Create"
	ActionUpdate        = "Update"
	ActionDelete        = "Delete"
	ActionPatch         = "Patch"
	ActionActivate      = "Activate"
	ActionForceActivate = "Force Activate"
	ActionImport        = "Import"
	ActionDownload      = "Download"
)

// Categories: the area that an action belongs to.
const (
	CategoryActivation         = "Activation"
	CategoryAdministrators     = "Administrator Management"
	CategoryAdvancedSettings   = "Advanced Settings"
	CategoryAPIKey             = "API Key"
	CategoryCloudManagement    = "Cloud Management"
	CategoryFirewallResource   = "Firewall Resource"
	CategoryForwardingType     = "Forwarding Type"
	CategoryLocationManagement = "Location Management"
	CategoryLogin              = "Login"
	CategoryProvisioning       = "Provisioning Management"
	CategoryRoles              = "Role Management"
	CategoryTrafficForwarding  = "Traffic Forwarding Resource"
)

// Sub-categories: the kind of thing within the area.
const (
	SubActivation           = "Activation"
	SubAdministrator        = "Administrator"
	SubAdvancedSettings     = "Advanced Settings"
	SubAPIKey               = "API Key"
	SubCloudManagement      = "Cloud Management"
	SubConnectorGroup       = "Cloud & Branch Connector Group"
	SubConnectorLocation    = "Cloud & Branch Connector Location"
	SubDestinationGroup     = "Destination Group"
	SubDNS                  = "DNS"
	SubFirewallForwarding   = "Firewall Forwarding"
	SubGateways             = "Gateways"
	SubLocation             = "Location"
	SubLocationTemplate     = "Location Template"
	SubLogin                = "Login"
	SubNetworkService       = "Network Service"
	SubNetworkServiceGroup  = "Network Service Group"
	SubProvisioningTemplate = "Provisioning Template"
	SubRole                 = "Role Management"
	SubSourceGroup          = "Source IP Group"
)

// Interfaces through which an action came.
const (
	InterfaceAPI = "API"
	InterfaceUI  = "Admin UI"
)

// Results of an action.
const (
	ResultSuccess = "success"
	ResultFailure = "failure"
)

// Entry is one row of the trail.
type Entry struct {
	// Org whose trail the row belongs to. Org 0 is the installation's own:
	// what concerns no org, such as sign-ins with an unknown login name.
	Org         int64
	At          time.Time // stored in epoch milliseconds
	Action      string    // Action…
	Category    string    // Category…
	SubCategory string    // Sub…
	Resource    string    // name of the thing acted on, as people know it
	Kind        string    // its kind in the store; empty where it is no object
	Object      int64     // its id; 0 where it is no object
	Admin       int64     // object id of the admin; 0 for the server itself and for unknown logins
	Login       string    // login name as of the action
	IP          string    // address of the client; empty for the server itself
	Interface   string    // Interface…
	Result      string    // Result…
	Rev         int64     // revision that the action made; 0 when it made none
	// Before and After are the object's JSON, nil where there is none. Secret
	// members are masked before they are written.
	Before, After []byte
}

// Record is an Entry with its place in the org's trail: 1, 2, 3 …
type Record struct {
	Seq int64
	Entry
}

const insert = `INSERT INTO audit (org, seq, at, action, category, subcategory, resource, kind, object,
	admin, login, ip, interface, result, rev, before_body, after_body, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`

// Write appends e to the trail of e.Org, within tx. A write of an org appends to
// the trail of that org, or to the installation's.
//
// The number and the hash of the row follow from those of the row before. That
// is safe because all durable writes of a database go through one lane, and it
// leaves neither a gap nor a broken link behind a write that is rolled back.
func Write(ctx context.Context, tx *store.Tx, e Entry) error {
	if bound := tx.Org(); bound != 0 && e.Org != 0 && bound != e.Org {
		return fmt.Errorf("audit: an entry of org %d in a write of org %d", e.Org, bound)
	}
	var err error
	if e.Before, err = mask(e.Before); err != nil {
		return fmt.Errorf("audit: before: %w", err)
	}
	if e.After, err = mask(e.After); err != nil {
		return fmt.Errorf("audit: after: %w", err)
	}
	if err := link(ctx, tx, &Record{Entry: e}); err != nil {
		return fmt.Errorf("audit: append to org %d: %w", e.Org, err)
	}
	return nil
}

// What is read of rows: about the deed, and all of it.
const (
	about   = `seq, at, action, category, subcategory, resource, kind, object, admin, login, ip, interface, result, rev`
	columns = about + `, before_body, after_body, hash`
)

const list = `SELECT ` + columns + ` FROM audit WHERE org = $1 AND seq > $2 ORDER BY seq LIMIT $3`

// List returns at most limit rows of an org's trail, oldest first, from the
// one that follows afterSeq on.
func List(ctx context.Context, tx *store.Tx, org, afterSeq int64, limit int) ([]Record, error) {
	rows, err := tx.Query(ctx, list, org, afterSeq, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: list org %d: %w", org, err)
	}
	defer rows.Close()
	var records []Record
	for rows.Next() {
		record := Record{Entry: Entry{Org: org}}
		var hash []byte
		if err := scan(rows, &record, &record.Before, &record.After, &hash); err != nil {
			return nil, fmt.Errorf("audit: list org %d: %w", org, err)
		}
		records = append(records, record)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("audit: list org %d: %w", org, err)
	}
	return records, nil
}

// scan reads the columns of a row up to rev, and those that further are for.
func scan(rows interface{ Scan(...any) error }, r *Record, further ...any) error {
	var at int64
	err := rows.Scan(append([]any{
		&r.Seq, &at, &r.Action, &r.Category, &r.SubCategory, &r.Resource, &r.Kind, &r.Object,
		&r.Admin, &r.Login, &r.IP, &r.Interface, &r.Result, &r.Rev,
	}, further...)...)
	r.At = time.UnixMilli(at).UTC()
	return err
}

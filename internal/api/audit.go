package api

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// auditPage is the size of a page that asks for none.
const auditPage = 100

// auditOperations show the trail of the caller's org, and to the owner that of
// the installation, which has what belongs to no org.
func (a *API) auditOperations() []operation.Operation {
	const base = "/spurline/v1/"
	seq := []operation.Param{{Name: "seq", Type: resource.Integer, Says: "The number of the row.", Min: 1}}
	noted := []operation.Param{{Name: "head", Says: "A head that was noted earlier, as NUMBER:HASH; the row must have that hash still."}}
	page, row, verdict := reflect.TypeFor[wire.AuditPage](), reflect.TypeFor[wire.AuditRow](), reflect.TypeFor[wire.AuditVerdict]()
	table := []operation.Operation{
		{ID: "listAudit", Path: base + "audit", Summary: "List the audit trail of the org, newest first", Query: auditParams(), Out: page, Handle: a.listAudit},
		{ID: "getAudit", Path: base + "audit/{seq}", Summary: "Get a row of the audit trail, with the object before and after", InPath: seq, Out: row, Handle: a.getAudit},
		{ID: "verifyAudit", Path: base + "audit/verify", Summary: "Look for changes and gaps in the audit trail", Query: noted, Out: verdict, Handle: a.verifyAudit},
	}
	for i := range table {
		o := table[i]
		o.ID = strings.Replace(o.ID, "Audit", "InstallationAudit", 1)
		o.Path = strings.Replace(o.Path, base, base+"installation/", 1)
		o.Summary = strings.NewReplacer("of the org", "of the installation", "the audit trail", "the installation's audit trail").Replace(o.Summary)
		o.Sign, o.Feature = operation.ByOwner, access.Public
		table = append(table, o)
		table[i].Feature, table[i].Level = access.AdminManagement, access.ReadOnly
	}
	for i := range table {
		table[i].Method, table[i].Native, table[i].Status = "GET", true, http.StatusOK
	}
	return table
}

func auditParams() []operation.Param {
	const oldest = "A time, as RFC 3339, as a day (2026-05-01) or in epoch seconds."
	return []operation.Param{
		{Name: "from", Says: "Rows of this time and later. " + oldest},
		{Name: "to", Says: "Rows of before this time. " + oldest},
		{Name: "admin", Says: "The login name of who did it, in any case."},
		{Name: "action", Says: "What was done, such as Update."},
		{Name: "category", Says: "The area that it was done in, such as Location Management."},
		{Name: "subCategory", Says: "The part of the area, such as Location Template."},
		{Name: "resource", Says: "A part of the name of what it was done to, in any case."},
		{Name: "kind", Says: "The kind of the object that it was done to, such as locationTemplate."},
		{Name: "id", Type: resource.Integer, Says: "The id of the object that it was done to.", Min: 1},
		{Name: "interface", Says: "The interface that it came through.", Enum: []string{audit.InterfaceAPI, audit.InterfaceUI}},
		{Name: "result", Says: "What came of it.", Enum: []string{audit.ResultSuccess, audit.ResultFailure}},
		{Name: "before", Type: resource.Integer, Says: "Rows that follow this one in the list: the next of the page before.", Min: 1},
		{Name: "after", Type: resource.Integer, Says: "Rows that were written after this one, in the order in which they were; next is then where to go on."},
		{Name: "bodies", Type: resource.Boolean, Says: "Whether rows have the object before and after."},
		{Name: "limit", Type: resource.Integer, Says: "Rows per page; more than " + strconv.Itoa(operation.MaxPageSize) + " are answered as that many.", Min: 1, Default: auditPage},
	}
}

// trailOf is the org whose trail a call is about; 0 = the installation's own.
//
// Rows are not filed by location, so an admin with a scope sees none: that
// would be what the scope hides.
func trailOf(c *operation.Call) (int64, error) {
	switch {
	case c.Who == nil:
		return 0, nil
	case c.Who.Scope != nil:
		return 0, wire.Forbidden(wire.CodeScopeLimited, "The audit trail is for admins whose scope is the whole org.")
	}
	return c.Who.Org, nil
}

func (a *API) listAudit(c *operation.Call) error {
	org, err := trailOf(c)
	if err != nil {
		return err
	}
	q, err := auditQuery(c)
	if err != nil {
		return err
	}
	var page audit.Page
	err = a.Engine.View(c.Request.Context(), org, func(ctx context.Context, tx *store.Tx) (err error) {
		page, err = audit.Find(ctx, tx, org, q)
		return err
	})
	if errors.Is(err, audit.ErrNoRow) {
		return wire.Invalid("before", "must be the number of a row of the trail")
	}
	out := wire.AuditPage{Rows: []wire.AuditRow{}, Next: page.Next, Head: page.Head}
	for _, r := range page.Rows {
		out.Rows = append(out.Rows, auditRow(r))
	}
	return answered(c, out, err)
}

func auditRow(r audit.Record) wire.AuditRow {
	return wire.AuditRow{
		Seq: r.Seq, Time: wire.At(r.At), Action: r.Action, Category: r.Category, SubCategory: r.SubCategory, Resource: r.Resource,
		Kind: r.Kind, ID: r.Object, Admin: r.Login, AdminID: r.Admin, ClientIP: r.IP, Interface: r.Interface, Result: r.Result,
		Revision: r.Rev, Before: r.Before, After: r.After,
	}
}

// auditQuery reads the parameters of a list.
func auditQuery(c *operation.Call) (q audit.Query, err error) {
	of := c.Query()
	q = audit.Query{
		Login: of.Get("admin"), Action: of.Get("action"), Category: of.Get("category"), SubCategory: of.Get("subCategory"),
		Resource: of.Get("resource"), Kind: of.Get("kind"), Interface: of.Get("interface"), Result: of.Get("result"),
	}
	for name, text := range map[string]string{"admin": q.Login, "action": q.Action, "category": q.Category, "subCategory": q.SubCategory, "resource": q.Resource, "kind": q.Kind} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return q, wire.Invalid(name, "must be UTF-8 text")
		}
	}
	if q.Interface != "" && q.Interface != audit.InterfaceAPI && q.Interface != audit.InterfaceUI {
		return q, wire.Invalid("interface", "must be one of %s, %s", audit.InterfaceAPI, audit.InterfaceUI)
	}
	if q.Result != "" && q.Result != audit.ResultSuccess && q.Result != audit.ResultFailure {
		return q, wire.Invalid("result", "must be one of %s, %s", audit.ResultSuccess, audit.ResultFailure)
	}
	if q.From, err = instant("from", of.Get("from")); err != nil {
		return q, err
	}
	if q.To, err = instant("to", of.Get("to")); err != nil {
		return q, err
	}
	if text := of.Get("bodies"); text != "" {
		if q.Bodies, err = strconv.ParseBool(text); err != nil {
			return q, wire.Invalid("bodies", "must be true or false")
		}
	}
	return q, auditPlace(of, &q)
}

// auditPlace reads which part of a list is asked for.
func auditPlace(of url.Values, q *audit.Query) error {
	var after, size int64
	for _, p := range []struct {
		name  string
		least int64
		value *int64
	}{{"id", 1, &q.Object}, {"before", 1, &q.Before}, {"after", 0, &after}, {"limit", 1, &size}} {
		text := of.Get(p.name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < p.least {
			return wire.Invalid(p.name, "must be an integer from %d on", p.least)
		}
		*p.value = n
	}
	q.Limit = auditPage
	if size > 0 {
		q.Limit = int(min(size, operation.MaxPageSize))
	}
	if of.Get("after") == "" {
		return nil
	}
	if q.Before != 0 {
		return wire.Invalid("after", "cannot be asked for together with before")
	}
	q.After = &after
	return nil
}

// instant reads a time.
func instant(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= 0 && seconds < 1<<40 {
		return time.Unix(seconds, 0), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wire.Invalid(name, "must be a time like 2026-05-01T08:00:00Z, a day like 2026-05-01, or epoch seconds")
}

func (a *API) getAudit(c *operation.Call) error {
	org, err := trailOf(c)
	if err != nil {
		return err
	}
	seq, err := operation.ID("seq", c.Request.PathValue("seq"))
	if err != nil {
		return err
	}
	var row audit.Record
	err = a.Engine.View(c.Request.Context(), org, func(ctx context.Context, tx *store.Tx) (err error) {
		row, err = audit.Get(ctx, tx, org, seq)
		return err
	})
	if errors.Is(err, audit.ErrNoRow) {
		return &wire.Error{Status: http.StatusNotFound, Code: wire.CodeNotFound, Message: "There is no row " + strconv.FormatInt(seq, 10) + " in the audit trail, or no longer."}
	}
	return answered(c, auditRow(row), err)
}

func (a *API) verifyAudit(c *operation.Call) error {
	org, err := trailOf(c)
	if err != nil {
		return err
	}
	noted, err := notedHead(c.Query().Get("head"))
	if err != nil {
		return err
	}
	found, err := audit.Verify(c.Request.Context(), func(ctx context.Context, f func(context.Context, *store.Tx) error) error {
		return a.Engine.View(ctx, org, f)
	}, org, noted)
	out := wire.AuditVerdict{OK: found.Fault == nil, Rows: found.Rows, Anchor: pointText(found.Anchor), Head: pointText(found.Head)}
	if found.Fault != nil {
		out.Fault = &wire.AuditFault{Seq: found.Fault.Seq, Reason: found.Fault.Reason}
	}
	return answered(c, out, err)
}

func pointText(p audit.Point) string {
	if p.Seq == 0 {
		return ""
	}
	return strconv.FormatInt(p.Seq, 10) + ":" + hex.EncodeToString(p.Hash)
}

func notedHead(text string) (*audit.Point, error) {
	if text == "" {
		return nil, nil
	}
	number, digits, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	hash, notHex := hex.DecodeString(digits)
	if err != nil || notHex != nil || seq < 1 || len(hash) != 32 {
		return nil, wire.Invalid("head", "must be like 1234:HASH, as an earlier verification answered it")
	}
	return &audit.Point{Seq: seq, Hash: hash}, nil
}

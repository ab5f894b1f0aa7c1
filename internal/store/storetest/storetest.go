// Package storetest owns what every database behind package store must do:
// one suite, run on each of them.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spurline/spurline/internal/store"
)

// Opener opens a fresh, empty database, which is closed when the test ends.
type Opener func(t *testing.T, o store.Options) *store.DB

// Run runs the suite. Most of its tests share one database, each with orgs of
// its own, so what crosses from one org to another shows.
func Run(t *testing.T, open Opener) {
	s := &suite{open: open, shared: open(t, store.Options{Now: clock})}
	// The group returns when all of its parallel tests have, and only then is
	// the shared database closed.
	t.Run("suite", func(t *testing.T) {
		for name, test := range tests() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, s)
			})
		}
	})
}

// tests names the tests of the suite.
func tests() map[string]func(*testing.T, *suite) {
	return map[string]func(*testing.T, *suite){
		"Get":                   testGet,
		"EmptyBody":             testEmptyBody,
		"Unstorable":            testUnstorable,
		"ByName":                testByName,
		"ByKey":                 testByKey,
		"List":                  testList,
		"ListChunks":            testListChunks,
		"ListNested":            testListNested,
		"ListActive":            testListActive,
		"Children":              testChildren,
		"GetMany":               testGetMany,
		"Count":                 testCount,
		"PutStaged":             testPutStaged,
		"PutInForce":            testPutInForce,
		"PutInForceOverPending": testPutInForceOverPending,
		"Delete":                testDelete,
		"DeleteInForce":         testDeleteInForce,
		"Amend":                 testAmend,
		"SameRevision":          testSameRevision,
		"Pending":               testPending,
		"PendingChunks":         testPendingChunks,
		"References":            testReferences,
		"Activation":            testActivation,
		"Prune":                 testPrune,
		"PruneKeepsReadable":    testPruneKeepsReadable,
		"NextID":                testNextID,
		"Orgs":                  testOrgs,
		"CreateOrgWithContent":  testCreateOrgWithContent,
		"NoSuchOrg":             testNoSuchOrg,
		"Misuse":                testMisuse,
		"Statements":            testStatements,
		"Exists":                testExists,
		"OpenRows":              testOpenRows,
		"Snapshot":              testSnapshot,
		"Live":                  testLive,
		"UpdateHead":            testUpdateHead,
		"FailedWrite":           testFailedWrite,
		"SwallowedError":        testSwallowedError,
		"Panic":                 testPanic,
		"Goexit":                testGoexit,
		"CancelWaiting":         testCancelWaiting,
		"CancelRunning":         testCancelRunning,
		"LockWait":              testLockWait,
		"LockFail":              testLockFail,
		"Close":                 testClose,
		"DumpLoad":              testDumpLoad,
		"LoadAllOrNothing":      testLoadAllOrNothing,
		"DumpConsistent":        testDumpConsistent,
		"Baseline":              testBaseline,
		"Concurrency":           testConcurrency,
		"Model":                 testModel,
	}
}

// clock is the time of all activations in the suite.
func clock() time.Time { return time.Unix(1_700_000_000, 0) }

type suite struct {
	open   Opener
	shared *store.DB
	orgs   atomic.Int64
}

// tb is what a test is to its helpers: a *testing.T or a *rapid.T.
type tb interface {
	Helper()
	Context() context.Context
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
}

// org is an org that a test works in.
type org struct {
	tb
	db *store.DB
	id int64
}

// org creates an org in the shared database.
func (s *suite) org(t *testing.T) org {
	t.Helper()
	return createOrg(t, s.shared, s.orgs.Add(1))
}

func createOrg(t *testing.T, db *store.DB, id int64) org {
	t.Helper()
	o := org{tb: t, db: db, id: id}
	o.must(patiently(func() error {
		return db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.CreateOrg(ctx, store.Org{ID: id, Name: fmt.Sprint("org ", id), Cloud: "cloud"})
		})
	}))
	return o
}

// patiently does a write again until it is not too late for its turn, which on
// a busy machine any write of a test with a short LockWait may be.
func patiently(write func() error) error {
	for {
		if err := write(); !errors.Is(err, store.ErrBusy) {
			return err
		}
	}
}

func (o org) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// update runs f in a write that must succeed.
func (o org) update(f func(context.Context, *store.Tx) error) store.Head {
	o.Helper()
	head, err := o.db.Update(o.Context(), o.id, f)
	o.must(err)
	return head
}

// view runs f on a snapshot.
func (o org) view(f func(context.Context, *store.Tx) error) {
	o.Helper()
	o.must(o.db.View(o.Context(), o.id, f))
}

// put puts rows in one write.
func (o org) put(mode store.Mode, rows ...store.Row) store.Head {
	o.Helper()
	return o.update(func(ctx context.Context, tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.Put(ctx, row, mode); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o org) delete(mode store.Mode, kind string, id int64) {
	o.Helper()
	o.update(func(ctx context.Context, tx *store.Tx) error { return tx.Delete(ctx, kind, id, mode) })
}

func (o org) activate() store.Head {
	o.Helper()
	return o.update(func(ctx context.Context, tx *store.Tx) error { return tx.SetActive(ctx, "how", "who") })
}

// bodies are the bodies of a kind in the working and in the active view.
func (o org) bodies(kind string) (working, active []string) {
	o.Helper()
	o.view(func(ctx context.Context, tx *store.Tx) error {
		working = o.texts(tx.List(ctx, store.Working, kind, everything))
		active = o.texts(tx.List(ctx, tx.Active(), kind, everything))
		return nil
	})
	return working, active
}

// want compares the bodies of kind "thing" in both views.
func (o org) want(working, active []string) {
	o.Helper()
	w, a := o.bodies("thing")
	o.same("working", w, working)
	o.same("active", a, active)
}

func (o org) same(what string, got, want any) {
	o.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		o.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// texts are the bodies of the rows.
func (o org) texts(rows iter.Seq2[store.Row, error]) []string {
	o.Helper()
	var texts []string
	for row, err := range rows {
		o.must(err)
		texts = append(texts, string(row.Body))
	}
	return texts
}

var everything = store.Query{Parent: -1}

// thing is a row of kind "thing".
func thing(id int64, body string) store.Row {
	return store.Row{Kind: "thing", ID: id, Name: fmt.Sprint("Thing ", id), Body: []byte(body)}
}

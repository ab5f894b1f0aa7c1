package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
)

const (
	fewSegments  = 5_000
	manySegments = 50_000 // as many as an org may have
)

// segments searches the largest kind. Each search is for a text of its own, so
// that no cache has the answer, and finds nothing, so that no name is left out:
// ten times the names may take ten times as long, and a fifth more for what the
// caches of the processor and the database do not hold.
func (b *bench) segments(ctx context.Context) (err error) {
	small, err := b.tenantOf(ctx, "few-segments", fewSegments)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, small.close()) }()
	large, err := b.tenantOf(ctx, "many-segments", manySegments)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, large.close()) }()
	callers := newCallers(1)
	defer hangUp(callers)
	return b.compete(ctx, contest{
		id: "search", what: "cold search in 50,000 segments, to one in 5,000", target: atMost(12),
		base: small.searches(callers[0]), subject: large.searches(callers[0]),
	})
}

// tenantOf starts a server with segments of a private-access tenant.
func (b *bench) tenantOf(ctx context.Context, name string, segments int) (*world, error) {
	w, err := openWorld(ctx, b.folder(name))
	if err != nil {
		return nil, err
	}
	if err := w.importSegments(ctx, segments); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) importSegments(ctx context.Context, segments int) error {
	body := []byte{'['}
	for i := range segments {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"zpaId":%d,"name":"app-%05d.corp.example","description":"segment of the team %d"}`, 1+i, i, i%97)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	resp, err := w.admin.Raw(ctx, http.MethodPost, "/spurline/v1/zpa/segments", header, bytes.NewReader(append(body, ']')))
	if err != nil {
		return err
	}
	_, err = readAll(resp)
	return err
}

// searches is a client that searches for names that there are not.
func (w *world) searches(c *caller) side {
	n := 0
	return repeat(func(ctx context.Context, _ int) error {
		n++
		search := w.get(fmt.Sprintf("/api/v1/zpaResources/applicationSegments?search=nothing-%d", n))
		search.length = len("[]")
		return c.do(ctx, search)
	})
}

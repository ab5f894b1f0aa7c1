package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// readers is how many clients read at a time. More of them would only wait for
// each other on the cores that they share with the server.
const readers = 4

// call is a request of the load, and what is expected of its answer.
type call struct {
	method, url string
	header      http.Header
	body        []byte
	status      int
	length      int // of the answer's body; 0 = any
}

// caller is one client of the load: it owns its connection and its buffer.
type caller struct {
	http   *http.Transport
	buffer []byte
}

func newCallers(n int) []*caller {
	all := make([]*caller, n)
	for i := range all {
		all[i] = &caller{
			http:   &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true, ReadBufferSize: 64 << 10},
			buffer: make([]byte, 256<<10),
		}
	}
	return all
}

func hangUp(callers []*caller) {
	for _, c := range callers {
		c.http.CloseIdleConnections()
	}
}

// do makes one request and reads its answer to the end.
func (c *caller) do(ctx context.Context, k *call) error {
	var body io.Reader
	if k.body != nil {
		body = bytes.NewReader(k.body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, k.url, body)
	if err != nil {
		return err
	}
	req.Header = k.header
	resp, err := c.http.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n := 0
	for {
		m, err := resp.Body.Read(c.buffer)
		n += m
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if resp.StatusCode != k.status || k.length > 0 && n != k.length {
		return fmt.Errorf("%s %s: status %d and %d bytes; expected %d and %d", k.method, k.url, resp.StatusCode, n, k.status, k.length)
	}
	return nil
}

// load is a side on which clients make requests for the time that they have.
// next answers the nth request of a client.
func load(callers []*caller, next func(client, n int) *call) side {
	return func(ctx context.Context, d time.Duration) (c cost, err error) {
		began := time.Now()
		return c, c.measure(func() (int, error) {
			counts := make([]int, len(callers))
			err := together(len(callers), func(i int) error {
				for time.Since(began) < d {
					if err := callers[i].do(ctx, next(i, counts[i])); err != nil {
						return err
					}
					counts[i]++
				}
				return nil
			})
			total := 0
			for _, n := range counts {
				total += n
			}
			return total, err
		})
	}
}

// same is the load of one request over and over.
func same(callers []*caller, k *call) side {
	return load(callers, func(int, int) *call { return k })
}

// together runs f n times at once.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

package sandbox

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// through opens a TLS connection through the proxy.
func (rig *proxyRig) through(host string, config *tls.Config) (*tls.Conn, error) {
	c, err := net.Dial("tcp", rig.front.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "CONNECT "+host+":443 HTTP/1.1\r\nHost: "+host+":443\r\n\r\n"); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: "CONNECT"})
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("CONNECT %s: %+v, %w", host, resp, err), c.Close())
	}
	inside := tls.Client(c, config)
	return inside, inside.Handshake()
}

// ask makes a request of the echo handler.
func ask(c *tls.Conn, path string) error {
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+c.ConnectionState().ServerName+"\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"Path":"`+path+`"`))) {
		err = fmt.Errorf("%d %s", resp.StatusCode, body)
	}
	return err
}

// Two thousand TLS connections are through the proxy at the same time, each is
// answered, among refusals of other hosts, and none is left afterwards.
func TestManyConnections(t *testing.T) {
	const many, atOnce = 2000, 64
	rig := newProxyRig(t, ProxyConfig{})
	before := runtime.NumGoroutine()
	config := &tls.Config{RootCAs: caPool(rig.ca), ServerName: "connector.zscloud.net", NextProtos: []string{"http/1.1"}}
	conns := make([]*tls.Conn, many)
	slots := make(chan struct{}, atOnce)
	each := func(f func(i int) error) {
		t.Helper()
		var wg sync.WaitGroup
		for i := range many {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				if err := f(i); err != nil {
					t.Errorf("connection %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if t.Failed() {
			t.FailNow()
		}
	}
	began := time.Now()
	each(func(i int) (err error) {
		if conns[i], err = rig.through("connector.zscloud.net", config); err == nil {
			err = ask(conns[i], fmt.Sprint("/api/v1/first/", i)) // one that asks for nothing is soon let go
		}
		return err
	})
	opened := time.Since(began)
	rig.proxy.mu.Lock()
	open := len(rig.proxy.conns)
	rig.proxy.mu.Unlock()
	if open != many {
		t.Errorf("%d connections are open at once, want %d", open, many)
	}
	if _, err := rig.through("admin.zscloud.net", config); err == nil {
		t.Error("a refused host is reached")
	}
	each(func(i int) error { return ask(conns[i], fmt.Sprint("/api/v1/second/", i)) })
	t.Logf("%d TLS connections open after %v, %d requests answered after %v", many, opened, 2*many, time.Since(began))
	for _, c := range conns {
		c.Close()
	}
	settle(t, before, rig.proxy)
}

// A long answer arrives whole, over HTTP/2 and HTTP/1.1, at a client that stops
// in the middle while others are served.
func TestLongTransfers(t *testing.T) {
	t.Parallel()
	const pieces = 256
	piece := bytes.Repeat([]byte("0123456789abcdef"), 1<<13) // 128 KiB
	rig := newProxyRig(t, ProxyConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/long" {
			echoHandler(w, r)
			return
		}
		for range pieces {
			if _, err := w.Write(piece); err != nil {
				t.Errorf("the answer was cut: %v", err)
				return
			}
		}
	})})
	whole := sha256.New()
	for range pieces {
		whole.Write(piece)
	}
	for _, http2 := range []bool{true, false} {
		c := rig.client(t)
		c.Transport.(*http.Transport).ForceAttemptHTTP2 = http2
		resp, err := c.Do(request(t, "GET", "https://connector.zscaler.net/api/v1/long", ""))
		if err != nil {
			t.Fatal(err)
		}
		got := sha256.New()
		if _, err := io.CopyN(got, resp.Body, 1000); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if e := getEcho(t, c, request(t, "GET", "https://connector.zscaler.net/api/v1/x", "")); e.Path != "/api/v1/x" {
				t.Errorf("meanwhile: %+v", e)
			}
		}
		n, err := io.Copy(got, resp.Body)
		if err != nil || n != int64(pieces*len(piece)-1000) || !bytes.Equal(got.Sum(nil), whole.Sum(nil)) {
			t.Errorf("%s: %d bytes after the first, %v", resp.Proto, n, err)
		}
		resp.Body.Close()
	}
}

// A client that takes nothing of its answer any more is let go in the end.
func TestStalledClientIsLetGo(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer far.Close()
	c := &clientConn{Conn: near, patience: time.Millisecond, closed: func() {}}
	defer c.Close()
	if _, err := c.Write([]byte("nobody reads this")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ended with %v", err)
	}
}

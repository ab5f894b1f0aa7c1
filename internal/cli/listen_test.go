package cli

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/sandbox"
)

// The certificate that a server was started with is trusted, and no other.
func TestOwnHTTPTrustsOneCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the client that hangs up
	server.StartTLS()
	defer server.Close()
	own := filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := sandbox.OpenCA(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	get := func(cert string) error {
		c, err := ownHTTP(cert)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseIdleConnections()
		resp, err := c.Get(server.URL)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	if err := get(own); err != nil {
		t.Errorf("with its own certificate: %v", err)
	}
	var unknown x509.UnknownAuthorityError
	if err := get(other.Path()); !errors.As(err, &unknown) {
		t.Errorf("with another certificate: %v, want %T", err, unknown)
	}
}

// The URL is one that a client on this machine can use.
func TestListen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address string
		tls     bool
		url     string // up to the port; empty = refused
	}{
		{address: ":0", url: "http://127.0.0.1:"},
		{address: "127.0.0.1:0", url: "http://127.0.0.1:"},
		{address: "localhost:0", url: "http://127.0.0.1:"},
		{address: "127.0.0.1:0", tls: true, url: "https://127.0.0.1:"},
		{address: "0.0.0.0:0", tls: true, url: "https://127.0.0.1:"},
		{address: "0.0.0.0:0"},
		{address: "[::]:0"},
		{address: "8777"},
		{address: "127.0.0.1:none"},
	} {
		l, err := listen(t.Context(), "--listen", c.address, c.tls)
		if err != nil {
			if c.url != "" {
				t.Errorf("%s: %v", c.address, err)
			}
			continue
		}
		defer l.Close()
		got := urlOf(l, c.tls)
		if c.url == "" || len(got) <= len(c.url) || got[:len(c.url)] != c.url {
			t.Errorf("%s is %s, want %s…", c.address, got, c.url)
		}
	}
}

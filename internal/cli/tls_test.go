package cli_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/cli"
)

// selfSigned writes a certificate that nobody trusts, for a name that nobody
// asks for.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "spurline.test"}, DNSNames: []string{"spurline.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// Beyond loopback there is TLS and no proxy. Those who know the server by its
// data directory trust the certificate that it was started with.
func TestTLSBeyondLoopback(t *testing.T) {
	t.Parallel()
	cert, key := selfSigned(t)
	dir := t.TempDir()
	up := start(t, "up", "--listen", "0.0.0.0:0", "--data-dir", dir, "--tls-cert", cert, "--tls-key", key)
	url := up.line(`^Spurline answers at (https://127\.0\.0\.1:\d+) `)[1]
	up.line(`^Ctrl-C stops it\.$`)
	if resp, err := http.Get(url + "/api/v1/auth"); err == nil {
		resp.Body.Close()
		t.Error("a client without the certificate trusts the server")
	}

	var out, errs bytes.Buffer
	if code := cli.Run(t.Context(), []string{"env", "--data-dir", dir}, nil, &out, &errs); code != 0 {
		t.Errorf("env: %d %s", code, errs.String())
	}
	if !strings.Contains(out.String(), "export SPURLINE_URL="+url+"\n") || strings.Contains(out.String(), "export HTTPS_PROXY") {
		t.Errorf("env has no address, or a proxy:\n%s", out.String())
	}

	cc := start(t, "connector", "run", "--name", "cc-9", "--data-dir", dir)
	cc.line(`^cc-9 enrolled as VM \d+$`)
	cc.stop()
	cc.line(`^cc-9 stopped$`)

	up.stop()
	if code := up.wait(); code != 0 {
		t.Errorf("up ended with %d: %s", code, up.stderr.String())
	}
}

package cli

import (
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/sandbox"
)

// Debian's own program makes a store of it, in a place of the test's, and takes
// it out again.
func TestTrustStore(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("update-ca-certificates"); err != nil {
		t.Fatal("the store is made by Debian's own program; install it with: apt-get install -y ca-certificates")
	}
	data, root := t.TempDir(), t.TempDir()
	if _, err := sandbox.OpenCA(data, time.Now); err != nil {
		t.Fatal(err)
	}
	ca, err := readCA(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"usr/local/share/ca-certificates", "etc/ssl/certs", "etc/ca-certificates/update.d"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	store, err := findTrustStore(root)
	if err != nil {
		t.Fatal(err)
	}
	trusted := func() (ours bool, roots int) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(text)
		_, err = ca.cert.Verify(x509.VerifyOptions{Roots: pool})
		return err == nil, bytes.Count(text, []byte("BEGIN CERTIFICATE"))
	}
	said := runTrust(t, store, ca, false)
	if !strings.Contains(said, "  write  "+store.path(ca)+"\n  run    update-ca-certificates ") || !strings.Contains(said, ca.fingerprint()) {
		t.Errorf("it does not say what it will do:\n%s", said)
	}
	ours, before := trusted()
	if !ours {
		t.Error("the store does not have the CA")
	}
	if said := runTrust(t, store, ca, false); !strings.HasPrefix(said, "The system has the CA already") {
		t.Errorf("the second time it says %s", said)
	}
	if said := runTrust(t, store, ca, true); !strings.Contains(said, "  remove  "+store.path(ca)) {
		t.Errorf("it does not say what it will do:\n%s", said)
	}
	if ours, after := trusted(); ours || after != before-1 {
		t.Errorf("afterwards the store has the CA (%v) and %d certificates, %d before", ours, after, before)
	}
	if said := runTrust(t, store, ca, true); !strings.HasPrefix(said, "The system does not have the CA") {
		t.Errorf("the second time it says %s", said)
	}

	// Where the program fails, nothing is left behind.
	store.update = []string{"false"}
	cmd := newTrust()
	cmd.SetContext(t.Context())
	cmd.SetOut(&bytes.Buffer{})
	if err := changeTrust(cmd, store, ca, false, true); err == nil {
		t.Error("a program that fails is no failure")
	}
	if _, err := os.Stat(store.path(ca)); err == nil {
		t.Error("the file is left behind")
	}
	if err := changeTrust(cmd, store, ca, false, false); err == nil || !strings.Contains(err.Error(), "add --yes") {
		t.Errorf("without a terminal and --yes: %v", err)
	}
}

func runTrust(t *testing.T, store trustStore, ca sandboxCA, remove bool) string {
	t.Helper()
	cmd := newTrust()
	cmd.SetContext(t.Context())
	var out bytes.Buffer
	cmd.SetOut(&out)
	if err := changeTrust(cmd, store, ca, remove, true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

package sandbox

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var caDay = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func openTestCA(t *testing.T, dir string, now func() time.Time) *CA {
	t.Helper()
	ca, err := OpenCA(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func onCADay() time.Time { return caDay }

func caPool(ca *CA) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Certificate())
	return pool
}

func TestCAFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	ca := openTestCA(t, dir, onCADay)
	for name, mode := range map[string]os.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %v", name, info.Mode(), err, mode)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the directory holds %v", entries)
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("the directory's mode is %v", info.Mode())
	}
	again := openTestCA(t, dir, func() time.Time { return caDay.AddDate(9, 0, 0) })
	if !again.Certificate().Equal(ca.Certificate()) {
		t.Error("a second opening makes another CA")
	}
	c := ca.Certificate()
	if !c.IsCA || c.MaxPathLen != 0 || !c.MaxPathLenZero || c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign ||
		c.PermittedDNSDomainsCritical || c.NotAfter.Sub(caDay) != caLife || !c.NotBefore.Before(caDay) {
		t.Errorf("the certificate: %+v", c)
	}
	if other := openTestCA(t, t.TempDir(), onCADay); other.Certificate().Subject.CommonName == c.Subject.CommonName {
		t.Error("two CAs have the same name")
	}
}

func TestCAOpenedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	cas := make([]*CA, 8)
	for i := range cas {
		wg.Go(func() {
			ca, err := OpenCA(dir, onCADay)
			if err != nil {
				t.Error(err)
			}
			cas[i] = ca
		})
	}
	wg.Wait()
	for _, ca := range cas {
		if ca == nil || !ca.Certificate().Equal(cas[0].Certificate()) {
			t.Fatal("openings at once disagree")
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the directory holds %v", entries)
	}
}

func TestCAFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(dir string) error
		want  string // in the error; empty = opens
	}{
		{"a crash before the certificate", func(dir string) error { return os.Remove(filepath.Join(dir, "ca.pem")) }, ""},
		{"no key", func(dir string) error { return os.Remove(filepath.Join(dir, "ca-key.pem")) }, "ca-key.pem is not"},
		{"a key that others can read", func(dir string) error { return os.Chmod(filepath.Join(dir, "ca-key.pem"), 0o640) }, "others can read"},
		{"garbage in the key", func(dir string) error { return os.WriteFile(filepath.Join(dir, "ca-key.pem"), []byte("x"), 0o600) }, "holds no PRIVATE KEY"},
		{"garbage in the certificate", func(dir string) error { return os.WriteFile(filepath.Join(dir, "ca.pem"), nil, 0o600) }, "holds no CERTIFICATE"},
		{"another key", func(dir string) error {
			if err := os.Remove(filepath.Join(dir, "ca-key.pem")); err != nil {
				return err
			}
			_, err := makeKey(filepath.Join(dir, "ca-key.pem"))
			return err
		}, "do not belong together"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			openTestCA(t, dir, onCADay)
			if err := tt.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := OpenCA(dir, onCADay)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	dir := t.TempDir()
	openTestCA(t, dir, onCADay)
	if _, err := OpenCA(dir, func() time.Time { return caDay.Add(caLife) }); err == nil || !strings.Contains(err.Error(), "ended on") {
		t.Errorf("ten years later: %v", err)
	}
}

func TestLeaf(t *testing.T) {
	t.Parallel()
	now := caDay
	ca := openTestCA(t, t.TempDir(), func() time.Time { return now })
	long := strings.Repeat("a", 60) + ".connector.zscaler.net"
	for _, host := range []string{"connector.zscaler.net", long, "127.0.0.1"} {
		leaf, err := ca.Leaf(host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: caPool(ca), CurrentTime: now}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if err := leaf.Leaf.VerifyHostname("connector.zscloud.net"); err == nil {
			t.Errorf("the certificate of %s holds for another host", host)
		}
		if leaf.Leaf.IsCA || leaf.Leaf.NotAfter.Sub(leaf.Leaf.NotBefore) > 365*24*time.Hour {
			t.Errorf("%s: CA %v, from %v to %v", host, leaf.Leaf.IsCA, leaf.Leaf.NotBefore, leaf.Leaf.NotAfter)
		}
	}

	first, _ := ca.Leaf("connector.zscaler.net")
	if second, _ := ca.Leaf("connector.zscaler.net"); second != first {
		t.Error("a leaf is not cached")
	}
	now = first.Leaf.NotAfter.Add(-leafRenew)
	renewed, err := ca.Leaf("connector.zscaler.net")
	if err != nil || renewed == first {
		t.Errorf("a leaf near its end is not renewed: %v", err)
	}
	now = ca.Certificate().NotAfter.Add(-48 * time.Hour)
	if last, _ := ca.Leaf("connector.zscaler.net"); last.Leaf.NotAfter.After(ca.Certificate().NotAfter) {
		t.Error("a leaf outlives the CA")
	}
}

func TestLeavesAtOnceAndBounded(t *testing.T) {
	t.Parallel()
	ca := openTestCA(t, t.TempDir(), onCADay)
	var wg sync.WaitGroup
	leaves := make([]*tls.Certificate, 8)
	for i := range leaves {
		wg.Go(func() { leaves[i], _ = ca.Leaf("connector.zscaler.net") })
	}
	wg.Wait()
	for _, leaf := range leaves {
		if leaf == nil || leaf != leaves[0] {
			t.Fatal("one host got two certificates at once")
		}
	}
	for i := range 2 * maxLeaves {
		if _, err := ca.Leaf(fmt.Sprintf("h%d.example.com", i)); err != nil {
			t.Fatal(err)
		}
		if len(ca.leaves) > maxLeaves {
			t.Fatalf("%d leaves are cached", len(ca.leaves))
		}
	}
}

func TestBundle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := openTestCA(t, dir, onCADay)
	system := filepath.Join(dir, "system.crt")
	root := openTestCA(t, t.TempDir(), onCADay).Certificate()
	text := "# roots\n" + string(bytes.TrimSpace(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))) // no newline at the end
	if err := os.WriteFile(system, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	check := func(want []*x509.Certificate, roots ...string) {
		t.Helper()
		path, err := ca.Bundle(roots...)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o644 || filepath.Base(path) != "ca-bundle.pem" {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		var got []*x509.Certificate
		for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c)
		}
		if len(got) != len(want) {
			t.Fatalf("with %v: %d certificates, want %d", roots, len(got), len(want))
		}
		for i := range want {
			if !got[i].Equal(want[i]) {
				t.Errorf("with %v: certificate %d is %s", roots, i, got[i].Subject)
			}
		}
	}
	missing, own := filepath.Join(dir, "missing"), ca.Certificate()
	check([]*x509.Certificate{own}, missing)
	check([]*x509.Certificate{root, own}, missing, system, ca.Path())
	check([]*x509.Certificate{root, own}, filepath.Join(dir, "ca-bundle.pem"), system)
	if _, err := ca.Bundle(dir); err == nil {
		t.Error("a directory is read as a file of roots")
	}
}

package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"time"
)

// Lifetimes of certificates. They start a little in the past because clients'
// clocks differ.
const (
	caLife     = 10 * 365 * 24 * time.Hour
	leafLife   = 90 * 24 * time.Hour
	leafRenew  = 24 * time.Hour // a leaf with less left is minted anew
	clockSlack = time.Hour
)

// maxLeaves bounds the cache of minted certificates.
const maxLeaves = 256

// CA signs for the hosts that the proxy serves. Whoever trusts it trusts every
// certificate that it signs, so its key stays in the data directory, readable
// by its owner only, and leaves exist in memory alone. It is safe for
// concurrent use.
type CA struct {
	dir  string
	now  func() time.Time
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// OpenCA reads the CA of a data directory, and makes it when there is none.
// Several processes may do so at once; they end up with the same CA.
func OpenCA(dir string, now func() time.Time) (*CA, error) {
	cert, key, err := loadCA(dir, now())
	if err != nil {
		return nil, fmt.Errorf("the sandbox's CA: %w", err)
	}
	return &CA{dir: dir, now: now, cert: cert, key: key, leaves: map[string]*tls.Certificate{}}, nil
}

// Path is the file with the CA's certificate.
func (ca *CA) Path() string { return CAPath(ca.dir) }

// CAPath is the file with the certificate of a data directory's CA.
func CAPath(dir string) string { return filepath.Join(dir, caCertFile) }

// Certificate is the CA's own certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// Leaf returns a certificate for one host, with the CA's behind it. The host
// is a name or an address in normal form.
func (ca *CA) Leaf(host string) (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	now := ca.now()
	if leaf, ok := ca.leaves[host]; ok && now.Add(leafRenew).Before(leaf.Leaf.NotAfter) && !now.Before(leaf.Leaf.NotBefore) {
		return leaf, nil
	}
	leaf, err := ca.mint(host, now)
	if err != nil {
		return nil, fmt.Errorf("a certificate for %s: %w", host, err)
	}
	if len(ca.leaves) >= maxLeaves {
		clear(ca.leaves)
	}
	ca.leaves[host] = leaf
	return leaf, nil
}

func (ca *CA) mint(host string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    later(now.Add(-clockSlack), ca.cert.NotBefore),
		NotAfter:     earlier(now.Add(leafLife), ca.cert.NotAfter),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	// The common name is limited to 64 characters, and nobody reads it where
	// there are alternative names.
	if len(host) <= 64 {
		template.Subject.CommonName = host
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, ca.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// selfSign makes the CA's certificate. Its name carries a few random
// characters, because trust stores confuse CAs of the same name.
func selfSign(key *ecdsa.PrivateKey, now time.Time) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			Organization: []string{"Spurline"},
			CommonName:   "Spurline sandbox CA " + hex.EncodeToString(serial.Bytes()[:4]),
		},
		NotBefore:             now.Add(-clockSlack),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            0,
		MaxPathLenZero:        true,
	}
	return x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
}

// newSerial returns a random serial of 16 bytes, positive and never short.
func newSerial() (*big.Int, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b[:]), nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

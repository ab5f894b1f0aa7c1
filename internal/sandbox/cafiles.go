package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// The files of the CA in the data directory.
const (
	caCertFile = "ca.pem"
	caKeyFile  = "ca-key.pem"
)

// loadCA reads the CA's files and makes those that are missing. The key comes
// first, and neither file is ever replaced: a second process that starts at
// the same time, or one that starts after a crash between the two, finds the
// key and certifies that.
func loadCA(dir string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	certPath, keyPath := filepath.Join(dir, caCertFile), filepath.Join(dir, caKeyFile)
	_, err := os.Stat(certPath)
	hasCert := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	key, err := readKey(keyPath)
	if errors.Is(err, fs.ErrNotExist) && !hasCert {
		key, err = makeKey(keyPath)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is there but %s is not; put it back, or delete %s for a new CA that clients have to trust anew", caCertFile, caKeyFile, certPath)
	}
	if err != nil {
		return nil, nil, err
	}
	if !hasCert {
		if err := makeCert(certPath, key, now); err != nil {
			return nil, nil, err
		}
	}
	cert, err := readCert(certPath)
	if err != nil {
		return nil, nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, nil, fmt.Errorf("%s and %s do not belong together", certPath, keyPath)
	}
	if !now.Before(cert.NotAfter) {
		return nil, nil, fmt.Errorf("%s ended on %s; delete it for a new one that clients have to trust anew", certPath, cert.NotAfter.Format(time.DateOnly))
	}
	return cert, key, nil
}

func makeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600, keepExisting); err != nil {
		return nil, err
	}
	return readKey(path) // which may be another process's
}

func makeCert(path string, key *ecdsa.PrivateKey, now time.Time) error {
	der, err := selfSign(key, now)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644, keepExisting)
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read %s; chmod 600 it, or delete it and %s if somebody may have done so", path, caCertFile)
	}
	der, err := readPEM(path, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, not an ECDSA key", path, parsed)
	}
	return key, nil
}

func readCert(path string) (*x509.Certificate, error) {
	der, err := readPEM(path, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !cert.IsCA {
		return nil, fmt.Errorf("%s is not a CA's certificate", path)
	}
	return cert, nil
}

func readPEM(path, kind string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no %s", path, kind)
	}
	return block.Bytes, nil
}

// existing says what writeFile does with a file that is there already.
type existing bool

const (
	keepExisting    existing = false
	replaceExisting existing = true
)

// writeFile writes a file so that nobody ever sees half of it.
func writeFile(path string, data []byte, mode fs.FileMode, e existing) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.Remove(f.Name()); err == nil && rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = rerr
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if e == keepExisting {
		// A link, unlike a rename, fails where there is a file already. Some
		// file systems have none; there the last one wins.
		err := os.Link(f.Name(), path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return nil
		}
	}
	return os.Rename(f.Name(), path)
}

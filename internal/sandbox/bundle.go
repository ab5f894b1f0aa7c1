package sandbox

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// caBundleFile is the bundle's name in the data directory.
const caBundleFile = "ca-bundle.pem"

// systemRoots is where systems keep the roots that they trust.
func systemRoots() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7 and later
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/ssl/cert.pem",                                 // macOS, Alpine, BSDs
		"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
	}
}

// Bundle writes ca-bundle.pem, for clients whose setting replaces the roots
// they trust instead of adding one: the first of the given files that exists
// (the system's usual places when none is given) and the CA's certificate
// after it. It returns the path. Where there are no system roots, the bundle
// is the CA's certificate alone.
func (ca *CA) Bundle(roots ...string) (string, error) {
	if len(roots) == 0 {
		roots = systemRoots()
	}
	path := filepath.Join(ca.dir, caBundleFile)
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
	var bundle []byte
	for _, root := range roots {
		if sameFile(root, path) { // handed its own work, it would grow with each run
			continue
		}
		data, err := os.ReadFile(root)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("the bundle of CAs: %w", err)
		}
		data = append(data, '\n')
		bundle = data
		break
	}
	if err := writeFile(path, append(bundle, own...), 0o644, replaceExisting); err != nil {
		return "", fmt.Errorf("the bundle of CAs: %w", err)
	}
	return path, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

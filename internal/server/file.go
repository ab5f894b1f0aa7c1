package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// The server's own files in the data directory, besides CredentialsFile.
const (
	keyFile        = "secret.key"
	ownerTokenFile = "owner.token"
)

// replaceFile writes a file of mode 0600 in one step, so that no reader and no
// crash sees half of it.
func replaceFile(path string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// ReadOwnerToken reads the token by which the owner of a data directory is
// known to its server. It is refused when others could have read it.
func ReadOwnerToken(dataDir string) (string, error) {
	path := filepath.Join(dataDir, ownerTokenFile)
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	// Windows reports 0666 for every writable file.
	if perm := info.Mode().Perm(); perm&^0o600 != 0 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("%s has mode %04o: others may know the token; delete it, and the next start makes another", path, perm)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(body))
	if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != 32 {
		return "", fmt.Errorf("%s holds no token; delete it, and the next start makes another", path)
	}
	return token, nil
}

// ensureOwnerToken reads the owner's token, and makes it the first time.
func ensureOwnerToken(dataDir string) (string, error) {
	token, err := ReadOwnerToken(dataDir)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	return token, replaceFile(filepath.Join(dataDir, ownerTokenFile), []byte(token+"\n"))
}

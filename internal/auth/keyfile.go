package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// OpenKeyFile reads the key that Options.Key wants. The first time it makes
// the file, whole or not at all. It refuses a file of another size and one
// that others than its owner can reach.
func OpenKeyFile(path string) ([32]byte, error) {
	key, err := readKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKeyFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return [32]byte{}, fmt.Errorf("auth: make key file: %w", err)
	}
	return readKeyFile(path)
}

func readKeyFile(path string) (key [32]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return key, fmt.Errorf("auth: key file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return key, fmt.Errorf("auth: key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() != int64(len(key)) {
		return key, fmt.Errorf("auth: key file %s is not a file of %d bytes", path, len(key))
	}
	// Windows reports 0666 for every writable file.
	if perm := info.Mode().Perm(); perm&^0o600 != 0 && runtime.GOOS != "windows" {
		return key, fmt.Errorf("auth: key file %s has mode %04o: it must not be wider than 0600", path, perm)
	}
	if _, err := io.ReadFull(file, key[:]); err != nil {
		return [32]byte{}, fmt.Errorf("auth: key file: %w", err)
	}
	return key, nil
}

// makeKeyFile writes a new key beside path and links it there: a link never
// replaces a file, so of two servers that start at once one wins and both
// read its key.
func makeKeyFile(path string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	var key [32]byte
	rand.Read(key[:])
	_, err = temp.Write(key[:])
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the new name durable. Windows cannot sync a directory and
// needs no such thing.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

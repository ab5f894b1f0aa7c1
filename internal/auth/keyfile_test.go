package auth

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

func TestKeyFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	var (
		wg   sync.WaitGroup
		keys [8][32]byte
	)
	for i := range keys {
		wg.Go(func() {
			key, err := OpenKeyFile(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	if keys[0] == ([32]byte{}) {
		t.Error("the key is empty")
	}
	for _, key := range keys {
		if key != keys[0] {
			t.Error("openers at the same time got different keys")
		}
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Size() != 32 || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("size %d, mode %v", info.Size(), info.Mode())
	}
	left, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(left) != 1 {
		t.Errorf("%d files in the directory", len(left))
	}
}

func TestKeyFileRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		size int
		mode os.FileMode
	}{
		{"empty", 0, 0o600},
		{"short", 31, 0o600},
		{"long", 33, 0o600},
		{"readable for the group", 32, 0o640},
		{"readable for all", 32, 0o604},
		{"writable for the group", 32, 0o620},
		{"executable", 32, 0o700},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" && test.mode != 0o600 {
				t.Skip("no such modes")
			}
			path := filepath.Join(t.TempDir(), "key")
			must(t, os.WriteFile(path, make([]byte, test.size), test.mode))
			must(t, os.Chmod(path, test.mode)) // whatever the umask
			if _, err := OpenKeyFile(path); err == nil {
				t.Error("the file was taken")
			}
			if info, err := os.Stat(path); err != nil || info.Size() != int64(test.size) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestKeyFileMayBeReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	want, err := OpenKeyFile(path)
	must(t, err)
	must(t, os.Chmod(path, 0o400))
	if got, err := OpenKeyFile(path); got != want || err != nil {
		t.Errorf("%v", err)
	}
}

func TestKeyFileElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := OpenKeyFile(filepath.Join(dir, "missing", "key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
	if _, err := OpenKeyFile(dir); err == nil {
		t.Error("a directory was taken")
	}
}

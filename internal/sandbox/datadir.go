package sandbox

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// ErrRunning means that a server runs on the data directory already.
var ErrRunning = errors.New("a server runs on the data directory already")

// HoldDataDir takes a data directory for one server, until the closer is
// closed or the process ends, however it does. The directory has to exist.
func HoldDataDir(dir string) (io.Closer, error) {
	lock, err := lockPath(filepath.Join(dir, "server.lock"))
	if errors.Is(err, ErrStateInUse) {
		return nil, ErrRunning
	}
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return lock, nil
}

package cli

import (
	"os"
	"path/filepath"
)

// hostsFile is where the system keeps names of its own.
func hostsFile() string {
	return filepath.Join(os.Getenv("SystemRoot"), "System32", "drivers", "etc", "hosts")
}

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/sandbox"
)

// The files of the command line in the data directory. The others belong to
// the server (server.CredentialsFile) and the sandbox.
const (
	runFile = "run.json"     // of the server that runs: where it is
	logFile = "spurline.log" // of servers in the background
)

// dataDir is the data directory that a command line means, as an absolute
// path. It need not exist.
func dataDir(cmd *cobra.Command) (string, error) {
	dir, err := cmd.Flags().GetString("data-dir")
	if err != nil {
		return "", err
	}
	if dir == "" {
		dir = os.Getenv("SPURLINE_DATA_DIR")
	}
	if dir == "" {
		if home := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(home) { // the standard has relative ones ignored
			dir = filepath.Join(home, "spurline")
		}
	}
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", errors.New("there is no home directory to keep data in; name a directory with --data-dir")
		}
		dir = filepath.Join(home, ".local", "share", "spurline")
	}
	return filepath.Abs(dir)
}

// runState is what run.json says of the server that runs.
type runState struct {
	URL     string    `json:"url"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	// CABundle is the file of roots for clients of the proxy; empty where the
	// server has no proxy.
	CABundle string `json:"caBundle,omitempty"`
	// Allow names what the proxy lets through, and Direct is where the vendor's
	// hosts are answered without it; empty = nowhere.
	Allow  []string `json:"allow,omitempty"`
	Direct string   `json:"direct,omitempty"`
	// TLSCert is the server's own certificate, where it has one.
	TLSCert string `json:"tlsCert,omitempty"`
}

// errStarting means that a server holds the data directory and has not said
// yet where it answers.
var errStarting = errors.New("a server is starting")

// running returns what is known of the server that runs on a data directory,
// and nil when none does. What counts is the lock, which dies with its
// holder: a crashed server's run.json says nothing.
func running(dir string) (*runState, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	lock, err := sandbox.HoldDataDir(dir)
	if err == nil {
		return nil, lock.Close()
	}
	if !errors.Is(err, sandbox.ErrRunning) {
		return nil, err
	}
	body, err := os.ReadFile(filepath.Join(dir, runFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w on %s", errStarting, dir)
	}
	if err != nil {
		return nil, err
	}
	var s runState
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, runFile), err)
	}
	return &s, nil
}

// writeRunState says in the data directory where its server is. The holder of
// the data directory is the only one to write it.
func writeRunState(dir string, s runState) error {
	body, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, runFile)
	if err := os.WriteFile(path+".new", append(body, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func removeRunState(dir string) error {
	err := os.Remove(filepath.Join(dir, runFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

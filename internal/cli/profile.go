package cli

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The kinds of profile. A cloud profile is held to stricter rules: TLS is
// verified and what Spurline itself put into the environment is ignored.
const (
	kindSandbox = "sandbox"
	kindCloud   = "cloud"
)

// sandboxName is the profile that up makes.
const sandboxName = "sandbox"

// profile says which server a client's verbs are about, and as whom.
type profile struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	URL    string `json:"url"` // API origin: https://connector.zscloud.net
	Login  string `json:"login,omitempty"`
	Cloud  string `json:"cloud,omitempty"`  // domain: zscloud.net
	Proxy  string `json:"proxy,omitempty"`  // the profile's own; the environment's where empty
	CAFile string `json:"caFile,omitempty"` // trusted beside the system's roots
	// DataDir is a sandbox's on this machine: its run.json has the address and
	// its credentials.json the secrets, which are never copied.
	DataDir  string `json:"dataDir,omitempty"`
	Password string `json:"password,omitempty"` // with login --save only
	APIKey   string `json:"apiKey,omitempty"`   // with login --save only

	// filed is what the profile's own files are called; the name, but for a
	// profile that exists for one command line.
	filed string
}

// profileStore is the file of profiles.
type profileStore struct {
	Default  string    `json:"default,omitempty"`
	Profiles []profile `json:"profiles"`

	path string
}

// profilesPath is where profiles are kept; their own files lie beside it.
func profilesPath() (string, error) {
	if path := os.Getenv("SPURLINE_CONFIG"); path != "" {
		return filepath.Abs(path)
	}
	if dir := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) { // the standard has relative ones ignored
		return filepath.Join(dir, "spurline", "profiles.json"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("there is no home directory to keep profiles in; name a file with SPURLINE_CONFIG")
	}
	return filepath.Join(home, ".config", "spurline", "profiles.json"), nil
}

// loadProfiles reads the profiles; where there are none yet, it returns an
// empty store.
func loadProfiles() (*profileStore, error) {
	path, err := profilesPath()
	if err != nil {
		return nil, err
	}
	s := &profileStore{path: path}
	if err := readPrivate(path, s); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return s, nil
}

// changeProfiles reads the profiles, lets f change them, and writes them.
func changeProfiles(f func(*profileStore) error) error {
	s, err := loadProfiles()
	if err != nil {
		return err
	}
	if err := f(s); err != nil {
		return err
	}
	return writePrivate(s.path, s)
}

// find returns the profile of that name, or nil.
func (s *profileStore) find(name string) *profile {
	i := slices.IndexFunc(s.Profiles, func(p profile) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Profiles[i]
}

// put adds or replaces a profile. The first one becomes the default.
func (s *profileStore) put(p profile) {
	if old := s.find(p.Name); old != nil {
		*old = p
	} else {
		s.Profiles = append(s.Profiles, p)
		slices.SortFunc(s.Profiles, func(a, b profile) int { return cmp.Compare(a.Name, b.Name) })
	}
	if s.find(s.Default) == nil {
		s.Default = p.Name
	}
}

// profileArg is the name that a command line asks for, or "".
func profileArg(cmd *cobra.Command) string {
	if f := cmd.Flags().Lookup("profile"); f != nil && f.Changed {
		return f.Value.String()
	}
	if f := cmd.Flags().Lookup("data-dir"); f != nil && f.Changed {
		return "" // a directory on the command line is closer than a name in the environment
	}
	return os.Getenv("SPURLINE_PROFILE")
}

// chooseProfile returns the profile that a command line means: the one it
// names, or the sandbox of the data directory that it names, or the default
// one, or the sandbox of the usual data directory.
func chooseProfile(cmd *cobra.Command) (profile, error) {
	store, err := loadProfiles()
	if err != nil {
		return profile{}, err
	}
	name := profileArg(cmd)
	if name == "" && !cmd.Flags().Changed("data-dir") {
		name = store.Default
	}
	if name != "" {
		if p := store.find(name); p != nil {
			return *p, nil
		}
		return profile{}, &failure{exitUsage, fmt.Errorf("there is no profile %s; 'spurline profiles' lists them, and 'spurline login --profile %s' makes it", name, name)}
	}
	dir, err := dataDir(cmd)
	if err != nil {
		return profile{}, err
	}
	return store.sandboxAt(dir)
}

// sandboxAt returns the sandbox of a data directory, whether or not a profile
// of it is kept.
func (s *profileStore) sandboxAt(dir string) (profile, error) {
	if p := s.find(sandboxName); p != nil && p.DataDir == dir {
		return *p, nil
	}
	if _, err := os.Stat(credentialsPath(dir)); err != nil {
		return profile{}, &failure{exitSignedOut, fmt.Errorf("there is no profile, and no sandbox in %s; start one with 'spurline up --detach', or sign in with 'spurline login'", dir)}
	}
	sum := sha256.Sum256([]byte(dir))
	return profile{Name: sandboxName, Kind: kindSandbox, DataDir: dir, filed: sandboxName + "-" + hex.EncodeToString(sum[:6])}, nil
}

// checkProfileName keeps names fit for file names and shells.
func checkProfileName(name string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`).MatchString(name) {
		return usage("a profile's name has letters, digits, dots, hyphens and underscores, 64 at most, and not %q", name)
	}
	return nil
}

// file is the path of one of the profile's own files, such as its session or
// its journal of a deletion.
func (p *profile) file(what string) (string, error) {
	path, err := profilesPath()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(path), cmp.Or(p.filed, p.Name)+"."+what), nil
}

// readPrivate reads a JSON file that only its owner may read. A missing file
// is fs.ErrNotExist.
func readPrivate(path string, v any) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others can read %s, which holds secrets; chmod 600 it", path)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%s: %w; mend it or move it away", path, err)
	}
	return nil
}

// writePrivate replaces a JSON file of mode 0600 in one step, in a directory
// that it makes with mode 0700.
func writePrivate(path string, v any) (err error) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), strings.TrimSuffix(filepath.Base(path), ".json")+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(body, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

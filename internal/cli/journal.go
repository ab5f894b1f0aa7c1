package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The phases of a deletion that its journal knows. Those that end in -ing are
// written before a request is sent, whose outcome is then anybody's guess.
const (
	phaseDeleting   = "deleting"
	phaseDeleted    = "deleted"
	phaseActivating = "activating"
	phaseQueued     = "queued" // the activation waits for other admins
)

// By whose hand a VM is gone; empty where a DELETE had no answer and could
// have come too late.
const (
	handOurs  = "ours"
	handOther = "other"
)

// record is what a journal keeps of one deletion, from before its first write
// until it is done. It holds no secrets.
type record struct {
	Target  string     `json:"target"` // as the command line spelled it
	Server  string     `json:"server"`
	Login   string     `json:"login"`
	Group   identified `json:"group"`
	VM      identified `json:"vm"`
	Remove  appliance  `json:"remove"`
	Phase   string     `json:"phase"`
	Hand    string     `json:"hand,omitempty"`
	Updated time.Time  `json:"updated"`
}

// identified is an object's id and name.
type identified struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// names reports whether a target is the record's VM, by what the command line
// said then or by any other way of naming it.
func (r *record) names(t target) bool {
	if t.nativeID != "" {
		return t.nativeID == r.Remove.NativeID || t.String() == r.Target
	}
	if t.String() == r.Target {
		return true
	}
	for _, group := range []string{r.Group.Name, strconv.FormatInt(r.Group.ID, 10)} {
		for _, vm := range []string{r.VM.Name, strconv.FormatInt(r.VM.ID, 10)} {
			if t.path == group+"/"+vm {
				return true
			}
		}
	}
	return false
}

// is reports whether a VM that a server shows is the record's. Ids alone do
// not say so: a sandbox that was made anew counts from the beginning.
func (r *record) is(vm connectorVM) bool {
	return r.VM.ID == int64(vm.ID) && r.VM.Name == vm.Name &&
		r.Remove.NativeID == cmp.Or(vm.MetaConfig.NativeID, vm.MetaConfig.UUID)
}

// journal keeps the unfinished deletions of one profile, a file of mode 0600
// for each, beside the profiles.
type journal struct {
	file   func(what string) (string, error) // path of one of the profile's own files
	server string                            // which server the profile is about
	now    func() time.Time
}

const (
	journalPrefix = "delete-"
	journalSuffix = ".json"
)

func (j *journal) path(r *record) (string, error) {
	return j.file(fmt.Sprintf("%s%d-%d%s", journalPrefix, r.Group.ID, r.VM.ID, journalSuffix))
}

// write makes the phase of a deletion last, before anything else happens.
func (j *journal) write(r *record, phase string) error {
	path, err := j.path(r)
	if err != nil {
		return err
	}
	r.Phase, r.Server, r.Updated = phase, j.server, j.now().UTC().Truncate(time.Second)
	if err := writePrivate(path, r); err != nil {
		return fmt.Errorf("keep the journal of the deletion: %w", err)
	}
	return nil
}

// remove forgets a deletion that is done.
func (j *journal) remove(r *record) error {
	path, err := j.path(r)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the journal of the deletion: %w", err)
	}
	return nil
}

// unfinished lists the deletions of this profile and server that are not done.
func (j *journal) unfinished() ([]*record, error) {
	prefix, err := j.file(journalPrefix)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Dir(prefix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []*record
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), filepath.Base(prefix)) || !strings.HasSuffix(e.Name(), journalSuffix) {
			continue
		}
		r := &record{}
		if err := readPrivate(filepath.Join(filepath.Dir(prefix), e.Name()), r); err != nil {
			return nil, fmt.Errorf("read the journal of a deletion: %w", err)
		}
		if r.Server == j.server {
			all = append(all, r)
		}
	}
	return all, nil
}

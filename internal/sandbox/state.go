package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurline/spurline/internal/wire"
)

// ErrStateInUse means that another connector runs from the same state folder.
var ErrStateInUse = errors.New("the state folder is in use by another connector")

// The files of a state folder.
const (
	identityFile   = "identity.json"
	bundleFile     = "bundle.json"
	bundleETagFile = "bundle.etag.json"
	lockFile       = "lock"
)

// identity is what a connector stays over restarts, with what its last
// enrolment gave it. The file holds a token and is for its owner only.
type identity struct {
	Name     string `json:"name"`
	Cloud    string `json:"cloud"`
	NativeID string `json:"nativeId"`

	Management wire.Interface `json:"management"`
	Service    wire.Interface `json:"service"`
	NatIP      string         `json:"natIp"`

	State  string `json:"state"` // as its health page last had it
	VMID   int64  `json:"vmId,omitempty"`
	VMName string `json:"vmName,omitempty"`
	UUID   string `json:"uuid,omitempty"`
	Token  string `json:"token,omitempty"`
}

// bundleStamp says which bundle the bundle's file holds. The digest ties the
// two files together: they cannot be replaced in one step, and a stamp that
// does not fit its bundle counts as none.
type bundleStamp struct {
	ETag   string `json:"etag"`
	SHA256 string `json:"sha256"`
}

// stateFolder is the folder of one connector. It is locked while it is open.
type stateFolder struct {
	path string
	lock io.Closer
	id   identity
}

// openState locks the folder, which it makes where there is none, and reads
// the connector's identity, which it makes up at the first start. name may be
// empty after the first start, and then is not looked at.
func openState(path, name, cloud string) (*stateFolder, error) {
	if path == "" {
		return nil, errors.New("a connector needs a state folder")
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	lock, err := lockPath(filepath.Join(path, lockFile))
	if err != nil {
		return nil, fmt.Errorf("state folder %s: %w", path, err)
	}
	s := &stateFolder{path: path, lock: lock}
	if err := s.load(name, cloud); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// load reads the identity or makes one. A folder of another provider's
// connector is refused, because its native id would be of the wrong form.
func (s *stateFolder) load(name, cloud string) error {
	id, err := readIdentity(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		if id, err = newIdentity(name, cloud); err != nil {
			return err
		}
		s.id = id
		return s.save()
	}
	if err != nil {
		return err
	}
	if id.Cloud != cloud {
		return fmt.Errorf("state folder %s belongs to a connector on %s, not %s", s.path, id.Cloud, cloud)
	}
	s.id = id
	return nil
}

// readIdentity reads the identity in a folder that may be another's.
func readIdentity(path string) (identity, error) {
	var id identity
	data, err := os.ReadFile(filepath.Join(path, identityFile))
	if err != nil {
		return id, err
	}
	if err := json.Unmarshal(data, &id); err != nil {
		return id, fmt.Errorf("%s: %w", filepath.Join(path, identityFile), err)
	}
	if id.Name == "" || id.NativeID == "" {
		return id, fmt.Errorf("%s holds no identity", filepath.Join(path, identityFile))
	}
	return id, nil
}

// save writes the identity down.
func (s *stateFolder) save() error {
	return s.writeJSON(identityFile, s.id)
}

// runningBundle returns the ETag of the bundle in the folder; empty where
// there is no whole one.
func (s *stateFolder) runningBundle() string {
	body, err := os.ReadFile(filepath.Join(s.path, bundleFile))
	if err != nil {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(s.path, bundleETagFile))
	if err != nil {
		return ""
	}
	var stamp bundleStamp
	if json.Unmarshal(data, &stamp) != nil || stamp.SHA256 != digest(body) {
		return ""
	}
	return stamp.ETag
}

// writeBundle makes body the bundle that the connector runs.
func (s *stateFolder) writeBundle(body []byte, etag string) error {
	if err := s.write(bundleFile, body); err != nil {
		return err
	}
	return s.writeJSON(bundleETagFile, bundleStamp{ETag: etag, SHA256: digest(body)})
}

func (s *stateFolder) writeJSON(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return s.write(name, append(data, '\n'))
}

// write replaces a file by one that is whole and on disk. The name of the
// temporary file can be fixed because the folder is locked; what a crash
// leaves of it, the next write takes.
func (s *stateFolder) write(name string, data []byte) (err error) {
	path := filepath.Join(s.path, name)
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, bytes.NewReader(data)); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// close lets another connector have the folder.
func (s *stateFolder) close() error { return s.lock.Close() }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// newIdentity makes up a connector. Its addresses are of ranges for private
// use and for documentation, for nothing listens there.
func newIdentity(name, cloud string) (identity, error) {
	native, err := newNativeID(cloud)
	if err != nil {
		return identity{}, err
	}
	var b [4]byte
	rand.Read(b[:])
	if name == "" {
		name = strings.ToLower(cloud) + "-connector-" + hex.EncodeToString(b[:3])
	}
	subnet := fmt.Sprintf("10.20.%d.", b[0])
	address := func(host int) wire.Interface {
		return wire.Interface{
			IP: fmt.Sprint(subnet, host), Netmask: "255.255.255.0", Gateway: subnet + "1", DNS: []string{"10.20.0.2"},
		}
	}
	return identity{
		Name: name, Cloud: cloud, NativeID: native, State: stateStarting,
		Management: address(10 + int(b[1])%100), Service: address(120 + int(b[2])%100),
		NatIP: fmt.Sprintf("198.51.100.%d", 1+int(b[3])%254),
	}, nil
}

// newNativeID makes up an instance id in the form of the provider's.
func newNativeID(cloud string) (string, error) {
	var b [16]byte
	rand.Read(b[:])
	switch cloud {
	case cloudAWS:
		return "i-0" + hex.EncodeToString(b[:8]), nil
	case cloudAzure:
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // a random UUID, version 4
		h := hex.EncodeToString(b[:])
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
	case cloudGCP:
		// Nineteen digits, of which the first is not 0.
		least := new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
		n, err := rand.Int(rand.Reader, new(big.Int).Mul(least, big.NewInt(8)))
		if err != nil {
			return "", fmt.Errorf("native id: %w", err)
		}
		return n.Add(n, least).String(), nil
	default:
		return "", fmt.Errorf("cloud %q is not AWS, AZURE or GCP", cloud)
	}
}

package server

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/audit"
	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// A backup is lines of JSON, compressed: a BackupHead, the files of the data
// directory that the database is nothing without, and the store's dump.
type (
	// BackupHead is the first line of a backup.
	BackupHead struct {
		Spurline string    `json:"spurline"` // "backup"
		Format   int       `json:"format"`
		Created  time.Time `json:"created"`
	}
	backupFile struct {
		File    string `json:"file"`
		Content []byte `json:"content"`
	}
)

const backupFormat = 1

// maxBackupLine bounds the lines before the dump.
const maxBackupLine = 64 << 10

// Backup writes everything to w, as of one moment, while the server runs.
func (s *Server) Backup(ctx context.Context, w io.Writer) error {
	if err := s.keep(ctx, s.Flush); err != nil { // what is in memory only belongs to it
		return err
	}
	if err := s.keep(ctx, func(ctx context.Context) error { return s.engine.RecordDownload(ctx, "backup") }); err != nil {
		return err
	}
	lines := []any{
		BackupHead{Spurline: "backup", Format: backupFormat, Created: s.cfg.Now().UTC()},
		backupFile{keyFile, s.key[:]},
	}
	credentials, err := os.ReadFile(filepath.Join(s.cfg.DataDir, CredentialsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		lines = append(lines, backupFile{CredentialsFile, credentials})
	}
	z := gzip.NewWriter(w)
	for _, line := range lines {
		text, err := json.Marshal(line)
		if err != nil {
			return err
		}
		if _, err := z.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	if err := s.db.Dump(ctx, z); err != nil {
		return err
	}
	return z.Close()
}

// backup is one that is being read.
type backup struct {
	head        BackupHead
	key         [32]byte
	credentials []byte        // nil = it has none
	rest        *bufio.Reader // the dump
}

// ReadBackupHead reads what a file says of itself.
func ReadBackupHead(r io.Reader) (BackupHead, error) {
	b, err := openBackup(r)
	if err != nil {
		return BackupHead{}, err
	}
	return b.head, nil
}

// openBackup reads a backup up to its dump.
func openBackup(r io.Reader) (*backup, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, notABackup("it is not compressed like one")
	}
	b := &backup{rest: bufio.NewReaderSize(z, maxBackupLine)}
	if err := b.line(&b.head); err != nil || b.head.Spurline != "backup" {
		return nil, notABackup("it does not begin like one")
	}
	if b.head.Format > backupFormat {
		return nil, notABackup("it was written by a newer Spurline")
	}
	hasKey := false
	for {
		const begin = `{"file":`
		if next, err := b.rest.Peek(len(begin)); err != nil || string(next) != begin {
			break
		}
		var f backupFile
		if err := b.line(&f); err != nil {
			return nil, notABackup("a file in it is damaged")
		}
		switch {
		case f.File == keyFile && len(f.Content) == len(b.key):
			hasKey = true
			copy(b.key[:], f.Content)
		case f.File == CredentialsFile && json.Valid(f.Content):
			b.credentials = f.Content
		default:
			return nil, notABackup("a file in it is not one of Spurline's")
		}
	}
	if !hasKey {
		return nil, notABackup("it has no key")
	}
	return b, nil
}

func (b *backup) line(v any) error {
	text, err := b.rest.ReadSlice('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

func notABackup(why string) error {
	return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "This is not a whole backup: " + why + ". Nothing was changed."}
}

// Restore puts a backup in the place of everything, while the server runs.
// Requests wait meanwhile. Either all of it happens or nothing.
//
// There is no order in which to replace the key file and the database, because
// a crash between the two would leave secrets that do not open. So the key
// file stays, and the secrets of the backup are encrypted with its key in the
// write that brings them.
func (s *Server) Restore(ctx context.Context, r io.Reader) error {
	file, err := s.spool(r)
	if err != nil {
		return err
	}
	defer func() {
		file.Close()
		os.Remove(file.Name())
	}()
	b, err := openBackup(file)
	if err != nil {
		return err
	}
	// The credentials' file lies ready before the write and takes its place
	// after it; a start in between completes that (settleRestore).
	id := strings.ToLower(rand.Text())
	if err := replaceFile(s.restoring(id), b.credentials); err != nil {
		return err
	}
	return errors.Join(
		s.gate.Alone(ctx, func() error { return s.load(ctx, b, id) }),
		s.settleRestore(context.WithoutCancel(ctx)))
}

// spool copies a body that comes at the client's pace into a file, because
// nothing else is written while it is loaded.
func (s *Server) spool(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp(s.cfg.DataDir, "restore.*") // 0600
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("receive the backup: %w", err), f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}

func (s *Server) load(ctx context.Context, b *backup, id string) error {
	err := s.db.Load(ctx, b.rest, func(ctx context.Context, tx *store.Tx) error {
		if err := s.auth.Reseal(ctx, tx, b.key); err != nil {
			return fmt.Errorf("%w: its key is not the one of its secrets", store.ErrDump)
		}
		if err := audit.Adopt(ctx, tx); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: s.cfg.Now(), Action: audit.ActionImport, Category: audit.CategoryAdvancedSettings, SubCategory: audit.SubAdvancedSettings,
			Resource: restored(id), Interface: audit.InterfaceAPI, Result: audit.ResultSuccess,
		})
	})
	if errors.Is(err, store.ErrDump) {
		return notABackup(strings.TrimPrefix(err.Error(), store.ErrDump.Error()+": "))
	}
	if err != nil {
		return err
	}
	// It is done, and whoever asked for it may go: memory has to follow.
	ctx = context.WithoutCancel(ctx)
	s.engine.Reload()
	return errors.Join(s.auth.Reload(ctx), s.fleet.Reload(ctx))
}

// restored is what the installation's trail calls a restore.
func restored(id string) string { return "backup, restore " + id }

const restoringPrefix = "restoring-"

func (s *Server) restoring(id string) string {
	return filepath.Join(s.cfg.DataDir, restoringPrefix+id+".json")
}

// settleRestore brings the credentials' file to what the database says: those
// of a restore that was committed become the data directory's, those of any
// other go. A backup without credentials leaves none behind.
func (s *Server) settleRestore(ctx context.Context) error {
	files, err := filepath.Glob(s.restoring("*"))
	if err != nil || len(files) == 0 {
		return err
	}
	for _, path := range files {
		id := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), restoringPrefix), ".json")
		committed, err := s.wasRestored(ctx, id)
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		credentials := filepath.Join(s.cfg.DataDir, CredentialsFile)
		switch {
		case !committed:
			err = os.Remove(path)
		case len(bytes.TrimSpace(body)) > 0:
			err = os.Rename(path, credentials)
		default:
			if err = os.Remove(credentials); err == nil || errors.Is(err, fs.ErrNotExist) {
				err = os.Remove(path)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wasRestored looks a restore up in the installation's trail.
func (s *Server) wasRestored(ctx context.Context, id string) (found bool, err error) {
	const page = 500
	err = s.db.View(ctx, 0, func(ctx context.Context, tx *store.Tx) error {
		for after := int64(0); ; {
			rows, err := audit.List(ctx, tx, 0, after, page)
			if err != nil {
				return err
			}
			for _, r := range rows {
				found = found || r.Resource == restored(id)
				after = r.Seq
			}
			if found || len(rows) < page {
				return nil
			}
		}
	})
	return found, err
}

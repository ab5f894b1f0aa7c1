package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/server"
)

const (
	backupPath  = "/spurline/v1/backup"
	restorePath = "/spurline/v1/restore"
)

func newBackup() *cobra.Command {
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write everything into a file, while the server runs", Args: cobra.ExactArgs(1),
		Long: "backup writes all orgs with their objects, admins, sessions and trail into one file, as of\n" +
			"one moment, whether a server runs or not, and from either database. The file holds every\n" +
			"secret in it, and the key that opens them, so its mode is 0600: keep it like a password.",
		Example: "  spurline backup before.spurline\n  spurline restore before.spurline",
	}
	force := cmd.Flags().Bool("force", false, "replace the file where there is one")
	return ownerVerb(cmd, false, func(ctx context.Context, o *owner, args []string) error {
		path, err := filepath.Abs(args[0])
		if err != nil {
			return err
		}
		size, err := o.backup(ctx, path, *force)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already; add --force to replace it, or name another file", args[0])
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(o.stdout, "%s holds everything (%d bytes, mode 0600). It has all the secrets in it: keep it like a password.\n", args[0], size)
		return nil
	})
}

// backup writes the file in one step: no crash leaves half of one, and one that
// is there stays until the new one is whole.
func (o *owner) backup(ctx context.Context, path string, force bool) (size int64, err error) {
	if _, err := os.Lstat(path); err == nil && !force {
		return 0, fs.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err := os.Remove(f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(o.stderr, "spurline: %v\n", err)
		}
	}()
	resp, err := o.stream(ctx, "take the backup", http.MethodGet, backupPath, nil)
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	defer resp.Body.Close()
	size, err = io.Copy(f, resp.Body)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("the backup broke off, and %s was left as it was: %w", path, err)
	}
	if force {
		return size, os.Rename(f.Name(), path)
	}
	return size, os.Link(f.Name(), path) // which never replaces a file
}

func newRestore() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Replace everything with what a backup holds", Args: cobra.ExactArgs(1),
		Long: "restore replaces all orgs with those of a backup, whether a server runs or not, and into\n" +
			"either database. Either all of it happens or nothing. Afterwards the passwords and keys of\n" +
			"the backup count; sessions that it has go on, and connectors that it has not enrol again.",
		Example: "  spurline restore before.spurline\n  spurline restore before.spurline --yes",
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	return ownerVerb(cmd, true, func(ctx context.Context, o *owner, args []string) error {
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		head, err := server.ReadBackupHead(f)
		if err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err != nil {
			return fmt.Errorf("%s is no backup that this program can read: %w", args[0], err)
		}
		if !*yes {
			answer, err := o.ask(ctx, fmt.Sprintf("Replace everything in %s with the backup of %s? Type yes", o.dir, head.Created.Local().Format("2006-01-02 15:04:05")))
			if errors.Is(err, errNoTerminal) {
				return usage("restore replaces everything and asks first, and there is no terminal to ask at; add --yes")
			}
			if err != nil {
				return err
			}
			if answer != "yes" {
				return &failure{exitUnsafe, errors.New("nothing was changed")}
			}
		}
		resp, err := o.stream(ctx, "restore "+args[0], http.MethodPost, restorePath, f)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		fmt.Fprintf(o.stdout, "%s is as it was on %s.\n", o.dir, head.Created.Local().Format("2006-01-02 15:04:05"))
		return nil
	})
}

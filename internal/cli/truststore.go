package cli

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// trustStore is where a system keeps the CAs that its owner adds, and how it is
// told of a change.
type trustStore struct {
	dir, suffix    string
	update, forget []string // commands after a file has come, and after one has gone
}

// errNoStore: nothing is known of the system's store that a program could do.
var errNoStore = errors.New("no trust store is known on this system")

// trustStores are those of the Linux distributions. root is "/" but for tests.
func trustStores(root string) []trustStore {
	at := func(dir string) string { return filepath.Join(root, dir) }
	debian := trustStore{
		dir: at("usr/local/share/ca-certificates"), suffix: ".crt",
		update: []string{"update-ca-certificates"}, forget: []string{"update-ca-certificates", "--fresh"},
	}
	if root != "/" {
		elsewhere := []string{"--localcertsdir", debian.dir, "--etccertsdir", at("etc/ssl/certs"), "--hooksdir", at("etc/ca-certificates/update.d")}
		debian.update, debian.forget = append(debian.update, elsewhere...), append(debian.forget, elsewhere...)
	}
	return []trustStore{
		debian, // Ubuntu and Alpine as well
		{dir: at("etc/pki/ca-trust/source/anchors"), suffix: ".pem", update: []string{"update-ca-trust", "extract"}, forget: []string{"update-ca-trust", "extract"}}, // Fedora, RHEL
		{dir: at("etc/ca-certificates/trust-source/anchors"), suffix: ".crt", update: []string{"update-ca-trust"}, forget: []string{"update-ca-trust"}},              // Arch
		{dir: at("etc/pki/trust/anchors"), suffix: ".pem", update: []string{"update-ca-certificates"}, forget: []string{"update-ca-certificates"}},                   // SUSE
	}
}

// findTrustStore returns the system's: the one whose folder and command are
// there.
func findTrustStore(root string) (trustStore, error) {
	if runtime.GOOS != "linux" {
		return trustStore{}, errNoStore
	}
	for _, s := range trustStores(root) {
		info, err := os.Stat(s.dir)
		if err != nil || !info.IsDir() {
			continue
		}
		if _, err := exec.LookPath(s.update[0]); err == nil {
			return s, nil
		}
	}
	return trustStore{}, errNoStore
}

func (s trustStore) path(ca sandboxCA) string { return filepath.Join(s.dir, ca.file()+s.suffix) }

func (s trustStore) add(ctx context.Context, ca sandboxCA) error {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
	if err := os.WriteFile(s.path(ca), text, 0o644); err != nil {
		return err
	}
	if err := runUpdate(ctx, s.update); err != nil {
		return errors.Join(err, os.Remove(s.path(ca)))
	}
	return nil
}

func (s trustStore) remove(ctx context.Context, ca sandboxCA) error {
	if err := os.Remove(s.path(ca)); err != nil {
		return err
	}
	return runUpdate(ctx, s.forget)
}

func runUpdate(ctx context.Context, command []string) error {
	// What was begun is finished, Ctrl-C or not: half of a store is worse.
	out, err := exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
	}
	return nil
}

// byHand says what to do where no program can.
func byHand(ca sandboxCA, remove bool) string {
	path := quote(ca.path)
	var lines []string
	switch {
	case runtime.GOOS == "darwin" && remove:
		lines = []string{"sudo security remove-trusted-cert -d " + path}
	case runtime.GOOS == "darwin":
		lines = []string{"sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain " + path}
	case runtime.GOOS == "windows" && remove:
		lines = []string{"certutil -delstore Root " + ca.cert.SerialNumber.Text(16), "(at a prompt of an administrator)"}
	case runtime.GOOS == "windows":
		lines = []string{`certutil -addstore -f Root "` + ca.path + `"`, "(at a prompt of an administrator)"}
	case remove:
		lines = []string{"take " + ca.file() + " out of your system's certificates"}
	default:
		lines = []string{"add " + path + " to your system's certificates"}
	}
	return "Nothing was changed: on this system it is done by hand.\n\n  " + strings.Join(lines, "\n  ") + "\n"
}

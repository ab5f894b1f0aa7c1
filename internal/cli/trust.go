package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/spurline/spurline/internal/sandbox"
)

func newTrust() *cobra.Command {
	var remove, yes bool
	cmd := &cobra.Command{
		Use: "trust", Short: "Make the system trust the sandbox's CA, for clients that ignore the variables", Args: cobra.NoArgs,
		Long: "trust adds the CA of the data directory to the certificates that the whole system trusts.\n" +
			"Few clients need that: 'spurline env' has most trust the CA without it. It says first\n" +
			"what it will do, and asks. On systems whose store it does not know how to change it\n" +
			"prints what to do by hand.",
		Example: "  sudo spurline trust --data-dir ~/.local/share/spurline\n  sudo spurline trust --data-dir ~/.local/share/spurline --remove",
		RunE: verb(func(cmd *cobra.Command) error {
			dir, err := dataDir(cmd)
			if err != nil {
				return err
			}
			ca, err := readCA(dir)
			if err != nil {
				return err
			}
			store, err := findTrustStore("/")
			if errors.Is(err, errNoStore) {
				fmt.Fprint(cmd.OutOrStdout(), byHand(ca, remove))
				return nil
			}
			if err != nil {
				return err
			}
			return changeTrust(cmd, store, ca, remove, yes)
		}),
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take the CA out of the system's certificates again")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// sandboxCA is the CA of a data directory, as others see it.
type sandboxCA struct {
	path string
	cert *x509.Certificate
}

func readCA(dir string) (ca sandboxCA, err error) {
	ca.path = sandbox.CAPath(dir)
	text, err := os.ReadFile(ca.path)
	if errors.Is(err, fs.ErrNotExist) {
		return ca, fmt.Errorf("there is no CA in %s yet; the first 'spurline up' makes it", dir)
	}
	if err != nil {
		return ca, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return ca, fmt.Errorf("%s holds no certificate", ca.path)
	}
	ca.cert, err = x509.ParseCertificate(block.Bytes)
	return ca, err
}

// fingerprint tells CAs apart, whose names may be alike.
func (ca sandboxCA) fingerprint() string {
	sum := sha256.Sum256(ca.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// file is the CA's name in a trust store. Each data directory's is another.
func (ca sandboxCA) file() string { return "spurline-" + ca.fingerprint()[:12] }

// changeTrust says what it will do, asks, and does it.
func changeTrust(cmd *cobra.Command, store trustStore, ca sandboxCA, remove, yes bool) error {
	out := cmd.OutOrStdout()
	path := store.path(ca)
	_, err := os.Stat(path)
	there := err == nil
	switch {
	case remove && !there:
		fmt.Fprintf(out, "The system does not have the CA: there is no %s.\n", path)
		return nil
	case !remove && there:
		fmt.Fprintf(out, "The system has the CA already, as %s.\n", path)
		return nil
	}
	fmt.Fprintf(out, "%s\n  %s\n  valid until %s, SHA-256 %s\n\n", ca.path, ca.cert.Subject.CommonName, ca.cert.NotAfter.Format(time.DateOnly), ca.fingerprint())
	if remove {
		fmt.Fprintf(out, "The system will no longer trust this CA. This will\n\n  remove  %s\n  run     %s\n\n", path, strings.Join(store.forget, " "))
	} else {
		fmt.Fprintf(out, "Every user and program that goes by the system's certificates will trust this CA, and\n"+
			"whoever can read its key beside it can play any web site to them. This will\n\n  write  %s\n  run    %s\n\n"+
			"'spurline trust --remove' takes it back.\n\n", path, strings.Join(store.update, " "))
	}
	if !yes {
		if err := agree(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	if remove {
		err = store.remove(cmd.Context(), ca)
	} else {
		err = store.add(cmd.Context(), ca)
	}
	if errors.Is(err, fs.ErrPermission) {
		again := "trust --data-dir " + quote(strings.TrimSuffix(ca.path, "/ca.pem"))
		if remove {
			again += " --remove"
		}
		return fmt.Errorf("%w; this is root's to do: sudo %s %s", err, selfName(), again)
	}
	if err != nil {
		return err
	}
	if remove {
		fmt.Fprintln(out, "Done: the system no longer trusts the CA.")
	} else {
		fmt.Fprintln(out, "Done: the system trusts the CA. Programs that are running may have to be started anew.")
	}
	return nil
}

// agree asks for a yes at the terminal.
func agree(ctx context.Context, in io.Reader, out io.Writer) error {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usage("this asks first, and there is no terminal to ask at; add --yes")
	}
	fmt.Fprint(out, "Type yes to go on: ")
	answer, err := interruptible(ctx, f, func() (string, error) {
		text, err := bufio.NewReader(f).ReadString('\n')
		return strings.TrimSpace(text), err
	})
	if err != nil {
		return err
	}
	if answer != "yes" {
		return &failure{exitUnsafe, errors.New("nothing was changed")}
	}
	return nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// finding is what doctor says of one thing. Where nothing is wrong there is
// nothing to mend.
type finding struct {
	About string `json:"about"`
	Found string `json:"found"`
	Mend  string `json:"mend,omitempty"`
}

func newDoctor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what is wrong with the installation, and say how to mend it", Args: cobra.NoArgs,
		Long: "doctor looks at the data directory, its files and who can read them, the server or the\n" +
			"port that one would take, the CA, the clock, and whether the credentials sign in; then\n" +
			"at how clients come to the server: this shell's variables, the proxy and each family\n" +
			"of hosts, what else passes it, the hosts file, and the system's certificates. It mends\n" +
			"nothing itself. The exit code is 1 when something is wrong.",
		Example: "  spurline doctor\n  spurline doctor -o json",
	}
	outputFlags(cmd)
	db := cmd.Flags().String("db", "", "database that the directory's server uses, where it is not the default one and no server runs")
	cmd.RunE = verb(func(cmd *cobra.Command) error { return doctor(cmd.Context(), cmd, *db) })
	return cmd
}

func doctor(ctx context.Context, cmd *cobra.Command, db string) error {
	dir, err := dataDir(cmd)
	if err != nil {
		return err
	}
	p, err := newPrinter(cmd)
	if err != nil {
		return err
	}
	findings := []finding{examineDirectory(dir)}
	if findings[0].Mend == "" {
		findings = append(findings, examineFiles(dir), examineCA(dir, time.Now()), examineClock(dir, time.Now()))
	}
	findings = append(findings, examineServer(ctx, cmd, dir, db)...)
	findings = append(findings, examineReach(ctx, dir)...)
	if p.format != "table" {
		err = show(p, findingNoun(), findings)
	} else {
		for _, f := range findings {
			f.print(p)
		}
	}
	for _, f := range findings {
		if f.Mend != "" {
			return errors.Join(err, &failure{code: exitFailed})
		}
	}
	return err
}

func findingNoun() noun[finding] {
	return noun[finding]{one: "finding", many: "findings", columns: []column[finding]{
		{head: "ABOUT", text: func(f finding) string { return f.About }},
		{head: "FOUND", text: func(f finding) string { return f.Found }},
		{head: "MEND", text: func(f finding) string { return dash(f.Mend) }},
	}}
}

func (f finding) print(p *printer) {
	word, t := "ok   ", good
	if f.Mend != "" {
		word, t = "wrong", bad
	}
	fmt.Fprintf(p.out, "%s  %-11s  %s\n", p.paint(t, word), f.About, printable(f.Found))
	if f.Mend != "" {
		fmt.Fprintf(p.out, "%20s%s %s\n", "", p.paint(strong, "to mend:"), printable(f.Mend))
	}
}

func examineDirectory(dir string) finding {
	const about = "directory"
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding{about, dir + " does not exist", "start with 'spurline up', or name another directory with --data-dir"}
	case err != nil:
		return finding{about, err.Error(), "make " + dir + " a directory of your own, or name another one with --data-dir"}
	case !info.IsDir():
		return finding{about, dir + " is not a directory", "move it away, or name another one with --data-dir"}
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return finding{about, fmt.Sprintf("%s has mode %04o: others can look into it", dir, info.Mode().Perm()), "chmod 700 " + quote(dir)}
	}
	probe, err := os.CreateTemp(dir, "doctor.*")
	if err != nil {
		return finding{about, "nothing can be written: " + err.Error(), "see who owns " + dir + " and whether its disk is full"}
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return finding{about, err.Error(), "see whether the disk of " + dir + " is full"}
	}
	return finding{About: about, Found: dir}
}

// private are the files with secrets, or with what leads to them.
var private = [...]string{
	"secret.key", server.CredentialsFile, "owner.token", "ca-key.pem", runFile, logFile,
	defaultDB, defaultDB + "-wal", "spurline-live.db", "spurline-live.db-wal",
}

func examineFiles(dir string) finding {
	const about = "files"
	var open []string
	there := 0
	for _, name := range private {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return finding{about, err.Error(), "see who owns the files in " + dir}
		case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
			open = append(open, quote(path))
		case name == "secret.key" && info.Size() != 32:
			return finding{about, fmt.Sprintf("%s has %d bytes and not 32", path, info.Size()), "put the file back that the database was made with, or restore a backup into another directory"}
		default:
			there++
		}
	}
	if len(open) > 0 {
		return finding{about, "others can read " + strings.Join(open, ", "), "chmod 600 " + strings.Join(open, " ") + "; who has read them knows the secrets"}
	}
	if holdsDatabase(dir) {
		if _, err := os.Stat(filepath.Join(dir, "secret.key")); errors.Is(err, fs.ErrNotExist) {
			return finding{about, "the database has lost its secret.key", "put the file back, or restore a backup into another directory"}
		}
	}
	return finding{About: about, Found: fmt.Sprintf("%s with secrets, for their owner only", count(there, "file", "files"))}
}

// soon is when a certificate's end is worth a word.
const soon = 30 * 24 * time.Hour

func examineCA(dir string, now time.Time) finding {
	const about = "CA"
	cert := filepath.Join(dir, "ca.pem")
	if _, err := os.Stat(cert); errors.Is(err, fs.ErrNotExist) {
		return finding{About: about, Found: "not made yet; the first start makes it"}
	}
	ca, err := sandbox.OpenCA(dir, func() time.Time { return now })
	if err != nil {
		return finding{about, err.Error(), "delete ca.pem, ca-key.pem and ca-bundle.pem in " + dir + "; the next start makes another CA, and 'spurline env' names it"}
	}
	from, until := ca.Certificate().NotBefore, ca.Certificate().NotAfter
	switch {
	case now.Before(from):
		return finding{about, "valid from " + from.Format(time.DateOnly) + " only", "set the system's clock"}
	case now.Add(soon).After(until):
		return finding{about, "valid until " + until.Format(time.DateOnly) + " only", "delete ca.pem, ca-key.pem and ca-bundle.pem in " + dir + "; the next start makes another CA"}
	}
	return finding{About: about, Found: "valid until " + until.Format(time.DateOnly)}
}

// slack is by how much clocks may differ that are right.
const slack = time.Minute

// examineClock holds the clock against the times of the files that the server
// writes: a clock that was set back makes sessions and sign-ins fail.
func examineClock(dir string, now time.Time) finding {
	const about = "clock"
	for _, name := range private {
		info, err := os.Stat(filepath.Join(dir, name))
		if err == nil && info.ModTime().Sub(now) > slack {
			return finding{
				about, fmt.Sprintf("%s was written at %s, and now it is %s", name, info.ModTime().Format(time.DateTime), now.Format(time.DateTime)),
				"set the system's clock; if it is right, touch " + quote(filepath.Join(dir, name)),
			}
		}
	}
	if now.Year() < 2026 {
		return finding{about, "it is " + now.Format(time.DateTime), "set the system's clock"}
	}
	return finding{About: about, Found: now.Format(time.DateTime + " MST")}
}

// examineServer looks at the server, or at the port that one would take, and
// signs in.
func examineServer(ctx context.Context, cmd *cobra.Command, dir, db string) []finding {
	const about = "server"
	state, err := settled(ctx, dir)
	if err != nil {
		return []finding{{about, err.Error(), "wait for it; if it lasts, end the process that holds " + filepath.Join(dir, "server.lock")}}
	}
	var found []finding
	if state == nil {
		found = append(found, examinePort(ctx))
		if !holdsDatabase(dir) && db == "" {
			return append(found, finding{About: "credentials", Found: "none yet; the first start makes them"})
		}
	}
	o, err := openOwner(ctx, cmd, db, false)
	if err != nil {
		return append(found, finding{about, err.Error(), "start it with 'spurline up' or 'spurline serve', and see what that says"})
	}
	var orgs []wire.Org
	err = o.call(ctx, "list the orgs", http.MethodGet, orgsPath, nil, &orgs)
	switch {
	case err != nil:
		found = append(found, finding{about, strings.ReplaceAll(err.Error(), "\n", ";"), "stop it with 'spurline down' and start it again"})
	case state != nil:
		found = append(found, finding{About: about, Found: fmt.Sprintf("answers at %s (process %d), with %s", state.URL, state.PID, count(len(orgs), "org", "orgs"))})
	default:
		found = append(found, finding{About: about, Found: "none runs; one can be started, with " + count(len(orgs), "org", "orgs")})
	}
	if err == nil {
		found = append(found, examineCredentials(ctx, o))
	}
	if err := o.end(ctx); err != nil {
		found = append(found, finding{about, "it did not stop: " + err.Error(), "run doctor again"})
	}
	return found
}

func examinePort(ctx context.Context) finding {
	const about = "port"
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", defaultListen)
	if err != nil {
		return finding{about, defaultListen + " is taken: " + err.Error(), "stop the program that has it, or start with --listen :0, which takes a free one"}
	}
	if err := l.Close(); err != nil {
		return finding{about, err.Error(), "start with --listen :0"}
	}
	return finding{About: about, Found: defaultListen + " is free"}
}

// examineCredentials signs in as the super admin of credentials.json.
func examineCredentials(ctx context.Context, o *owner) finding {
	const about = "credentials"
	path := credentialsPath(o.dir)
	creds, err := server.ReadCredentials(o.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding{about, path + " is not there, and up and serve want it", "restore a backup, which has it; admins sign in all the same"}
	case err != nil || len(creds.Admins) == 0:
		return finding{about, fmt.Sprintf("%s cannot be used (%v)", path, err), "restore a backup, which has it"}
	}
	admin := creds.Admins[0]
	if err := o.client.SignIn(ctx, admin.Login, admin.Password, creds.APIKey); err != nil {
		return finding{about, fmt.Sprintf("%s does not sign in: %v", admin.Login, err), "spurline admin passwd " + quote(admin.Login) + "; if the API key was changed, put the new one into " + path}
	}
	// A sign-out activates what the admin has saved, so it is for one with
	// nothing saved only. The session of another ends by itself.
	var status struct {
		AdminActivateStatus string `json:"adminActivateStatus"`
	}
	err = o.client.Do(ctx, http.MethodGet, "/ecAdminActivateStatus", nil, &status)
	if err == nil && status.AdminActivateStatus != "ADM_EDITING" && status.AdminActivateStatus != "ADM_ACTV_QUEUED" {
		err = o.client.SignOut(ctx)
	}
	if err != nil {
		return finding{about, fmt.Sprintf("%s signs in, and then: %v", admin.Login, err), "look at the server's log"}
	}
	return finding{About: about, Found: admin.Login + " signs in"}
}

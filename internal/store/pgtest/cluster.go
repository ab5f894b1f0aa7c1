//go:build unix

package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startWait is how long a cluster may take to answer.
const startWait = time.Minute

// dirPrefix begins the names of the clusters' directories; the process that
// a cluster belongs to follows.
const dirPrefix = "spurline-pg-"

// Cluster is a PostgreSQL that dies with this process.
type Cluster struct {
	dir    string
	port   int
	log    bytes.Buffer // of the server; to be read when it has ended
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start makes a cluster in a temporary directory and starts it on a free port
// of the loopback interface.
func Start() (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	sweep()
	dir, err := os.MkdirTemp("", dirPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	c := &Cluster{dir: dir}
	if err := c.start(bin); err != nil {
		c.Stop()
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return c, nil
}

// URL is where the cluster is; it has no password and listens on loopback.
func (c *Cluster) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port)
}

// Stop ends the cluster and removes it.
func (c *Cluster) Stop() {
	if c.cmd != nil {
		_ = c.cmd.Process.Signal(syscall.SIGQUIT) // at once: nothing of it is kept
		<-c.exited
	}
	_ = os.RemoveAll(c.dir)
}

func (c *Cluster) start(bin string) error {
	attr, err := c.identity()
	if err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = c.dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// Another process may take a free port before PostgreSQL does.
	for range 5 {
		if err = c.listen(bin, data, attr); err == nil {
			return nil
		}
	}
	return err
}

// listen starts the server on a port that is free now.
func (c *Cluster) listen(bin, data string, attr *syscall.SysProcAttr) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	c.log.Reset()
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", c.dir, "-h", "127.0.0.1", "-p", strconv.Itoa(c.port),
		"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=400", "-c", "shared_buffers=32MB")
	cmd.Dir, cmd.SysProcAttr = c.dir, attr
	cmd.Stdout, cmd.Stderr = &c.log, &c.log
	exited, started := make(chan struct{}), make(chan error)
	go func() {
		// The system ends the server when the thread that started it ends, so
		// that thread is kept.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	c.cmd, c.exited = cmd, exited
	if err := c.wait(); err != nil {
		_ = cmd.Process.Kill()
		<-exited
		c.cmd = nil
		return fmt.Errorf("postgres: %w\n%s", err, c.log.String())
	}
	return nil
}

// wait returns when the server answers.
func (c *Cluster) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		retry := time.NewTimer(20 * time.Millisecond)
		select {
		case <-c.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}

// identity says as whom PostgreSQL runs, which it refuses to do as root, and
// gives that user the directory.
func (c *Cluster) identity() (*syscall.SysProcAttr, error) {
	attr := dieWithParent()
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(c.dir, uid, gid)
}

// binaries finds the newest PostgreSQL of this machine.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(major(a), major(b)) })
		return filepath.Dir(newest), nil
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	return "", errors.New("pgtest: PostgreSQL is not installed; run: apt-get install -y postgresql")
}

// major is the version in /usr/lib/postgresql/VERSION/bin/initdb.
func major(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// sweep removes the directories of processes that were killed.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	for _, dir := range dirs {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		pid, err := strconv.Atoi(owner)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}

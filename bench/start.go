package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	mb     = 1_000_000
	settle = 2 * time.Second // until a process that has answered counts as idle
	starts = 2               // per round: a start is over quickly and varies much
)

// start measures the program itself: how soon it answers, what it holds when
// nobody has signed in yet, how large it is.
func (b *bench) start(ctx context.Context) error {
	if b.data == "" { // reads has not run
		w, err := b.fleetOf(ctx, "fleet", 250)
		if err != nil {
			return err
		}
		b.data = b.folder("fleet")
		if err := w.close(); err != nil {
			return err
		}
	}
	program := b.program()
	// The first start of all reads the program from the disk.
	if _, _, err := launch(ctx, program, b.folder("first"), 0); err != nil {
		return err
	}
	if _, _, err := launch(ctx, program, b.data, 0); err != nil {
		return err
	}
	var existing, fresh []float64
	for i := range starts * b.rounds {
		old, _, err := launch(ctx, program, b.data, 0)
		if err != nil {
			return err
		}
		dir := b.folder(fmt.Sprint("fresh-", i))
		first, _, err := launch(ctx, program, dir, 0)
		if err != nil {
			return err
		}
		existing, fresh = append(existing, old), append(fresh, first)
	}
	b.rows = append(b.rows,
		absolute("start to first answer, with 1,000 connectors", 50, "ms", existing),
		absolute("start to first answer, fresh directory", 300, "ms", fresh))
	return b.memory(ctx, program)
}

// program is the binary that start measures.
func (b *bench) program() string { return b.folder("spurline") }

// build makes the binary as a release has it.
func (b *bench) build(ctx context.Context) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.program(), "github.com/spurline/spurline/cmd/spurline")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// memory measures what idle processes hold, and the program.
func (b *bench) memory(ctx context.Context, program string) error {
	var existing, fresh []float64
	for i := range (b.rounds + 2) / 3 {
		_, old, err := launch(ctx, program, b.data, settle)
		if err != nil {
			return err
		}
		_, first, err := launch(ctx, program, b.folder(fmt.Sprint("idle-", i)), settle)
		if err != nil {
			return err
		}
		existing, fresh = append(existing, old), append(fresh, first)
	}
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	b.rows = append(b.rows,
		absolute("idle memory before the first sign-in, 1,000 connectors", 30, "MB", existing),
		absolute("idle memory before the first sign-in, fresh directory", 30, "MB", fresh),
		absolute("stripped binary", 30, "MB", []float64{float64(info.Size()) / mb}))
	return nil
}

// launch starts a server, waits for its first answer, lets it idle and stops
// it. It answers how long the first answer took, in milliseconds, and what the
// process held in the end, in MB, if it was let idle.
func launch(ctx context.Context, program, dir string, idle time.Duration) (ms, held float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--log-level", "error")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM))
		_, _ = io.Copy(io.Discard, out) // Wait wants what is left to be read
		if ended := cmd.Wait(); ended != nil {
			err = errors.Join(err, fmt.Errorf("%w: %s", ended, &complaints))
		}
	}()
	// The line says where it answers; to poll the port would take the time
	// that is measured away from it.
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, 0, err
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return 0, 0, errors.New("the server says nothing")
	}
	if err := ask(ctx, words[len(words)-1]); err != nil {
		return 0, 0, err
	}
	ms = float64(time.Since(began)) / float64(time.Millisecond)
	if idle == 0 {
		return ms, 0, nil
	}
	select {
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	case <-time.After(idle):
	}
	held, err = resident(cmd.Process.Pid)
	return ms, held, err
}

// ask makes the request that a client begins with.
func ask(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/auth", http.NoBody)
	if err != nil {
		return err
	}
	t := &http.Transport{DisableKeepAlives: true}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return err
	}
	_, err = readAll(resp)
	return err
}

// resident is what a process holds in memory, in MB.
func resident(pid int) (float64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib * 1024 / mb, err
		}
	}
	return 0, errors.New("the process's status has no VmRSS")
}

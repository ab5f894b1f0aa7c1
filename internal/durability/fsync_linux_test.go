package durability_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A killed process leaves behind what it gave to the system, so a kill cannot
// tell whether a commit waits for the disk. The system calls can: strace
// writes each down, with its file, before the server sees it return.
func TestFsyncs(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is not installed; run: apt-get install -y strace")
	}
	dir := t.TempDir()
	trace := syncs{log: filepath.Join(dir, "trace"), file: filepath.Join(dir, "spurline.db-wal")}
	w, p := newWorld(t, "sqlite:"+filepath.Join(dir, "spurline.db"),
		strace, "-f", "-y", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-o", trace.log)
	l := &life{p: p}

	const alone = 20
	for range alone {
		before := trace.count(t)
		if _, err := w.writers[0].write(l, w.writers[0].create(template)); err != nil {
			t.Fatal(err)
		}
		if trace.count(t) == before {
			t.Fatal("a create was acknowledged without a sync of the write-ahead log")
		}
	}

	const each = 8
	before, acked := trace.count(t), l.acked.Load()
	w.together(t, p, func(one *writer) error {
		for range each {
			if _, err := one.write(l, one.create(template)); err != nil {
				return err
			}
		}
		return nil
	})
	synced, acks := trace.count(t)-before, int(l.acked.Load()-acked)
	t.Logf("%d creates of %d writers shared %d syncs", acks, writers, synced)
	if synced == 0 || synced >= acks {
		t.Errorf("%d acknowledgements took %d syncs of the write-ahead log, want fewer but some", acks, synced)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

// syncs counts the syncs of a file in the log of strace.
type syncs struct{ log, file string }

func (s syncs) count(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	waiting := map[string]bool{} // threads in a sync of the file
	for line := range strings.Lines(string(text)) {
		thread, call, _ := strings.Cut(strings.TrimSpace(line), " ")
		call = strings.TrimSpace(call)
		if !strings.Contains(call, "resumed>") {
			waiting[thread] = strings.Contains(call, "<"+s.file+">")
		}
		if waiting[thread] && strings.HasSuffix(call, "= 0") {
			waiting[thread] = false
			n++
		}
	}
	return n
}

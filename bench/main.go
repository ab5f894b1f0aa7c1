// Command bench measures a server against the targets of its design, prints a
// table and exits with 1 when a target is missed by more than the noise that
// it has measured itself.
//
// Almost all targets are ratios, because machines differ and a ratio does not:
// the same client does the same thing against a baseline and against the
// subject, in rounds that take turns in one process. The spread of the baseline
// from one round to the next is the noise of the row. Where a target is a time
// or a size, the noise is how far the median lies from the best round.
//
// The load generator is in the program, talks to loopback only, and is bounded
// in count and time. With -profile DIR the subject of each row runs again, under
// the CPU profiler.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// longest bounds a run, whatever the machine.
const longest = 15 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:]))
}

// bench is one run of the program.
type bench struct {
	rounds  int
	half    time.Duration // of a round: the time that each side gets
	profile string        // directory; empty = none
	dir     string        // for all that is written; removed at the end
	data    string        // data directory that a server with a fleet has left in dir
	rows    []row
}

// parts are what can be asked for by name. Their order matters to one: start
// uses the data that reads leaves.
func (b *bench) parts() []part {
	return []part{
		{"reads", b.reads},
		{"writes", b.writes},
		{"history", b.history},
		{"growth", b.growth},
		{"policy", b.policy},
		{"segments", b.segments},
		{"audit", b.audit},
		{"start", b.start},
	}
}

type part struct {
	name string
	run  func(context.Context) error
}

func run(ctx context.Context, args []string) int {
	b := &bench{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&b.rounds, "rounds", 9, "rounds per row")
	flags.DurationVar(&b.half, "half", 300*time.Millisecond, "time that each side of a round gets")
	flags.StringVar(&b.profile, "profile", "", "`directory` to write CPU profiles of the subjects to")
	only := flags.String("only", "", "comma-separated `parts` to run: reads, writes, history, growth, policy, segments, audit, start")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil, b.rounds < 1, flags.NArg() > 0:
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err := b.measure(ctx, *only)
	code := b.report(os.Stdout) // what there is, even then
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return code
}

// measure runs the parts that are asked for, all when none is.
func (b *bench) measure(ctx context.Context, only string) (err error) {
	if b.dir, err = os.MkdirTemp("", "spurline-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.profile != "" {
		if err := os.MkdirAll(b.profile, 0o755); err != nil {
			return err
		}
	}
	parts, err := b.chosen(only)
	if err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	began := time.Now()
	for _, p := range parts {
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintf(os.Stderr, "bench: %s measured after %s\n", p.name, time.Since(began).Round(time.Second))
	}
	return nil
}

// chosen are the parts with these names, all when there are none.
func (b *bench) chosen(names string) ([]part, error) {
	if names == "" {
		return b.parts(), nil
	}
	var chosen []part
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(b.parts(), func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no part %q", name)
		}
		chosen = append(chosen, b.parts()[i])
	}
	return chosen, nil
}

// folder names a directory of the run.
func (b *bench) folder(name string) string { return filepath.Join(b.dir, name) }

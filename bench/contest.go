package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// contest compares two ways.
type contest struct {
	id, what      string
	target        target
	base, subject side
	// reset, if there is one, runs before each half and is not measured.
	reset func(context.Context) error
}

// compete runs the rounds of a contest: A B A B … A. Each round of the subject
// is held against the baseline rounds on both sides of it, so that a machine
// that becomes slower hits both; what the baseline rounds differ by is noise.
func (b *bench) compete(ctx context.Context, c contest) error {
	if err := b.warmUp(ctx, c); err != nil {
		return fmt.Errorf("%s: %w", c.id, err)
	}
	var base, subject []cost
	for i := range 2*b.rounds + 1 {
		turn, costs := c.base, &base
		if i%2 == 1 {
			turn, costs = c.subject, &subject
		}
		spent, err := b.halfRound(ctx, c, turn, b.half)
		if err != nil {
			return fmt.Errorf("%s: %w", c.id, err)
		}
		*costs = append(*costs, spent)
	}
	r := row{what: c.what, target: c.target}
	var byCPU, steps []float64
	for i, s := range subject {
		r.values = append(r.values, c.target.ratio(base[i], s, base[i+1], cost.each))
		byCPU = append(byCPU, c.target.ratio(base[i], s, base[i+1], cost.eachCPU))
		x, y := base[i].each(), base[i+1].each()
		steps = append(steps, max(x/y, y/x)-1)
	}
	r.noise = median(steps)
	r.detail = fmt.Sprintf("%s, baseline %s; by CPU time %s", typical(subject), typical(base), c.target.value(median(byCPU)))
	b.rows = append(b.rows, r)
	return b.profiled(ctx, c)
}

// ratio holds a round against the baseline rounds before and after it.
func (t target) ratio(before, subject, after cost, each func(cost) float64) float64 {
	r := each(subject) / math.Sqrt(each(before)*each(after))
	if t.atLeast { // of a rate, which is the cost upside down
		return 1 / r
	}
	return r
}

// typical is the median cost of an operation.
func typical(costs []cost) string {
	var all []float64
	for _, c := range costs {
		all = append(all, c.each())
	}
	return duration(median(all))
}

func (b *bench) warmUp(ctx context.Context, c contest) error {
	for _, turn := range []side{c.base, c.subject} {
		if _, err := b.halfRound(ctx, c, turn, b.half/3); err != nil {
			return err
		}
	}
	return nil
}

// halfRound runs one half of a round. It begins with a clean heap, so that no side
// pays for the garbage of the other.
func (b *bench) halfRound(ctx context.Context, c contest, turn side, d time.Duration) (cost, error) {
	if c.reset != nil {
		if err := c.reset(ctx); err != nil {
			return cost{}, err
		}
	}
	runtime.GC()
	return turn(ctx, d)
}

// profiled runs the subject again under the profiler, when that is asked for.
func (b *bench) profiled(ctx context.Context, c contest) (err error) {
	if b.profile == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(b.profile, c.id+".cpu"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for range 5 {
		if _, err := b.halfRound(ctx, c, c.subject, 2*b.half); err != nil {
			return err
		}
	}
	return nil
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// duration writes a cost with as many digits as are worth reading.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 100*time.Microsecond:
		return d.Round(100 * time.Nanosecond).String()
	case d < 100*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}

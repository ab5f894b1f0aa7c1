package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// target is what the design asks for.
type target struct {
	limit   float64
	atLeast bool   // otherwise at most
	unit    string // × for a ratio
}

func atLeast(ratio float64) target { return target{ratio, true, "×"} }
func atMost(ratio float64) target  { return target{ratio, false, "×"} }

func (t target) String() string {
	sign := "≤"
	if t.atLeast {
		sign = "≥"
	}
	return sign + " " + t.value(t.limit)
}

// value writes a number of the target's unit.
func (t target) value(v float64) string {
	if t.unit == "×" {
		return fmt.Sprintf("%.2f×", v)
	}
	return fmt.Sprintf("%.1f %s", v, t.unit)
}

// row is one line of the table.
type row struct {
	what   string
	target target
	values []float64 // one per round
	noise  float64   // how much of the median may be chance
	detail string
}

// absolute makes a row of measurements that have no baseline. All rounds do
// the same, so the fastest is the one that other processes have disturbed
// least; how far the median lies from it is noise.
func absolute(what string, limit float64, unit string, values []float64) row {
	m := median(values)
	return row{
		what: what, target: target{limit: limit, unit: unit}, values: values,
		noise: (m - slices.Min(values)) / m,
	}
}

// missed reports whether the median misses the target by more than the noise.
func (r *row) missed() bool {
	if r.target.atLeast {
		return median(r.values)*(1+r.noise) < r.target.limit
	}
	return median(r.values)*(1-r.noise) > r.target.limit
}

func (r *row) verdict() string {
	m := median(r.values)
	switch {
	case r.missed():
		return "MISSED"
	case r.target.atLeast && m < r.target.limit, !r.target.atLeast && m > r.target.limit:
		return "ok within the noise"
	}
	return "ok"
}

// report prints the table and answers the exit code.
func (b *bench) report(w io.Writer) (code int) {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "what\tmeasured\ttarget\tmin\tmax\tnoise\tverdict\tper operation")
	for _, r := range b.rows {
		v := r.target.value
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t±%.0f %%\t%s\t%s\n", r.what, v(median(r.values)), r.target,
			v(slices.Min(r.values)), v(slices.Max(r.values)), 100*r.noise, r.verdict(), r.detail)
		if r.missed() {
			code = 1
		}
	}
	if err := t.Flush(); err != nil {
		return 1
	}
	return code
}

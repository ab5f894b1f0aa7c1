package limit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MaxCalls is the largest N that Parse accepts. The counters keep one
// timestamp per counted call, so it bounds what one key can cost.
const MaxCalls = 100_000

// Window allows N calls in any stretch of time of length Per. The zero Window
// allows any number.
type Window struct {
	N   int
	Per time.Duration
}

// Rate is the two limits that hold at once for an operation. The zero Rate is
// unlimited.
type Rate struct {
	Short, Long Window
}

// units are the lengths that the documentation uses, with the spelling of
// rates and the word of error messages.
var units = [...]struct {
	per          time.Duration
	symbol, word string
}{
	{time.Second, "s", "SECOND"},
	{time.Minute, "min", "MINUTE"},
	{time.Hour, "h", "HOUR"},
}

// unlimited is how the rate without limits is written.
const unlimited = "unlimited"

// Unlimited reports whether the window lets every call through.
func (w Window) Unlimited() bool { return w.N <= 0 || w.Per <= 0 }

// Unit returns SECOND, MINUTE or HOUR. A length that is none of these is
// spelled as a duration.
func (w Window) Unit() string {
	for _, u := range units {
		if u.per == w.Per {
			return u.word
		}
	}
	return w.Per.String()
}

// PerUnit spells the window as error messages do, such as 1/SECOND.
func (w Window) PerUnit() string { return strconv.Itoa(w.N) + "/" + w.Unit() }

// String returns the window as Parse reads it, such as 5/s.
func (w Window) String() string {
	if w.Unlimited() {
		return unlimited
	}
	for _, u := range units {
		if u.per == w.Per {
			return strconv.Itoa(w.N) + "/" + u.symbol
		}
	}
	return strconv.Itoa(w.N) + "/" + w.Per.String()
}

// Unlimited reports whether neither window limits anything.
func (r Rate) Unlimited() bool { return r.Short.Unlimited() && r.Long.Unlimited() }

// String returns the rate as Parse reads it, such as 5/s 3000/h.
func (r Rate) String() string {
	switch {
	case r.Long.Unlimited():
		return r.Short.String()
	case r.Short.Unlimited():
		return r.Long.String()
	default:
		return r.Short.String() + " " + r.Long.String()
	}
}

// Parse reads a rate: one window or two, the shorter first, such as
// "5/s 3000/h" or "10/min 40/h"; or "unlimited". A single window is the short
// one of the rate.
func Parse(s string) (Rate, error) {
	if s == unlimited {
		return Rate{}, nil
	}
	parts := strings.Fields(s)
	if len(parts) < 1 || len(parts) > 2 {
		return Rate{}, fmt.Errorf("rate %q: want one or two windows such as 5/s 3000/h, or %s", s, unlimited)
	}
	var windows [2]Window
	for i, part := range parts {
		w, err := parseWindow(part)
		if err != nil {
			return Rate{}, fmt.Errorf("rate %q: %w", s, err)
		}
		windows[i] = w
	}
	if len(parts) == 2 && windows[0].Per >= windows[1].Per {
		return Rate{}, fmt.Errorf("rate %q: the first window is to be the shorter one", s)
	}
	return Rate{Short: windows[0], Long: windows[1]}, nil
}

func parseWindow(s string) (Window, error) {
	count, symbol, ok := strings.Cut(s, "/")
	if !ok {
		return Window{}, fmt.Errorf("window %q has no slash", s)
	}
	if count == "" || strings.Trim(count, "0123456789") != "" {
		return Window{}, fmt.Errorf("window %q: %q is not a number of calls", s, count)
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > MaxCalls {
		return Window{}, fmt.Errorf("window %q: the number of calls is to be 1 to %d", s, MaxCalls)
	}
	for _, u := range units {
		if u.symbol == symbol {
			return Window{N: n, Per: u.per}, nil
		}
	}
	return Window{}, fmt.Errorf("window %q: the unit is to be s, min or h", s)
}

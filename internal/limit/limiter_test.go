package limit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// clock is a settable time.
type clock struct{ t time.Time }

func newClock() *clock                   { return &clock{time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }
func mustParse(tb testing.TB, s string) Rate {
	tb.Helper()
	r, err := Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// step is one call at a time after the previous one.
type step struct {
	after time.Duration
	want  string // "" = let through
	retry int
}

func TestTake(t *testing.T) {
	t.Parallel()
	const perSecond, perHour, perMinute = "Rate Limit (2/SECOND) exceeded", "Rate Limit (3/HOUR) exceeded", "Rate Limit (1/MINUTE) exceeded"
	tests := []struct {
		name, rate string
		steps      []step
	}{
		{"the third in a second is refused", "2/s 1000/h", []step{{}, {}, {want: perSecond, retry: 1}}},
		{"the window slides and does not jump", "2/s 1000/h", []step{
			{},
			{after: 900 * time.Millisecond},
			{after: 99 * time.Millisecond, want: perSecond, retry: 1},
			{after: time.Millisecond},                                  // the first has just left
			{after: 899 * time.Millisecond, want: perSecond, retry: 1}, // the second has not
			{after: time.Millisecond},
		}},
		{"a refused call does not count", "1/min", []step{
			{},
			{after: 30 * time.Second, want: perMinute, retry: 30},
			{after: 29 * time.Second, want: perMinute, retry: 1},
			{after: time.Second},
		}},
		{"the wait is rounded up", "1/min", []step{{}, {after: time.Millisecond, want: perMinute, retry: 60}, {after: 58999 * time.Millisecond, want: perMinute, retry: 1}}},
		{"the hour holds beside the second, capped", "2/s 3/h", []step{
			{},
			{},
			{after: time.Second},
			{after: time.Second, want: perHour, retry: 300},
			{after: time.Hour - 2*time.Second - 10*time.Second, want: perHour, retry: 10},
			{after: 10 * time.Second},
			{},
			{want: perHour, retry: 1},
		}},
		{"of two full windows the one full for longer is named", "2/s 3/h", []step{{}, {after: time.Second}, {}, {want: perHour, retry: 300}}},
		{"unlimited", "unlimited", []step{{}, {}, {}, {}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			l, r := New(c.now), mustParse(t, tt.rate)
			for i, s := range tt.steps {
				c.advance(s.after)
				v := l.Take(1, "op", r)
				if v.OK != (s.want == "") || v.RetryAfter != s.retry || (!v.OK && v.Message() != s.want) {
					t.Errorf("call %d: %+v (%s); want %q, retry %d", i+1, v, v.Message(), s.want, s.retry)
				}
			}
		})
	}
}

func TestKeysAreSeparate(t *testing.T) {
	t.Parallel()
	l, r := New(newClock().now), mustParse(t, "1/s 400/h")
	for _, k := range []key{{1, "a"}, {1, "b"}, {2, "a"}} {
		if !l.Take(k.org, k.operation, r).OK {
			t.Errorf("%v: the first call is refused", k)
		}
		if l.Take(k.org, k.operation, r).OK {
			t.Errorf("%v: the second call is let through", k)
		}
	}
}

func TestClockSetBackDoesNotReopenAWindow(t *testing.T) {
	t.Parallel()
	c := newClock()
	l, r := New(c.now), mustParse(t, "1/min")
	l.Take(1, "op", r)
	c.advance(-10 * time.Minute)
	if v := l.Take(1, "op", r); v.OK || v.RetryAfter != 60 {
		t.Errorf("after the clock went back: %+v", v)
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	c := newClock()
	l, r := New(c.now), mustParse(t, "20/s 10000/h")
	for range 200_000 {
		l.Take(1, "busy", r)
		c.advance(50 * time.Millisecond)
	}
	if n := len(l.calls[key{1, "busy"}].ring); n != 10_000 {
		t.Errorf("a full ring has %d places, want 10000", n)
	}
	for org := range int64(100) {
		l.Take(org, "idle", r)
	}
	if n := len(l.calls[key{7, "idle"}].ring); n != minRing {
		t.Errorf("the ring of one call has %d places, want %d", n, minRing)
	}
	c.advance(2 * time.Hour)
	l.Take(1, "other", r)
	if len(l.calls) != 1 {
		t.Errorf("%d keys are kept after two idle hours, want 1", len(l.calls))
	}
}

// model is the documented rule, written as plainly as possible.
type model struct{ let []time.Time }

func (m *model) full(w Window, now time.Time) bool {
	inside := 0
	for _, t := range m.let {
		if now.Sub(t) < w.Per {
			inside++
		}
	}
	return !w.Unlimited() && inside >= w.N
}

// retry returns the first whole number of seconds after which both windows have room.
func (m *model) retry(r Rate, now time.Time) int {
	for s := 1; s < MaxRetryAfter; s++ {
		at := now.Add(time.Duration(s) * time.Second)
		if !m.full(r.Short, at) && !m.full(r.Long, at) {
			return s
		}
	}
	return MaxRetryAfter
}

func TestAgainstModel(t *testing.T) {
	t.Parallel()
	window := func(name string) *rapid.Generator[Window] {
		return rapid.Custom(func(t *rapid.T) Window {
			return Window{rapid.IntRange(0, 9).Draw(t, name+" n"), rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 10 * time.Minute}).Draw(t, name)}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		r := Rate{window("short").Draw(t, "short"), window("long").Draw(t, "long")}
		c := newClock()
		l, m := New(c.now), &model{}
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			c.advance(time.Duration(rapid.SampledFrom([]int{0, 1, 250, 999, 1000, 7000, 59_000, 61_000, 4_000_000}).Draw(t, "ms")) * time.Millisecond)
			short, long := m.full(r.Short, c.t), m.full(r.Long, c.t)
			v := l.Take(1, "op", r)
			if v.OK == (short || long) {
				t.Fatalf("%v: OK is %v, but full: short %v, long %v", r, v.OK, short, long)
			}
			if v.OK {
				m.let = append(m.let, c.t)
				continue
			}
			if v.Exceeded == r.Short && r.Short != r.Long && !short || v.Exceeded == r.Long && r.Short != r.Long && !long {
				t.Fatalf("%v: %v is named, but full: short %v, long %v", r, v.Exceeded, short, long)
			}
			if want := m.retry(r, c.t); v.RetryAfter != want {
				t.Fatalf("%v: retry after %d, want %d", r, v.RetryAfter, want)
			}
		}
	})
}

func TestConcurrentCallsAreCountedOnce(t *testing.T) {
	t.Parallel()
	l, r := New(newClock().now), mustParse(t, "20/s 10000/h")
	var let atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if l.Take(1, "op", r).OK {
					let.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if let.Load() != 20 {
		t.Errorf("%d calls were let through, want 20", let.Load())
	}
}

func BenchmarkTake(b *testing.B) {
	for _, rate := range []string{"1/s 400/h", "20/s 10000/h", "unlimited"} {
		b.Run(rate, func(b *testing.B) {
			c := newClock()
			l, r := New(c.now), mustParse(b, rate)
			b.ReportAllocs()
			for b.Loop() {
				c.advance(100 * time.Millisecond)
				l.Take(1, "op", r)
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		l, r := New(time.Now), mustParse(b, "20/s 10000/h")
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				l.Take(1, "op", r)
			}
		})
	})
}

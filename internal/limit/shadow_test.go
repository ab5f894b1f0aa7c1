package limit

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestShadow(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := NewShadow(c.now)
	slow, quick := mustParse(t, "1/s 400/h"), mustParse(t, "2/s 1000/h")
	for i, want := range []int{0, 1, 1, 1} { // all at once: one second each
		if got := s.Take(1, "create", slow); got.Seconds != want || want > 0 && got.Exceeded.PerUnit() != "1/SECOND" {
			t.Errorf("call %d: %+v, want %d s", i+1, got, want)
		}
	}
	// Three seconds have passed for the client, so this one finds room.
	if got := s.Take(1, "list", quick); got.Seconds != 0 {
		t.Errorf("another operation: %+v", got)
	}
	c.advance(400 * time.Millisecond)
	if got := s.Take(1, "create", slow); got.Seconds != 1 { // rounded up, as refusals are
		t.Errorf("after 400 ms: %+v", got)
	}
	if got := s.Take(2, "create", slow); got.Seconds != 0 {
		t.Errorf("another org: %+v", got)
	}
	runs := s.Runs(1)
	if len(runs) != 1 || runs[0].Last.Sub(runs[0].Began) != 400*time.Millisecond {
		t.Fatalf("%+v", runs)
	}
	want := []Tally{{"create", slow, 5, 4, 4, 4 * time.Second}, {"list", quick, 1, 0, 0, 0}}
	if got := runs[0].Operations; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	s.Reset(1)
	if got := s.Take(1, "create", slow); got.Seconds != 0 || len(s.Runs(0)) != 2 {
		t.Errorf("in a new run: %+v of %+v", got, s.Runs(0))
	}
}

// The 401st of calls that each wait a second is stopped by the hour, for longer
// than a refusal says at a time.
func TestShadowOfTheHour(t *testing.T) {
	t.Parallel()
	s := NewShadow(newClock().now)
	slow := mustParse(t, "1/s 400/h")
	var last Wait
	for range 401 {
		last = s.Take(1, "create", slow)
	}
	if last.Seconds != 3600-399 || last.Refusals != 11 || last.Exceeded != slow.Long {
		t.Errorf("%+v", last)
	}
}

// client does what a Shadow tells of: it calls, and when it is refused it waits
// as long as it is told and calls again.
type client struct {
	at      time.Time
	service map[string]*model
	waited  time.Duration
	refused int
}

func (c *client) call(operation string, r Rate) (seconds int) {
	m := c.service[operation]
	if m == nil {
		m = &model{}
		c.service[operation] = m
	}
	for m.full(r.Short, c.at) || m.full(r.Long, c.at) {
		retry := m.retry(r, c.at)
		c.at = c.at.Add(time.Duration(retry) * time.Second)
		c.waited += time.Duration(retry) * time.Second
		c.refused++
		seconds += retry
	}
	m.let = append(m.let, c.at)
	return seconds
}

func TestShadowAgainstAClientThatWaits(t *testing.T) {
	t.Parallel()
	window := func(name string) *rapid.Generator[Window] {
		return rapid.Custom(func(t *rapid.T) Window {
			return Window{rapid.IntRange(0, 6).Draw(t, name+" n"), rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 10 * time.Minute}).Draw(t, name)}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		rates := map[string]Rate{}
		for _, operation := range []string{"a", "b", "c"} {
			rates[operation] = Rate{window("short").Draw(t, "short"), window("long").Draw(t, "long")}
		}
		clock := newClock()
		s := NewShadow(clock.now)
		alone := &client{at: clock.t, service: map[string]*model{}}
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			pause := time.Duration(rapid.SampledFrom([]int{0, 0, 1, 250, 999, 1000, 59_000, 700_000}).Draw(t, "ms")) * time.Millisecond
			operation := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "operation")
			clock.advance(pause)
			alone.at = alone.at.Add(pause)
			got, want := s.Take(1, operation, rates[operation]), alone.call(operation, rates[operation])
			if got.Seconds != want {
				t.Fatalf("%s %v: %d s, and the client waited %d s", operation, rates[operation], got.Seconds, want)
			}
		}
		var waited time.Duration
		refused := 0
		for _, r := range s.Runs(1) {
			for _, o := range r.Operations {
				waited += o.Wait
				refused += int(o.Refused)
			}
		}
		if waited != alone.waited || refused != alone.refused {
			t.Fatalf("%v in %d refusals, and the client waited %v in %d", waited, refused, alone.waited, alone.refused)
		}
	})
}

func TestShadowIsSafe(t *testing.T) {
	t.Parallel()
	s := NewShadow(time.Now)
	r := mustParse(t, "20/s 10000/h")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				s.Take(1, "a", r)
				s.Runs(0)
			}
		})
	}
	wg.Wait()
	if n := s.Runs(0)[0].Operations[0].Calls; n != 4000 {
		t.Errorf("%d calls", n)
	}
}

func BenchmarkShadow(b *testing.B) {
	c := newClock()
	s, r := NewShadow(c.now), mustParse(b, "5/s 3000/h")
	b.ReportAllocs()
	for b.Loop() {
		s.Take(1, "a", r)
	}
}

package auth

import (
	"fmt"
	"testing"
	"time"
)

func TestLockoutIsBounded(t *testing.T) {
	t.Parallel()
	l := newLockout()
	l.most = 100
	now := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	for range lockoutFailures {
		l.decide("victim", now, false)
	}
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		l.decide(fmt.Sprint("name", i), now, false)
		if len(l.names) > l.most {
			t.Fatalf("%d names are remembered", len(l.names))
		}
	}
	if l.decide("victim", now, true) {
		t.Error("a flood of other names freed a locked one")
	}
	l.decide("later", now.Add(lockoutTime), false)
	if len(l.names) != 1 {
		t.Errorf("%d names are remembered, most of them for nothing", len(l.names))
	}
}

func TestLockoutForgets(t *testing.T) {
	t.Parallel()
	l := newLockout()
	now := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	l.decide("once", now, false)
	for range lockoutFailures {
		l.decide("locked", now, false)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{time.Minute - 1, 2}, {time.Minute, 1}, {5*time.Minute - 1, 1}, {5 * time.Minute, 0}} {
		l.sweep(now.Add(step.after))
		if len(l.names) != step.want {
			t.Errorf("after %v %d names are remembered, want %d", step.after, len(l.names), step.want)
		}
	}
}

func TestLockoutDuringSuccess(t *testing.T) {
	t.Parallel()
	l := newLockout()
	now := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	for range lockoutFailures - 1 {
		l.decide("a", now, false)
	}
	if !l.decide("a", now, true) || len(l.names) != 0 {
		t.Error("success after four failures was refused or did not reset them")
	}
	for range lockoutFailures {
		l.decide("a", now, false)
	}
	if l.decide("a", now, true) {
		t.Error("success counted during a lock")
	}
	if l.decide("a", now.Add(lockoutTime-1), true) || !l.decide("a", now.Add(lockoutTime), true) {
		t.Error("the lock does not end after its time")
	}
}

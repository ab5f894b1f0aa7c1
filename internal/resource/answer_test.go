package resource

import (
	"testing"
	"time"
)

// A filled answer is kept while its states cannot have changed, and no longer.
func TestFill(t *testing.T) {
	t.Parallel()
	a := &Answer{Bytes: []byte(`[,]`), Holes: []Hole{{At: 1, ID: 1}, {At: 2, ID: 2}}}
	at := time.UnixMilli(1_700_000_000_000)
	states := map[int64]string{1: "ACTIVE", 2: "INACTIVE"}
	ends := map[int64]time.Time{1: at.Add(time.Minute)}
	fill := func(now time.Time, changes uint64) string {
		return string(a.Fill(now, changes, func(id int64) (string, time.Time) { return states[id], ends[id] }))
	}
	const first, second, third = `["ACTIVE","INACTIVE"]`, `["INACTIVE","INACTIVE"]`, `["ACTIVE","ACTIVE"]`
	steps := []struct {
		name    string
		now     time.Time
		changes uint64
		want    string
	}{
		{"the first", at, 7, first},
		{"while the states hold", at.Add(time.Minute), 7, first},
		{"when the first of them ends", at.Add(time.Minute + 1), 7, second},
		{"long after that", at.Add(24 * time.Hour), 7, second},
		{"after a change", at.Add(24 * time.Hour), 8, first},
		{"before it was filled", at, 8, third},
	}
	for i, s := range steps {
		if got := fill(s.now, s.changes); got != s.want {
			t.Errorf("%s: %s, want %s", s.name, got, s.want)
		}
		switch i {
		case 0:
			states[1] = "INACTIVE" // seen only when the answer is filled again
		case 1:
			delete(ends, 1)
		case 3:
			states[1], ends[1] = "ACTIVE", at.Add(48*time.Hour)
		case 4:
			states[2] = "ACTIVE"
		}
	}
	states[1] = "INACTIVE"
	if got := fill(at, 8); got != third {
		t.Errorf("filled again without a reason: %s", got)
	}
}

package sandbox

import (
	"testing"

	"github.com/spurline/spurline/internal/wire"
)

func TestGrowRefusesPlansOutOfBounds(t *testing.T) {
	t.Parallel()
	s, err := NewSimulator(SimulatorConfig{StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []wire.FleetPlan{{}, {Groups: 1}, {PerGroup: 1}, {Groups: 101, PerGroup: 1}, {Groups: 1, PerGroup: 17}, {Groups: -1, PerGroup: -1}} {
		if _, err := s.Grow(t.Context(), plan); wire.Status(err) != 400 {
			t.Errorf("%+v: %v", plan, err)
		}
	}
	if n := len(s.List()); n != 0 {
		t.Errorf("%d connectors after refusals", n)
	}
}

// A plan means the same connectors whenever it is asked for, no two of them at
// the same place of one provider with another's name.
func TestGrownConnectorsAreDistinct(t *testing.T) {
	t.Parallel()
	names, places := map[string]bool{}, map[string]int{}
	for group := 1; group <= maxGrownGroups; group++ {
		for n := 1; n <= maxGrownPerGroup; n++ {
			c := grown(group, n)
			if names[c.Name] {
				t.Errorf("%s is there twice", c.Name)
			}
			names[c.Name] = true
			if at, ok := places[c.Cloud+c.Network]; ok && at != group {
				t.Errorf("groups %d and %d share %s", at, group, c.Network)
			}
			places[c.Cloud+c.Network] = group
		}
	}
}

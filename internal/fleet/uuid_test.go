package fleet

import (
	"bytes"
	"crypto/rand"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestUUID(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, id := range []int64{1, 5510021, math.MaxInt32} {
		u, other := NewUUID(id, rand.Reader), NewUUID(id, rand.Reader)
		if !form.MatchString(u) {
			t.Errorf("%q is no UUID of version 8", u)
		}
		if u == other {
			t.Errorf("two UUIDs of %d are the same", id)
		}
		for _, s := range []string{u, strings.ToUpper(u)} {
			if got, ok := IDFromUUID(s); got != id || !ok {
				t.Errorf("IDFromUUID(%q) = %d, %t, want %d", s, got, ok, id)
			}
		}
	}
	ones := bytes.NewReader(bytes.Repeat([]byte{0xff}, 12))
	if got, want := NewUUID(0x0102, ones), "ffffffff-ffff-8fff-bfff-ffff00000102"; got != want {
		t.Errorf("NewUUID = %q, want %q", got, want)
	}
}

func TestIDFromOtherText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"",
		"i-0fedcba9876543210",
		"ffffffff-ffff-4fff-bfff-ffff00000102",   // version 4
		"ffffffff-ffff-8fff-7fff-ffff00000102",   // not the RFC's variant
		"ffffffff-ffff-8fff-bfff-ffff00000000",   // no id
		"ffffffff-ffff-8fff-bfff-ffff80000000",   // above int32
		"ffffffff-ffff-8fff-bfff-ffff0000010",    // short
		"ffffffff-ffff-8fff-bfff-ffff000001022",  // long
		"ffffffffffff-8fff-bfff-ffff-00000102",   // hyphens elsewhere
		"gfffffff-ffff-8fff-bfff-ffff00000102",   // no hex
		"{ffffffff-ffff-8fff-bfff-ffff00000102}", // braces
	} {
		if id, ok := IDFromUUID(s); ok {
			t.Errorf("IDFromUUID(%q) = %d", s, id)
		}
	}
}

func TestNewUUIDRefusesOtherIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []int64{-1, 0, math.MaxInt32 + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewUUID(%d) did not panic", id)
				}
			}()
			NewUUID(id, rand.Reader)
		}()
	}
}

package limit

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want Rate
	}{
		{"5/s 3000/h", Rate{Window{5, time.Second}, Window{3000, time.Hour}}},
		{"10/min 40/h", Rate{Window{10, time.Minute}, Window{40, time.Hour}}},
		{"20/s 10000/h", Rate{Window{20, time.Second}, Window{10000, time.Hour}}},
		{"1/s", Rate{Short: Window{1, time.Second}}},
		{"4/h", Rate{Short: Window{4, time.Hour}}},
		{"unlimited", Rate{}},
	}
	for _, tt := range tests {
		got, err := Parse(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", tt.in, got, err, tt.want)
		}
		if s := got.String(); s != tt.in {
			t.Errorf("Parse(%q).String() = %q", tt.in, s)
		}
	}
	if got, err := Parse("  1/s\t400/h "); err != nil || got.String() != "1/s 400/h" {
		t.Errorf("with stray blanks: %v, %v", got, err)
	}
}

func TestParseRefusesGarbage(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", "-", "none", "5", "5/", "/s", "s/5", "0/s", "-1/s", "+1/s", "1.5/s", "1e3/h", "5/S", "5/m", "5/sec", "5/d",
		"5/s,3000/h", "5/s 3000", "5/s 3000/h*", "3000/h 5/s", "5/s 6/s", "1/s 2/min 3/h", "100001/h",
		"99999999999999999999/h", "٣/s", "5/s/s", "unlimited unlimited",
	} {
		if got, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %v; want an error", in, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"5/s 3000/h", "10/min 40/h", "unlimited", "", "1/s 1/s", "0/h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, err := Parse(in)
		if err != nil {
			return
		}
		again, err := Parse(r.String())
		if err != nil || again != r {
			t.Errorf("Parse(%q) = %v, which reads back as %v, %v", in, r, again, err)
		}
	})
}

func TestMessage(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]Window{
		"Rate Limit (1/SECOND) exceeded":  {1, time.Second},
		"Rate Limit (10/MINUTE) exceeded": {10, time.Minute},
		"Rate Limit (400/HOUR) exceeded":  {400, time.Hour},
		"Rate Limit (2/10s) exceeded":     {2, 10 * time.Second},
	} {
		if got := (Verdict{Exceeded: w}).Message(); got != want {
			t.Errorf("Message() of %v = %q, want %q", w, got, want)
		}
	}
}

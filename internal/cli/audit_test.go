package cli

import (
	"testing"
	"time"
)

func TestSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.FixedZone("", 3600))
	for text, want := range map[string]string{
		"90m": "2026-11-26T09:30:00Z", "24h": "2026-11-25T11:00:00Z", "7d": "2026-11-19T11:00:00Z", "0s": "2026-11-26T11:00:00Z",
		"": "", "2026-05-01": "2026-05-01", "1795692725": "1795692725", "-1h": "-1h", "d": "d", "yesterday": "yesterday",
	} {
		if got := since(text, now); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

package wire

import (
	"strings"
	"testing"
)

// The vectors were computed with the vendor's published function; two of them
// are checked against what its Go and Python SDKs send.
func TestObfuscateKey(t *testing.T) {
	t.Parallel()
	const key = "A1b2C3d4E5f6"
	tests := []struct {
		timestamp int64
		want      string
	}{
		{1700000123456, "1b2C3dbE25Cf"},
		{1700000000007, "AAAAA4bbbbb3"},
		{1700000999999, "555555d66666"},
		{1700000000000, "AAAAAAbbbbbb"}, // whole seconds: behaviours.md 1.21
		{0, "AAAAAAbbbbbb"},
		{123456, "1b2C3dbE25Cf"}, // only the last six digits count
	}
	for _, test := range tests {
		got, err := ObfuscateKey(key, test.timestamp)
		if err != nil || got != test.want {
			t.Errorf("ObfuscateKey(%q, %d) = %q, %v; want %q", key, test.timestamp, got, err, test.want)
		}
	}
}

func TestObfuscateKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "A1b2C3d4E5f", "A1b2C3d4E5f67", "äöüäöüäöü"} {
		if got, err := ObfuscateKey(key, 1700000123456); err == nil {
			t.Errorf("ObfuscateKey(%q) = %q, want an error", key, got)
		} else if key != "" && strings.Contains(err.Error(), key) {
			t.Errorf("the error %q shows the key", err)
		}
	}
	for _, timestamp := range []int64{-1, -1 << 63} {
		if got, err := ObfuscateKey("A1b2C3d4E5f6", timestamp); err == nil {
			t.Errorf("ObfuscateKey at %d = %q, want an error", timestamp, got)
		}
	}
}

// FuzzObfuscateKey holds the function against its definition, read from the
// digits one by one.
func FuzzObfuscateKey(f *testing.F) {
	f.Add("A1b2C3d4E5f6", int64(1700000123456))
	f.Add("A1b2C3d4E5f6", int64(1<<63-1))
	f.Add("short", int64(-5))
	f.Fuzz(func(t *testing.T, key string, timestamp int64) {
		got, err := ObfuscateKey(key, timestamp)
		if valid := len(key) == KeyLength && timestamp >= 0; valid != (err == nil) {
			t.Fatalf("ObfuscateKey(%q, %d): error %v", key, timestamp, err)
		}
		if err != nil {
			return
		}
		high, low := timestamp%1_000_000, timestamp%1_000_000/2
		for i, power := range []int64{100_000, 10_000, 1_000, 100, 10, 1} {
			if got[i] != key[high/power%10] || got[6+i] != key[low/power%10+2] {
				t.Fatalf("ObfuscateKey(%q, %d) = %q: wrong at digit %d", key, timestamp, got, i)
			}
		}
	})
}

package wire

import (
	"errors"
	"fmt"
)

// KeyLength is the length of an API key, plain and obfuscated.
const KeyLength = 12

// ObfuscateKey returns the form of an API key that a legacy sign-in sends. It
// mixes the key's characters by the last six decimal digits of the sign-in's
// timestamp (epoch milliseconds): the first half is indexed by those digits,
// the second half by the digits of half that number, moved by two. The digits
// of the half never exceed 4 in the first place, and 9+2 is the last index.
//
// It is one-way by design: a server recomputes it and compares.
func ObfuscateKey(key string, timestamp int64) (string, error) {
	if len(key) != KeyLength {
		return "", fmt.Errorf("an API key has %d characters, not %d", KeyLength, len(key))
	}
	if timestamp < 0 {
		return "", errors.New("a timestamp is not negative")
	}
	high := timestamp % 1_000_000
	var out [KeyLength]byte
	for i, digit := range fmt.Sprintf("%06d", high) {
		out[i] = key[digit-'0']
	}
	for i, digit := range fmt.Sprintf("%06d", high/2) {
		out[6+i] = key[digit-'0'+2]
	}
	return string(out[:]), nil
}

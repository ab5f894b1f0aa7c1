package conformance

import (
	"fmt"
	"strconv"
)

// Account is what a client is configured with.
type Account struct {
	Login, Password, APIKey string
	// Cloud is the cloud's name as settings have it, without the domain's end.
	Cloud string
	// ClientID, ClientSecret and Vanity are those of OneAPI.
	ClientID, ClientSecret, Vanity string
}

// keyLength is the length of an API key (behaviours.md 6.2).
const keyLength = 12

// Obfuscate mixes an API key with a timestamp in epoch milliseconds, by the
// formula of behaviours.md section 1.
func Obfuscate(key, timestamp string) (string, error) {
	if len(key) != keyLength || len(timestamp) < 6 {
		return "", fmt.Errorf("a key of %d characters and the timestamp %q cannot be mixed", len(key), timestamp)
	}
	n := timestamp[len(timestamp)-6:]
	number, err := strconv.Atoi(n)
	if err != nil {
		return "", fmt.Errorf("the timestamp %q is no number", timestamp)
	}
	out := make([]byte, 0, keyLength)
	for _, digit := range []byte(n) {
		out = append(out, key[digit-'0'])
	}
	for _, digit := range []byte(fmt.Sprintf("%06d", number/2)) {
		out = append(out, key[digit-'0'+2])
	}
	return string(out), nil
}

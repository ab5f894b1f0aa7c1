package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/spurline/spurline/internal/wire"
)

// cost is what an argon2id computation takes.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// defaultCost is OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
var defaultCost = cost{memory: 19 * 1024, passes: 2, threads: 1}

// The largest cost that a stored hash may ask for, so that a damaged row
// cannot take the server's memory.
const (
	maxMemory = 256 * 1024 // KiB
	maxPasses = 16
)

const (
	saltLength = 16
	hashLength = 32
)

// passwordHash is an argon2id hash with what it takes to compute it again.
type passwordHash struct {
	cost cost
	salt []byte
	sum  []byte
}

// String returns the PHC string that is stored.
func (h passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.memory, h.cost.passes, h.cost.threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.sum))
}

// parseHash reads a PHC string. Its errors do not repeat it.
func parseHash(text string) (passwordHash, error) {
	bad := errors.New("auth: a stored password hash is damaged")
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return passwordHash{}, bad
	}
	var h passwordHash
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.cost.memory, &h.cost.passes, &h.cost.threads); err != nil {
		return passwordHash{}, bad
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.sum, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	switch {
	case err1 != nil || err2 != nil || h.String() != text,
		len(h.salt) < 8 || len(h.sum) < 16 || len(h.sum) > 64,
		h.cost.memory < 8 || h.cost.memory > maxMemory,
		h.cost.passes < 1 || h.cost.passes > maxPasses, h.cost.threads < 1:
		return passwordHash{}, bad
	}
	return h, nil
}

// dummyHash is what the password of an unknown login is compared with. It
// costs as much as a real one, and no password is known to match.
func (a *Auth) dummyHash() passwordHash {
	h := passwordHash{cost: a.cost, salt: make([]byte, saltLength), sum: make([]byte, hashLength)}
	rand.Read(h.salt)
	rand.Read(h.sum)
	return h
}

// matches computes the hash again and compares in constant time.
func (h passwordHash) matches(password string) bool {
	sum := argon2.IDKey([]byte(password), h.salt, h.cost.passes, h.cost.memory, h.cost.threads, uint32(len(h.sum)))
	return subtle.ConstantTimeCompare(sum, h.sum) == 1
}

// hash runs f, an argon2 computation, when one of the two places is free. It
// must not be called inside a store transaction: the wait would hold it open.
func (a *Auth) hash(ctx context.Context, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case a.hashing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.hashing }()
	f()
	return nil
}

// HashPassword returns the form of a password that SetPassword stores. It
// takes tens of milliseconds and may wait for others, so it is called before
// a transaction, never inside one.
func (a *Auth) HashPassword(ctx context.Context, password string) (string, error) {
	h := passwordHash{cost: a.cost, salt: make([]byte, saltLength)}
	rand.Read(h.salt)
	err := a.hash(ctx, func() {
		h.sum = argon2.IDKey([]byte(password), h.salt, h.cost.passes, h.cost.memory, h.cost.threads, hashLength)
	})
	if err != nil {
		return "", err
	}
	return h.String(), nil
}

// Limits of a password's length (behaviours.md 4.4).
const (
	minPassword = 8
	maxPassword = 100
)

// CheckPassword answers a 400 that names `password` when one breaks the rules
// of behaviours.md 4.4. That a new password differs from the previous one is
// asked of PasswordMatches.
func CheckPassword(password string) error { return checkPassword("password", password) }

// CheckNewPassword is CheckPassword for the member newPassword.
func CheckNewPassword(password string) error { return checkPassword("newPassword", password) }

func checkPassword(member, password string) error {
	if len(password) < minPassword || len(password) > maxPassword {
		return wire.Invalid(member, "must have %d to %d characters", minPassword, maxPassword)
	}
	var upper, digit, special bool
	for _, c := range []byte(password) {
		switch {
		case c < ' ' || c > '~':
			return wire.Invalid(member, "must consist of printable ASCII characters")
		case 'A' <= c && c <= 'Z':
			upper = true
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= c && c <= 'z' || c == ' ':
		default:
			special = true
		}
	}
	switch {
	case !upper:
		return wire.Invalid(member, "must contain an upper-case letter")
	case !digit:
		return wire.Invalid(member, "must contain a digit")
	case !special:
		return wire.Invalid(member, "must contain a special character")
	}
	return nil
}

// The characters of generated secrets. Those of passwords leave out what a
// shell would take for its own.
const (
	uppers   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowers   = "abcdefghijklmnopqrstuvwxyz"
	digits   = "0123456789"
	specials = "-_.+=:@%"
)

// NewPassword returns a random password that CheckPassword accepts.
func NewPassword() string {
	for {
		// A password that lacks a class is thrown away whole, which leaves
		// the others equally likely.
		if p := randomText(uppers+lowers+digits+specials, 20); CheckPassword(p) == nil {
			return p
		}
	}
}

// NewAPIKey returns a random API key: 12 characters of A-Z a-z 0-9
// (behaviours.md 6.2).
func NewAPIKey() string { return randomText(uppers+lowers+digits, wire.KeyLength) }

// NewEnrolmentKey returns a random enrolment key of 40 characters, some 238 bits.
func NewEnrolmentKey() string { return randomText(uppers+lowers+digits, 40) }

package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

func newSeal(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	// The nonce is random and stored in front of the ciphertext. Keys are
	// written so rarely that random nonces of 96 bits cannot meet.
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return seal, nil
}

// place is where a sealed secret is stored. It is authenticated with the
// secret, so that a row moved to another org or kind does not open.
func place(org int64, kind string, id int64) []byte {
	b := make([]byte, 0, 16+len(kind))
	b = binary.BigEndian.AppendUint64(b, uint64(org))
	b = binary.BigEndian.AppendUint64(b, uint64(id))
	return append(b, kind...)
}

func (a *Auth) sealSecret(org int64, kind string, id int64, secret string) []byte {
	return a.seal.Seal(nil, nil, []byte(secret), place(org, kind, id))
}

func (a *Auth) openSecret(org int64, kind string, id int64, sealed []byte) (string, error) {
	secret, err := a.seal.Open(nil, nil, sealed, place(org, kind, id))
	if err != nil {
		return "", errors.New("auth: a stored key does not open: the key file is not the one it was sealed with, or the row was changed")
	}
	return string(secret), nil
}

// randomText returns n characters of alphabet, each equally likely. Bytes
// beyond the last whole multiple of the alphabet are thrown away: taking them
// modulo its length would favour its first characters.
func randomText(alphabet string, n int) string {
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	var pool [64]byte
	for {
		rand.Read(pool[:])
		for _, b := range pool {
			if int(b) >= limit {
				continue
			}
			out = append(out, alphabet[int(b)%len(alphabet)])
			if len(out) == n {
				return string(out)
			}
		}
	}
}

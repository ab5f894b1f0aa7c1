package fleet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
)

// NewUUID returns a random UUID of version 8 (RFC 9562) whose last 32 bits are
// the id of a virtual machine. The machine is then found by its UUID without
// an index; its other 90 bits are random, so whoever looks one up compares the
// whole UUID with the one that the machine has.
//
// It panics when random fails or id is not one that the store gives out, which
// are both faults of the program.
func NewUUID(id int64, random io.Reader) string {
	if id < 1 || id > math.MaxInt32 {
		panic(fmt.Sprintf("fleet: %d is no id of a virtual machine", id))
	}
	var u [16]byte
	if _, err := io.ReadFull(random, u[:12]); err != nil {
		panic(fmt.Sprintf("fleet: random source: %v", err))
	}
	u[6] = u[6]&0x0f | 0x80 // version 8
	u[8] = u[8]&0x3f | 0x80 // the RFC's variant
	binary.BigEndian.PutUint32(u[12:], uint32(id))
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// IDFromUUID returns the id in a UUID that NewUUID made, in either case of its
// digits. Everything else, cloud providers' own UUIDs included, has none.
func IDFromUUID(s string) (int64, bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return 0, false
	}
	u, err := hex.DecodeString(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
	if err != nil || u[6]>>4 != 8 || u[8]>>6 != 2 {
		return 0, false
	}
	id := int64(binary.BigEndian.Uint32(u[12:]))
	return id, id >= 1 && id <= math.MaxInt32
}

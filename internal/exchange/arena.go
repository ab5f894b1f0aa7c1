package exchange

// The bodies' memory: blocks that are made when they are first needed, and
// then written over from the oldest on.
const (
	blockSize = 1 << 20
	blocks    = 32
)

// arena keeps the last bytes that were put into it. Nothing is allocated for
// one that has been full before.
type arena struct {
	blocks [blocks][]byte
	next   int64 // position of the next byte, counted from the beginning of time
}

// span is where in an arena something is.
type span struct {
	at   int64
	size int
}

// put copies what is no longer than a block.
func (a *arena) put(text []byte) span {
	if len(text) == 0 {
		return span{}
	}
	if left := blockSize - a.next%blockSize; int64(len(text)) > left {
		a.next += left // nothing lies across two blocks
	}
	s := span{a.next, len(text)}
	i := a.next / blockSize % blocks
	if a.blocks[i] == nil {
		a.blocks[i] = make([]byte, blockSize)
	}
	copy(a.blocks[i][a.next%blockSize:], text)
	a.next += int64(len(text))
	return s
}

// get copies what was put, unless it has been written over.
func (a *arena) get(s span) (text []byte, ok bool) {
	if s.size == 0 {
		return nil, true
	}
	if a.next > s.at+blocks*blockSize {
		return nil, false
	}
	from := s.at % blockSize
	return append([]byte(nil), a.blocks[s.at/blockSize%blocks][from:from+int64(s.size)]...), true
}

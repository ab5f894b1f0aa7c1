package wire

// Secret is text that is taken from a client and given to nobody: it is left
// out of every answer (with omitzero) and of everything that is printed.
type Secret string

const hidden = "***"

// IsZero makes encoders that know omitzero leave the member out.
func (Secret) IsZero() bool { return true }

// MarshalText hides the text from all other encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// String hides the text from what prints values.
func (Secret) String() string { return hidden }

// GoString hides the text from %#v.
func (Secret) GoString() string { return hidden }

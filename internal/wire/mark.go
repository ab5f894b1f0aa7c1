package wire

// MarkHeader is a header of every answer of Spurline's, whatever host the
// client believes to talk to, and Mark is its value.
const (
	MarkHeader = "X-Spurline"
	Mark       = "unofficial; not the vendor's cloud"
)

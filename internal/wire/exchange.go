package wire

// Exchange is one request that the server got and what it answered, with
// secrets masked.
type Exchange struct {
	Seq       int64  `json:"seq"` // counts the server's requests from 1
	ID        string `json:"id"`  // X-Request-Id of the answer
	At        string `json:"at"`  // RFC 3339, UTC
	Method    string `json:"method"`
	Path      string `json:"path"`
	Query     string `json:"query,omitempty"`
	Host      string `json:"host"` // that the client asked for: the server's own, or the vendor's through the proxy
	IP        string `json:"ip"`
	UserAgent string `json:"userAgent,omitempty"`
	Operation string `json:"operation,omitempty"` // absent: no operation has this method and path
	Org       int64  `json:"org,omitempty"`       // absent: the caller was not recognised
	Login     string `json:"login,omitempty"`
	Status    int    `json:"status"`
	Code      string `json:"code,omitempty"` // of the error
	// DurationMS is how long the answer took.
	DurationMS float64 `json:"durationMs"`
	// Tolerated lists what was taken though the API's description does not
	// offer it.
	Tolerated []string `json:"tolerated,omitempty"`
	Wait      *Wait    `json:"wait,omitempty"` // what the vendor's rate limits would have asked for
	Request   Message  `json:"request"`
	Response  Message  `json:"response"`
}

// Message is one direction of an exchange.
type Message struct {
	ContentType string `json:"contentType,omitempty"`
	Accept      string `json:"accept,omitempty"`
	Credentials string `json:"credentials,omitempty"` // the cookies' names, or the Authorization's scheme
	RetryAfter  string `json:"retryAfter,omitempty"`
	Size        int64  `json:"size"`                // bytes of the body
	Body        string `json:"body,omitempty"`      // its beginning
	Truncated   bool   `json:"truncated,omitempty"` // Body is not all of it
	Hidden      string `json:"hidden,omitempty"`    // why there is no Body
}

// Wait is what the vendor's rate limits would have made of a call.
type Wait struct {
	Limit   string `json:"limit"`   // the one that was used up: "1/SECOND"
	Seconds int    `json:"seconds"` // until the call would have been let through
}

// Run is what an org's calls came to since they began to be counted, and what
// the vendor's rate limits would have made of them: the times of a client that
// makes the same calls one after the other and waits where it is told to.
type Run struct {
	Org            int64     `json:"org"`
	Enforced       bool      `json:"enforced"` // the limits hold here, so what was refused has been refused
	Began          string    `json:"began"`    // the first call, RFC 3339, UTC
	Last           string    `json:"last"`     // the last one so far
	Calls          int64     `json:"calls"`
	Waited         int64     `json:"waited"`         // calls that would have waited
	Refused        int64     `json:"refused"`        // answers that would have asked them to
	ElapsedSeconds float64   `json:"elapsedSeconds"` // from the first call to the last
	WaitSeconds    int64     `json:"waitSeconds"`
	TotalSeconds   float64   `json:"totalSeconds"` // how long it would have taken
	Operations     []RunPart `json:"operations"`   // the longest waits first
}

// RunPart is what the calls of one operation came to.
type RunPart struct {
	Operation   string `json:"operation"`
	Limit       string `json:"limit"` // "1/s 400/h"
	Calls       int64  `json:"calls"`
	Waited      int64  `json:"waited"`
	Refused     int64  `json:"refused"`
	WaitSeconds int64  `json:"waitSeconds"`
}

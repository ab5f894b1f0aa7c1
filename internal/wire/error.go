package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// The codes of the API's errors, spelled as clients match them
// (behaviours.md section 12).
const (
	CodeInvalidInput     = "INVALID_INPUT_ARGUMENT"
	CodeBadLogin         = "INVALID_USERNAME_OR_PASSWORD"
	CodeSessionNotValid  = "SESSION_NOT_VALID"
	CodeStateReadOnly    = "STATE_READONLY"
	CodeLimitExceeded    = "LIMIT_EXCEEDED"
	CodeScopeLimited     = "SCOPE_LIMITED"
	CodeInvalidOperation = "INVALID_OPERATION"
	CodeNotFound         = "RESOURCE_NOT_FOUND"
	CodeEditLock         = "EDIT_LOCK_NOT_AVAILABLE"
	CodeDuplicate        = "DUPLICATE_ITEM"
	CodeStale            = "STALE_CONFIGURATION_ERROR"
	CodeInUse            = "RESOURCE_IN_USE"
	CodeUnexpected       = "UNEXPECTED_ERROR"
)

// Error is a failure that a client is told of. Anything else that reaches the
// edge of the server is logged and answered as a fixed 500.
type Error struct {
	Status  int    // HTTP status
	Code    string // one of the codes above; empty where the API gives none
	Message string // for people; names the field where one is at fault
	// RetryAfter, in whole seconds, is answered as a header and, on a 429, in
	// the body as well. Negative or zero on other statuses: no header.
	RetryAfter int
	Header     http.Header // further headers of the answer; may be nil
	// Body is the answer's JSON where it is not code and message; may be nil.
	Body []byte
	Err  error // the cause, for the log only; may be nil
}

// Error returns the message with its code, as logs and the CLI show it.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%d: %s", e.Status, e.Message)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// MarshalJSON writes the API's error body. A 429 has a form of its own, all of
// whose values are strings, because a client decodes it into a map of strings
// (behaviours.md 13.5).
func (e *Error) MarshalJSON() ([]byte, error) {
	if e.Status == http.StatusTooManyRequests {
		return json.Marshal(struct {
			Message    string `json:"message"`
			RetryAfter string `json:"Retry-After"`
		}{e.Message, strconv.Itoa(e.RetryAfter) + " seconds"})
	}
	return json.Marshal(struct {
		Code    string `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}{e.Code, e.Message})
}

// UnmarshalJSON reads either form of the body; Status is the caller's to set.
func (e *Error) UnmarshalJSON(data []byte) error {
	var body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return err
	}
	e.Code, e.Message = body.Code, body.Message
	return nil
}

// Invalid is a 400 about one field. field is the member's path in the body or
// the parameter's name; the message starts with it.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: CodeInvalidInput, Message: field + " " + fmt.Sprintf(format, args...)}
}

// NotFound is the 404 of an id that names nothing.
func NotFound(what string, id any) *Error {
	return &Error{Status: http.StatusNotFound, Code: CodeNotFound, Message: fmt.Sprintf("There is no %s with id %v.", what, id)}
}

// Forbidden is a 403.
func Forbidden(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusForbidden, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Conflict is a 409.
func Conflict(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusConflict, Code: code, Message: fmt.Sprintf(format, args...)}
}

// HasCode reports whether err is or wraps an Error with that code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Status returns the HTTP status that err asks for, 500 when it asks for none.
func Status(err error) int {
	var e *Error
	if errors.As(err, &e) && e.Status != 0 {
		return e.Status
	}
	return http.StatusInternalServerError
}

package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

func TestErrorBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  *Error
		want string
	}{
		{
			"code and message", &Error{Status: 400, Code: CodeBadLogin, Message: "Invalid email or password"},
			`{"code":"INVALID_USERNAME_OR_PASSWORD","message":"Invalid email or password"}`,
		},
		{"no code", &Error{Status: 403, Message: "m"}, `{"message":"m"}`},
		{"the cause stays inside", &Error{Status: 500, Message: "m", Err: errors.New("secret cause")}, `{"message":"m"}`},
		{
			"429 has a form of its own", &Error{Status: 429, Code: "X", Message: "Rate Limit (1/SECOND) exceeded", RetryAfter: 3},
			`{"message":"Rate Limit (1/SECOND) exceeded","Retry-After":"3 seconds"}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(test.err)
			if err != nil || string(got) != test.want {
				t.Fatalf("Marshal = %s, %v; want %s", got, err, test.want)
			}
			var back Error
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			code := test.err.Code
			if test.err.Status == http.StatusTooManyRequests {
				code = ""
				// A client decodes that body into a map of strings.
				var values map[string]string
				if err := json.Unmarshal(got, &values); err != nil {
					t.Errorf("not a map of strings: %v", err)
				}
			}
			if back.Code != code || back.Message != test.err.Message {
				t.Errorf("read back as %+v", back)
			}
		})
	}
}

func TestErrorMakers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  *Error
		want string
	}{
		{Invalid("template.name", "must have %d characters", 3), "400 INVALID_INPUT_ARGUMENT: template.name must have 3 characters"},
		{NotFound("location", 7), "404 RESOURCE_NOT_FOUND: There is no location with id 7."},
		{Forbidden("", "no"), "403: no"},
		{Conflict(CodeInUse, "used by %s", "x"), "409 RESOURCE_IN_USE: used by x"},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("Error() = %q, want %q", got, test.want)
		}
	}
}

func TestHasCodeAndStatusSeeThroughWrapping(t *testing.T) {
	t.Parallel()
	wrapped := fmt.Errorf("outer: %w", &Error{Status: 409, Code: CodeEditLock, Err: io.EOF})
	if !HasCode(wrapped, CodeEditLock) || HasCode(wrapped, CodeInUse) || HasCode(io.EOF, CodeEditLock) || HasCode(nil, "") {
		t.Error("HasCode")
	}
	if got := Status(wrapped); got != 409 {
		t.Errorf("Status(wrapped) = %d", got)
	}
	if !errors.Is(wrapped, io.EOF) {
		t.Error("the cause is lost")
	}
	for _, err := range []error{io.EOF, &Error{}} {
		if got := Status(err); got != 500 {
			t.Errorf("Status(%v) = %d", err, got)
		}
	}
}

func FuzzError(f *testing.F) {
	f.Add([]byte(`{"code":"X","message":"m"}`))
	f.Add([]byte(`{"message":"m","Retry-After":"3 seconds"}`))
	f.Add([]byte(`{"code":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		e := Error{Status: 400}
		if json.Unmarshal(in, &e) != nil {
			return
		}
		out, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		var again Error
		if err := json.Unmarshal(out, &again); err != nil || again.Code != e.Code || again.Message != e.Message {
			t.Fatalf("%q read as %q %q, then as %q %q (%v)", in, e.Code, e.Message, again.Code, again.Message, err)
		}
	})
}

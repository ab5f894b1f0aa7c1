package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// masked stands in the trail where a secret was.
const masked = `"***"`

// secret reports whether a member of that name holds a secret. The list is of
// whole names: isPasswordExpired or obfuscateApiKey say nothing secret, and
// the trail should keep them.
func secret(member string) bool {
	switch strings.ToLower(member) {
	case "password", "newpassword", "oldpassword",
		"keyvalue", "apikey", "privatekey", "presharedkey", "enrolmentkey", "enrollmentkey",
		"token", "accesstoken", "refreshtoken",
		"secret", "clientsecret":
		return true
	}
	return false
}

// mask returns a JSON body with the values of secret members, at any depth,
// replaced. All other bytes stay as they are, order and spacing included. A
// null stays too: that a secret is absent is no secret. A body that is not one
// JSON value is an error, so that nothing is stored that was not looked at.
func mask(body []byte) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	var (
		out    bytes.Buffer
		copied int64 // bytes of body that are in out already
		walk   = memberWalk{dec: json.NewDecoder(bytes.NewReader(body))}
	)
	walk.dec.UseNumber()
	for {
		member, err := walk.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		if !secret(member) {
			continue
		}
		start, end, null, err := walk.value()
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		if null {
			continue
		}
		out.Write(body[copied:start])
		out.WriteString(masked)
		copied = end
	}
	if !walk.one() {
		return nil, errors.New("not JSON: not exactly one value")
	}
	if copied == 0 {
		return body, nil
	}
	out.Write(body[copied:])
	return out.Bytes(), nil
}

// memberWalk visits the members of all objects in a JSON text.
type memberWalk struct {
	dec    *json.Decoder
	stack  []level
	values int // complete values at the top
}

// level is an object or an array that the walk is inside of.
type level struct {
	object bool
	inside bool // an object whose member name was read and whose value was not
}

// next returns the name of the next object member, whose value is then to be
// read, and io.EOF after the last.
func (w *memberWalk) next() (string, error) {
	for {
		token, err := w.dec.Token()
		if err != nil {
			if errors.Is(err, io.EOF) && len(w.stack) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if delim, ok := token.(json.Delim); ok {
			switch delim {
			case '{', '[':
				w.stack = append(w.stack, level{object: delim == '{'})
			default:
				w.stack = w.stack[:len(w.stack)-1]
				w.done()
			}
			continue
		}
		if top := w.top(); top != nil && top.object && !top.inside {
			top.inside = true
			return token.(string), nil
		}
		w.done()
	}
}

// value reads the value of the member that next returned, whole, and says
// where in the text it stands.
func (w *memberWalk) value() (start, end int64, null bool, err error) {
	var raw json.RawMessage
	if err := w.dec.Decode(&raw); err != nil {
		return 0, 0, false, err
	}
	w.done()
	end = w.dec.InputOffset()
	return end - int64(len(raw)), end, string(raw) == "null", nil
}

// done notes that a value is complete.
func (w *memberWalk) done() {
	if top := w.top(); top != nil {
		top.inside = false
		return
	}
	w.values++
}

func (w *memberWalk) top() *level {
	if len(w.stack) == 0 {
		return nil
	}
	return &w.stack[len(w.stack)-1]
}

// one reports whether the text was exactly one JSON value.
func (w *memberWalk) one() bool { return w.values == 1 && len(w.stack) == 0 }

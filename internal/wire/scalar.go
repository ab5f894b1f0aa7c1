package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Int is an integer of the API. Answers carry it as a JSON number; requests
// may quote it, because the vendor's sample scripts send "7" for 7.
type Int int64

// UnmarshalJSON accepts 7 and "7". null leaves the value as it is.
func (i *Int) UnmarshalJSON(data []byte) error {
	text, null, err := scalarText(data)
	if err != nil || null {
		return err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("must be an integer")
	}
	*i = Int(n)
	return nil
}

// Bool is a boolean of the API; requests may quote it.
type Bool bool

// UnmarshalJSON accepts true and "true". null leaves the value as it is.
func (b *Bool) UnmarshalJSON(data []byte) error {
	text, null, err := scalarText(data)
	if err != nil || null {
		return err
	}
	switch text {
	case "true":
		*b = true
	case "false":
		*b = false
	default:
		return errors.New("must be true or false")
	}
	return nil
}

// Time is an instant in epoch seconds, as all times of configuration objects
// are (recorded: lastModTime, lastModifiedTime, pwdLastModifiedTime).
type Time = Int

// At returns t in epoch seconds.
func At(t time.Time) Time { return Time(t.Unix()) }

// scalarText returns the text of a JSON number, boolean or quoted scalar.
func scalarText(data []byte) (text string, null bool, err error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "", false, errors.New("is empty")
	}
	if bytes.Equal(data, []byte("null")) {
		return "", true, nil
	}
	switch data[0] {
	case '{', '[':
		return "", false, fmt.Errorf("must be a single value")
	case '"':
		text, err := strconv.Unquote(string(data))
		if err != nil {
			return "", false, errors.New("is not a plain value")
		}
		return text, false, nil
	default:
		return string(data), false, nil
	}
}

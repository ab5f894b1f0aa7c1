package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"
)

// form is how a body is written.
type form int

const (
	neither    form = iota // not known, so that what is in it is not known either
	jsonText               // JSON
	urlencoded             // name=value&…
)

// formOf goes by what a body looks like before what its sender says of it: a
// script that sends JSON under another type wants to see what it sent.
func formOf(contentType string, text []byte) form {
	if text = bytes.TrimLeft(text, " \t\r\n"); len(text) == 0 {
		return neither
	}
	if text[0] == '{' || text[0] == '[' {
		return jsonText
	}
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && media == "application/json":
		return jsonText
	case err == nil && media == "application/x-www-form-urlencoded":
		return urlencoded
	default:
		return neither
	}
}

// mask hides the secrets of a text that may be malformed or cut off.
func (f form) mask(text []byte) []byte {
	switch f {
	case jsonText:
		return maskJSON(text)
	case urlencoded:
		return []byte(maskForm(string(text)))
	default:
		return nil
	}
}

// mask returns a body as it may be shown. A malformed one that has a word in it
// which may name a secret is not shown: where the secret would be is not known.
func mask(contentType string, text []byte, isCut bool) (shown string, ok bool) {
	f := formOf(contentType, text)
	text = f.mask(text)
	if f == jsonText && !wellFormed(text, isCut) && suspicious(text) {
		return "", false
	}
	return strings.ToValidUTF8(string(text), "\uFFFD"), f != neither
}

// wellFormed reports whether a text is one JSON value, or the beginning of one
// when it was cut.
func wellFormed(text []byte, isCut bool) bool {
	if !isCut {
		return json.Valid(text)
	}
	for d, depth := json.NewDecoder(bytes.NewReader(text)), 0; ; {
		token, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return false // the value is complete, and what follows was cut
		}
	}
}

// secretEnds are what the names of secrets end in, in lower case and without
// hyphens and underscores: apiKey, keyValue, enrolmentKey, client_secret.
func secretEnds() [12]string {
	return [...]string{"key", "password", "passwd", "pwd", "passphrase", "secret", "token", "assertion", "psk", "jsessionid", "authorization", "cookie"}
}

// secretName reports whether a member, field or parameter of this name holds a
// secret. It goes by the end of the name, because new secrets are named like
// the old ones. It is asked of every member of every body that is kept, so it
// does not allocate for names of ASCII.
func secretName[T string | []byte](name T) bool {
	var space [64]byte
	plain := space[:0]
	for i := max(0, len(name)-len(space)); i < len(name); i++ {
		switch c := name[i]; {
		case c >= utf8.RuneSelf:
			// To upper case first: decoders take the long s for an s.
			return secretEnd([]byte(strings.ToLower(strings.ToUpper(string(name)))))
		case c >= 'A' && c <= 'Z':
			plain = append(plain, c+'a'-'A')
		case c != '_' && c != '-' && c != '.' && c != ' ':
			plain = append(plain, c)
		}
	}
	return secretEnd(plain)
}

func secretEnd(name []byte) bool {
	name = bytes.TrimSuffix(bytes.TrimRight(name, "0123456789[]"), []byte("value"))
	if len(name) < len("key") {
		return false
	}
	switch name[len(name)-1] { // most names are told apart here
	case 'y', 'd', 'e', 't', 'n', 'k':
	default:
		return false
	}
	for _, end := range secretEnds() {
		if len(name) >= len(end) && string(name[len(name)-len(end):]) == end {
			return true
		}
	}
	return false
}

// suspicious reports whether a word of a text may name a secret, or may once
// its escapes are read.
func suspicious(text []byte) bool {
	if bytes.ContainsAny(text, `\%`) {
		return true
	}
	all := strings.ToLower(strings.ToUpper(string(text)))
	for _, end := range secretEnds() {
		if strings.Contains(all, end) {
			return true
		}
	}
	return false
}

const masked = "***"

// maskForm hides the secret values of name=value pairs, such as a query.
func maskForm(text string) string {
	if strings.Contains(text, ";") { // the older separator
		parts := strings.Split(text, ";")
		for i := range parts {
			parts[i] = maskForm(parts[i])
		}
		return strings.Join(parts, ";")
	}
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		switch {
		case !ok && (err != nil || suspicious([]byte(pair))):
			pairs[i] = masked
		case ok && value != "" && (err != nil || secretName(plain) || structured(value)):
			pairs[i] = name + "=" + masked
		}
	}
	return strings.Join(pairs, "&")
}

// structured reports whether a parameter's value has members of its own, whose
// names nobody looks at.
func structured(value string) bool {
	plain, err := url.QueryUnescape(value)
	return (err != nil || strings.ContainsAny(plain, "{&;")) && suspicious([]byte(plain))
}

// maskJSON hides the values of secret members in a JSON text, which may be cut
// off or malformed: all it takes for a member is a string before a colon. That
// something is true, false or null is no secret. All other bytes stay.
func maskJSON(text []byte) []byte {
	var out []byte // nil until there is something to hide
	copied := 0
	for i := 0; ; {
		quote := bytes.IndexByte(text[i:], '"')
		if quote < 0 {
			break
		}
		start := i + quote
		i = stringEnd(text, start)
		colon := afterSpace(text, i)
		if colon == len(text) || text[colon] != ':' || !secretMember(text[start:i]) {
			continue
		}
		from := afterSpace(text, colon+1)
		i = valueEnd(text, from)
		switch string(text[from:i]) {
		case "", "true", "false", "null":
			continue
		}
		out = append(append(out, text[copied:from]...), `"`+masked+`"`...)
		copied = i
	}
	if out == nil {
		return text
	}
	return append(out, text[copied:]...)
}

// secretMember is secretName of a quoted name.
func secretMember(quoted []byte) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return secretName(bytes.Trim(quoted, `"`))
	}
	var name string
	return json.Unmarshal(quoted, &name) != nil || secretName(name)
}

// stringEnd is where the string that starts at i ends.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func afterSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

// valueEnd is where the value that starts at i ends.
func valueEnd(text []byte, i int) int {
	depth := 0
	for i < len(text) {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

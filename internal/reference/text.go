package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/spurline/spurline/internal/document"
)

// heading makes a title of an area's name.
func heading(name string) string {
	words := strings.ReplaceAll(strings.ReplaceAll(name, "cloud-branch", "cloud & branch"), "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

var (
	bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	code = regexp.MustCompile("`([^`]+)`")
)

// prose writes text of the document, which has paragraphs, **bold** and
// `code`, as HTML.
func prose(text string) markup {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph == "" {
			continue
		}
		p := html.EscapeString(paragraph)
		p = bold.ReplaceAllString(code.ReplaceAllString(p, "<code>$1</code>"), "<strong>$1</strong>")
		b.WriteString("<p>" + p + "</p>\n")
	}
	return markup(b.String())
}

// pretty indents JSON for reading.
func pretty(text json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return string(text)
	}
	return b.String()
}

// bounds tells what a value may be, besides its type.
func bounds(s *document.Schema) string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s == nil {
		return ""
	}
	if s.ReadOnly {
		say("read only")
	}
	if s.WriteOnly {
		say("never shown")
	}
	if s.Items != nil && len(s.Items.Enum) > 0 {
		say("each one of %s", strings.Join(s.Items.Enum, ", "))
	}
	if len(s.Enum) > 0 {
		say("one of %s", strings.Join(s.Enum, ", "))
	}
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		say("%s to %s", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		say("%s or more", *s.Minimum)
	case s.Maximum != nil:
		say("%s at most", *s.Maximum)
	}
	if s.MaxLength != nil {
		say("%d characters at most", *s.MaxLength)
	}
	if s.MaxItems != nil {
		say("%d at most", *s.MaxItems)
	}
	if s.Default != nil {
		say("%s unless said", s.Default)
	}
	return strings.Join(out, "; ")
}

// bounded is a schema's bounds, in the manner of bounds.
func bounded(s *document.Schema) markup {
	text := bounds(s)
	return when(text != "", markup(`<span class="bounds">`+html.EscapeString(text)+`</span>`))
}

// formOf is a schema's form, with a link to the schema where it has a name.
func formOf(s *document.Schema) markup {
	if s.Name() == "" {
		return markup(html.EscapeString(s.Form()))
	}
	return link("schemas", s.Name(), s.Form())
}

// signs tells how a caller signs in.
func signs(o *document.Operation) string {
	says := map[string]string{"session": "an admin's session", "oauth2": "an API client's token", "owner": "the owner's token", "connector": "the connector's own token"}
	var out []string
	for _, name := range o.Signs {
		if says[name] == "" {
			says[name] = name
		}
		out = append(out, says[name])
	}
	return strings.Join(out, " or ")
}

func within(where string, all []document.Param) (out []document.Param) {
	for _, p := range all {
		if p.In == where {
			out = append(out, p)
		}
	}
	return out
}

// curl is the operation as a command in a shell that "spurline env" has set
// up and that has signed in with a cookie jar.
func curl(o *document.Operation) string {
	base := "/api/v1"
	if o.Native {
		base = ""
	}
	var b strings.Builder
	b.WriteString("curl")
	if o.Method != "GET" {
		b.WriteString(" -X " + o.Method)
	}
	for _, sign := range o.Signs {
		switch sign {
		case "session":
			b.WriteString(" -b cookies")
		case "owner", "connector":
			b.WriteString(` -H "Authorization: Bearer $TOKEN"`)
		default:
			continue
		}
		break
	}
	if o.Body != nil {
		b.WriteString(" \\\n  -H 'Content-Type: " + o.Body.Type + "'")
		switch {
		case o.Body.Type != "application/json":
			b.WriteString(" --data-binary @FILE")
		case len(o.Body.Examples) > 0:
			b.WriteString(" \\\n  -d " + quote(string(compact(o.Body.Examples[0].Value))))
		default:
			b.WriteString(" -d @FILE")
		}
	}
	b.WriteString(" \\\n  \"$SPURLINE_URL" + base + o.Path + "\"")
	return b.String()
}

func compact(text json.RawMessage) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return text
	}
	return b.Bytes()
}

// quote writes a word for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

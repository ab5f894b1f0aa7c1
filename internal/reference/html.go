package reference

import (
	"fmt"
	"html"
	"net/url"
	"strings"
)

// writer writes a page.
//
// It does so without html/template, which reaches methods by their names:
// because of it the linker would have to keep every method of every package,
// and the binary would be a tenth larger.
type writer struct {
	strings.Builder
	*site
}

// markup is a piece of HTML that is made already.
type markup string

// put writes HTML. The values are escaped, as it takes to be text or an
// attribute in quotation marks, unless they are markup.
func (w *writer) put(format string, values ...any) {
	safe := make([]any, len(values))
	for i, v := range values {
		if m, ok := v.(markup); ok {
			safe[i] = string(m)
		} else {
			safe[i] = html.EscapeString(fmt.Sprint(v))
		}
	}
	fmt.Fprintf(w, format, safe...)
}

// address is where a page is, one of a kind.
func address(kind, name string) string { return Root + "/" + kind + "/" + url.PathEscape(name) }

// link is a link to a page.
func link(kind, name, text string) markup {
	return markup(`<a href="` + html.EscapeString(address(kind, name)) + `">` + html.EscapeString(text) + `</a>`)
}

// when is markup that is there on a condition.
func when(condition bool, m markup) markup {
	if condition {
		return m
	}
	return ""
}

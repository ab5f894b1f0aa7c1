package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/jmespath/go-jmespath"
	"go.yaml.in/yaml/v3"

	"github.com/spurline/spurline/internal/wire"
)

// tone is what a word's colour says.
type tone int

const (
	plain tone = iota
	good
	warn
	bad
	faint
	strong
)

// style is the tone's look. The colours are the terminal's own sixteen, so
// they suit whatever its background is.
func (p *printer) style(t tone) lipgloss.Style {
	s := lipgloss.NewStyle()
	if !p.color {
		return s
	}
	switch t {
	case good:
		return s.Foreground(lipgloss.Green)
	case warn:
		return s.Foreground(lipgloss.Yellow)
	case bad:
		return s.Foreground(lipgloss.Red)
	case faint:
		return s.Faint(true)
	case strong:
		return s.Bold(true)
	default:
		return s
	}
}

// paint gives a text the tone's look, where there is colour.
func (p *printer) paint(t tone, text string) string {
	if !p.color || t == plain {
		return text
	}
	return p.style(t).Render(text)
}

// ago is how long ago a time was, as people say it.
func (p *printer) ago(t wire.Time) string {
	if t == 0 {
		return "never"
	}
	d := p.now().Sub(time.Unix(int64(t), 0)).Round(time.Second)
	switch {
	case d < 0:
		return "just now"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds ago", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd ago", int(d.Hours()/24))
	}
}

// pick applies a JMESPath to JSON.
func pick(query *jmespath.JMESPath, text []byte) ([]byte, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	found, err := query.Search(v)
	if err != nil {
		return nil, fmt.Errorf("--query: %w", err)
	}
	return json.Marshal(found)
}

// writeYAML writes JSON as YAML, with the members in the same order: JSON is
// YAML in another style.
func writeYAML(w io.Writer, text []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	block(&doc)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return err
	}
	return e.Close()
}

// block writes lists and objects over several lines, and text as it reads best.
// Text of several lines stays quoted where white space counts in it, which the
// library's block form does not always bring back.
func block(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "\n") && (strings.ContainsAny(n.Value, "\t\r") || strings.TrimLeft(n.Value, " \n") != n.Value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, c := range n.Content {
		block(c)
	}
}

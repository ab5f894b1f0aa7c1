package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"
)

// stream prints things as they come: a line each in a table, whose columns grow
// with what has been seen; a line of JSON each; a document of YAML each; or CSV
// with one line of heads.
type stream[T any] struct {
	p      *printer
	noun   noun[T]
	more   func(*printer, T) // prints what follows a thing in a table; nil = nothing
	widths []int             // nil = nothing has been printed yet
}

func newStream[T any](p *printer, n noun[T], more func(*printer, T)) *stream[T] {
	return &stream[T]{p: p, noun: n, more: more}
}

// add prints some more things.
func (s *stream[T]) add(rows []T) error {
	switch s.p.format {
	case "json":
		return s.each(rows, s.line)
	case "yaml":
		return s.each(rows, func(row T) error {
			if _, err := fmt.Fprintln(s.p.out, "---"); err != nil {
				return err
			}
			return s.p.data(row)
		})
	case "csv":
		return s.records(rows)
	default:
		return s.table(rows)
	}
}

func (s *stream[T]) each(rows []T, one func(T) error) error {
	for _, row := range rows {
		if err := one(row); err != nil {
			return err
		}
	}
	return nil
}

// line prints a thing as JSON in one line.
func (s *stream[T]) line(row T) error {
	text, err := json.Marshal(row)
	if err == nil && s.p.query != nil {
		text, err = pick(s.p.query, text)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.p.out, "%s\n", text)
	return err
}

// records prints CSV, with the heads before the first.
func (s *stream[T]) records(rows []T) error {
	var b strings.Builder
	plain := *s.p
	plain.out = &b
	if err := showCSV(&plain, s.noun, rows); err != nil {
		return err
	}
	text := b.String()
	if s.widths != nil {
		_, text, _ = strings.Cut(text, "\n") // heads have no line breaks
	}
	s.widths = []int{}
	_, err := fmt.Fprint(s.p.out, text)
	return err
}

// table prints rows under heads that are printed once.
func (s *stream[T]) table(rows []T) error {
	var lines [][]cell
	if s.widths == nil {
		var heads []cell
		for _, c := range s.noun.columns {
			if !c.detail {
				heads = append(heads, cell{c.head, strong})
			}
		}
		s.widths = make([]int, len(heads))
		lines = append(lines, heads)
	}
	headed := len(lines)
	for _, row := range rows {
		var cells []cell
		for _, c := range s.noun.columns {
			if !c.detail {
				cells = append(cells, c.cell(s.p, row))
			}
		}
		lines = append(lines, cells)
	}
	for _, line := range lines {
		for i, c := range line {
			s.widths[i] = max(s.widths[i], lipgloss.Width(c.text))
		}
	}
	for n, line := range lines {
		var b strings.Builder
		for i, c := range line {
			b.WriteString(s.p.paint(c.tone, c.text))
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", s.widths[i]-lipgloss.Width(c.text)+2))
			}
		}
		if _, err := fmt.Fprintln(s.p.out, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
		if s.more != nil && n >= headed {
			s.more(s.p, rows[n-headed])
		}
	}
	return nil
}

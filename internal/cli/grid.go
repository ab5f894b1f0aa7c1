package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// grid is a table's text.
type grid struct {
	heads []string
	spare []bool // columns that a narrow terminal does without
	rows  [][]cell
}

type cell struct {
	text string
	tone tone
}

// grid draws a table: with a frame and colours on a terminal, and plainly
// elsewhere.
func (p *printer) grid(g grid) error {
	if len(g.rows) == 0 {
		return nil
	}
	if p.width == 0 {
		return p.plainGrid(g)
	}
	left := g
	for fits := true; fits && left.width() > p.width; {
		left, fits = left.without()
	}
	t := p.framed(left)
	if left.width() > p.width {
		t.Width(p.width)
	}
	fmt.Fprintln(p.out, t)
	if n := len(g.heads) - len(left.heads); n > 0 {
		fmt.Fprintln(p.out, p.paint(faint, count(n, "column does", "columns do")+" not fit here; -o csv has them all"))
	}
	return nil
}

// width is how wide the table is with its frame.
func (g grid) width() int {
	all := 1
	for i, head := range g.heads {
		most := lipgloss.Width(head)
		for _, row := range g.rows {
			most = max(most, lipgloss.Width(row[i].text))
		}
		all += most + 3
	}
	return all
}

func (p *printer) plainGrid(g grid) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(g.heads, "\t"))
	for _, row := range g.rows {
		fmt.Fprintln(w, strings.Join(texts(row), "\t"))
	}
	return w.Flush()
}

func (p *printer) framed(g grid) *table.Table {
	t := table.New().Headers(g.heads...).Border(lipgloss.RoundedBorder()).BorderStyle(p.style(faint)).Wrap(false).
		StyleFunc(func(row, col int) lipgloss.Style {
			if row == table.HeaderRow {
				return p.style(strong).Padding(0, 1)
			}
			return p.style(g.rows[row][col].tone).Padding(0, 1)
		})
	for _, row := range g.rows {
		t.Row(texts(row)...)
	}
	return t
}

func texts(row []cell) []string {
	all := make([]string, len(row))
	for i, c := range row {
		all[i] = c.text
	}
	return all
}

// without is the table without its last spare column.
func (g grid) without() (grid, bool) {
	for i := len(g.spare) - 1; i >= 0; i-- {
		if !g.spare[i] {
			continue
		}
		less := grid{heads: drop(g.heads, i), spare: drop(g.spare, i)}
		for _, row := range g.rows {
			less.rows = append(less.rows, drop(row, i))
		}
		return less, true
	}
	return g, false
}

func drop[T any](list []T, i int) []T { return slices.Delete(slices.Clone(list), i, i+1) }

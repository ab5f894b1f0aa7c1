package cli

import (
	"fmt"
	"slices"
	"strings"
)

// choice is a flag with a few values.
type choice struct {
	value string
	of    []string
}

func newChoice(value string, others ...string) *choice {
	return &choice{value: value, of: append([]string{value}, others...)}
}

// String, Set and Type make it a flag's value.
func (c *choice) String() string { return c.value }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("it is one of %s", strings.Join(c.of, ", "))
	}
	c.value = s
	return nil
}

func (c *choice) Type() string { return strings.Join(c.of, "|") }

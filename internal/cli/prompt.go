package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// terminal is the terminal that the user types at, or nil where there is none.
func (s *session) terminal() *os.File {
	f, ok := s.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// errNoTerminal means that there is nobody to ask.
var errNoTerminal = errors.New("there is no terminal to ask at")

// ask asks for a line of text. The question is marked where the server is a
// sandbox.
func (s *session) ask(ctx context.Context, question string) (string, error) {
	in := s.terminal()
	if in == nil {
		return "", errNoTerminal
	}
	fmt.Fprint(s.stderr, s.mark()+question+": ")
	return interruptible(ctx, in, func() (string, error) {
		text, err := bufio.NewReader(in).ReadString('\n')
		return strings.TrimSpace(text), err
	})
}

// askSecret asks for a line that is not shown while it is typed.
func (s *session) askSecret(ctx context.Context, question string) (string, error) {
	in := s.terminal()
	if in == nil {
		return "", errNoTerminal
	}
	fmt.Fprint(s.stderr, s.mark()+question+": ")
	text, err := interruptible(ctx, in, func() (string, error) {
		text, err := term.ReadPassword(int(in.Fd()))
		return string(text), err
	})
	fmt.Fprintln(s.stderr)
	return text, err
}

// interruptible reads from a terminal until ctx ends, and then leaves the
// terminal as it was. The read itself cannot be cut short; the process ends
// before it does.
func interruptible(ctx context.Context, in *os.File, read func() (string, error)) (string, error) {
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return "", err
	}
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return "", fmt.Errorf("no answer: %w", a.err)
		}
		return a.text, nil
	case <-ctx.Done():
		return "", errors.Join(&failure{exitInterrupted, errors.New("interrupted")}, term.Restore(int(in.Fd()), before))
	}
}

// Command capture runs a real deletion at a terminal and prints what the
// terminal shows, as a block of plain text for the README.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
)

func main() {
	bin := flag.String("bin", "bin/spurline", "the binary to run")
	into := flag.String("into", "", "document to put the capture into, between its capture marks (default standard output)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := capture(ctx, *bin, *into)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "capture:", err)
		os.Exit(1)
	}
}

func capture(ctx context.Context, bin, into string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	bin, err = filepath.Abs(bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "capture")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := studio{bin: bin, env: append(os.Environ(),
		"SPURLINE_DATA_DIR="+filepath.Join(dir, "data"), "SPURLINE_CONFIG="+filepath.Join(dir, "profiles.json"),
		"PATH="+filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1", "TERM=xterm")}
	if _, err := s.run(ctx, "up", "--detach", "--listen", ":0", "--heartbeat", "1s"); err != nil {
		return err
	}
	defer func() {
		_, downErr := s.run(context.WithoutCancel(ctx), "down")
		err = errors.Join(err, downErr)
	}()
	shown, err := s.play(ctx)
	if err != nil {
		return err
	}
	if into == "" {
		_, err = os.Stdout.WriteString(shown)
		return err
	}
	return splice(into, shown)
}

// The marks between which a document holds the capture.
const (
	markBegin = "<!-- capture: made by make capture -->\n"
	markEnd   = "<!-- end of capture -->\n"
)

// splice replaces what stands between the marks of a document.
func splice(path, shown string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), markBegin)
	_, after, ended := strings.Cut(rest, markEnd)
	if !ok || !ended {
		return fmt.Errorf("%s has no capture marks", path)
	}
	return os.WriteFile(path, []byte(before+markBegin+"```\n"+shown+"```\n"+markEnd+after), 0o644)
}

// studio is where a capture is made: a binary, and a sandbox of its own.
type studio struct {
	bin string
	env []string
}

// run runs a command line without a terminal.
func (s *studio) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.bin, args...)
	cmd.Env = s.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("spurline %s: %w\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return out, nil
}

// play powers an appliance off and deletes its connector.
func (s *studio) play(ctx context.Context) (string, error) {
	out, err := s.run(ctx, "connectors", "list", "-o", "json")
	if err != nil {
		return "", err
	}
	var connectors []struct {
		Name string
		VMID json.Number
	}
	if err := json.Unmarshal(out, &connectors); err != nil || len(connectors) == 0 {
		return "", errors.Join(errors.New("there is no connector to delete"), err)
	}
	if out, err = s.run(ctx, "vms", "get", connectors[0].VMID.String(), "-o", "json"); err != nil {
		return "", err
	}
	var vm struct {
		Name  string
		Group struct{ Name string }
	}
	if err := json.Unmarshal(out, &vm); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, scene := range []struct {
		answer string
		args   []string
	}{
		{"", []string{"connectors", "stop", connectors[0].Name}},
		{vm.Name + "\n", []string{"delete", vm.Group.Name + "/" + vm.Name}},
	} {
		shown, err := s.film(ctx, scene.answer, scene.args...)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "$ spurline %s\n%s\n", strings.Join(scene.args, " "), shown)
	}
	return strings.TrimRight(b.String(), "\n") + "\n", nil
}

// film runs a command line at a terminal, answers its question once it is
// there, and returns what is on the screen at the end.
func (s *studio) film(ctx context.Context, answer string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.bin, args...)
	cmd.Env = s.env
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		return "", err
	}
	defer tty.Close()
	var b strings.Builder
	for buf := make([]byte, 4096); ; {
		n, err := tty.Read(buf)
		b.Write(buf[:n])
		if answer != "" && strings.HasSuffix(b.String(), "to delete it: ") {
			if _, err := io.WriteString(tty, answer); err != nil {
				return "", err
			}
			answer = ""
		}
		if err != nil { // the program has closed its side
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		return "", fmt.Errorf("spurline %s: %w\n%s", strings.Join(args, " "), err, b.String())
	}
	return screen(b.String()), nil
}

// screen is what a terminal shows of the bytes that it was sent. Of control
// sequences it knows those that the program sends without colour: back to the
// start of the line, and erase to its end.
func screen(sent string) string {
	const erase = "\x1b[K"
	var b strings.Builder
	for line := range strings.SplitSeq(strings.ReplaceAll(sent, "\r\n", "\n"), "\n") {
		if i := strings.LastIndex(line, "\r"+erase); i >= 0 {
			line = line[i+1+len(erase):]
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

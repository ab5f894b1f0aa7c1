package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// detach starts up in the background with the same flags, waits until it has
// printed what it has to say, and passes that on.
func detach(ctx context.Context, cmd *cobra.Command, o options) error {
	if state, err := running(o.dataDir); state != nil {
		return o.runsAlready(state)
	} else if err != nil {
		return err
	}
	if err := os.MkdirAll(o.dataDir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w; name another one with --data-dir", err)
	}
	log, err := os.OpenFile(filepath.Join(o.dataDir, logFile), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the log: %w", err)
	}
	defer log.Close()
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("the log: %w", err)
	}
	said, err := runBackground(ctx, backgroundArgs(cmd), log)
	if err == nil {
		_, err = cmd.OutOrStdout().Write(said)
		return err
	}
	end, readErr := tail(log, begin)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	return fmt.Errorf("the server has not started (%w); %s ends with:\n%s", err, log.Name(), end)
}

// runBackground starts this program with the given arguments in a session of
// its own, and returns what it prints, once it has closed its output. The
// process is left running unless it has printed nothing.
func runBackground(ctx context.Context, args []string, log *os.File) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.CommandContext(context.WithoutCancel(ctx), self, args...) // it is to outlive this process
	child.Args[0] = os.Args[0]
	child.Stderr = log
	background(child)
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, err
	}
	// Whoever gives up waiting wants no server.
	release := context.AfterFunc(ctx, func() { _ = terminate(child.Process) })
	said, err := io.ReadAll(out)
	if err == nil && len(said) > 0 && release() {
		return said, errors.Join(out.Close(), child.Process.Release())
	}
	err = errors.Join(err, child.Wait())
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err == nil {
		err = errors.New("it ended by itself")
	}
	return nil, err
}

// backgroundArgs is the command line of the process in the background: the
// flags that this one was given.
func backgroundArgs(cmd *cobra.Command) []string {
	args := []string{cmd.Name(), "--" + backgroundFlag}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch list, ok := f.Value.(pflag.SliceValue); {
		case f.Name == detachFlag:
		case ok:
			for _, v := range list.GetSlice() {
				args = append(args, "--"+f.Name+"="+v)
			}
		default:
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return args
}

// tail returns the last lines of a log from an offset on.
func tail(log *os.File, from int64) (string, error) {
	const most, lines = 64 << 10, 12
	info, err := log.Stat()
	if err != nil {
		return "", err
	}
	from = max(from, info.Size()-most)
	data, err := io.ReadAll(io.NewSectionReader(log, from, info.Size()-from))
	if err != nil {
		return "", err
	}
	all := strings.Split(string(bytes.TrimRight(data, "\n")), "\n")
	all = all[max(0, len(all)-lines):]
	return "  " + strings.Join(all, "\n  "), nil
}

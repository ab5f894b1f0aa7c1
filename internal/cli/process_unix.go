//go:build unix

package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// background gives a process that is to be started a session of its own, which
// no terminal's end takes down.
func background(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// terminate asks a process to stop.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

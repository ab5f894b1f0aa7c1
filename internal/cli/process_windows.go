package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// background keeps a process that is to be started out of reach of this
// console's Ctrl-C.
func background(cmd *exec.Cmd) {
	const detachedProcess = 0x00000008
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess}
}

// terminate ends a process. Windows has no way to ask one without a console;
// what it has answered is safe all the same, as after a crash.
func terminate(p *os.Process) error { return p.Kill() }

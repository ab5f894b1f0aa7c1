package pgtest

import "syscall"

// dieWithParent has the system end a process when this one ends, however that
// comes about.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
}

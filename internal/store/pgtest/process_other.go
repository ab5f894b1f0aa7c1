//go:build unix && !linux

package pgtest

import "syscall"

// dieWithParent is for Main to do where the system does not.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

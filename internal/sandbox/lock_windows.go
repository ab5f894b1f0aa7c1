package sandbox

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lockPath takes the lock that the file stands for, by opening it for nobody
// else. The lock goes with the process, however that ends; the file stays.
func lockPath(path string) (io.Closer, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const shareNothing = 0
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareNothing, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	const errSharingViolation = syscall.Errno(32)
	if errors.Is(err, errSharingViolation) {
		return nil, ErrStateInUse
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(handle), path), nil
}

//go:build unix

package sdk

import (
	"errors"
	"os"
	"syscall"
)

// lock is false when somebody else holds the file.
func lock(file *os.File) bool {
	return !errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

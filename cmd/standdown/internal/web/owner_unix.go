//go:build unix

package web

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner has the file belong to whom another belongs to.
func keepOwner(path string, other fs.FileInfo) error {
	of, ok := other.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Chown(path, int(of.Uid), int(of.Gid))
}

package web

import "io/fs"

// keepOwner does nothing: the folder says whose a file is.
func keepOwner(string, fs.FileInfo) error { return nil }

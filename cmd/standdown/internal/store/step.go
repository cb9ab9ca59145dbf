package store

import (
	"path"
	"runtime"
	"strings"
)

// stepper returns what tells Step of the phases of a transaction. The name is
// that of the outermost caller in this package, so that a new transaction has
// one without being given it.
func (s *Store) stepper() func(phase string) {
	if s.Step == nil {
		return func(string) {}
	}
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	name := ""
	for {
		frame, more := frames.Next()
		method, ours := strings.CutPrefix(path.Base(frame.Function), "store.(*Store).")
		if ours {
			name, _, _ = strings.Cut(method, ".") // of a closure, the method it is in
		}
		if !more {
			return func(phase string) { s.Step(name, phase) }
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"standdown/mapping/reader"
)

// Whatever is in a file, reading it ends soon and takes little memory.
func TestReadingAMailIsBounded(t *testing.T) {
	const head = "From: a@b.test\r\nSubject: big\r\n"
	dir := t.TempDir()
	r, err := newGlobals(pflag.NewFlagSet("test", pflag.ContinueOnError)).mailReader(true)
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(readMemory))
	for name, text := range map[string]string{
		"text":       head + "\r\n" + strings.Repeat("Please cancel my contract C-12345.\r\n", 950_000),
		"base64":     head + "Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("UGxlYXNlIGNhbmNlbCBteSBjb250cmFjdCBDLTEyMzQ1LiBQbGVhc2UgY2FuY2Vs\r\n", 500_000),
		"HTML":       head + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<div><blockquote>x", 1_900_000),
		"signatures": strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=b.test; s=x; h=from; bh=x; b=y\r\n", 3000) + head + "\r\nx",
		"too large":  head + "\r\n" + strings.Repeat("x\r\n", 13_000_000),
		"nothing":    "",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, "big.eml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			stop, most := make(chan struct{}), make(chan uint64)
			go func() {
				var peak uint64
				for tick := time.NewTicker(5 * time.Millisecond); ; {
					select {
					case <-stop:
						tick.Stop()
						most <- peak
						return
					case <-tick.C:
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						peak = max(peak, m.Sys-m.HeapReleased)
					}
				}
			}()
			report := r.bounded(t.Context(), file, nil)
			close(stop)
			if peak := <-most; peak > 512<<20 {
				t.Errorf("it took %d MB", peak>>20)
			}
			if report.Verdict == reader.Request || len(text) > 1<<20 && (report.Error == nil || report.Verdict != reader.Unclear) {
				t.Errorf("it was read as %+v", report)
			}
		})
	}
	t.Run("a file that never ends", func(t *testing.T) {
		if report := r.bounded(t.Context(), "/dev/zero", nil); report.Error == nil || report.Verdict != reader.Unclear {
			t.Errorf("it was read as %+v", report)
		}
	})
}

package reader

import (
	"strings"
	"testing"
)

// A request of one paragraph in 4 kB of text.
func BenchmarkRead(b *testing.B) {
	mail := own("I am writing to cancel my solar contract C-204417. We have decided that the\nmonthly payment is more than we can afford right now, so please cancel it.\n\n" +
		"Kind regards,\nMaria Alvarez\n14 Juniper Lane\n\n" + strings.Repeat("The house with the green door, second street on the left behind the mill.\n", 50))
	b.ReportAllocs()
	for b.Loop() {
		if r := Read(mail, Patterns{}); r.Verdict != Request {
			b.Fatalf("reads %s", r.Verdict)
		}
	}
}

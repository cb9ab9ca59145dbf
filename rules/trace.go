package rules

import (
	"slices"
	"strings"
)

// A trace is whether what is decided is also told: the reasons of facts, and
// the texts and particulars of actions. Rows do not depend on it.
type trace bool

// noMail stands for the request of events that have none.
var noMail = &Request{}

// fact writes the reason as [fill] does, unless nobody will read it.
func (t trace) fact(name, value, format string, args ...string) Fact {
	if !t {
		return Fact{Name: name, Value: value}
	}
	return Fact{Name: name, Value: value, Reason: fill(format, args...)}
}

// told keeps a decision's facts, unless nobody will read them. It copies, so
// that those of an untraced decision never leave the stack.
func (t trace) told(found []Fact) []Fact {
	if !t {
		return nil
	}
	return slices.Clone(found)
}

// fill puts the arguments in the place of each %s, of which there must be as
// many. Unlike fmt.Sprintf it lets no argument escape to the heap, which every
// fact would pay for even if it is not told.
func fill(format string, args ...string) string {
	if len(args) == 0 {
		return format
	}
	if len(args) == 1 && format == "%s" {
		return args[0]
	}
	size := len(format)
	for _, a := range args {
		size += len(a) - len("%s")
	}
	var b strings.Builder
	b.Grow(size)
	for _, a := range args {
		at := strings.Index(format, "%s")
		b.WriteString(format[:at])
		b.WriteString(a)
		format = format[at+len("%s"):]
	}
	b.WriteString(format)
	return b.String()
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// mostReasons is how many reasons of one record people want to read.
const mostReasons = 8

// print tells people what became of a plan.
func (a *applied) print(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "The plan of %s for %s.\n\n", a.Plan.At.Format(time.RFC3339), a.Plan.Org)
	for _, r := range a.Records {
		fmt.Fprintf(out, "%-8s  %s  %s\n", r.Outcome, r.Record, r.Kind)
		for _, why := range r.Why[:min(len(r.Why), mostReasons)] {
			fmt.Fprintf(out, "            %s\n", why)
		}
		if more := len(r.Why) - mostReasons; more > 0 {
			fmt.Fprintf(out, "            and %d more\n", more)
		}
	}
	fmt.Fprintf(out, "\n%d applied, %d wait, %d stuck, %d refused, %d taken up before, %d left out.\n", a.Totals[outcomeApplied], a.Totals[outcomeWaits],
		a.Totals[outcomeStuck], a.Totals[outcomeRefused], a.Totals[outcomeAlready], a.Totals[outcomeLeftOut])
	if a.Held != nil && a.Held.Entries > 0 {
		fmt.Fprintf(out, "Too much at once: %d changes are %s.\nLook at them, then: standdown outbox approve %s (or decline).\n", a.Held.Entries, a.Held.Why, a.Held.ID)
	} else if a.Totals[outcomeWaits] > 0 {
		fmt.Fprintln(out, "What waits for approval: standdown outbox list")
	}
	if a.Totals[outcomeRefused] > 0 {
		fmt.Fprintln(out, "What was refused needs a new plan: standdown plan --out FILE")
	}
	return out.Flush()
}

// applyProgress tells how far it is on a terminal, and nobody elsewhere.
func applyProgress(w io.Writer) func(stage string, n, of int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func(stage string, n, of int) { fmt.Fprintf(f, "\r%d of %d %s \r", n, of, stage) }
}

package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestTheDemonstrationTellsItsStory runs `standdown demo` and reads what a
// person would read.
func TestTheDemonstrationTellsItsStory(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"demo"}, strings.NewReader(""), &stdout, &stderr); code != exitDone {
		t.Fatalf("exit code %d\n%s\n%s", code, stdout.Bytes(), stderr.Bytes())
	}
	// Line breaks are for the eye.
	told := strings.Join(strings.Fields(stdout.String()), " ")
	from := 0
	for _, want := range []string{
		"Maria Alvarez asks", "cancellation.request C4", "MIL-11", "Dana Whitlock looks", "done",
		"Daniel Okafor asks", "cancellation.request C6",
		"Carlos Mendez asks", "cancellation.request C5",
		"Ruth Lindqvist asks", "cancellation.request C7", "MIL-18",
		"A contact centre forwards", "cancellation.request C3",
		"An installer asks", "For review",
		"A newsletter arrives", "ignored",
		"writes again", "cancellation.request C1",
		"has thought better of it", "cancellation.restore B1",
		"on hold from 10 March", "on_hold.visit H1",
		"a week later", "on_hold.visit R2",
		"taken off", "on_hold.visit R4",
		"cancels an interpreter", "assignment.billing V3", "ASG-3", "Dana Whitlock looks", "billable: the customer is charged 120 min",
		"waives the billing", "assignment.waive Z1",
		"cancelled by mistake", "assignment.reopen U2",
		"whole weekly series", "assignment.request Q2", "assignment.cancel K9", "assignment.cancel K7", "assignment.cancel K2", "assignment.cancel K1",
		"Walter Hayes's install", "ops_block.cancel K1", "ops_block.parent S1", "ops_block.meeting E1", "ops_block.reopen R1",
		"Irene Castillo", "ops_block.parent S9",
		"Stella Novak", "ops_block.parent S6", "ops_block.sale L1",
		"Lucy Brandt", "ops_block.cancel K6",
		"George Adeyemi", "ops_block.reschedule V2",
		"Fourteen business days pass", "cancellation.finish F1",
		"What waits for people", "case",
		"What to try next",
	} {
		at := strings.Index(told[from:], want)
		if at < 0 {
			t.Fatalf("the story does not go on with %q after %q:\n%s", want, told[max(0, from-80):from], stdout.Bytes())
		}
		from += at + len(want)
	}
}

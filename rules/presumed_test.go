package rules_test

import (
	"testing"
	"time"

	"standdown/rules"
)

func TestPresumes(t *testing.T) {
	for _, test := range []struct {
		sentence    string
		table, name string
		value       string
		want        bool
	}{
		{"from whom a visit was taken is true once it is", "on_hold.visit", "crew", "R1", true},
		{"the hold that was processed is as it is", "on_hold.hold", "hold", "on 2026-03-01 -", false},
		{"a written statement came, whatever follows", "cancellation.request", "statement", "<1@example.com>", false},
		{"Deal Processing has a case once it is opened", "cancellation.request", "referred", "e1", true},
		{"a repetition is noted once it is", "cancellation.request", "repeat", "e1", true},
		{"that a restore was asked for keeps the final cancellation from being written", "cancellation.restore", "restore", "e1", false},
		{"the clock runs from when the status was written", "cancellation.watch", "pending-since", "2026-03-01T00:00:00Z", false},
		{"sending back has begun once it has", "ops_block.cancel", "effects", "e1", true},
		{"nothing is to be sent back for a block that was Canceled before", "ops_block.cancel", "effects", "-", false},
		{"a block's cancellation is forgotten once it is open again", "ops_block.reopen", "cancelled", "", true},
		{"an assignment's is, too", "assignment.reopen", "cancelled-at", "", true},
		{"since when an assignment is cancelled stands on the record", "assignment.changed", "cancelled-at", "2026-03-01T00:00:00Z", false},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			d := rules.Decision{Table: test.table, Remember: map[string]string{test.name: test.value}}
			if got := d.Presumes(test.name); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestBusinessDaysAfter(t *testing.T) {
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	friday := time.Date(2026, 3, 6, 17, 0, 0, 0, book.Zone())
	if got, want := book.BusinessDaysAfter(friday, 1), time.Date(2026, 3, 10, 0, 0, 0, 0, book.Zone()); !got.Equal(want) {
		t.Errorf("a business day after %s ends %s, want %s", friday, got, want)
	}
}

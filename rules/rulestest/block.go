package rulestest

import (
	"time"

	"standdown/rules"
)

// A block is a rules.OpsBlock with defaults.
type block struct{ rules.OpsBlock }

func (b *block) UnmarshalYAML(decode func(any) error) error {
	var of struct {
		Type string         `yaml:"type"`
		Rest map[string]any `yaml:",inline"`
	}
	if err := decode(&of); err != nil {
		return err
	}
	b.OpsBlock = rules.OpsBlock{
		ID: "B1", Name: "B-1001", State: "cancelling", Type: "install",
		Start:  time.Date(2026, time.December, 1, 13, 0, 0, 0, time.UTC),
		End:    time.Date(2026, time.December, 1, 21, 0, 0, 0, time.UTC),
		Reason: "Customer asked", Meetings: []string{"E1"},
		Memory: map[string]string{"state": "confirmed"},
	}
	switch of.Type {
	case "", "install":
		b.Job = &rules.Linked{ID: "J1", Name: "J-501", State: "Install Scheduled"}
	case "delivery":
		b.Ticket = &rules.Linked{ID: "T1", Name: "T-31", State: "Scheduled"}
	case "revenue-service":
		b.Contact = &rules.Linked{ID: "C1", Name: "Ana Lopez", State: "Service in Progress"}
		b.ResetService = "no"
	}
	return decode(&b.OpsBlock)
}

// blocksOf are the blocks of the example; the first is what an event is about
// that names no subject. An example with blocks alone is about their change.
func (ex *example) blocksOf(e *rules.Event) []rules.OpsBlock {
	given := ex.Blocks
	if ex.Block != nil {
		given = append([]block{*ex.Block}, given...)
	}
	if len(given) == 0 {
		return nil
	}
	all := make([]rules.OpsBlock, len(given))
	for i, b := range given {
		all[i] = b.OpsBlock
	}
	switch {
	case ex.Mail == nil:
		if e.Kind == "" {
			e.Kind = rules.BlockChanged
		}
		if e.Subject == (rules.Ref{}) {
			e.Subject = rules.Ref{Kind: "block", ID: all[0].ID}
		}
	case e.Kind == "" && ex.Mail.Asks == "reschedule":
		e.Kind = rules.RescheduleRequested
	case e.Kind == "" && ex.Mail.Asks == "cancel":
		e.Kind = rules.BlockCancelRequested
	}
	return all
}

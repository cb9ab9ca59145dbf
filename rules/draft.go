package rules

import "fmt"

// A draft is a decision being written, of whichever policy. It does not hold
// the question, which so stays off the heap.
type draft struct {
	Decision
	row    *row
	traced trace
}

// draft finds the row for the facts and begins the decision about the subject.
func (t trace) draft(policy string, from *table, subject Ref, facts []Fact) draft {
	r := from.decide(facts)
	return draft{row: r, traced: t, Decision: Decision{
		Policy: policy, Table: from.name, Row: r.id, Because: r.because, Subject: subject, Facts: t.told(facts),
	}}
}

func (d *draft) act(verb string, on Ref, args map[string]string) {
	if d.Actions == nil {
		d.Actions = make([]Action, 0, 2) // nearly all have one or two
	}
	d.Actions = append(d.Actions, Action{Verb: verb, On: on, Args: args})
}

func (d *draft) remember(key, value string) {
	if !d.traced {
		return
	}
	if d.Remember == nil {
		d.Remember = map[string]string{}
	}
	d.Remember[key] = value
}

func (d *draft) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

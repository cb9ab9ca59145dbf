package mapping

import (
	"context"
	"fmt"
	"maps"

	"standdown/connectors"
)

// TellOperators is the verb of what those who run the program are told.
const TellOperators = "tell-operators"

// Cases tells whether cases are mapped.
func (m *Mapping) Cases() bool { return m.objects["case"] != nil }

// OperatorCase opens a case that tells operators something. Cases must be
// mapped. The change has no key yet, and before it is applied [Mapping.ToQueue]
// must say whose it is.
func (m *Mapping) OperatorCase(title, text string) Write {
	w := &writer{m: m}
	write := w.create("case", "New case: "+title, []set{
		{field: "subject", value: shortened(title, maxSubject)},
		{field: "description", value: shortened(text, maxDescription)},
		{field: "request_type", value: "Operations"},
	})
	write.Verb = TellOperators
	return write
}

// ToQueue gives a case that is to be made to the back-office queue.
func (m *Mapping) ToQueue(ctx context.Context, look connectors.Lookup, c connectors.Change) (connectors.Change, error) {
	if err := m.Prepare(ctx, look); err != nil {
		return c, err
	}
	w := &writer{m: m, queue: m.queueID()}
	c.Fields = maps.Clone(c.Fields)
	maps.Copy(c.Fields, w.values("case", []set{w.toQueue()}))
	return c, nil
}

// OperatorMail tells operators something by mail. The change has no key yet.
func OperatorMail(to []string, title, text string) Write {
	addresses := make([]any, len(to))
	for i, one := range to {
		addresses[i] = one
	}
	return Write{
		System: Mail,
		Verb:   TellOperators,
		Text:   fmt.Sprintf("Mail to %d: %s", len(to), title),
		Change: connectors.Change{Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}, Fields: map[string]any{
			"to": addresses, "subject": title, "text": text,
		}},
	}
}

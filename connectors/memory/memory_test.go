package memory_test

import (
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/connectortest"
	"standdown/connectors/memory"
)

func TestContract(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Subject {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		s := memory.New(func() time.Time { return now }, "Case")
		var lose atomic.Bool
		s.Fail = func(c connectors.Change) error {
			if lose.Swap(false) {
				return &connectors.Error{Class: connectors.Unknown}
			}
			return nil
		}
		return connectortest.Subject{
			Source: s, Sink: s, Lookup: s,
			Kind: "Case", Text: "Subject", Other: "Request_Type__c",
			Make: func(fields map[string]any) connectors.Ref {
				all := map[string]any{"Subject": nil, "Request_Type__c": nil}
				maps.Copy(all, fields)
				return s.Put(connectors.Record{Ref: connectors.Ref{Kind: "Case"}, Fields: all})
			},
			Edit:   s.Edit,
			Remove: s.Remove,
			Said: func(ref connectors.Ref) []string {
				var said []string
				for _, m := range s.Posts() {
					if m.Change.Ref == ref {
						said = append(said, m.Change.Fields["Body"].(string))
					}
				}
				return said
			},
			Sent:       func() int { return len(s.Sent()) },
			Submit:     s.Submit,
			Waits:      s.Waits,
			LoseAnswer: func() { lose.Store(true) },
		}
	})
}

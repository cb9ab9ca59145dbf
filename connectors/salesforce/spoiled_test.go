package salesforce_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

func TestAFieldThatIsNotThereSpoilsOnlyItsOwnChange(t *testing.T) {
	for _, guard := range []string{salesforce.Checked, salesforce.Strict} {
		t.Run(guard, func(t *testing.T) {
			o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.WriteGuard = guard })
			var changes []connectors.Change
			for _, field := range []string{"Status", "Gone__c", "Subject", "Status"} {
				ref := o.insert(t, "Case", map[string]any{"Subject": "x", "Status": "New"})
				changes = append(changes, connectors.Change{Key: ref.ID, Op: connectors.Update, Ref: ref, Fields: map[string]any{field: "Working"}})
			}
			for i, r := range o.Apply(t.Context(), changes) {
				if spoiled := i == 1; spoiled != (connectors.ClassOf(r.Err) == connectors.Rejected && r.Err != nil) || !spoiled && r.Err != nil {
					t.Errorf("change %d: %v", i, r.Err)
				}
			}
		})
	}
}

// A hearer hears what is asked.
type hearer struct {
	mu    sync.Mutex
	asked []string
}

func (h *hearer) RoundTrip(r *http.Request) (*http.Response, error) {
	text := r.URL.String()
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		all, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		text += string(all)
	}
	h.mu.Lock()
	h.asked = append(h.asked, text)
	h.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func TestReconcilingLeavesOutWhatWasNeverPolled(t *testing.T) {
	var h hearer
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Watch = []salesforce.Watch{{Object: "Case", Fields: []string{"Subject"}}, {Object: "Contact", Fields: []string{"LastName"}}}
		ours.Reconcile, ours.Transport = time.Hour, &h
	})
	// Cases were in the middle of a round when contacts were added to what is
	// watched, and a sweep is due.
	cursor := `{"batches":1,"objects":{"Case":{"since":"2026-03-02T08:00:00Z","begun":"2026-03-02T08:30:00Z","stamp":"2026-03-02T08:10:00Z","id":"500000000000001AAA"}},
		"sweep":{"begun":"2026-03-01T08:00:00Z"}}`
	if _, err := o.Changes(t.Context(), connectors.Cursor(cursor)); err != nil {
		t.Fatal(err)
	}
	swept := false
	for _, asked := range h.asked {
		swept = swept || strings.Contains(asked, "FROM+Case") && strings.Contains(asked, "ORDER+BY+Id")
		if strings.Contains(asked, "0001-01-01") {
			t.Errorf("a time that Salesforce does not know: %s", asked)
		}
	}
	if !swept {
		t.Errorf("there was no sweep: %q", h.asked)
	}
}

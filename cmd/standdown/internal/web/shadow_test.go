package web

import (
	"net/http"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

func TestShadowIsShown(t *testing.T) {
	o := newOffice(t)
	anna := o.as(t, "Anna")
	if _, body := anna.get(t, "/"); strings.Contains(body, "In shadow") {
		t.Error("today tells of what is in shadow, and nothing is")
	}
	o.arrive(t, store.Arrival{ID: "change:9", Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: "003000000000009AAA"}, Event: &rules.Event{}})
	o.commit(t, rules.Decision{Policy: "on_hold", Table: "on_hold.visit", Row: "H1", Because: "HOLD-1: held", Subject: rules.Ref{Kind: "job", ID: "a04000000000009AAA"}},
		[]store.Write{write("cancel-job", store.Shadow, "JOB-0009: Status: Ready -> Cancelled", connectors.Change{Op: connectors.Update, Key: "k9",
			Ref: connectors.Ref{Kind: "Job__c", ID: "a04000000000009AAA"}, Fields: map[string]any{"Status__c": "Cancelled"}, If: map[string]any{"Status__c": "Ready"}})})
	var decision string
	for _, e := range o.entries(t) {
		if e.State == store.Shadow {
			decision = e.Decision
		}
	}

	t.Run("today has its figures by verb", func(t *testing.T) {
		if _, body := anna.get(t, "/"); !strings.Contains(body, "In shadow") || !strings.Contains(body, `<th scope="row">cancel-job</th><td class="n">0</td><td class="n">0</td><td class="n">0</td><td class="n">0</td><td class="n">1</td>`) {
			t.Errorf("got\n%s", body)
		}
	})
	t.Run("its decision says that it is not done, and offers no act", func(t *testing.T) {
		status, body := anna.get(t, "/decision/"+decision)
		if status != http.StatusOK || !strings.Contains(body, "not done: in shadow") {
			t.Errorf("%d\n%s", status, body)
		}
		for _, act := range []string{`action="/decision/` + decision, "take this back"} {
			if strings.Contains(body, act) {
				t.Errorf("it offers %q", act)
			}
		}
	})
	t.Run("nobody has to review it, and nothing of it was cancelled", func(t *testing.T) {
		for _, path := range []string{"/review", "/cancelled"} {
			if _, body := anna.get(t, path); strings.Contains(body, "JOB-0009") {
				t.Errorf("%s shows it", path)
			}
		}
	})
}

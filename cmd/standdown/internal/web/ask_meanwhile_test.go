package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

func TestAskingMeanwhile(t *testing.T) {
	t.Run("a key that was sent with another wish is refused, and not taken for that wish sent again", func(t *testing.T) {
		o := newAskedOffice(t)
		otto, anna := o.program(t, "otto's", Operator), o.program(t, "anna's", Operator)
		key := strings.Repeat("ab", 16)
		sent := func(by *program, asks, id string) (int, map[string]any) {
			t.Helper()
			plan := by.want(t, http.MethodGet, "/ask?asks="+asks+"&id="+id+"&key="+key, nil)
			return by.call(t, http.MethodPost, "/ask", apiWish{Asks: asks, ID: id, Key: key, Digest: plan["digest"].(string), Reason: "x"})
		}
		if status, got := sent(otto, "uncancel", assignmentID); status != http.StatusOK {
			t.Fatalf("%d %v", status, got)
		}
		for name, again := range map[string]func() (int, map[string]any){
			"about another record":      func() (int, map[string]any) { return sent(otto, "restore", workflowID) },
			"for something else":        func() (int, map[string]any) { return sent(otto, "waive", assignmentID) },
			"by somebody else the same": func() (int, map[string]any) { return sent(anna, "uncancel", assignmentID) },
		} {
			if status, got := again(); status != http.StatusConflict || !strings.Contains(got["detail"].(string), "another key") {
				t.Errorf("%s: %d %v", name, status, got)
			}
		}
		if status, got := sent(otto, "uncancel", assignmentID); status != http.StatusOK {
			t.Errorf("the same wish again: %d %v", status, got)
		}
		if all := o.asked(t); len(all) != 1 {
			t.Errorf("%d events", len(all))
		}
	})
	t.Run("what somebody else asks for while the org is looked at is waited for", func(t *testing.T) {
		o := newAskedOffice(t)
		otto := o.as(t, "Otto")
		_, body := otto.get(t, restoreURL)
		look := o.server.Plan
		o.server.Plan = func(ctx context.Context, e rules.Event, amend func(*rules.Snapshot)) (store.Verdict, error) {
			other := rules.Event{ID: "ask:other", Kind: rules.RestoreRequested, At: o.now, Subject: e.Subject, By: "Anna", Reason: "x"}
			if err := o.journal.Ask(ctx, other, o.now); err != nil {
				t.Error(err)
			}
			return look(ctx, e, amend)
		}
		if status, body := otto.post(t, "/ask", append(form(body), "reason", "x")...); status != http.StatusConflict || !strings.Contains(body, "Wait until it is") {
			t.Errorf("%d\n%s", status, body)
		}
		if all := o.asked(t); len(all) != 1 {
			t.Errorf("%d events", len(all))
		}
	})
}

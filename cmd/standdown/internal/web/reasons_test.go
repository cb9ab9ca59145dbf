package web

import (
	"net/http"
	"strings"
	"testing"

	"standdown/cmd/standdown/internal/store"
)

func TestReasons(t *testing.T) {
	o := newOffice(t)
	hold := o.tooMuch(t)
	adam := o.program(t, "adam's", Admin)
	tooLong := strings.Repeat("ä", 1001)
	for _, c := range []struct {
		name, path string
		body       func(reason string) any
	}{
		{"an answer", "/answers", func(reason string) any { return apiAnswer{store.Decline, []int64{o.cancel}, reason} }},
		{"a hold's answer", "/holds/" + hold + "/answer", func(reason string) any { return apiHoldAnswer{store.Approve, reason, 2} }},
		{"an undo", "/decisions/" + o.doneDecision + "/undo", func(reason string) any { return apiReason{reason} }},
		{"a pause", "/pause", func(reason string) any { return apiBrakeOrder{"mail", reason} }},
	} {
		for reason, says := range map[string]string{" \n": "Say why", tooLong: "1000 characters at most"} {
			status, got := adam.call(t, http.MethodPost, c.path, c.body(reason))
			if detail, _ := got["detail"].(string); status != http.StatusUnprocessableEntity || !strings.Contains(detail, says) {
				t.Errorf("%s with a reason of %d bytes: %d %v", c.name, len(reason), status, got)
			}
		}
	}
	if status, _ := adam.call(t, http.MethodPost, "/answers", apiAnswer{store.Approve, []int64{o.cancel}, tooLong}); status != http.StatusUnprocessableEntity {
		t.Errorf("an approval, which needs none, with one that is too long: %d", status)
	}
	anna := o.as(t, "Anna")
	if status, body := anna.post(t, "/decision/"+o.decision+"/answer", "signal", "decline", "reason", tooLong, "entry", itoa(o.cancel)); status != http.StatusUnprocessableEntity || !strings.Contains(body, "1000 characters at most") {
		t.Errorf("on a page: %d", status)
	}
	if log, err := o.journal.ActLog(t.Context(), store.ActFilter{Who: "adam's", Limit: 10}); err != nil || len(log) > 0 {
		t.Errorf("%v %v", log, err)
	}
}

func TestAnOperatorDoesNotDecline(t *testing.T) {
	o := newOffice(t)
	page, program := o.as(t, "Otto"), o.program(t, "otto's", Operator)
	if status, body := page.post(t, "/decision/"+o.decision+"/answer", "signal", "drop", "reason", "x", "entry", itoa(o.cancel)); status != http.StatusForbidden || !strings.Contains(body, "needs the role approver") {
		t.Errorf("by dropping what is proposed, on a page: %d", status)
	}
	if status, got := program.call(t, http.MethodPost, "/answers", apiAnswer{store.Drop, []int64{o.stuck, o.cancel}, "x"}); status != http.StatusForbidden {
		t.Errorf("by the API: %d %v", status, got)
	}
	if a, b := o.state(t, o.cancel), o.state(t, o.stuck); a != store.Proposed || b != store.Stuck {
		t.Errorf("the entries are %s and %s", a, b)
	}
}
